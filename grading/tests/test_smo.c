/* test_smo.c -- the fast support vector machine against what makes an optimum one, by plain kernels in double. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include "rng.h"
#include "smo.h"

/* Two overlapping heaps, half of the entries 0; bits: the others 1. Dense in X too. */
static Libsvm heaps(Arena *a, Rng *rng, int64_t N, int64_t D, bool bits, double *X)
{
    Libsvm m = { .rows = N, .columns = D, .y = tensor_new(a, DEV_CPU, F64, SHAPE(N)),
                 .row = tensor_new(a, DEV_CPU, I64, SHAPE(N + 1)), .index = tensor_new(a, DEV_CPU, I32, SHAPE(N * D)),
                 .value = tensor_new(a, DEV_CPU, F64, SHAPE(N * D)) };
    int64_t entries = 0;
    for (int64_t n = 0; n < N; n++) {
        double side = ((double *)m.y->data)[n] = n % 2 ? 1 : -1;
        ((int64_t *)m.row->data)[n] = entries;
        for (int64_t d = 0; d < D; d++) {
            double value = rng_normal(rng) + 0.3 * side * (d % 2 ? 1 : -1);
            if (bits) value = value > 0;
            else if (rng_below(rng, 2)) value = 0;
            X[n * D + d] = value;
            if (value == 0) continue;
            ((int32_t *)m.index->data)[entries] = (int32_t)d;
            ((double *)m.value->data)[entries++] = value;
        }
    }
    ((int64_t *)m.row->data)[N] = entries;
    m.index->shape[0] = m.value->shape[0] = entries;
    return m;
}

static double kernel(const double *a, const double *b, int64_t D, double gamma)
{
    double d2 = 0;
    for (int64_t d = 0; d < D; d++) d2 += (a[d] - b[d]) * (a[d] - b[d]);
    return exp(-gamma * d2);
}

enum { MOST = 2300 * 70 };
static double X[MOST], alpha[2][2300], score[2300];

/* Karush, Kuhn, Tucker, and the objective; a kernel that is a float is off by 1e-7 of alpha. */
Test(smo, conditions_of_the_optimum)
{
    static const struct {
        int64_t N, D;
        bool bits;
        double C, gamma;
        size_t cache;
    } CASE[] = { { 2, 1, false, 1, 1, 0 },           { 7, 3, false, 0.5, 0.3, 1 << 20 }, { 400, 70, true, 1, 0.02, 0 },
                 { 300, 64, true, 3, 0.05, 1 << 20 }, { 1100, 5, false, 1, 0.5, 1 << 16 } };
    Rng rng = rng_new(1);
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        Arena *a = arena_new("test");
        int64_t N = CASE[i].N, D = CASE[i].D;
        Libsvm m = heaps(a, &rng, N, D, CASE[i].bits, X);
        const double *y = m.y->data;
        SmoModel model;
        const char *why = smo_fit(alpha[0], &model, &m, CASE[i].C, CASE[i].gamma, 1e-4, CASE[i].cache);
        cr_assert_null(why, "%s", why);
        double sum = 0, objective = 0, whole = 0;
        int64_t vectors = 0;
        for (int64_t n = 0; n < N; n++) whole += alpha[0][n];
        smo_scores(score, &m, &m, alpha[0], model.rho, CASE[i].gamma);
        for (int64_t n = 0; n < N; n++) {
            double z = -model.rho, mine = alpha[0][n], within = 1.5e-4 + 2e-7 * whole;
            for (int64_t k = 0; k < N; k++)
                if (alpha[0][k] > 0) z += alpha[0][k] * y[k] * kernel(X + k * D, X + n * D, D, CASE[i].gamma);
            cr_assert(fabs(score[n] - z) <= 2e-7 * (whole + 1), "case %zu: score %g, not %g", i, score[n], z);
            cr_assert(mine >= 0 && mine <= CASE[i].C);
            cr_assert(mine > 0 || y[n] * z >= 1 - within, "case %zu: row %d is out, at %g", i, (int)n, y[n] * z);
            cr_assert(mine < CASE[i].C || y[n] * z <= 1 + within, "case %zu: row %d at C, at %g", i, (int)n, y[n] * z);
            sum += mine * y[n], vectors += mine > 0;
            objective += mine * (y[n] * (z + model.rho) / 2 - 1);
        }
        cr_expect(fabs(sum) <= 1e-9 * N && vectors == model.vectors);
        cr_expect(fabs(objective - model.objective) <= 1e-6 * fabs(objective), "case %zu: %.9g, not %.9g", i,
                  model.objective, objective);
        arena_free(a);
    }
}

#ifdef _OPENMP
Test(smo, any_number_of_threads)
{
    Rng rng = rng_new(2);
    for (int bits = 0; bits < 2; bits++) {
        Arena *a = arena_new("test");
        Libsvm m = heaps(a, &rng, 2300, 20, bits, X);
        SmoModel model[2];
        for (int k = 0; k < 2; k++) {
            omp_set_num_threads(1 + 2 * k);
            smo_fit(alpha[k], &model[k], &m, 1, 0.05, 0.1, 1 << 20);
        }
        cr_expect(!memcmp(alpha[0], alpha[1], 2300 * sizeof(double)) && model[0].rho == model[1].rho, "bits %d", bits);
        arena_free(a);
    }
}
#endif

/* heart_scale as LIBSVM 3.24 solves it: svm-train -g 1/13 -e 1e-9. */
Test(smo, published)
{
    char path[4096];
    if (!data_here("heart_scale")) return;
    Arena *a = arena_new("test");
    Libsvm m;
    SmoModel model;
    snprintf(path, sizeof path, "%s/data/libsvm/heart_scale", data_root());
    cr_assert_null(libsvm_read(a, path, (LibsvmArg){ .dtype = F64 }, &m));
    cr_assert_null(smo_fit(alpha[0], &model, &m, 1, 1. / 13, 1e-6, 1 << 20));
    cr_expect(fabs(model.objective + 100.877290) < 1e-5 && fabs(model.rho - .424508) < 1e-4, "%.6f, %.6f",
              model.objective, model.rho);
    cr_expect(model.vectors == 132 && model.bounded == 107);
    arena_free(a);
}

Test(smo, bad_input_is_a_sentence)
{
    Rng rng = rng_new(3);
    Arena *a = arena_new("test");
    Libsvm m = heaps(a, &rng, 4, 3, false, X);
    SmoModel model;
    double *y = m.y->data;
    y[2] = 0.5;
    const char *why = smo_fit(alpha[0], &model, &m, 1, 1, 1e-3, 0);
    cr_expect(why && !strcmp(why, "row 3: label 0.5, not 1 or -1"), "%s", why);
    for (int n = 0; n < 4; n++) y[n] = 1;
    why = smo_fit(alpha[0], &model, &m, 1, 1, 1e-3, 0);
    cr_expect(why && !strcmp(why, "all rows are of one class"), "%s", why);
    y[0] = -1, ((double *)m.value->data)[0] = INFINITY;
    why = smo_fit(alpha[0], &model, &m, 1, 1, 1e-3, 0);
    cr_expect(why && strstr(why, "entry 1 is inf"), "%s", why);
    arena_free(a);
}
