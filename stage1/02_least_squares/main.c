/* main.c -- how many digits of a straight line are right: certified data, then made-up data of any condition number. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "least_squares.h"
#include "program.h"
#include "rng.h"

typedef struct Options { int repeats, rows, columns; } Options;

static const Flag flags[] = {
    { "repeats", FLAG_INT, offsetof(Options, repeats), "60", "12", "400", "random problems for each condition number" },
    { "rows", FLAG_INT, offsetof(Options, rows), "40", NULL, "100", "of a random problem" },
    { "columns", FLAG_INT, offsetof(Options, columns), "8", NULL, "10", "of a random problem" },
    { 0 },
};

typedef struct Problem { double *X, *y; int N, D; } Problem;        /* (N,D), (N) */

static double *numbers(Arena *a, int64_t n) { return arena_alloc(a, DEV_CPU, (size_t)n * sizeof(double), "numbers"); }

static double *copy(Arena *a, const double *v, int64_t n) { return memcpy(numbers(a, n), v, (size_t)n * sizeof *v); }

static double dot(const double *a, int step_a, const double *b, int step_b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i * step_a] * b[i * step_b];
    return sum;
}

/* ---- Six ways to w ----------------------------------------------------------------------------------------------- */

enum { HOUSEHOLDER, PIVOTED, REFINED, MODIFIED, CLASSICAL, NORMAL, WAYS };
static const char *const WAY[] = { "Householder", "pivoted", "refined", "modified GS", "classical GS", "normal eq." };

/* Gram and Schmidt: column j less its shadows on the q before it. Classical takes all shadows of the column itself,
 * modified takes each of what the ones before have left. Q (N,D) is in/out: X, then Q. y is one more column. */
static void gram_schmidt(double *Q, double *R, double *z, double *y, bool modified, int N, int D)
{
    for (int j = 0; j < D; j++) {
        for (int i = 0; i < j && !modified; i++) R[i * D + j] = dot(Q + i, D, Q + j, D, N);
        for (int i = 0; i < j; i++) {
            if (modified) R[i * D + j] = dot(Q + i, D, Q + j, D, N);
            for (int n = 0; n < N; n++) Q[n * D + j] -= R[i * D + j] * Q[n * D + i];
        }
        R[j * D + j] = sqrt(dot(Q + j, D, Q + j, D, N));
        for (int n = 0; n < N; n++) Q[n * D + j] /= R[j * D + j];
    }
    for (int j = 0; j < D; j++) {
        z[j] = dot(Q + j, D, y, 1, N);
        for (int n = 0; n < N && modified; n++) y[n] -= z[j] * Q[n * D + j];
    }
}

/* |Q^T Q - I|, the root of all squares */
static double off_orthogonal(const double *Q, int N, int D)
{
    double square = 0;
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) square += pow(dot(Q + i, D, Q + j, D, N) - (i == j), 2);
    return sqrt(square);
}

typedef struct Answer { double *w, *left, off; bool refused; } Answer;     /* left: y - X w; off: |Q^T Q - I|, or NaN */

static Answer answer(Arena *a, const Problem *p, int way)
{
    int     N = p->N, D = p->D, *pivot = arena_alloc(a, DEV_CPU, (size_t)D * sizeof *pivot, "order");
    double *X = copy(a, p->X, (int64_t)N * D), *y = copy(a, p->y, N), *tau = numbers(a, D), *R = numbers(a, D * D);
    Answer  to = { .w = numbers(a, D), .left = numbers(a, N), .off = NAN };
    for (int d = 0; d < D; d++) to.w[d] = NAN;
    if (way == HOUSEHOLDER) {
        double *Q = numbers(a, (int64_t)N * D), *q = numbers(a, N);
        least_squares_qr(X, tau, N, D);
        least_squares_solve(to.w, y, X, tau, NULL, D, N, D);
        for (int d = 0; d < D; d++) {
            for (int n = 0; n < N; n++) q[n] = n == d;
            least_squares_multiply(q, X, tau, false, D, N, D);
            for (int n = 0; n < N; n++) Q[n * D + d] = q[n];
        }
        to.off = off_orthogonal(Q, N, D);
    }
    if (way == PIVOTED) {
        int rank = least_squares_pivoted(X, tau, pivot, DBL_EPSILON, N, D);
        least_squares_solve(to.w, y, X, tau, pivot, rank, N, D);
    }
    if (way == REFINED) {                               /* again, to what remains: in long double, where it cancels */
        double *more = numbers(a, D);
        least_squares_qr(X, tau, N, D);
        least_squares_solve(to.w, y, X, tau, NULL, D, N, D);
        for (int turn = 0; turn < 2; turn++) {
            for (int n = 0; n < N; n++) {
                long double left = p->y[n];
                for (int d = 0; d < D; d++) left -= (long double)p->X[n * D + d] * to.w[d];
                y[n] = (double)left;
            }
            least_squares_solve(more, y, X, tau, NULL, D, N, D);
            for (int d = 0; d < D; d++) to.w[d] += more[d];
        }
    }
    if (way == MODIFIED || way == CLASSICAL) {
        gram_schmidt(X, R, to.w, y, way == MODIFIED, N, D);
        least_squares_back(to.w, R, to.w, D, D);
        to.off = off_orthogonal(X, N, D);
    }
    if (way == NORMAL) to.refused = !least_squares_normal(to.w, R, X, y, N, D);
    for (int n = 0; n < N; n++) to.left[n] = p->y[n] - dot(p->X + n * D, 1, to.w, 1, D);
    return to;
}

