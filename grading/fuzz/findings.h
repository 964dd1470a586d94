/* findings.h -- what the targets of the grader share: bytes as what a learner's worker sent, and what is said of it. */
#pragma once
#include <jansson.h>
#include "../compare.h"

Run     findings_reference(void);           /* two trials with a record of every mode and type */
Run     findings_sent(const char *path);    /* the file's bytes as the records of a worker that ended well */
void    findings_plain(const char *text);   /* stops unless that is printable ASCII */
json_t *findings_json(const Finding *);     /* as the judge writes it; stops unless it can be read again */
