/* library.c -- what contestants from common/ share. */
#include <stdlib.h>
#include <string.h>
#include "library.h"

Library *library_new(Bench *b, bool record)
{
    Library *l = calloc(1, sizeof *l);
    CHECK(l, "bench: no memory");
    l->arena = arena_new("bench");
    l->tape = tape_new("bench");
    tape_record(l->tape, record);
    bench_keep(b, l);
    return l;
}

void library_free(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    (void)size;
    if (!l) return;
    tape_free(l->tape);
    arena_free(l->arena);
    free(l);
}

Tensor *library_in(Library *l, Dtype dtype, int ndim, const int64_t *shape, const void *values)
{
    CHECK(l->n < LIBRARY_INPUTS, "bench: a contestant with more than %d inputs", LIBRARY_INPUTS);
    Tensor *x = l->in[l->n++] = tensor_new(l->arena, DEV_CPU, dtype, ndim, shape);
    memcpy(x->data, values, tensor_bytes(x));
    return x;
}

void library_before_backward(Library *l)
{
    tape_reset(l->tape);
    l->in[0]->arena = tape_arena(l->tape); /* its gradient is stored, not copied elsewhere */
    l->in[0]->grad = NULL;
    for (int i = 1; i < LIBRARY_INPUTS; i++)
        if (l->in[i] && l->in[i]->needs_grad) tensor_drop_grad(l->in[i]);
}

void library_one_setup(Bench *b, const int *size)
{
    int64_t n = (int64_t)size[0] * size[1];
    bench_out(b, "y", n);
    library_in(library_new(b, false), F32, SHAPE(size[0], size[1]), bench_in(b, "x", n));
}

void library_one_op(Bench *b, const int *size, Tensor *(*op)(Tape *, Tensor *))
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    bench_wrote(b, "y", op(l->tape, l->in[0])->data, (int64_t)size[0] * size[1]);
}
