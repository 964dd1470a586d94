/* test_svm.c -- the probes that grade svm.c, and the oracles that prove it right. */
#include <math.h>
#include <stdlib.h>
#include "probe.h"
#include "svm.h"

enum { MAX_N = 65, MAX_D = 9, STEPS = 500000 };

/* ---- Inputs ------------------------------------------------------------------------------------------------------ */

/* Signs; both occur where there are two. */
static int *signs(int N)
{
    int *y = probe_ints(N, 0, 1);
    for (int n = 0; n < N; n++) y[n] = n == 0 ? 1 : n == 1 ? -1 : 2 * y[n] - 1;
    return y;
}

static SvmKernel some_kernel(void)
{
    return (SvmKernel){ .kind = (SvmKind)probe_pick(SVM_LINEAR, SVM_POLYNOMIAL, SVM_RBF), .gamma = probe_real(0.1, 1),
                        .degree = probe_int(1, 4) };
}

/* A third at 0, a third at C, the others between. */
static double *some_alpha(int N, double C)
{
    double *alpha = probe_uniform_doubles(N, 0.05 * C, 0.95 * C);
    for (int n = 0; n < N; n++) {
        int where = probe_int(0, 2);
        alpha[n] = where == 0 ? 0 : where == 1 ? C : alpha[n];
    }
    return alpha;
}

/* Q of random points under a kernel made here, exp(-|a - b|^2 / 2). */
static double *some_Q(const int *y, int N)
{
    double *X = probe_uniform_doubles(3 * N, -2, 2), *Q = probe_doubles(N * N);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double square = 0;
            for (int d = 0; d < 3; d++) square += (X[3 * i + d] - X[3 * j + d]) * (X[3 * i + d] - X[3 * j + d]);
            Q[i * N + j] = y[i] * y[j] * exp(-square / 2);
        }
    return Q;
}

typedef struct Matrix { const double *Q; int N, asked; } Matrix;

static const double *row_of(void *from, int i)
{
    Matrix *m = from;
    m->asked = i;
    return m->Q + i * m->N;
}

/* ---- step svm_hinge ---------------------------------------------------------------------------------------------- */

static void emit_hinge(const double *X, const int *y, const double *w, double C, int N, int D)
{
    double *dw = probe_output_doubles(D), size = probe_largest(X, N * D), wide = probe_largest(w, D);
    probe_freeze();
    double f = svm_hinge(dw, X, y, w, C, N, D);
    probe_terms(N + D);
    probe_scale(D * wide * wide + C * N * (1 + D * size * wide));
    emit("f", &f, 1);
    probe_scale(wide + C * N * size);
    emit("dw", dw, D);
}

PROBE(svm_hinge, by_pencil)
{
    emit_hinge(probe_given_doubles(1, 3, -1, 0.5), probe_given_ints(1, 1, -1, -1), probe_given_doubles(0.5), 1, 4, 1);
}

PROBE(svm_hinge, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 33, 65), D = probe_pick(1, 2, 5, 9);
    emit_hinge(probe_uniform_doubles(N * D, -2, 2), signs(N), probe_uniform_doubles(D, -1, 1), probe_real(0.1, 3), N,
               D);
}

PROBE(svm_hinge, exactly_on_the_margin)
{
    emit_hinge(probe_given_doubles(2, -2, 4), probe_given_ints(1, -1, 1), probe_given_doubles(0.5), 1, 3, 1);
}

/* ---- step svm_coordinate ----------------------------------------------------------------------------------------- */

static void emit_coordinate(const double *from, const double *X, const int *y, const int *order, double C, int squared,
                            int N, int D, int passes)
{
    double *alpha = probe_inout_copy(N, from), *w = probe_inout_doubles(D), worst = 0;
    for (int d = 0; d < D; d++) {
        w[d] = 0;
        for (int n = 0; n < N; n++) w[d] += alpha[n] * y[n] * X[n * D + d];
    }
    probe_freeze();
    for (int k = 0; k < passes; k++) worst = svm_coordinate(alpha, w, X, y, order, C, squared, N, D);
    probe_terms(N * D * passes);
    probe_scale(1000 * (1 + C) * N);
    emit("worst", &worst, 1);
    emit("alpha", alpha, N);
    emit("w", w, D);
}

