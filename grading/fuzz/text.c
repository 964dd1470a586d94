/* text.c -- any bytes as text. */
#include "data.h"
#include "fuzz.h"

void fuzz_target(const char *path)
{
    for (TextKind kind = TEXT_BYTES; kind <= TEXT_UTF8; kind++) {
        Tensor *x = NULL;
        arena_reset(fuzz_arena());
        const char *wrong = text_read(fuzz_arena(), path, kind, &x);
        fuzz_expect(wrong, (const Tensor *[]){ x }, 1);
    }
}
