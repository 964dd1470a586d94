/* test_logistic.c -- the fast fits against what makes a bottom one, in long double; and the same for any threads. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include "hinge.h"
#include "logistic.h"
#include "rng.h"

/* Some entries of each row, labels by a plane of their own with noise. */
static Libsvm rows(Arena *a, Rng *rng, int64_t N, int64_t D, int64_t a_row)
{
    Libsvm   m = { .rows = N, .columns = D, .y = tensor_new(a, DEV_CPU, F64, SHAPE(N)),
                   .row = tensor_new(a, DEV_CPU, I64, SHAPE(N + 1)),
                   .index = tensor_new(a, DEV_CPU, I32, SHAPE(N * a_row)),
                   .value = tensor_new(a, DEV_CPU, F64, SHAPE(N * a_row)) };
    int64_t *row = m.row->data, n_entries = 0;
    int32_t *index = m.index->data;
    double  *value = m.value->data, *y = m.y->data;
    row[0] = 0;
    for (int64_t n = 0; n < N; n++, row[n] = n_entries) {
        double z = 0;
        for (int64_t k = 0, d = 0; k < a_row; k++, d++) {
            d += rng_below(rng, (D - d - (a_row - k)) / (a_row - k) + 1);
            index[n_entries] = (int32_t)d, value[n_entries] = rng_normal(rng);
            z += value[n_entries++] * (d % 3 - 1.0);
        }
        y[n] = z + rng_normal(rng) > 0 ? 1 : -1;
    }
    m.index->shape[0] = m.value->shape[0] = n_entries;
    return m;
}

/* f, and |its gradient|^2 / 2: as f bends at least like |w|^2 / 2, f - f* is at most that. */
static long double loss(long double *above, const Libsvm *m, const double *w, double C, bool hinge)
{
    static long double g[2000];
    const int64_t *row = m->row->data;
    const int32_t *index = m->index->data;
    const double  *value = m->value->data, *y = m->y->data;
    long double    f = 0;
    for (int64_t d = 0; d < m->columns; d++) g[d] = w[d], f += (long double)w[d] * w[d] / 2;
    for (int64_t n = 0; n < m->rows; n++) {
        long double z = 0;
        for (int64_t k = row[n]; k < row[n + 1]; k++) z += (long double)value[k] * w[index[k]];
        long double short_of = fmaxl(0, 1 - y[n] * z);
        f += C * (hinge ? short_of * short_of : log1pl(expl(-y[n] * z)));
        long double pull = hinge ? 2 * short_of : 1 / (1 + expl(y[n] * z));
        for (int64_t k = row[n]; k < row[n + 1]; k++) g[index[k]] -= C * y[n] * value[k] * pull;
    }
    *above = 0;
    for (int64_t d = 0; d < m->columns; d++) *above += g[d] * g[d] / 2;
    return f;
}

typedef const char *Fitter(double *w, double *objective, int *steps, const Libsvm *, double C, double tolerance);

static const struct {
    int64_t N, D, a_row;
    double C;
} CASE[] = { { 1, 1, 1, 1 },      { 7, 3, 2, 0.1 },     { 300, 40, 5, 1 },   { 1000, 512, 9, 10 },
             { 1000, 513, 9, 1 }, { 500, 1500, 20, 1 }, { 200, 30, 30, 100 } };
enum { CASES = sizeof CASE / sizeof *CASE };