/* NIST's measure: -log10 of the relative error, of the worst number; 15 at most, for so many are certified. */
static double digits(const double *got, const double *want, int n)
{
    double worst = 15;
    for (int i = 0; i < n; i++) {
        double right = -log10(fabs(got[i] - want[i]) / fabs(want[i]));
        worst = isnan(right) ? 0 : fmin(worst, fmax(right, 0));
    }
    return worst;
}

/* ---- Certified data ---------------------------------------------------------------------------------------------- */

/* NIST, Statistical Reference Datasets: 15 certified digits. powers: of the one input, from 0 on. */
typedef struct Certified {
    const char *name;
    int         powers;
    double      w[11], sd, promise;     /* digits that Householder's QR is to have right */
} Certified;

static const Certified NIST[] = {
    { "norris", 1, { -0.262323073774029, 1.00211681802045 }, 0.884796396144373, 11 },
    { "longley", 0, { -3482258.63459582, 15.0618722713733, -0.0358191792925910, -2.02022980381683, -1.03322686717359,
                      -0.0511041056535807, 1829.15146461355 }, 304.854073561965, 10 },
    { "filip", 10, { -1467.48961422980, -2772.17959193342, -2316.37108160893, -1127.97394098372, -354.478233703349,
                     -75.1242017393757, -10.8753180355343, -1.06221498588947, -0.0670191154593408,
                     -0.00246781078275479, -0.402962525080404e-4 }, 3.34801051324544e-3, 6.5 },
};
enum { CERTIFIED = sizeof NIST / sizeof *NIST };

/* Column 0 is all ones. Powers are rounded once, from long double. */
static const char *problem_load(Arena *a, const Certified *c, Problem *p)
{
    Dataset     set;
    const char *why = data_load(a, c->name, F64, &set);
    if (why) return why;
    int            columns = (int)set.x->shape[1];
    const double  *x = set.x->data;
    *p = (Problem){ .N = (int)set.x->shape[0], .D = 1 + (c->powers ? c->powers : columns), .y = set.y->data };
    p->X = numbers(a, (int64_t)p->N * p->D);
    for (int n = 0; n < p->N; n++) {
        long double power = 1;
        for (int d = 0; d < p->D; d++) {
            p->X[n * p->D + d] = d && !c->powers ? x[n * columns + d - 1] : (double)power;
            power *= c->powers ? x[n * columns] : 1;
        }
    }
    return NULL;
}

/* Condition numbers as they come from the factors: in the columns' own units, and without units. */
static void conditions(Arena *a, const Problem *p, double *units, double *none)
{
    double *X = copy(a, p->X, (int64_t)p->N * p->D), *tau = numbers(a, p->D), *z = numbers(a, p->D);
    double  most = 0, least = 0;
    least_squares_qr(X, tau, p->N, p->D);
    *none = least_squares_condition(X, z, p->D);
    for (int j = 0; j < p->D; j++) {                    /* |R| and |R^-1|, as the largest column sums */
        double sum = 0, inverse = 0;
        for (int i = 0; i < p->D; i++) z[i] = i == j;
        least_squares_back(z, X, z, p->D, p->D);
        for (int i = 0; i <= j; i++) sum += fabs(X[i * p->D + j]), inverse += fabs(z[i]);
        most = fmax(most, sum), least = fmax(least, inverse);
    }
    *units = most * least;
}