PROBE(svm_coordinate, by_pencil)
{
    emit_coordinate((double[]){ 0, 0 }, probe_given_doubles(1, -2), probe_given_ints(1, -1),
                    probe_given_ints(0, 1), 1, probe_pick(0, 1), 2, 1, 1);
}

/* Rows longer than 0.5: steps stay moderate. */
static double *stout_rows(int N, int D)
{
    double *X = probe_uniform_doubles(N * D, -2, 2);
    for (int n = 0; n < N; n++) X[n * D] = X[n * D] < 0 ? -0.7 + X[n * D] / 2 : 0.7 + X[n * D] / 2;
    return X;
}

PROBE(svm_coordinate, awkward_sizes)
{
    int     N = probe_pick(1, 2, 7, 33), D = probe_pick(1, 2, 5, 9), squared = probe_int(0, 1);
    double  C = probe_real(0.1, 2), *X = stout_rows(N, D);
    double *alpha = some_alpha(N, C);
    emit_coordinate(alpha, X, signs(N), probe_permutation(N), C, squared, N, D, 1);
}

PROBE(svm_coordinate, twice)
{
    int N = probe_pick(3, 9), D = probe_pick(2, 3);
    emit_coordinate(probe_uniform_doubles(N, 0, 0), stout_rows(N, D), signs(N), probe_permutation(N), 0.3,
                    probe_int(0, 1), N, D, 2);
}

/* ---- step svm_kernel --------------------------------------------------------------------------------------------- */

static void emit_kernel(const SvmKernel *k, const double *a, const double *b, int D)
{
    probe_freeze();
    double value = svm_kernel(k, a, b, D), size = 1 + D * probe_largest(a, D) * probe_largest(b, D);
    probe_terms(8 * D);
    probe_scale(k->kind == SVM_POLYNOMIAL ? 4 * pow(size, k->degree) : 4 * size);
    emit("k", &value, 1);
}

PROBE(svm_kernel, by_pencil)
{
    SvmKernel k = { (SvmKind)probe_pick(SVM_LINEAR, SVM_POLYNOMIAL, SVM_RBF), 0.5, 2 };
    emit_kernel(&k, probe_given_doubles(1, 2), probe_given_doubles(3, 1), 2);
}

PROBE(svm_kernel, awkward_sizes)
{
    int       D = probe_pick(1, 2, 7, 33);
    SvmKernel k = some_kernel();
    double   *a = probe_uniform_doubles(D, -1, 1), *b = probe_uniform_doubles(D, -1, 1);
    emit_kernel(&k, a, probe_int(0, 4) ? b : a, D);
}

/* ---- step svm_cached --------------------------------------------------------------------------------------------- */

static void fill_row(double *row, const void *what, int i)
{
    const int *N = what;
    for (int n = 0; n < *N; n++) row[n] = 100 * i + n;
}

static void emit_cache(const int *ask, int asks, int slots, int N)
{
    int      *holds = probe_output_ints(slots), *slot = probe_output_ints(N), *used = probe_output_ints(slots);
    double   *rows = probe_output_doubles(slots * N), *first = probe_output_doubles(asks);
    int      *size = probe_given_ints(N), *where = probe_output_ints(asks);
    SvmCache  c = { .N = N, .slots = slots, .rows = rows, .holds = holds, .slot = slot, .used = used, .fill = fill_row,
                    .what = size };
    for (int s = 0; s < slots; s++) holds[s] = -1, used[s] = 0;
    for (int n = 0; n < N; n++) slot[n] = -1;
    probe_freeze();
    for (int k = 0; k < asks; k++) {
        const double *row = svm_cached(&c, ask[k]);
        where[k] = (int)((row - rows) / N), first[k] = row[N - 1];
    }
    emit_exact("where", where, asks);
    emit_exact("last_of_row", first, asks);
    emit_exact("holds", holds, slots);
    emit_exact("slot", slot, N);
    emit_exact("used", used, slots);
    emit_exact("now", &c.now, 1);
}

