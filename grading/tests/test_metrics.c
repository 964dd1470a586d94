/* test_metrics.c -- each metric against scikit-learn's value, and against its definition counted out by brute force. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include "gradcheck.h"
#include "metrics.h"
#include "rng.h"

TestSuite(metrics, .init = gradcheck_begin, .fini = gradcheck_end);

static Tensor *classes(int n, const int32_t *value)
{
    Tensor *x = tensor_new(model, DEV_CPU, I32, SHAPE(n));
    for (int i = 0; i < n; i++) tensor_set(x, i, value[i]);
    return x;
}
#define CLASSES(...) \
    classes((int)(sizeof((int32_t[]){ __VA_ARGS__ }) / sizeof(int32_t)), (int32_t[]){ __VA_ARGS__ })

static Tensor *doubles(int n, const double *value)
{
    Tensor *x = tensor_new(model, DEV_CPU, F64, SHAPE(n));
    for (int i = 0; i < n; i++) tensor_set(x, i, value[i]);
    return x;
}
#define DOUBLES(...) doubles((int)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double)), (double[]){ __VA_ARGS__ })

static void near(const char *what, double got, double want) { expect(what, 0, got, want, 1e-14 * (1 + fabs(want))); }

/* ---- scikit-learn 1.9 ---- */

/* p[i][c] = ((7 i + 3 c^2) mod 11 + 1), each row over its sum; y and the row's argmax: */
enum { N = 12, C = 4 };
static const int32_t Y[] = { 3, 2, 1, 2, 1, 3, 1, 2, 1, 2, 3, 2 }, BEST[] = { 3, 1, 3, 0, 1, 3, 2, 3, 3, 2, 3, 3 };

static Tensor *probabilities(Dtype dtype)
{
    Tensor *p = tensor_new(model, DEV_CPU, dtype, SHAPE(N, C));
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int c = 0; c < C; c++) sum += (7 * i + 3 * c * c) % 11 + 1;
        for (int c = 0; c < C; c++) tensor_set(p, i * C + c, ((7 * i + 3 * c * c) % 11 + 1) / sum);
    }
    return p;
}

Test(metrics, classes_as_scikit_learn)
{
    Tensor *p = probabilities(F64), *y = classes(N, Y), *best = classes(N, BEST);
    near("accuracy_score", metrics_accuracy(p, y), 0.4166666666666667);
    near("top_k_accuracy_score(k=2)", metrics_top_k(p, y, 2), 0.6666666666666666);
    near("top_k_accuracy_score(k=3)", metrics_top_k(p, y, 3), 0.8333333333333334);
    near("log_loss", metrics_log_loss(p, y), 1.4427447957753425);
    near("perplexity", metrics_perplexity(metrics_log_loss(p, y)), exp(1.4427447957753425));
    expect("log_loss in float", 0, metrics_log_loss(probabilities(F32), y), 1.4427447957753425, 1e-7);
    Tensor *m = metrics_confusion(model, best, y, C);
    EXPECT_VALUES(m, 0, 0, 0, 0, 0, 1, 1, 2, 1, 1, 1, 2, 0, 0, 0, 3);
    static const double EACH[3][C] = { { 0, 0.5, 0.5, 0.42857142857142855 }, { 0, 0.25, 0.2, 1 },
                                       { 0, 0.3333333333333333, 0.2857142857142857, 0.6 } };
    for (int c = 0; c < C; c++) {
        Prf each = metrics_prf(m, c);
        near("precision", each.precision, EACH[0][c]);
        near("recall", each.recall, EACH[1][c]);
        near("f1", each.f1, EACH[2][c]);
    }
    Prf macro = metrics_macro(m), micro = metrics_micro(m);
    near("macro precision", macro.precision, 0.35714285714285715);
    near("macro recall", macro.recall, 0.3625);
    near("macro f1", macro.f1, 0.3047619047619048);
    near("micro precision", micro.precision, 0.4166666666666667);
    near("micro recall", micro.recall, 0.4166666666666667);
    near("micro f1", micro.f1, 0.4166666666666667);
}

