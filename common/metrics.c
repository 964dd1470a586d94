/* metrics.c -- how good predictions are. */
#include "metrics.h"
#include "check.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

/* ---- What they are given ---- */

static bool is_scores(const Tensor *x) { return x->dtype == F32 || x->dtype == F64; }

static double at(const Tensor *x, int64_t i)
{
    i = x->ndim == 1 ? i * x->stride[0] : tensor_at(x, i);
    return x->dtype == F64 ? ((const double *)x->data)[i] : (double)((const float *)x->data)[i];
}

static int32_t class_at(const Tensor *x, int64_t i) { return ((const int32_t *)x->data)[i * x->stride[0]]; }

static void check_classes(const char *who, const Tensor *target, int64_t N, int64_t C)
{
    CHECK(target->dtype == I32 && target->ndim == 1 && target->shape[0] == N, "%s: target %s is not i32(%lld)", who,
          tensor_text(target).s, (long long)N);
    for (int64_t i = 0; i < N; i++)
        CHECK(class_at(target, i) >= 0 && class_at(target, i) < C, "%s: target %lld is %d, not a class below %lld", who,
              (long long)i, class_at(target, i), (long long)C);
}

static void check_scores(const char *who, const Tensor *scores, const Tensor *target)
{
    CHECK(is_scores(scores) && scores->ndim == 2, "%s: scores %s are not f32 or f64 (N,C)", who, tensor_text(scores).s);
    check_classes(who, target, scores->shape[0], scores->shape[1]);
}

static double mean(double sum, int64_t n) { return n ? sum / (double)n : NAN; }

/* ---- Classes ---- */

/* How many of row i's scores come before score c: the larger ones, and of equals those further left. NaN comes last. */
static int64_t before(const Tensor *scores, int64_t i, int32_t c)
{
    int64_t n = 0, C = scores->shape[1];
    double own = at(scores, i * C + c);
    for (int64_t k = 0; k < C; k++) {
        double x = at(scores, i * C + k);
        if (k != c) n += own == own ? x > own || (x == own && k < c) : x == x || k < c;
    }
    return n;
}

double metrics_top_k(const Tensor *scores, const Tensor *target, int k)
{
    check_scores("metrics_top_k", scores, target);
    CHECK(k >= 1, "metrics_top_k: the best %d", k);
    int64_t N = scores->shape[0], hits = 0;
    for (int64_t i = 0; i < N; i++) hits += before(scores, i, class_at(target, i)) < k;
    return mean((double)hits, N);
}

double metrics_accuracy(const Tensor *scores, const Tensor *target) { return metrics_top_k(scores, target, 1); }

double metrics_log_loss(const Tensor *probability, const Tensor *target)
{
    check_scores("metrics_log_loss", probability, target);
    int64_t N = probability->shape[0], C = probability->shape[1];
    double sum = 0, least = probability->dtype == F64 ? DBL_EPSILON : (double)FLT_EPSILON;
    for (int64_t i = 0; i < N; i++) {
        double p = at(probability, i * C + class_at(target, i));
        sum -= log(p < least ? least : p);
    }
    return mean(sum, N);
}

double metrics_perplexity(double mean_log_loss) { return exp(mean_log_loss); }

double metrics_calibration(const Tensor *probability, const Tensor *target, int bins)
{
    check_scores("metrics_calibration", probability, target);
    CHECK(bins >= 1, "metrics_calibration: %d bins", bins);
    int64_t N = probability->shape[0], C = probability->shape[1];
    double *gap = calloc((size_t)bins, sizeof *gap), sum = 0;   /* the bin's sum of hit - confidence */
    CHECK(gap, "metrics_calibration: out of memory");
    for (int64_t i = 0; i < N; i++) {
        int32_t best = 0;
        for (int32_t c = 0; c < C; c++) {
            double p = at(probability, i * C + c);
            if (p > at(probability, i * C + best) || p != p) best = c;
        }
        double confidence = at(probability, i * C + best);
        CHECK(!(confidence < 0 || confidence > 1 + 1e-5), "metrics_calibration: row %lld has a probability of %g",
              (long long)i, confidence);
        int b = confidence > 0 ? (int)ceil(confidence * bins) - 1 : 0;
        if (confidence != confidence) sum = NAN;
        else gap[b < bins ? b : bins - 1] += (best == class_at(target, i)) - confidence;
    }
    for (int b = 0; b < bins; b++) sum += fabs(gap[b]);
    free(gap);
    return mean(sum, N);
}

