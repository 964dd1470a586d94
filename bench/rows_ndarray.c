/* rows_ndarray.c -- what stage0/01_ndarray does by strides, by the library's operators. */
#include "library.h"

static Tensor *in(Bench *b, const char *name, int64_t rows, int64_t columns)
{
    Library *l = bench_kept(b);
    return library_in(l, F32, SHAPE(rows, columns), bench_in(b, name, rows * columns));
}

/* ---- Setups: y or C first, then the inputs in the order in which the operators want them ------------------------- */

static void add_row_setup(Bench *b, const int *s)
{
    bench_out(b, "y", (int64_t)s[0] * s[1]);
    library_new(b, false);
    in(b, "x", s[0], s[1]);
    in(b, "row", 1, s[1]);
}

static void add_turned_setup(Bench *b, const int *s)
{
    bench_out(b, "y", (int64_t)s[0] * s[1]);
    library_new(b, false);
    in(b, "x", s[0], s[1]);
    in(b, "z", s[1], s[0]);
}

static void sum_first_setup(Bench *b, const int *s)
{
    bench_out(b, "y", s[1]);
    library_new(b, false);
    in(b, "x", s[0], s[1]);
}

static void matmul_setup(Bench *b, const int *s)
{
    bench_out(b, "C", (int64_t)s[0] * s[1]);
    library_new(b, false);
    in(b, "A", s[2], s[0]);
    in(b, "B", s[2], s[1]);
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static Library *fresh(Bench *b)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    return l;
}

static void wrote(Bench *b, const char *name, const Tensor *y) { bench_wrote(b, name, y->data, tensor_count(y)); }

static void add_row(Bench *b, const int *s)
{
    Library *l = fresh(b);
    (void)s;
    wrote(b, "y", op_add(l->tape, l->in[0], l->in[1]));
}

static void add_turned(Bench *b, const int *s)
{
    Library *l = fresh(b);
    (void)s;
    wrote(b, "y", op_add(l->tape, op_transpose(l->tape, l->in[0], 0, 1), l->in[1]));
}

static void sum_first(Bench *b, const int *s)
{
    Library *l = fresh(b);
    (void)s;
    wrote(b, "y", op_sum(l->tape, l->in[0], 1u << 0));
}

static void matmul(Bench *b, const int *s)
{
    Library *l = fresh(b);
    (void)s;
    wrote(b, "C", op_matmul(l->tape, op_transpose(l->tape, l->in[0], 0, 1), l->in[1]));
}

BENCH_OF(ndarray_ops, ndarray) = {
    { "ndarray_add_row", add_row, .contestant = "library", .setup = add_row_setup, .teardown = library_free },
    { "ndarray_add_turned", add_turned, .contestant = "library", .setup = add_turned_setup,
      .teardown = library_free },
    { "ndarray_sum_first", sum_first, .contestant = "library", .setup = sum_first_setup, .teardown = library_free },
    { "ndarray_matmul", matmul, .contestant = "library", .setup = matmul_setup, .teardown = library_free },
    { 0 }
};