/* The values are scikit-learn 1.9's; then every pair looked at: is it together in one, in both? */
Test(metrics, adjusted_rand)
{
    near("half", metrics_adjusted_rand(CLASSES(0, 0, 1, 1), CLASSES(0, 0, 1, 2)), 0.5714285714285714);
    near("names", metrics_adjusted_rand(CLASSES(0, 0, 1, -1), CLASSES(1, 1, 0, 5)), 1);
    near("crossed", metrics_adjusted_rand(CLASSES(0, 0, 1, 1), CLASSES(0, 1, 0, 1)), -0.5);
    near("one heap", metrics_adjusted_rand(CLASSES(3, 3, 3), CLASSES(0, 0, 0)), 1);
    near("one heap, all apart", metrics_adjusted_rand(CLASSES(3, 3, 3), CLASSES(0, 1, 2)), 0);
    Rng rng = rng_new(8);
    int32_t a[60], b[60];
    for (int i = 0; i < 60; i++)
        a[i] = (int32_t)rng_below(&rng, 5) - 1, b[i] = i % 3 ? a[i] : (int32_t)rng_below(&rng, 4);
    double both = 0, in_a = 0, in_b = 0, all = 0;
    for (int i = 0; i < 60; i++)
        for (int j = 0; j < i; j++)
            all++, both += a[i] == a[j] && b[i] == b[j], in_a += a[i] == a[j], in_b += b[i] == b[j];
    near("pairs", metrics_adjusted_rand(classes(60, a), classes(60, b)),
         (both - in_a * in_b / all) / ((in_a + in_b) / 2 - in_a * in_b / all));
    cr_assert(isnan(metrics_adjusted_rand(CLASSES(0), CLASSES(0))));
}

Test(metrics, two_classes_as_scikit_learn)
{
    Tensor *s = DOUBLES(.1, .4, .35, .8, .4, .4, .9, .05, .8, .2, .35, .6);
    Tensor *y = CLASSES(0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1);
    near("roc_auc_score", metrics_auc(s, y), 0.7361111111111112);
    near("average_precision_score", metrics_average_precision(s, y), 0.7202380952380952);
}

Test(metrics, numbers_as_scikit_learn)
{
    Tensor *y = DOUBLES(3, -.5, 2, 7, 4.25), *p = DOUBLES(2.5, 0, 2, 8, 4);
    near("mean_squared_error", metrics_mse(p, y), 0.3125);
    near("mean_absolute_error", metrics_mae(p, y), 0.45);
    near("r2_score", metrics_r2(p, y), 0.9491042345276873);
}

/* ---- By brute force ---- */

/* n scores of a few different values, so that many are equal. */
static Tensor *scores(Dtype dtype, int n, int different)
{
    Tensor *x = tensor_new(model, DEV_CPU, dtype, SHAPE(n));
    for (int i = 0; i < n; i++) tensor_set(x, i, floor(uniform(0, different)) / 8 - 1);
    return x;
}

Test(metrics, auc_of_all_pairs)
{
    for (int n = 1; n < 60; n++) {
        Tensor *s = scores(n % 2 ? F32 : F64, n, 1 + n % 9), *y = targets(n, 2);
        double won = 0, pairs = 0;
        for (int i = 0; i < n; i++)
            for (int k = 0; k < n; k++) {
                if (tensor_get(y, i) != 1 || tensor_get(y, k) != 0) continue;
                pairs++;
                won += tensor_get(s, i) > tensor_get(s, k) ? 1 : tensor_get(s, i) == tensor_get(s, k) ? .5 : 0;
            }
        near("auc", metrics_auc(s, y), pairs ? won / pairs : NAN);
    }
}

/* Precision and gained recall at every threshold that occurs, from the highest down. */
Test(metrics, average_precision_of_all_thresholds)
{
    for (int n = 1; n < 60; n++) {
        Tensor *s = scores(F32, n, 1 + n % 9), *y = targets(n, 2);
        double sum = 0, before = 0, P = 0;
        for (int i = 0; i < n; i++) P += tensor_get(y, i);
        for (int v = 9; v >= 0; v--) {
            double above = 0, right = 0;
            for (int i = 0; i < n; i++)
                if (tensor_get(s, i) >= v / 8. - 1) above++, right += tensor_get(y, i);
            if (above) sum += (right / P - before) * (right / above), before = right / P;
        }
        expect("average precision", n, metrics_average_precision(s, y), sum, 1e-12);
    }
}

Test(metrics, top_k_by_sorting)
{
    for (int n = 1; n < 20; n++) {
        int K = 1 + n % 6;
        Tensor *flat = scores(F32, n * K, 4), *y = targets(n, K), *s = op_reshape(tape, flat, SHAPE(n, K));
        for (int k = 1; k <= K; k++) {
            int hits = 0;
            for (int i = 0; i < n; i++) { /* takes the first of the largest, k times */
                bool taken[6] = { 0 };
                for (int round = 0; round < k; round++) {
                    int best = -1;
                    for (int c = 0; c < K; c++)
                        if (!taken[c] && (best < 0 || tensor_get(s, i * K + c) > tensor_get(s, i * K + best))) best = c;
                    taken[best] = true;
                }
                hits += taken[(int)tensor_get(y, i)];
            }
            near("top k", metrics_top_k(s, y, k), (double)hits / n);
        }
        near("accuracy", metrics_accuracy(s, y), metrics_top_k(s, y, 1));
    }
}