PROBE(svm_cached, by_pencil) { emit_cache(probe_given_ints(0, 1, 0, 2, 1), 5, 2, 3); }

PROBE(svm_cached, many_requests)
{
    int N = probe_pick(3, 7, 20), slots = probe_pick(2, 3, 5), asks = probe_pick(1, 10, 60);
    emit_cache(probe_ints(asks, 0, N - 1), asks, slots, N);
}

/* ---- step svm_select --------------------------------------------------------------------------------------------- */

static void emit_select(const double *alpha, const double *G, const int *y, const double *Q, double C, int N)
{
    double *diagonal = probe_doubles(N);
    Matrix  m = { Q, N, -1 };
    int     i = -7, j = -7;
    for (int n = 0; n < N; n++) diagonal[n] = Q[n * N + n];
    probe_freeze();
    double gap = svm_select(&i, &j, alpha, G, y, diagonal, C, row_of, &m, N);
    emit_exact("i", &i, 1);
    emit_exact("j", &j, 1);
    emit("gap", &gap, 1);
}

PROBE(svm_select, by_pencil)                            /* at the start: nobody has left 0 */
{
    emit_select(probe_given_doubles(0, 0, 0), probe_given_doubles(-1, -1, -1), probe_given_ints(1, -1, -1),
                probe_given_doubles(1, -0.5, -0.1, -0.5, 1, 0.2, -0.1, 0.2, 1), 1, 3);
}

PROBE(svm_select, anywhere)
{
    int     N = probe_pick(2, 3, 7, 33), *y = signs(N);
    double  C = probe_real(0.5, 2);
    double *Q = some_Q(y, N), *alpha = some_alpha(N, C), *G = probe_uniform_doubles(N, -2, 2);
    emit_select(alpha, G, y, Q, C, N);
}

PROBE(svm_select, equals)                               /* the first of them; rows alike bend by 0 */
{
    int     N = probe_pick(4, 6, 9), *y = signs(N);
    double *alpha = probe_uniform_doubles(N, 0, 0), *G = probe_uniform_doubles(N, -1, -1), *Q = probe_doubles(N * N);
    for (int i = 0; i < N * N; i++) Q[i] = y[i / N] * y[i % N];
    emit_select(alpha, G, y, Q, 1, N);
}

PROBE(svm_select, one_class)                            /* nobody can pair up */
{
    int     N = 3, sign = probe_pick(1, -1), *y = probe_given_ints(sign, sign, sign);
    double *alpha = probe_uniform_doubles(N, 0, 0), *Q = some_Q(y, N);
    emit_select(alpha, probe_uniform_doubles(N, -1, -1), y, Q, 1, N);
}

/* ---- step svm_update --------------------------------------------------------------------------------------------- */

static void emit_update(const double *from, const double *slope, int i, int j, const double *Q, const int *y, double C,
                        int N)
{
    double *alpha = probe_inout_copy(N, from), *G = probe_inout_copy(N, slope);
    probe_freeze();
    svm_update(alpha, G, i, j, Q + i * N, Q + j * N, y, C, N);
    int at[2] = { alpha[i] == 0 ? -1 : alpha[i] == C, alpha[j] == 0 ? -1 : alpha[j] == C };
    probe_terms(N);
    probe_scale(100 * (1 + C));
    emit("alpha", alpha, N);
    emit("G", G, N);
    emit_exact("at_an_end", at, 2);
}

PROBE(svm_update, by_pencil)
{
    emit_update((double[]){ 0, 0 }, (double[]){ -1, -1 }, 0, 1,
                probe_given_doubles(1, -0.5, -0.5, 1), probe_given_ints(1, -1), probe_pick(1, 10), 2);
}

