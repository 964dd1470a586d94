/* jsonl.c -- any bytes as JSON Lines. */
#include <stdlib.h>
#include "fuzz.h"
#include "jsonl.h"

static const char *each(void *ctx, long long line, json_t *value)
{
    (void)ctx, (void)line;
    free(json_dumps(value, JSON_ENCODE_ANY)); /* goes through all of it */
    return NULL;
}

void fuzz_target(const char *path) { fuzz_expect(jsonl_read(path, each, NULL), NULL, 0); }
