/* rows_svd.c -- who else finds singular values: LAPACK; and of a tall matrix of floats: the library. */
#include <stdlib.h>
#include <string.h>
#include <cblas.h>
#include "bench.h"
#include "check.h"
#include "data.h"
#include "rng.h"
#include "thin_svd.h"
#include "versions.h"

void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork, int *info);

typedef struct Lapack { double *A, *U, *Vt, *work; int *iwork, lwork; } Lapack;

static void setup(Bench *b, const int *size)
{
    int     M = size[0], N = size[1], ask = -1, info;
    double  best;
    Lapack *l = calloc(1, sizeof *l);
    CHECK(l, "bench: no memory");
    dgesdd_("S", &M, &N, NULL, &M, NULL, NULL, &M, NULL, &N, &best, &ask, NULL, &info);
    l->lwork = (int)best;
    l->A = malloc(sizeof(double) * (size_t)M * (size_t)N);
    l->U = malloc(sizeof(double) * (size_t)M * (size_t)N);
    l->Vt = malloc(sizeof(double) * (size_t)N * (size_t)N);
    l->work = malloc(sizeof(double) * (size_t)l->lwork);
    l->iwork = malloc(sizeof(int) * 8 * (size_t)N);
    CHECK(l->A && l->U && l->Vt && l->work && l->iwork, "bench: no memory for LAPACK");
    bench_keep(b, l);
}

static void teardown(Bench *b, const int *size)
{
    (void)size;
    Lapack *l = bench_kept(b);
    free(l->A);
    free(l->U);
    free(l->Vt);
    free(l->work);
    free(l->iwork);
    free(l);
}

/* A's columns lie one after the other, as LAPACK wants them. It overwrites what it is given. */
static void gesdd(Bench *b, const int *size)
{
    int           M = size[0], N = size[1], info;
    const double *A = bench_in_doubles(b, "A", (int64_t)M * N);
    double       *sigma = bench_out_doubles(b, "sigma", N);
    Lapack       *l = bench_kept(b);
    memcpy(l->A, A, sizeof *A * (size_t)M * (size_t)N);
    dgesdd_("S", &M, &N, l->A, &M, sigma, l->U, &M, l->Vt, &N, l->work, &l->lwork, l->iwork, &info);
}

/* ---- Tall, in floats --------------------------------------------------------------------------------------------- */

enum { MNIST_ROWS = 60000, MNIST_PIXELS = 784, SOME = 64 };
static const int tall[][2] = { { 4001, 257 }, { MNIST_ROWS, MNIST_PIXELS } };                   /* M, N */

void sgesdd_(const char *jobz, const int *m, const int *n, float *a, const int *lda, float *s, float *u,
             const int *ldu, float *vt, const int *ldvt, float *work, const int *lwork, int *iwork, int *info);

/* MNIST's training images where data/ has them; else random numbers of rank N. */
static void tall_inputs(Bench *b, const int *size)
{
    int64_t n = (int64_t)size[0] * size[1];
    float  *A = bench_given(b, "A", n);
    Rng     rng = rng_new(4);
    Dataset set;
    Arena  *arena = arena_new("mnist");
    if (size[0] == MNIST_ROWS && size[1] == MNIST_PIXELS && data_here("mnist") && !data_load(arena, "mnist", F32, &set))
        memcpy(A, set.x->data, (size_t)n * sizeof *A);
    else
        for (int64_t i = 0; i < n; i++) A[i] = (float)rng_normal(&rng);
    arena_free(arena);
}

typedef struct Thin { float *A, *U, *turned, *sigma, *V, *Vt, *work, *again; int *iwork, lwork; } Thin;

static float *floats_new(int64_t n)
{
    float *p = malloc((size_t)n * sizeof *p);
    CHECK(p, "bench: no memory for %lld numbers", (long long)n);
    return p;
}

static void thin_setup(Bench *b, const int *size)
{
    int64_t M = size[0], N = size[1];
    Thin   *t = calloc(1, sizeof *t);
    CHECK(t, "bench: no memory");
    t->U = floats_new(M * N), t->sigma = floats_new(N), t->V = floats_new(N * N), t->again = floats_new(SOME * N);
    bench_keep(b, t);
}