static void certify(Program *program)
{
    Arena *a = arena_new("certified");
    double right[CERTIFIED], refined[CERTIFIED], sd_right = 15, by_normal = 15;
    printf("%-8s %6s %9s %9s  ", "digits", "size", "cond(X)", "no units");
    for (int way = 0; way < WAYS; way++) printf(" %12s", WAY[way]);
    printf("\n");
    for (int i = 0; i < CERTIFIED; i++) {
        const Certified *c = &NIST[i];
        Problem p;
        double  units, none;
        program_try(program, problem_load(a, c, &p));
        conditions(a, &p, &units, &none);
        printf("%-8s %3dx%-2d %9.1e %9.1e  ", c->name, p.N, p.D, units, none);
        for (int way = 0; way < WAYS; way++) {
            Answer to = answer(a, &p, way);
            double d = digits(to.w, c->w, p.D), sd = sqrt(dot(to.left, 1, to.left, 1, p.N) / (p.N - p.D));
            if (to.refused) printf(" %12s", "refused");
            else printf(" %12.1f", d);
            if (way == HOUSEHOLDER) right[i] = d, sd_right = fmin(sd_right, digits(&sd, &c->sd, 1));
            if (way == REFINED) refined[i] = d;
            if (way == NORMAL) by_normal = fmin(by_normal, d);
        }
        printf("\n");
    }
    printf("\n");
    for (int i = 0; i < CERTIFIED; i++) {
        char what[64];
        snprintf(what, sizeof what, "digits by Householder, %s", NIST[i].name);
        program_promise(program, what, right[i], ">=", NIST[i].promise);
    }
    program_promise(program, "digits refined, norris", refined[0], ">=", 13);
    program_promise(program, "digits of the residuals' spread", sd_right, ">=", 7);
    program_promise(program, "digits by normal equations, filip", by_normal, "<=", 3);
    arena_free(a);
}

/* ---- A projection, and a column that is one too many ------------------------------------------------------------- */

static void project(Program *program)
{
    Arena *a = arena_new("projection");
    Problem p, wide;
    program_try(program, problem_load(a, &NIST[1], &p));
    Answer  once = answer(a, &p, HOUSEHOLDER);
    double *shadow = numbers(a, p.N), upright = 0, twice = 0, size = sqrt(dot(p.y, 1, p.y, 1, p.N));
    for (int n = 0; n < p.N; n++) shadow[n] = p.y[n] - once.left[n];
    Problem again = { p.X, shadow, p.N, p.D };
    double *w = numbers(a, p.D), *X = copy(a, p.X, (int64_t)p.N * p.D), *tau = numbers(a, p.D + 1);
    double *left = copy(a, again.y, p.N), *rest = copy(a, p.y, p.N);
    least_squares_qr(X, tau, p.N, p.D);
    least_squares_solve(w, left, X, tau, NULL, p.D, p.N, p.D);
    least_squares_solve(w, rest, X, tau, NULL, p.D, p.N, p.D);
    for (int d = 0; d < p.D; d++)
        upright = fmax(upright, fabs(dot(p.X + d, p.D, rest, 1, p.N)) / sqrt(dot(p.X + d, p.D, p.X + d, p.D, p.N)));
    for (int n = 0; n < p.N; n++) twice = fmax(twice, fabs(left[n]));

    wide = (Problem){ numbers(a, (int64_t)p.N * (p.D + 1)), p.y, p.N, p.D + 1 };    /* product in other money, too */
    for (int n = 0; n < p.N; n++)
        for (int d = 0; d <= p.D; d++)
            wide.X[n * wide.D + d] = d < p.D ? p.X[n * p.D + d] : 0.87 * p.X[n * p.D + 2] + 40 * p.X[n * p.D + 1];
    int    *pivot = arena_alloc(a, DEV_CPU, (size_t)wide.D * sizeof *pivot, "order");
    double *F = copy(a, wide.X, (int64_t)wide.N * wide.D), *v = numbers(a, wide.D), *r = copy(a, p.y, p.N);
    int     rank = least_squares_pivoted(F, tau, pivot, 1e-13, wide.N, wide.D);
    least_squares_solve(v, r, F, tau, pivot, rank, wide.N, wide.D);
    double same = fabs(sqrt(dot(r, 1, r, 1, p.N) / dot(rest, 1, rest, 1, p.N)) - 1);
    printf("longley: what remains stands upright on every column to %.0e of |y|; projected twice, %.0e of |y| "
           "changes\n", upright / size, twice / size);
    printf("longley with an eighth column made of two others: rank %d, as much remains to %.0e\n\n", rank, same);
    program_promise(program, "upright, beside |y|", upright / size, "<=", 1e-12);
    program_promise(program, "P P y from P y, beside |y|", twice / size, "<=", 1e-12);
    program_promise(program, "rank of seven columns in eight", rank == 7, ">=", 1);
    program_promise(program, "what remains, from that of seven", same, "<=", 1e-9);
    arena_free(a);
}