Test(logistic, near_the_bottom)
{
    Rng rng = rng_new(1);
    for (int k = 0; k < 2 * CASES; k++) {
        Arena *a = arena_new("test");
        Fitter *fit = k % 2 ? logistic_squared_hinge : logistic_fit;
        int i = k / 2;
        Libsvm m = rows(a, &rng, CASE[i].N, CASE[i].D, CASE[i].a_row);
        static double w[2000], rough[2000];
        double f, at_first;
        int steps;
        const char *why = fit(w, &f, &steps, &m, CASE[i].C, 1e-10);
        cr_assert_null(why, "%s", why);
        long double above, want = loss(&above, &m, w, CASE[i].C, k % 2);
        cr_expect(fabsl(f - want) <= 1e-12L * want, "case %d: says %.15g, is %.15Lg", i, f, want);
        cr_expect(above <= 1e-9L * want, "case %d: perhaps %Lg above the bottom of %Lg after %d steps", i, above, want,
                  steps);
        fit(rough, &at_first, NULL, &m, CASE[i].C, 1e-3);
        cr_expect(at_first >= f * (1 - 1e-12) && at_first - f <= 1e-3 * f, "case %d: %g beside %g", i, at_first, f);
        arena_free(a);
    }
}

/* |w|^2 / 2 + C sum max(0, 1 - y x w), and the least that it can be: the dual problem's, a row after another. */
static long double hinge(long double *bottom, const Libsvm *m, const double *w, double C)
{
    static long double v[2000], alpha[1000];
    const int64_t *row = m->row->data;
    const int32_t *index = m->index->data;
    const double  *value = m->value->data, *y = m->y->data;
    long double    f = 0, gap = INFINITY;
    memset(v, 0, sizeof v), memset(alpha, 0, sizeof alpha), *bottom = 0;
    for (int64_t d = 0; d < m->columns; d++) f += (long double)w[d] * w[d] / 2;
    for (int64_t n = 0; n < m->rows; n++) {
        long double z = 0;
        for (int64_t k = row[n]; k < row[n + 1]; k++) z += (long double)value[k] * w[index[k]];
        f += C * fmaxl(0, 1 - y[n] * z);
    }
    for (int pass = 0; pass < 20000 && gap > 1e-9L * f; pass++) {
        long double fines = 0, sum = 0, square = 0;
        for (int64_t n = 0; n < m->rows; n++) {
            long double z = 0, size = 0, old = alpha[n];
            for (int64_t k = row[n]; k < row[n + 1]; k++) z += value[k] * v[index[k]], size += value[k] * value[k];
            alpha[n] = fminl(fmaxl(old - (y[n] * z - 1) / size, 0), C);
            for (int64_t k = row[n]; k < row[n + 1]; k++) v[index[k]] += (alpha[n] - old) * y[n] * value[k];
        }
        for (int64_t n = 0; n < m->rows; n++) {
            long double z = 0;
            for (int64_t k = row[n]; k < row[n + 1]; k++) z += value[k] * v[index[k]];
            fines += C * fmaxl(0, 1 - y[n] * z), sum += alpha[n];
        }
        for (int64_t d = 0; d < m->columns; d++) square += v[d] * v[d];
        *bottom = sum - square / 2, gap = square / 2 + fines - *bottom;
    }
    return f;
}

Test(logistic, hinge_near_the_bottom)
{
    Rng rng = rng_new(4);
    for (int i = 0; i < CASES; i++) {
        Arena *a = arena_new("test");
        Libsvm m = rows(a, &rng, CASE[i].N, CASE[i].D, CASE[i].a_row);
        static double w[2000];
        double C = CASE[i].C > 1 ? 1 : CASE[i].C, f;
        int passes;
        for (double tolerance = 1e-2; tolerance > 1e-9; tolerance /= 100) {
            cr_assert_null(hinge_fit(w, &f, &passes, &m, C, tolerance));
            long double bottom, want = hinge(&bottom, &m, w, C);
            cr_expect(fabsl(f - want) <= 1e-12L * want, "case %d: says %.15g, is %.15Lg", i, f, want);
            cr_expect(f - bottom <= (tolerance + 2e-9L) * f, "case %d, tolerance %g: %.12g after %d passes, not %.12Lg",
                      i, tolerance, f, passes, bottom);
        }
        arena_free(a);
    }
}

