/* scratch.h -- a folder of the test's own under /tmp, for the files that it reads and writes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* TestSuite(idx, .init = scratch_begin, .fini = scratch_end); */
void scratch_begin(void);
void scratch_end(void);
const char *scratch(const char *name);  /* its path; stays until 8 more are asked for. "" is the folder */
const char *scratch_write(const char *name, const void *bytes, size_t n);   /* returns its path */
const char *scratch_gzip(const char *name, const void *bytes, size_t n);    /* the same, packed */
size_t scratch_read(const char *name, char *text, size_t size);             /* at most size - 1 bytes, and a 0 */
bool scratch_has(const char *text, const char *what);   /* what occurs in text; prints both where it does not */
bool scratch_fine(const char *wrong);    /* no sentence came back; prints the one that did */
