/* idx.c -- any bytes as IDX. */
#include "data.h"
#include "fuzz.h"

void fuzz_target(const char *path)
{
    Tensor *x = NULL;
    const char *wrong = idx_read(fuzz_arena(), path, &x);
    fuzz_expect(wrong, (const Tensor *[]){ x }, 1);
}