PROBE(svm_update, anywhere)                             /* some stop at an end, some before */
{
    int     N = probe_pick(2, 3, 7, 33), *y = signs(N), i = probe_int(0, N - 1), j = (i + probe_int(1, N - 1)) % N;
    double  C = probe_real(0.5, 2), *Q = some_Q(y, N);
    double *alpha = probe_uniform_doubles(N, 0.1 * C, 0.9 * C), *G = probe_uniform_doubles(N, -2, 2),
           far = probe_pick(1, 10) * 0.1;
    Q[i * N + i] += 1;                                  /* no bend near 0 */
    if (y[j] * G[j] - y[i] * G[i] < 0.02) G[j] = y[j] * (y[i] * G[i] + far);
    emit_update(alpha, G, i, j, Q, y, C, N);
}

PROBE(svm_update, without_bend)                         /* two rows alike: all the way */
{
    int     y[] = { 1, -1 };
    double *Q = probe_given_doubles(1, -1, -1, 1), C = probe_real(0.5, 2);
    emit_update((double[]){ 0.2 * C, probe_pick(1, 3) * 0.1 * C }, (double[]){ -1, -1 }, 0, 1, Q, probe_copy_ints(2, y),
                C, 2);
}

/* ---- step svm_rho ------------------------------------------------------------------------------------------------ */

static void emit_rho(const double *alpha, const double *G, const int *y, double C, int N)
{
    probe_freeze();
    double rho = svm_rho(alpha, G, y, C, N);
    probe_terms(N);
    probe_scale(probe_largest(G, N));
    emit("rho", &rho, 1);
}

PROBE(svm_rho, by_pencil)
{
    emit_rho(probe_given_doubles(0.5, 0.5, 0, 1), probe_given_doubles(-0.5, 0.25, 3, -4), probe_given_ints(1, -1, 1, 1),
             1, 4);
}

PROBE(svm_rho, anywhere)
{
    int     N = probe_pick(2, 7, 33), *y = signs(N);
    double  C = probe_real(0.5, 2), *alpha = some_alpha(N, C);
    alpha[0] = C / 2;
    emit_rho(alpha, probe_uniform_doubles(N, -2, 2), y, C, N);
}

PROBE(svm_rho, all_at_their_ends)
{
    int     N = probe_pick(2, 7, 33), *y = signs(N);
    double  C = probe_real(0.5, 2), *alpha = probe_uniform_doubles(N, 0, 0), *G = probe_uniform_doubles(N, -2, 2);
    for (int n = 2; n < N; n++) alpha[n] = probe_int(0, 1) ? C : 0;
    emit_rho(alpha, G, y, C, N);
}

/* ---- step svm_score ---------------------------------------------------------------------------------------------- */

static void emit_score(const SvmKernel *k, const double *X, const int *y, const double *alpha, double rho,
                       const double *x, int N, int D)
{
    double size = 1 + D * probe_largest(X, N * D) * probe_largest(x, D);
    probe_freeze();
    double score = svm_score(k, X, y, alpha, rho, x, N, D);
    probe_terms(N * D);
    probe_scale((k->kind == SVM_POLYNOMIAL ? 4 * pow(size, k->degree) : 4 * size) * N * (probe_largest(alpha, N) + 1));
    emit("score", &score, 1);
}

PROBE(svm_score, by_pencil)
{
    SvmKernel k = { SVM_LINEAR, 1, 1 };
    emit_score(&k, probe_given_doubles(1, -1, 2), probe_given_ints(1, -1, 1), probe_given_doubles(0.5, 0.5, 0), 0.25,
               probe_given_doubles(2), 3, 1);
}

PROBE(svm_score, awkward_sizes)
{
    int       N = probe_pick(1, 2, 7, 33), D = probe_pick(1, 2, 5, 9);
    double    C = probe_real(0.5, 2);
    SvmKernel k = some_kernel();
    emit_score(&k, probe_uniform_doubles(N * D, -1, 1), signs(N), some_alpha(N, C), probe_real(-1, 1),
               probe_uniform_doubles(D, -1, 1), N, D);
}

