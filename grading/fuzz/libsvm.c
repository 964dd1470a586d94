/* libsvm.c -- any bytes as sparse rows, which are made dense. */
#include "data.h"
#include "fuzz.h"

void fuzz_target(const char *path)
{
    Libsvm m;
    Tensor *dense = NULL;
    const char *wrong = libsvm_read(fuzz_arena(), path, (LibsvmArg){ .dtype = F32 }, &m);
    fuzz_expect(wrong, (const Tensor *[]){ m.y, m.row, m.index, m.value }, 4);
    if (!wrong && m.rows * m.columns < 1 << 20 && !libsvm_dense(fuzz_arena(), &m, &dense))
        fuzz_expect(NULL, (const Tensor *[]){ dense }, 1);
}