/* Ten predictions at 0.75 of which six are right, two at 1 that are: |.6 - .75| 10/12 + 0. */
Test(metrics, calibration)
{
    Tensor *p = tensor_new(model, DEV_CPU, F64, SHAPE(12, 2)), *y = tensor_new(model, DEV_CPU, I32, SHAPE(12));
    for (int i = 0; i < 12; i++) {
        double top = i < 10 ? .75 : 1;
        tensor_set(p, 2 * i, 1 - top), tensor_set(p, 2 * i + 1, top), tensor_set(y, i, i < 6 || i >= 10);
    }
    for (int bins = 2; bins <= 16; bins *= 2) near("calibration", metrics_calibration(p, y, bins), 1.5 / 12);
    near("one bin", metrics_calibration(p, y, 1), fabs(8. / 12 - 9.5 / 12));
}

Test(metrics, a_view_counts_as_what_it_shows)
{
    Tensor *p = probabilities(F64), *y = classes(N, Y), *t = tensor_new(model, DEV_CPU, F64, SHAPE(C, N));
    for (int i = 0; i < N; i++)
        for (int c = 0; c < C; c++) tensor_set(t, c * N + i, tensor_get(p, i * C + c));
    Tensor view = *t;
    view.shape[0] = N, view.shape[1] = C, view.stride[0] = 1, view.stride[1] = N;
    cr_assert_eq(metrics_log_loss(&view, y), metrics_log_loss(p, y));
    cr_assert_eq(metrics_accuracy(&view, y), metrics_accuracy(p, y));
}

/* ---- Where there is no number ---- */

static bool none(double x) { return x != x; }

Test(metrics, nothing_to_count)
{
    Tensor *s = DOUBLES(1, 2), *ones = CLASSES(1, 1), *zeros = CLASSES(0, 0);
    cr_assert(none(metrics_auc(s, ones)) && none(metrics_auc(s, zeros)) && none(metrics_average_precision(s, zeros)));
    near("all ones", metrics_average_precision(s, ones), 1);
    Tensor *no_rows = tensor_new(model, DEV_CPU, F32, SHAPE(0, 3));
    Tensor *no_classes = tensor_new(model, DEV_CPU, I32, SHAPE(0));
    cr_assert(none(metrics_accuracy(no_rows, no_classes)) && none(metrics_log_loss(no_rows, no_classes)));
    Tensor *empty = metrics_confusion(model, no_classes, no_classes, 3);
    cr_assert(none(metrics_macro(empty).f1) && none(metrics_micro(empty).recall) && metrics_prf(empty, 1).f1 == 0);
    Tensor *same = DOUBLES(2, 2);
    cr_assert(metrics_r2(s, same) == -(double)INFINITY && none(metrics_r2(same, same)));
}

Test(metrics, nan)
{
    Tensor *s = DOUBLES(1, NAN, 0), *y = CLASSES(0, 1, 1), *p = tensor_new(model, DEV_CPU, F64, SHAPE(2, 2));
    cr_assert(none(metrics_auc(s, y)) && none(metrics_average_precision(s, y)));
    cr_assert(none(metrics_mse(s, s)) && none(metrics_mae(s, s)) && none(metrics_r2(s, s)));
    tensor_set(p, 0, NAN), tensor_set(p, 1, .1), tensor_set(p, 2, .2), tensor_set(p, 3, .8);
    cr_assert_eq(metrics_accuracy(p, CLASSES(1, 1)), 1, "NaN comes last");
    cr_assert_eq(metrics_accuracy(p, CLASSES(0, 1)), .5);
    cr_assert(none(metrics_log_loss(p, CLASSES(0, 0))) && none(metrics_calibration(p, CLASSES(0, 0), 10)));
    tensor_set(p, 0, 0);
    near("p = 0", metrics_log_loss(p, CLASSES(0, 1)), -(log(DBL_EPSILON) + log(.8)) / 2);
}

static void class_out_of_range(void)
{
    metrics_accuracy(probabilities(F32), CLASSES(0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0));
}
static void not_of_two(void) { metrics_auc(DOUBLES(1, 2), CLASSES(1, 2)); }
static void lengths(void) { metrics_mse(DOUBLES(1, 2), DOUBLES(1, 2, 3)); }
static void not_probable(void) { metrics_calibration(op_reshape(tape, NUMBERS(2, 3), SHAPE(1, 2)), CLASSES(1), 5); }

Test(metrics, refusals)
{
    expect_refusal(class_out_of_range, "target 4 is 4, not a class below 4");
    expect_refusal(not_of_two, "target 1 is 2, not a class below 2");
    expect_refusal(lengths, "f64(2) and f64(3) are not f32 or f64 of one shape");
    expect_refusal(not_probable, "row 0 has a probability of 3");
}