/* ---- oracles ----------------------------------------------------------------------------------------------------- */

static void near(const char *what, double got, double want, double within)
{
    expect(fabs(got - want) <= within, "%s: got %.17g, want %.17g", what, got, want);
}

ORACLE(svm_hinge, central_differences)                  /* exact away from the kinks, but for rounding */
{
    int     N = probe_pick(1, 2, 7, 33), D = probe_pick(1, 2, 5);
    double *X = probe_uniform_doubles(N * D, -2, 2), *w = probe_uniform_doubles(D, -1, 1), C = probe_real(0.1, 3),
           dw[MAX_D], other[MAX_D];
    int    *y = signs(N);
    svm_hinge(dw, X, y, w, C, N, D);
    for (int n = 0; n < N; n++) {
        double z = 0;
        for (int d = 0; d < D; d++) z += y[n] * X[n * D + d] * w[d];
        if (fabs(z - 1) < 1e-2) return;
    }
    for (int d = 0; d < D; d++) {
        double at = w[d], h = 1e-3;
        w[d] = at + h;
        double up = svm_hinge(other, X, y, w, C, N, D);
        w[d] = at - h;
        near("dw", dw[d], (up - svm_hinge(other, X, y, w, C, N, D)) / (2 * h), 1e-9 * (1 + C * N));
        w[d] = at;
    }
}

ORACLE(svm_kernel, pencil)
{
    double    a[] = { 1, 2 }, b[] = { 3, 1 };
    SvmKernel k = { SVM_LINEAR, 0.5, 2 };
    near("linear", svm_kernel(&k, a, b, 2), 5, 0);
    k.kind = SVM_POLYNOMIAL, near("polynomial", svm_kernel(&k, a, b, 2), 12.25, 1e-14);
    k.kind = SVM_RBF, near("rbf", svm_kernel(&k, a, b, 2), exp(-2.5), 1e-16);
}

/* A problem, solved; SVM_RBF parts any points. */
typedef struct Solved { SvmProblem p; double alpha[MAX_N], G[MAX_N], rho; int steps; } Solved;

static Solved *solved(int N, int D, SvmKernel kernel, double C, double tolerance)
{
    static Solved s;
    static double rows[MAX_N * MAX_N], diagonal[MAX_N];
    static int    holds[MAX_N], slot[MAX_N], used[MAX_N];
    SvmCache      cache = { .N = N, .slots = N, .rows = rows, .holds = holds, .slot = slot, .used = used };
    for (int n = 0; n < N; n++) holds[n] = slot[n] = -1, used[n] = 0;
    s.p = (SvmProblem){
        .kernel = kernel, .X = probe_uniform_doubles(N * D, -2, 2), .y = signs(N), .C = C, .N = N, .D = D
    };
    s.steps = svm_solve(s.alpha, s.G, diagonal, &cache, &s.p, tolerance, STEPS);
    s.rho = svm_rho(s.alpha, s.G, s.p.y, C, N);
    return &s;
}

/* Karush, Kuhn, Tucker: y score >= 1 where alpha is 0, <= 1 where it is C, 1 between; and the sum of alpha y is 0. */
ORACLE(svm_select, conditions_of_the_optimum)
{
    int       N = probe_pick(2, 7, 33, 65), D = probe_pick(1, 2, 5);
    SvmKernel k = some_kernel();
    k.kind = k.kind == SVM_POLYNOMIAL ? SVM_RBF : k.kind;
    double    C = probe_real(0.1, 3), within = 1e-4, sum = 0;
    Solved   *s = solved(N, D, k, C, within);
    expect(s->steps < STEPS, "not solved");
    for (int n = 0; n < N; n++) {
        double a = s->alpha[n], m = s->p.y[n] * svm_score(&k, s->p.X, s->p.y, s->alpha, s->rho, s->p.X + n * D, N, D);
        sum += a * s->p.y[n];
        expect(a >= 0 && a <= C, "alpha[%d] = %g", n, a);
        expect(a > 0 || m >= 1 - 2 * within, "row %d is out and at %.9g", n, m);
        expect(a < C || m <= 1 + 2 * within, "row %d is at C and at %.9g", n, m);
        near("G", s->G[n], m + s->p.y[n] * s->rho - 1, 1e-9 * N);
    }
    near("sum alpha y", sum, 0, 1e-12 * N);
}