static void gesdd_setup(Bench *b, const int *size)
{
    int   M = size[0], N = size[1], ask = -1, info;
    float best;
    thin_setup(b, size);
    Thin *t = bench_kept(b);
    sgesdd_("S", &M, &N, NULL, &M, NULL, NULL, &M, NULL, &N, &best, &ask, NULL, &info);
    t->lwork = (int)best;
    t->A = floats_new((int64_t)M * N), t->turned = floats_new((int64_t)M * N), t->Vt = floats_new((int64_t)N * N);
    t->work = floats_new(t->lwork);
    t->iwork = malloc(sizeof(int) * 8 * (size_t)N);
    CHECK(t->iwork, "bench: no memory");
}

static void thin_teardown(Bench *b, const int *size)
{
    (void)size;
    Thin *t = bench_kept(b);
    float *all[] = { t->A, t->U, t->turned, t->sigma, t->V, t->Vt, t->work, t->again };
    for (int i = 0; i < 8; i++) free(all[i]);
    free(t->iwork);
    free(t);
}

static void thin(Bench *b, const int *size)
{
    Thin *t = bench_kept(b);
    bench_out(b, "rows again", (int64_t)SOME * size[1]);
    thin_svd(t->U, t->sigma, t->V, NULL, bench_in(b, "A", (int64_t)size[0] * size[1]), size[0], size[1]);
}

/* to (columns,rows) = from (rows,columns)^T, tile by tile */
static void turn(float *to, const float *from, int64_t rows, int64_t columns)
{
    enum { SIDE = 32 };
    for (int64_t r0 = 0; r0 < rows; r0 += SIDE)
        for (int64_t c0 = 0; c0 < columns; c0 += SIDE)
            for (int64_t r = r0; r < r0 + SIDE && r < rows; r++)
                for (int64_t c = c0; c < c0 + SIDE && c < columns; c++) to[c * rows + r] = from[r * columns + c];
}

/* LAPACK wants columns and gives columns, so each call turns A and U, as every caller from C must. Asked for the parts
 * of A^T, which already lies as it wants it, it takes three times as long. */
static void thin_gesdd(Bench *b, const int *size)
{
    int   M = size[0], N = size[1], info;
    Thin *t = bench_kept(b);
    bench_out(b, "rows again", (int64_t)SOME * N);
    turn(t->A, bench_in(b, "A", (int64_t)M * N), M, N);
    sgesdd_("S", &M, &N, t->A, &M, t->sigma, t->turned, &M, t->Vt, &N, t->work, &t->lwork, t->iwork, &info);
    turn(t->U, t->turned, N, M);
    turn(t->V, t->Vt, N, N);
}

/* Off the clock: the first rows of U diag(sigma) V^T, which are to be A's. */
static void thin_after(Bench *b, const int *size)
{
    int   N = size[1];
    Thin *t = bench_kept(b);
    for (int n = 0; n < SOME; n++)
        for (int i = 0; i < N; i++) t->U[(int64_t)n * N + i] *= t->sigma[i];
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SOME, N, N, 1, t->U, N, t->V, N, 0, t->again, N);
    bench_wrote(b, "rows again", t->again, (int64_t)SOME * N);
}

static void thin_truth(Bench *b, const int *size)
{
    const float *A = bench_in(b, "A", (int64_t)size[0] * size[1]);
    double      *want = bench_want(b, "rows again", (int64_t)SOME * size[1]);
    for (int64_t i = 0; i < (int64_t)SOME * size[1]; i++) want[i] = A[i];
}

/* bench_svd.c, the room's own file, has the sizes and costs. */
BENCH_OF(svd_others, svd) = {
    { "svd_jacobi", gesdd, .contestant = "LAPACK gesdd", .version = version_lapack, .tolerance = 1e-12, .setup = setup,
      .teardown = teardown },
    { "svd_thin", thin, .contestant = "library", .flops = "4*M*N*N", .bytes = "4*N*(2*M + N)", .dims = "MN",
      .tolerance = 1e-6, .scale = "N", .memory = true, .inputs = tall_inputs, .truth = thin_truth,
      .setup = thin_setup, .after = thin_after, .teardown = thin_teardown, SIZES(tall),
      .note = "60000x784 is MNIST where data/ has it; rounding is one beside the largest singular value" },
    { "svd_thin", thin_gesdd, .contestant = "LAPACK gesdd", .version = version_lapack, .tolerance = 1e-6, .scale = "N",
      .inputs = tall_inputs, .truth = thin_truth, .setup = gesdd_setup, .after = thin_after,
      .teardown = thin_teardown },
    { 0 }
};