/* ---- Any condition number ---------------------------------------------------------------------------------------- */

/* X = U diag(s) V^T, s from 1 down to 1 / condition; y = X w plus `noise` of |X w|, upright on X's columns. w is what
 * is right: all of it is made in long double and rounded once. */
static void made_up(Problem *p, double *w, Rng *rng, double condition, double noise, int N, int D)
{
    long double U[N * (D + 1)], V[D * D], y[N], *column[2] = { U, V }, size = 0;
    int         rows[2] = { N, D }, columns[2] = { D + 1, D };
    for (int m = 0; m < 2; m++) {                       /* orthogonal columns: Gram and Schmidt, twice */
        long double *q = column[m];
        for (int i = 0; i < rows[m] * columns[m]; i++) q[i] = rng_normal(rng);
        for (int turn = 0; turn < 2; turn++)
            for (int j = 0; j < columns[m]; j++) {
                long double square = 0;
                for (int i = 0; i < j; i++) {
                    long double shadow = 0;
                    for (int n = 0; n < rows[m]; n++) shadow += q[j * rows[m] + n] * q[i * rows[m] + n];
                    for (int n = 0; n < rows[m]; n++) q[j * rows[m] + n] -= shadow * q[i * rows[m] + n];
                }
                for (int n = 0; n < rows[m]; n++) square += q[j * rows[m] + n] * q[j * rows[m] + n];
                for (int n = 0; n < rows[m]; n++) q[j * rows[m] + n] /= sqrtl(square);
            }
    }
    for (int d = 0; d < D; d++) {
        w[d] = rng_normal(rng);
        for (int k = 0; k < D; k++) V[k * D + d] *= powl(condition, D > 1 ? -(long double)k / (D - 1) : 0);
    }
    for (int n = 0; n < N; n++) {
        y[n] = 0;
        for (int d = 0; d < D; d++) {
            long double x = 0;
            for (int k = 0; k < D; k++) x += U[k * N + n] * V[k * D + d];
            p->X[n * D + d] = (double)x;
            y[n] += p->X[n * D + d] * (long double)w[d];
        }
        size += y[n] * y[n];
    }
    for (int n = 0; n < N; n++) p->y[n] = (double)(y[n] + noise * sqrtl(size) * U[D * N + n]);
}

/* Error beside |w|, as digits. */
static double digits_of_all(const double *got, const double *want, int D)
{
    double error = 0, size = 0;
    for (int d = 0; d < D; d++) error += pow(got[d] - want[d], 2), size += want[d] * want[d];
    double right = -log10(sqrt(error / size));
    return isnan(right) ? 0 : fmin(fmax(right, 0), 16);
}

/* The slope of y over x by least squares. What else? */
static double slope(const double *x, const double *y, int n)
{
    double X[64], z[32], tau[2], w[2] = { 0, NAN };
    if (n < 3 || n > 32) return NAN;
    for (int i = 0; i < n; i++) X[2 * i] = 1, X[2 * i + 1] = x[i], z[i] = y[i];
    least_squares_qr(X, tau, n, 2);
    least_squares_solve(w, z, X, tau, NULL, 2, n, 2);
    return w[1];
}

enum { QR, QR_NOISY, CHOLESKY, GS, SERIES };
static const char *const SERIES_NAME[] = { "QR", "QR, as much noise as signal", "normal equations",
                                           "classical Gram-Schmidt" };
