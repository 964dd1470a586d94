/* rows_svd.c -- who else finds singular values: LAPACK. */
#include <stdlib.h>
#include <string.h>
#include "bench.h"
#include "check.h"
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

/* bench_svd.c, the room's own file, has the sizes and costs. */
BENCH_OF(svd_others, svd) = {
    { "svd_jacobi", gesdd, .contestant = "LAPACK gesdd", .version = version_lapack, .tolerance = 1e-12, .setup = setup,
      .teardown = teardown },
    { 0 }
};
