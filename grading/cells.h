/* cells.h -- text from strangers inside CSV and XML: whatever it holds, the file stays well-formed and obeys nobody. */
#pragma once
#include <stdio.h>

/* One cell of RFC 4180, always in quotes. What a spreadsheet would take for a formula gets an apostrophe before it; a
 * line break or another control character becomes a blank. */
void csv_cell(FILE *f, const char *text);

/* Character data and attribute values of XML 1.0: what it reserves is named, what it forbids becomes a "?". */
void xml_text(FILE *f, const char *text);
