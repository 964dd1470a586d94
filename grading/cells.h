/* cells.h -- text from strangers in CSV, XML or on a terminal: whatever it holds, the file stays well-formed. */
#pragma once
#include <stdio.h>

/* One cell of RFC 4180, always in quotes. What a spreadsheet would take for a formula gets an apostrophe before it; a
 * line break or another control character becomes a blank; bytes that are no UTF-8 become \xNN. */
void csv_cell(FILE *f, const char *text);

/* Character data and attribute values of XML 1.0: what it reserves is named, what it forbids becomes a "?". */
void xml_text(FILE *f, const char *text);

/* What a terminal would obey becomes \xNN, and so does what is no UTF-8. */
void plain_text(FILE *f, const char *text);