static const int SERIES_WAY[] = { HOUSEHOLDER, HOUSEHOLDER, NORMAL, CLASSICAL };

static const char *lost(Program *program, const Options *o, double *per_decade, double *worst_q)
{
    enum { DECADES = 15, POINTS = 2 * DECADES + 1 };
    double x[SERIES][POINTS], y[SERIES][POINTS];
    int    n[SERIES] = { 0 };
    Rng    rng = rng_new(program->seed);
    Plot  *digits = program_plot(program, "digits", (PlotArg){
        .title = "digits right in w", .kind = PLOT_LINESPOINTS, .log_x = true, .x = "condition number", .y = "digits",
        .caption = "QR loses a digit a decade, the normal equations two: from 1e8 on nothing is left. Noise makes QR "
                   "lose two as well, but that is the problem, not the method." });
    Plot  *right_angles = program_plot(program, "orthogonality", (PlotArg){
        .title = "how orthogonal Q is, in digits", .kind = PLOT_LINESPOINTS, .log_x = true, .x = "condition number",
        .y = "-log10 |Q^T Q - I|",
        .caption = "Modified Gram-Schmidt loses a digit of orthogonality a decade, classical two, Householder none." });
    *worst_q = 0;
    for (int i = 0; i < POINTS && !program->stopped; i++) {
        double condition = pow(10, i / 2.0), sum[SERIES] = { 0 }, off[WAYS] = { 0 };
        for (int r = 0; r < o->repeats; r++) {
            Arena  *a = arena_new("made up");
            Problem p = { numbers(a, (int64_t)o->rows * o->columns), numbers(a, o->rows), o->rows, o->columns };
            double *w = numbers(a, o->columns);
            for (int s = 0; s < SERIES; s++) {
                if (s != GS) made_up(&p, w, &rng, condition, s == QR_NOISY, o->rows, o->columns);
                Answer to = answer(a, &p, SERIES_WAY[s]);
                sum[s] += digits_of_all(to.w, w, o->columns) / o->repeats;
                if (s == QR) *worst_q = fmax(*worst_q, to.off), off[HOUSEHOLDER] += -log10(to.off) / o->repeats;
                if (s == GS) off[CLASSICAL] += -log10(to.off) / o->repeats;
            }
            off[MODIFIED] += -log10(answer(a, &p, MODIFIED).off) / o->repeats;
            arena_free(a);
        }
        for (int s = 0; s < SERIES; s++) {
            plot_point(digits, SERIES_NAME[s], condition, sum[s]);
            if (sum[s] > 1.5 && i > 2) x[s][n[s]] = i / 2.0, y[s][n[s]++] = sum[s];
        }
        for (int way = 0; way < WAYS; way++)
            if (off[way] != 0) plot_point(right_angles, WAY[way], condition, off[way]);
        program_progress(program, i + 1, POINTS, "condition numbers");
    }
    printf("digits lost a decade of the condition number, %d random problems of %d by %d each:\n", o->repeats, o->rows,
           o->columns);
    for (int s = 0; s < SERIES; s++) {
        per_decade[s] = -slope(x[s], y[s], n[s]);
        printf("  %-28s %.2f\n", SERIES_NAME[s], per_decade[s]);
    }
    printf("\n");
    const char *why = plot_done(digits), *other = plot_done(right_angles);
    return why ? why : other;
}

int main(int argc, char **argv)
{
    Options  o;
    Program *program = program_start(argc, argv, "least_squares", "how many digits a fit has right", flags, &o);
    double   per_decade[SERIES], worst_q;
    if (o.repeats < 1 || o.columns < 2 || o.columns > 32 || o.rows <= o.columns || o.rows > 1000)
        program_try(program, "--repeats is at least 1, --columns 2 to 32, --rows more than that, up to 1000");
    certify(program);
    project(program);
    program_try(program, lost(program, &o, per_decade, &worst_q));
    program_promise(program, "digits QR loses a decade, off 1 by", fabs(per_decade[QR] - 1), "<=", 0.15);
    program_promise(program, "normal equations, off 2 by", fabs(per_decade[CHOLESKY] - 2), "<=", 0.3);
    program_promise(program, "Householder's Q off orthogonal by", worst_q, "<=", 1e-13);
    return program_end(program);
}
