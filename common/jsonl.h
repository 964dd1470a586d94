/* jsonl.h -- JSON Lines: a value of JSON a line, so that a file can grow while a run goes on. */
#pragma once
#include <jansson.h>

/* Calls each(ctx, line, value) for every line that is not blank, lines counted from 1, as they are read; value is given
 * up afterwards: json_incref() keeps it. The first sentence ends it: each's own, or that of a line that is not one
 * value of JSON or names something twice in an object, "path:line: column ...". */
typedef const char *JsonlEach(void *ctx, long long line, json_t *value);
const char *jsonl_read(const char *path, JsonlEach *each, void *ctx);

/* One more line at the end, under a lock, so that those of several processes do not mix. A file that a crash left
 * without its last line feed gets one first. The file is made where there is none. */
const char *jsonl_append(const char *path, const json_t *value);