Tensor *metrics_confusion(Arena *a, const Tensor *predicted, const Tensor *target, int C)
{
    int64_t N = target->shape[0];
    check_classes("metrics_confusion", target, N, C);
    check_classes("metrics_confusion", predicted, N, C);
    Tensor *m = tensor_new(a, DEV_CPU, I64, SHAPE(C, C));
    int64_t *count = m->data;
    for (int64_t i = 0; i < (int64_t)C * C; i++) count[i] = 0;
    for (int64_t i = 0; i < N; i++) count[(int64_t)class_at(target, i) * C + class_at(predicted, i)]++;
    return m;
}

typedef struct Counts { int64_t right, predicted, there; } Counts;

static Counts counts(const Tensor *confusion, int c)
{
    const int64_t *count = confusion->data;
    int64_t C = confusion->shape[0];
    Counts n = { .right = count[c * C + c] };
    for (int64_t k = 0; k < C; k++) n.predicted += count[k * C + c], n.there += count[c * C + k];
    return n;
}

/* precision = right / predicted,  recall = right / there,  F1 = 2 right / (predicted + there): their harmonic mean */
static Prf prf(Counts n)
{
    return (Prf){ .precision = n.predicted ? (double)n.right / (double)n.predicted : 0,
                  .recall = n.there ? (double)n.right / (double)n.there : 0,
                  .f1 = n.predicted + n.there ? 2 * (double)n.right / (double)(n.predicted + n.there) : 0 };
}

static int classes_of(const char *who, const Tensor *m)
{
    CHECK(m->dtype == I64 && m->ndim == 2 && m->shape[0] == m->shape[1] && tensor_contiguous(m),
          "%s: %s is no confusion matrix", who, tensor_text(m).s);
    return (int)m->shape[0];
}

Prf metrics_prf(const Tensor *confusion, int c)
{
    int C = classes_of("metrics_prf", confusion);
    CHECK(c >= 0 && c < C, "metrics_prf: class %d of %d", c, C);
    return prf(counts(confusion, c));
}

Prf metrics_macro(const Tensor *confusion)
{
    int C = classes_of("metrics_macro", confusion), n = 0;
    Prf sum = { 0 };
    for (int c = 0; c < C; c++) {
        Counts k = counts(confusion, c);
        Prf p = prf(k);
        sum.precision += p.precision, sum.recall += p.recall, sum.f1 += p.f1;
        n += k.predicted + k.there > 0;
    }
    return (Prf){ mean(sum.precision, n), mean(sum.recall, n), mean(sum.f1, n) };
}

Prf metrics_micro(const Tensor *confusion)
{
    int C = classes_of("metrics_micro", confusion);
    Counts all = { 0 };
    for (int c = 0; c < C; c++) {
        Counts k = counts(confusion, c);
        all.right += k.right, all.predicted += k.predicted, all.there += k.there;
    }
    return all.there ? prf(all) : (Prf){ NAN, NAN, NAN };
}

/* Pairs together in both, beside what chance would give, as a part of the most that is possible. */
double metrics_adjusted_rand(const Tensor *a, const Tensor *b)
{
    CHECK(a->dtype == I32 && a->ndim == 1 && b->dtype == I32 && b->ndim == 1 && a->shape[0] == b->shape[0],
          "metrics_adjusted_rand: %s and %s are not i32(N) of one N", tensor_text(a).s, tensor_text(b).s);
    int64_t N = a->shape[0], A = 0, B = 0;
    for (int64_t i = 0; i < N; i++) {
        int32_t x = class_at(a, i), y = class_at(b, i);
        CHECK(x >= -1 && y >= -1, "metrics_adjusted_rand: row %lld: %d and %d, labels begin at -1", (long long)i, x, y);
        A = x + 2 > A ? x + 2 : A, B = y + 2 > B ? y + 2 : B;
    }
    if (N < 2) return NAN;
    CHECK(A <= INT64_MAX / 16 / B, "metrics_adjusted_rand: %lld times %lld labels", (long long)A, (long long)B);
    int64_t *both = calloc((size_t)(A * B + A + B), sizeof *both), *in_a = both + A * B, *in_b = in_a + A;
    CHECK(both, "metrics_adjusted_rand: no memory for %lld times %lld labels", (long long)A, (long long)B);
    for (int64_t i = 0; i < N; i++) {
        int32_t x = class_at(a, i) + 1, y = class_at(b, i) + 1;
        both[x * B + y]++, in_a[x]++, in_b[y]++;
    }
    double together = 0, pairs_a = 0, pairs_b = 0, all = (double)N * (double)(N - 1) / 2;
    for (int64_t k = 0; k < A * B; k++) together += (double)both[k] * (double)(both[k] - 1) / 2;
    for (int64_t k = 0; k < A; k++) pairs_a += (double)in_a[k] * (double)(in_a[k] - 1) / 2;
    for (int64_t k = 0; k < B; k++) pairs_b += (double)in_b[k] * (double)(in_b[k] - 1) / 2;
    free(both);
    double chance = pairs_a * pairs_b / all, most = (pairs_a + pairs_b) / 2;
    return most == chance ? 1 : (together - chance) / (most - chance);  /* all apart in both, or all together */
}