/* Rows of nothing cost C each; a value that is 1 everywhere is not read. */
Test(logistic, hinge_of_rows_without_entries)
{
    Rng rng = rng_new(5);
    Arena *a = arena_new("test");
    Libsvm m = rows(a, &rng, 200, 11, 3);
    double w[11], empty[11], f, with_empty;
    for (int64_t k = 0; k < 600; k++) ((double *)m.value->data)[k] = 1;
    cr_assert_null(hinge_fit(w, &f, NULL, &m, 0.5, 1e-9));
    long double bottom;
    hinge(&bottom, &m, w, 0.5);
    cr_expect(f - bottom <= 3e-9L * f, "%.12g, %.12Lg is there", f, bottom);
    Libsvm more = m;
    more.rows = 203;
    more.y = tensor_new(a, DEV_CPU, F64, SHAPE(203)), more.row = tensor_new(a, DEV_CPU, I64, SHAPE(204));
    memcpy(more.y->data, m.y->data, 200 * sizeof(double));
    memcpy(more.row->data, m.row->data, 201 * sizeof(int64_t));
    for (int64_t n = 200; n < 203; n++)
        ((double *)more.y->data)[n] = 1, ((int64_t *)more.row->data)[n + 1] = ((int64_t *)more.row->data)[200];
    cr_assert_null(hinge_fit(empty, &with_empty, NULL, &more, 0.5, 1e-9));
    cr_expect(fabs(with_empty - f - 1.5) <= 1e-8 * f, "%.12g beside %.12g", with_empty, f);
    arena_free(a);
}

#ifdef _OPENMP
Test(logistic, any_number_of_threads)
{
    Rng rng = rng_new(2);
    for (int i = 2; i < 6; i++) {
        Arena *a = arena_new("test");
        Libsvm m = rows(a, &rng, 10 * CASE[i].N, CASE[i].D, CASE[i].a_row);
        static double w[2][2000];
        for (int k = 0; k < 2; k++) {
            omp_set_num_threads(1 + 3 * k);
            logistic_fit(w[k], NULL, NULL, &m, 1, 1e-6);
        }
        cr_expect(!memcmp(w[0], w[1], (size_t)CASE[i].D * sizeof(double)), "case %d", i);
        arena_free(a);
    }
}
#endif

/* a9a: the objectives that LIBLINEAR 2.3 -s 0 and -s 1 come to. */
Test(logistic, incomes)
{
    char path[4096];
    if (!data_here("a9a")) return;
    Arena *a = arena_new("test");
    Libsvm m;
    static double w[200];
    double f;
    snprintf(path, sizeof path, "%s/data/libsvm/a9a.gz", data_root());
    cr_assert_null(libsvm_read(a, path, (LibsvmArg){ .dtype = F64 }, &m));
    cr_assert_null(logistic_fit(w, &f, NULL, &m, 1, 1e-8));
    cr_expect(fabs(f - 32561 * .323379582465) <= 1e-8 * f, "%.9f", f);
    cr_assert_null(logistic_squared_hinge(w, &f, NULL, &m, 1, 1e-8));
    cr_expect(fabs(f - 13742.397303) <= 1e-8 * f, "%.9f", f);
    cr_assert_null(hinge_fit(w, &f, NULL, &m, 1, 2e-6));
    cr_expect(fabs(f - 11433.808) <= 2e-6 * f, "%.9f", f);
    arena_free(a);
}

Test(logistic, bad_input_is_a_sentence)
{
    Rng rng = rng_new(3);
    Arena *a = arena_new("test");
    Libsvm m = rows(a, &rng, 5, 3, 2);
    double w[3];
    ((double *)m.y->data)[3] = 0;
    const char *why = logistic_fit(w, NULL, NULL, &m, 1, 1e-6);
    cr_expect(why && !strcmp(why, "row 4: label 0, not 1 or -1"), "%s", why);
    ((double *)m.y->data)[3] = 1, ((double *)m.value->data)[1] = NAN;
    why = logistic_fit(w, NULL, NULL, &m, 1, 1e-6);
    cr_expect(why && strstr(why, "entry 2 is "), "%s", why);
    arena_free(a);
}
