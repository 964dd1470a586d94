/* rows_reduce.c -- sums and variances along rows and columns, rows picked from a table, dropout. */
#include <math.h>
#include "library.h"

static const int sizes[][2] = { { 1023, 257 }, { 1024, 1024 }, { 8192, 1024 } };
static const int tables[][3] = { { 999, 77, 33 }, { 8192, 10000, 256 } };
#define DROPPED 0.1

static int64_t count(const int *s) { return (int64_t)s[0] * s[1]; }

/* ---- Sums and variances ------------------------------------------------------------------------------------------ */

typedef enum { SUM_ROWS, SUM_COLUMNS, VAR_ROWS } Which;

static int64_t length(Which what, const int *s) { return s[what == SUM_COLUMNS]; }

static void truth(Bench *b, const int *s, Which what)
{
    const float *x = bench_in(b, "x", count(s));
    double      *y = bench_want(b, "y", length(what, s));
    const int    N = s[0], C = s[1];
    for (int64_t i = 0; i < length(what, s); i++) y[i] = 0;
    for (int n = 0; n < N; n++)
        for (int c = 0; c < C; c++) y[what == SUM_COLUMNS ? c : n] += x[(int64_t)n * C + c];
    for (int n = 0; what == VAR_ROWS && n < N; n++) {
        const double mean = y[n] / C;
        y[n] = 0;
        for (int c = 0; c < C; c++) y[n] += pow(x[(int64_t)n * C + c] - mean, 2) / (C - 1);
    }
}

static void setup(Bench *b, const int *s, Which what)
{
    bench_out(b, "y", length(what, s));
    library_in(library_new(b, false), F32, SHAPE(s[0], s[1]), bench_in(b, "x", count(s)));
}

static void reduced(Bench *b, const int *s, Which what)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    Tensor *y = what == VAR_ROWS ? op_var(l->tape, l->in[0], 1u << 1, 1)
                                 : op_sum(l->tape, l->in[0], what == SUM_ROWS ? 1u << 1 : 1u << 0);
    bench_wrote(b, "y", y->data, length(what, s));
}

static void sum_rows_truth(Bench *b, const int *s) { truth(b, s, SUM_ROWS); }
static void sum_rows_setup(Bench *b, const int *s) { setup(b, s, SUM_ROWS); }
static void sum_rows(Bench *b, const int *s) { reduced(b, s, SUM_ROWS); }
static void sum_columns_truth(Bench *b, const int *s) { truth(b, s, SUM_COLUMNS); }
static void sum_columns_setup(Bench *b, const int *s) { setup(b, s, SUM_COLUMNS); }
static void sum_columns(Bench *b, const int *s) { reduced(b, s, SUM_COLUMNS); }
static void var_rows_truth(Bench *b, const int *s) { truth(b, s, VAR_ROWS); }
static void var_rows_setup(Bench *b, const int *s) { setup(b, s, VAR_ROWS); }
static void var_rows(Bench *b, const int *s) { reduced(b, s, VAR_ROWS); }

/* ---- Rows of a table --------------------------------------------------------------------------------------------- */

static void embedding_truth(Bench *b, const int *s)
{
    const int    N = s[0], V = s[1], C = s[2];
    const float *table = bench_in(b, "table", (int64_t)V * C);
    const int   *index = bench_in_ints(b, "index", N, 0, V - 1);
    double      *y = bench_want(b, "y", (int64_t)N * C);
    for (int n = 0; n < N; n++)
        for (int c = 0; c < C; c++) *y++ = table[(int64_t)index[n] * C + c];
}

static void embedding_setup(Bench *b, const int *s)
{
    Library *l = library_new(b, false);
    bench_out(b, "y", (int64_t)s[0] * s[2]);
    library_in(l, F32, SHAPE(s[1], s[2]), bench_in(b, "table", (int64_t)s[1] * s[2]));
    library_in(l, I32, SHAPE(s[0]), bench_in_ints(b, "index", s[0], 0, s[1] - 1));
}

static void embedding(Bench *b, const int *s)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    bench_wrote(b, "y", op_embedding(l->tape, l->in[0], l->in[1])->data, (int64_t)s[0] * s[2]);
}

/* ---- Dropout: each draws its own numbers, so what must agree is the share that is kept --------------------------- */

typedef struct Dropped { Rng rng; Tensor *y; float kept; } Dropped;

static void dropout_truth(Bench *b, const int *s)
{
    (void)s;
    bench_want(b, "kept", 1)[0] = 1 - DROPPED;
}

static void dropout_setup(Bench *b, const int *s)
{
    static Dropped d;
    Library *l = library_new(b, false);
    bench_out(b, "kept", 1);
    library_in(l, F32, SHAPE(s[0], s[1]), bench_in(b, "x", count(s)));
    d = (Dropped){ .rng = rng_new(3) };
    l->more = &d;
    tape_train(l->tape, true);
}

static void dropout(Bench *b, const int *s)
{
    Library *l = bench_kept(b);
    Dropped *d = l->more;
    (void)s;
    tape_reset(l->tape);
    d->y = op_dropout(l->tape, l->in[0], DROPPED, &d->rng);
}

static void dropout_after(Bench *b, const int *s)
{
    Library     *l = bench_kept(b);
    Dropped     *d = l->more;
    const float *y = d->y->data;
    int64_t      kept = 0;
    for (int64_t i = 0; i < count(s); i++) kept += y[i] != 0;
    d->kept = (float)kept / (float)count(s);
    bench_wrote(b, "kept", &d->kept, 1);
}

BENCH_OF(reduce, reduce) = {
    { "sum_rows", sum_rows, .flops = "N*C", .bytes = "4*N*C", .dims = "NC", SIZES(sizes), .terms = "C",
      .contestant = "library", .truth = sum_rows_truth, .setup = sum_rows_setup, .teardown = library_free },
    { "sum_columns", sum_columns, .flops = "N*C", .bytes = "4*N*C", .dims = "NC", SIZES(sizes), .terms = "N",
      .contestant = "library", .truth = sum_columns_truth, .setup = sum_columns_setup, .teardown = library_free },
    { "var_rows", var_rows, .flops = "4*N*C", .bytes = "4*N*C", .dims = "NC", SIZES(sizes), .terms = "C",
      .contestant = "library", .truth = var_rows_truth, .setup = var_rows_setup, .teardown = library_free },
    { "embedding", embedding, .flops = "0", .bytes = "8*N*C", .dims = "NVC", SIZES(tables), .terms = "1",
      .contestant = "library", .truth = embedding_truth, .setup = embedding_setup, .teardown = library_free },
    { "dropout", dropout, .flops = "2*N*C", .bytes = "8*N*C", .dims = "NC", SIZES(sizes), .tolerance = 0.01,
      .contestant = "library", .truth = dropout_truth, .setup = dropout_setup, .after = dropout_after,
      .teardown = library_free,
      .note = "numbers are drawn anew in every call; the share that is kept must be 0.9, to 1 %" },
    { 0 }
};