/* ---- Two classes ---- */

typedef struct Scored { double score; int32_t target; } Scored;

static int by_score(const void *a, const void *b) /* the largest first */
{
    double x = ((const Scored *)a)->score, y = ((const Scored *)b)->score;
    return (x < y) - (x > y);
}

/* Sorted, the largest score first; NULL where a score is NaN. The caller frees it. */
static Scored *sorted(const char *who, const Tensor *score, const Tensor *target, int64_t *positives)
{
    CHECK(is_scores(score) && score->ndim == 1, "%s: scores %s are not f32 or f64 (N)", who, tensor_text(score).s);
    int64_t N = score->shape[0];
    check_classes(who, target, N, 2);
    Scored *s = malloc((size_t)N * sizeof *s + 1);
    CHECK(s, "%s: out of memory", who);
    bool ordered = true;
    *positives = 0;
    for (int64_t i = 0; i < N; i++) {
        s[i] = (Scored){ at(score, i), class_at(target, i) };
        *positives += s[i].target;
        ordered &= s[i].score == s[i].score;
    }
    if (ordered) qsort(s, (size_t)N, sizeof *s, by_score);
    else free(s);
    return ordered ? s : NULL;
}

/* The next group of equal scores, from *i on: how many ones and zeros. */
static void next_group(const Scored *s, int64_t N, int64_t *i, int64_t *ones, int64_t *zeros)
{
    double score = s[*i].score;
    for (*ones = *zeros = 0; *i < N && s[*i].score == score; ++*i) *(s[*i].target ? ones : zeros) += 1;
}

/* Each zero counts the ones above it, and half of those beside it (Mann and Whitney 1947): twice that is whole. */
double metrics_auc(const Tensor *score, const Tensor *target)
{
    int64_t P, N = score->ndim == 1 ? score->shape[0] : 0, above = 0, ones, zeros;
    double halves = 0;
    Scored *s = sorted("metrics_auc", score, target, &P);
    if (!s) return NAN;
    for (int64_t i = 0; i < N; above += ones) {
        next_group(s, N, &i, &ones, &zeros);
        halves += (double)zeros * (double)(2 * above + ones);
    }
    free(s);
    return P > 0 && P < N ? halves / 2 / ((double)P * (double)(N - P)) : NAN;
}

double metrics_average_precision(const Tensor *score, const Tensor *target)
{
    int64_t P, N = score->ndim == 1 ? score->shape[0] : 0, right = 0, ones, zeros;
    double sum = 0;
    Scored *s = sorted("metrics_average_precision", score, target, &P);
    if (!s) return NAN;
    for (int64_t i = 0; i < N;) {
        next_group(s, N, &i, &ones, &zeros);
        right += ones;
        sum += (double)ones * (double)right / (double)i; /* i are above the threshold now */
    }
    free(s);
    return mean(sum, P);
}

/* ---- Numbers ---- */

static int64_t check_pair(const char *who, const Tensor *p, const Tensor *y)
{
    CHECK(is_scores(p) && is_scores(y) && tensor_same_shape(p, y), "%s: %s and %s are not f32 or f64 of one shape", who,
          tensor_text(p).s, tensor_text(y).s);
    return tensor_count(y);
}

double metrics_mse(const Tensor *p, const Tensor *y)
{
    int64_t N = check_pair("metrics_mse", p, y);
    double sum = 0;
    for (int64_t i = 0; i < N; i++) sum += (at(p, i) - at(y, i)) * (at(p, i) - at(y, i));
    return mean(sum, N);
}

double metrics_mae(const Tensor *p, const Tensor *y)
{
    int64_t N = check_pair("metrics_mae", p, y);
    double sum = 0;
    for (int64_t i = 0; i < N; i++) sum += fabs(at(p, i) - at(y, i));
    return mean(sum, N);
}

double metrics_r2(const Tensor *p, const Tensor *y)
{
    int64_t N = check_pair("metrics_r2", p, y);
    double sum = 0, error = 0, spread = 0;
    for (int64_t i = 0; i < N; i++) sum += at(y, i);
    double middle = mean(sum, N);
    for (int64_t i = 0; i < N; i++) {
        error += (at(y, i) - at(p, i)) * (at(y, i) - at(p, i));
        spread += (at(y, i) - middle) * (at(y, i) - middle);
    }
    return 1 - error / spread;          /* one value over and over: -inf, or NaN where all is right */
}
