/* logistic.c -- two classes by a straight line over sparse rows: log loss or squared hinge, to the bottom. */
#include "logistic.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "vmath.h"

/* Sums are made in so many parts, whatever the number of threads, and added in order. */
enum { PARTS = 8, DIRECT = 512, MOST_STEPS = 100, BLOCK = 256 };

typedef struct Fit Fit;
struct Fit {
    double       (*loss)(Fit *, double t);  /* of z - t u: C times its sum, with off and bend */
    int64_t        N, D;
    const int64_t *row;
    const int32_t *index;
    const double  *value, *y;
    double         C;
    double        *z, *u;           /* (N) x w, and x s, by which z moves */
    double        *off, *bend;      /* (N) the loss's first and second derivative by z, times C */
    double        *part;            /* (PARTS,D), or (PARTS,D,D) for the Hessian */
};

static double *numbers(int64_t n)
{
    double *p = calloc((size_t)(n > 0 ? n : 1), sizeof *p);
    CHECK(p, "logistic_fit: no memory for %lld numbers", (long long)n);
    return p;
}

static int64_t from(const Fit *f, int part) { return f->N * part / PARTS; }

static double dot(const double *a, const double *b, int64_t n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* u = X v */
static void times(const Fit *f, double *u, const double *v)
{
#pragma omp parallel for schedule(static) if (f->row[f->N] > 1 << 14)
    for (int64_t n = 0; n < f->N; n++) {
        double sum = 0;
        for (int64_t k = f->row[n]; k < f->row[n + 1]; k++) sum += f->value[k] * v[f->index[k]];
        u[n] = sum;
    }
}

/* out += X^T a */
static void times_transposed(const Fit *f, double *out, const double *a)
{
#pragma omp parallel for schedule(static) if (f->row[f->N] > 1 << 14)
    for (int p = 0; p < PARTS; p++) {
        double *sum = f->part + p * f->D;
        memset(sum, 0, (size_t)f->D * sizeof *sum);
        for (int64_t n = from(f, p); n < from(f, p + 1); n++)
            for (int64_t k = f->row[n]; k < f->row[n + 1]; k++) sum[f->index[k]] += a[n] * f->value[k];
    }
    for (int p = 0; p < PARTS; p++)
        for (int64_t d = 0; d < f->D; d++) out[d] += f->part[p * f->D + d];
}

/* C sum log(1 + exp(-y (z - t u))), and both derivatives by z. The 1 + e of a BLOCK, at most 2 each, are multiplied,
 * and one logarithm is taken. */
static double log_loss(Fit *f, double t)
{
    double sum[PARTS], all = 0;
#pragma omp parallel for schedule(static) if (f->N > 1 << 10)
    for (int p = 0; p < PARTS; p++) {
        double end = 0, product = 1;
        for (int64_t n = from(f, p), last = from(f, p + 1); n < last; n += BLOCK) {
            int64_t rows = last - n < BLOCK ? last - n : BLOCK;
            double *off = f->off + n, *bend = f->bend + n;
            const double *y = f->y + n, *z = f->z + n, *u = f->u + n;
#pragma omp simd reduction(+ : end) reduction(* : product)
            for (int64_t i = 0; i < rows; i++) {
                double m = y[i] * (z[i] - t * u[i]), e = vexp_double(-fabs(m)), share = 1 / (1 + e);
                product *= 1 + e;
                end += m < 0 ? -m : 0;
                off[i] = -f->C * y[i] * (m < 0 ? share : e * share);
                bend[i] = f->C * e * share * share;
            }
            end += log(product), product = 1;
        }
        sum[p] = end;
    }
    for (int p = 0; p < PARTS; p++) all += sum[p];
    return f->C * all;
}

/* C sum max(0, 1 - y (z - t u))^2: a parabola, which ends where a row is far enough on its side */
static double squared_hinge(Fit *f, double t)
{
    double sum[PARTS], all = 0;
#pragma omp parallel for schedule(static) if (f->N > 1 << 10)
    for (int p = 0; p < PARTS; p++) {
        double square = 0, *off = f->off, *bend = f->bend;
#pragma omp simd reduction(+ : square)
        for (int64_t n = from(f, p); n < from(f, p + 1); n++) {
            double short_of = 1 - f->y[n] * (f->z[n] - t * f->u[n]);
            short_of = short_of > 0 ? short_of : 0;
            square += short_of * short_of;
            off[n] = -2 * f->C * f->y[n] * short_of;
            bend[n] = short_of > 0 ? 2 * f->C : 0;
        }
        sum[p] = square;
    }
    for (int p = 0; p < PARTS; p++) all += sum[p];
    return f->C * all;
}

/* ---- H s = g, where H = I + X^T bend X --------------------------------------------------------------------------- */

/* The upper triangle, row by row: only where a sample has two numbers is anything added. */
static void hessian(const Fit *f, double *H)
{
    int64_t D = f->D;
#pragma omp parallel for schedule(static) if (f->row[f->N] > 1 << 12)
    for (int p = 0; p < PARTS; p++) {
        double *sum = f->part + p * D * D;
        memset(sum, 0, (size_t)(D * D) * sizeof *sum);
        for (int64_t n = from(f, p); n < from(f, p + 1); n++)
            for (int64_t k = f->row[n]; k < f->row[n + 1]; k++) {
                double *line = sum + f->index[k] * D, a = f->bend[n] * f->value[k];
                for (int64_t j = k; j < f->row[n + 1]; j++) line[f->index[j]] += a * f->value[j];
            }
    }
    memcpy(H, f->part, (size_t)(D * D) * sizeof *H);
    for (int p = 1; p < PARTS; p++)
        for (int64_t i = 0; i < D * D; i++) H[i] += f->part[p * D * D + i];
    for (int64_t i = 0; i < D; i++) H[i * D + i] += 1;
}

/* H = R^T R in the upper triangle, row by row; then R^T z = g, R s = z. H >= I, so no pivot fails. */
static void solve(double *s, double *H, const double *g, int64_t D)
{
    for (int64_t i = 0; i < D; i++) {
        double *Ri = H + i * D, root = 1 / sqrt(Ri[i]);
        for (int64_t j = i; j < D; j++) Ri[j] *= root;
#pragma omp parallel for schedule(static) if ((D - i) * (D - i) > 1 << 16)
        for (int64_t k = i + 1; k < D; k++) {
            double *Rk = H + k * D, by = Ri[k];
            for (int64_t j = k; j < D; j++) Rk[j] -= by * Ri[j];
        }
    }
    memcpy(s, g, (size_t)D * sizeof *s);
    for (int64_t i = 0; i < D; i++) {
        s[i] /= H[i * D + i];
        for (int64_t j = i + 1; j < D; j++) s[j] -= H[i * D + j] * s[i];
    }
    for (int64_t i = D - 1; i >= 0; i--) s[i] = (s[i] - dot(H + i * D + i + 1, s + i + 1, D - i - 1)) / H[i * D + i];
}

/* The same without H, by conjugate gradients: |H s - g| at most so many times |g|. False: not after so many products.
 * r, q, Hq: (3,D) */
static bool conjugate(Fit *f, double *s, double *r, const double *g, double within, int64_t products)
{
    int64_t D = f->D;
    double *q = r + D, *Hq = q + D, square = dot(g, g, D), enough = square * within * within;
    memset(s, 0, (size_t)D * sizeof *s);
    memcpy(r, g, (size_t)D * sizeof *r);
    memcpy(q, g, (size_t)D * sizeof *q);
    for (int64_t k = 0; square > enough; k++) {
        if (k == products) return false;
        times(f, f->u, q);
        for (int64_t n = 0; n < f->N; n++) f->u[n] *= f->bend[n];
        memcpy(Hq, q, (size_t)D * sizeof *Hq);
        times_transposed(f, Hq, f->u);
        double step = square / dot(q, Hq, D), before = square;
        for (int64_t d = 0; d < D; d++) s[d] += step * q[d], r[d] -= step * Hq[d];
        square = dot(r, r, D);
        for (int64_t d = 0; d < D; d++) q[d] = r[d] + square / before * q[d];
    }
    return true;
}

/* So many products cost as much as H and its factors: with fewer, conjugate gradients are cheaper. A product looks at
 * each entry twice; H at each pair of a row's. */
static int64_t worth(const Fit *f)
{
    double pairs = 0, entries = (double)f->row[f->N];
    for (int64_t n = 0; n < f->N; n++) pairs += 0.5 * pow((double)(f->row[n + 1] - f->row[n]), 2);
    double D = (double)f->D, direct = pairs + (PARTS + D / 6) * D * D;
    return f->D > DIRECT ? 2 * f->D : (int64_t)(direct / (3 * entries + (double)f->N + PARTS * D));
}

/* ---- The loop ---------------------------------------------------------------------------------------------------- */

/* |w - t s|^2 / 2, from three products */
static double ridge(double ww, double ws, double ss, double t) { return (ww - 2 * t * ws + t * t * ss) / 2; }

/* f - f* is about half of g s, Newton's decrement: where that is small enough the step, being known, is taken, and is
 * the last. Far from the bottom s need not be exact; once conjugate gradients are slower than H, they stay so. */
static double newton(Fit *f, double *w, int *steps, double tolerance)
{
    int64_t D = f->D, products = worth(f);
    bool    can = D <= DIRECT, direct = false, enough = false;
    double *g = numbers(D), *s = numbers(D), *work = numbers(can && D > 3 ? D * D : 3 * D), first = 0;
    double  loss = f->loss(f, 0), ww = 0;
    for (*steps = 0; *steps < MOST_STEPS && !enough; ++*steps) {
        double value = loss + ww / 2, t = 1;
        memcpy(g, w, (size_t)D * sizeof *g);
        times_transposed(f, g, f->off);
        double size = sqrt(dot(g, g, D));
        if (size == 0) break;
        if (*steps == 0) first = size;
        direct = direct || (!conjugate(f, s, work, g, fmin(0.1, sqrt(size / first)), products) && can);
        if (direct) hessian(f, work), solve(s, work, g, D);
        double slope = dot(g, s, D), ws = dot(w, s, D), ss = dot(s, s, D);
        enough = slope / 2 <= tolerance * value;
        times(f, f->u, s);
        while ((loss = f->loss(f, t)) + ridge(ww, ws, ss, t) > value - 1e-4 * t * slope && t > 1e-10 && !enough) t /= 2;
        for (int64_t n = 0; n < f->N; n++) f->z[n] -= t * f->u[n];
        for (int64_t d = 0; d < D; d++) w[d] -= t * s[d];
        ww = dot(w, w, D);
    }
    free(g), free(s), free(work);
    return loss + ww / 2;
}

static const char *fit(double (*loss)(Fit *, double), double *w, double *objective, int *steps, const Libsvm *m,
                       double C, double tolerance)
{
    CHECK(m->value->dtype == F64 && C > 0, "logistic_fit: %s, C %g; f64 and C > 0 expected",
          tensor_dtype_name(m->value->dtype), C);
    const char *wrong = libsvm_signed(m);
    if (wrong) return wrong;
    int64_t N = m->rows, D = m->columns;
    int     made;
    Fit     f = { .loss = loss, .N = N, .D = D, .C = C, .row = m->row->data, .index = m->index->data,
                  .value = m->value->data, .y = m->y->data, .z = numbers(4 * N),
                  .part = numbers(PARTS * D * (D <= DIRECT ? D : 1)) };
    f.u = f.z + N, f.off = f.u + N, f.bend = f.off + N;
    memset(w, 0, (size_t)D * sizeof *w);
    double value = newton(&f, w, &made, tolerance);
    if (objective) *objective = value;
    if (steps) *steps = made;
    free(f.z), free(f.part);
    return NULL;
}

const char *logistic_fit(double *w, double *objective, int *steps, const Libsvm *m, double C, double tolerance)
{
    return fit(log_loss, w, objective, steps, m, C, tolerance);
}

const char *logistic_squared_hinge(double *w, double *objective, int *steps, const Libsvm *m, double C,
                                   double tolerance)
{
    return fit(squared_hinge, w, objective, steps, m, C, tolerance);
}