/* With a straight line: |w|^2 / 2 + C sum hinge, the primal, is the dual turned round. */
ORACLE(svm_update, no_duality_gap)
{
    int       N = probe_pick(4, 9, 33), D = probe_pick(1, 2, 5);
    SvmKernel k = { SVM_LINEAR, 1, 1 };
    double    C = probe_real(0.1, 2), w[MAX_D] = { 0 }, primal = 0, dual = 0;
    Solved   *s = solved(N, D, k, C, 1e-6);
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D; d++) w[d] += s->alpha[n] * s->p.y[n] * s->p.X[n * D + d];
    for (int d = 0; d < D; d++) primal += w[d] * w[d] / 2, dual -= w[d] * w[d] / 2;
    for (int n = 0; n < N; n++) {
        double z = -s->rho;
        for (int d = 0; d < D; d++) z += w[d] * s->p.X[n * D + d];
        primal += C * fmax(0, 1 - s->p.y[n] * z), dual += s->alpha[n];
    }
    near("primal and dual", primal, dual, 1e-5 * C * N);
}

/* Two points, a and b, no slack: the road between them is |a - b| wide, and 2 / |w| says so. */
ORACLE(svm_solve, width_of_the_road)
{
    double     X[] = { probe_real(1, 2), probe_real(-1, 1), probe_real(-2, -1), probe_real(-1, 1) }, alpha[2], G[2];
    int        y[] = { 1, -1 }, holds[] = { -1, -1 }, slot[] = { -1, -1 }, used[] = { 0, 0 };
    double     rows[4], diagonal[2], w[2];
    SvmProblem p = { { SVM_LINEAR, 1, 1 }, X, y, 1e6, 2, 2 };
    SvmCache   cache = { .N = 2, .slots = 2, .rows = rows, .holds = holds, .slot = slot, .used = used };
    svm_solve(alpha, G, diagonal, &cache, &p, 1e-12, 100);
    for (int d = 0; d < 2; d++) w[d] = alpha[0] * X[d] - alpha[1] * X[2 + d];
    near("width", 2 / hypot(w[0], w[1]), hypot(X[0] - X[2], X[1] - X[3]), 1e-12);
}

/* Without an offset, coordinate descent ends where the primal's gradient holds 0. */
ORACLE(svm_coordinate, primal_equals_dual)
{
    int     N = probe_pick(3, 9, 33), D = probe_pick(1, 2, 5), squared = probe_int(0, 1), *order = probe_permutation(N);
    double  C = probe_real(0.1, 2), *X = stout_rows(N, D), alpha[MAX_N] = { 0 }, w[MAX_D] = { 0 }, worst = 1;
    int    *y = signs(N);
    for (int k = 0; k < 5000 && worst > 1e-8; k++) worst = svm_coordinate(alpha, w, X, y, order, C, squared, N, D);
    double primal = 0, dual = 0;
    for (int d = 0; d < D; d++) primal += w[d] * w[d] / 2, dual -= w[d] * w[d] / 2;
    for (int n = 0; n < N; n++) {
        double short_of = 1;
        for (int d = 0; d < D; d++) short_of -= y[n] * w[d] * X[n * D + d];
        short_of = fmax(short_of, 0);
        primal += C * (squared ? short_of * short_of : short_of);
        dual += alpha[n] - (squared ? alpha[n] * alpha[n] / (4 * C) : 0);
    }
    /* what a g that is not yet 0 leaves open: (alpha + C) |g| a row, and later rows have moved it since */
    near("primal and dual", primal, dual, 1e-10 * N + 10 * N * (probe_largest(alpha, N) + C) * worst);
}
