/* test_gradient_boosting.c -- the probes that grade gradient_boosting.c, and the oracles that prove it right. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "probe.h"
#include "gradient_boosting.h"

enum { MAX_N = 150, MAX_D = 5, MAX_B = 255, MAX_NODES = 63 };

/* ---- Samples, and all that a step needs, made here: no step waits for another ------------------------------------ */

static double *zeros_and_ones(int N)
{
    double *y = probe_doubles(N);
    for (int i = 0; i < N; i++) y[i] = probe_int(0, 1);
    return y;
}

/* Codes of bins, uneven; with missing ones, or without. Columns may be copies of the one before. */
static void codes(unsigned char *code, int B, int D, int N)
{
    for (int d = 0; d < D; d++) {
        int missing = probe_int(0, 2), copy = d && !probe_int(0, 3), top = probe_int(0, B - 1);
        for (int i = 0; i < N; i++) {
            int bin = probe_int(0, top);
            code[d * N + i] = copy ? code[(d - 1) * N + i] : (unsigned char)(probe_int(0, 5) < missing ? B : bin);
        }
    }
}

/* First and second derivatives, in 64ths: sums are exact, in whatever order they are made. */
static double *slopes(int n)
{
    double *g = probe_normal_doubles(n, 0, 1);
    for (int i = 0; i < n; i++) g[i] = round(64 * g[i]) / 64;
    return g;
}

static double *curvatures(int n)
{
    double *h = probe_doubles(n);
    for (int i = 0; i < n; i++) h[i] = probe_int(3, 64) / 64.0;
    return h;
}

static char *all_used(char *use, int D)
{
    for (int d = 0; d < D; d++) use[d] = 1;
    return use;
}

/* ---- step gradient_boosting_loss --------------------------------------------------------------------------------- */

static void emit_loss_of(const double *f, const double *y, int kind, int N)
{
    probe_freeze();
    double loss = gradient_boosting_loss(f, y, kind, N);
    probe_terms(N);
    probe_scale(8);                                     /* log(1 + e^f) and y f may cancel */
    emit("loss", &loss, 1);
}

PROBE(gradient_boosting_loss, by_pencil)
{
    emit_loss_of(probe_given_doubles(0, 0, 1, -1), probe_given_doubles(1, 0, 1, 0), probe_pick(0, 1), 4);
}

PROBE(gradient_boosting_loss, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 33, 150), kind = probe_pick(0, 1);
    double *f = probe_normal_doubles(N, 0, 3);
    emit_loss_of(f, kind ? probe_normal_doubles(N, 1, 2) : zeros_and_ones(N), kind, N);
}

PROBE(gradient_boosting_loss, sure_of_it)               /* e^1000 is no number */
{
    emit_loss_of(probe_given_doubles(1000, -1000, -1000, 800), probe_given_doubles(1, 0, 1, 0), 0, 4);
}

/* ---- step gradient_boosting_gradients ---------------------------------------------------------------------------- */

static void emit_gradients(const double *f, const double *y, int kind, int N)
{
    double *g = probe_output_doubles(N), *h = probe_output_doubles(N);
    probe_freeze();
    gradient_boosting_gradients(g, h, f, y, kind, N);
    probe_terms(1);
    probe_scale(1);                                     /* p is what is rounded */
    emit("g", g, N);
    emit("h", h, N);
}

PROBE(gradient_boosting_gradients, by_pencil)
{
    emit_gradients(probe_given_doubles(0, 0, 2, -2), probe_given_doubles(1, 0, 1, 0), probe_pick(0, 1), 4);
}

PROBE(gradient_boosting_gradients, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 33, 150), kind = probe_pick(0, 1);
    double *f = probe_normal_doubles(N, 0, 3);
    emit_gradients(f, kind ? probe_normal_doubles(N, 1, 2) : zeros_and_ones(N), kind, N);
}

PROBE(gradient_boosting_gradients, sure_of_it)
{
    emit_gradients(probe_given_doubles(1000, -1000, -1000, 800), probe_given_doubles(1, 0, 1, 0), 0, 4);
}

/* ---- step gradient_boosting_bins --------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void emit_bins(const double *x, int B, int N)
{
    int    code[MAX_N], M = 0;
    double *edge = probe_output_doubles(B - 1), *sorted = probe_doubles(N);
    unsigned char bytes[MAX_N];
    for (int i = 0; i < N; i++)
        if (!isnan(x[i])) sorted[M++] = x[i];
    qsort(sorted, (size_t)M, sizeof *sorted, ascending);
    memset(bytes, 254, sizeof bytes);
    probe_freeze();
    int cuts = gradient_boosting_bins(bytes, edge, x, sorted, B, M, N);
    for (int i = 0; i < N; i++) code[i] = bytes[i];
    emit_exact("cuts", &cuts, 1);
    emit_exact("code", code, N);
    probe_terms(1);
    emit("edge", edge, B - 1);
}

PROBE(gradient_boosting_bins, by_pencil) { emit_bins(probe_given_doubles(5, 1, NAN, 2, 8, 2, 3), 3, 7); }

PROBE(gradient_boosting_bins, few_and_many)             /* few values make fewer bins; some are missing, or all */
{
    int     N = probe_pick(1, 2, 7, 33, 150), B = probe_pick(2, 5, 16, 255), kind = probe_int(0, 3);
    double *x = probe_doubles(N);
    for (int i = 0; i < N; i++) {
        x[i] = kind == 0 ? probe_int(0, 4) : probe_real(-1, 1);
        if (kind == 2) x[i] = probe_int(0, 20) ? 0 : probe_int(1, 4);           /* rare values */
        if (kind == 3 && probe_int(0, 1)) x[i] = 0;                             /* many of one */
        if (probe_int(0, 9) == 0) x[i] = NAN;
    }
    emit_bins(x, B, N);
}

PROBE(gradient_boosting_bins, many_of_one)              /* several k ask for the same cut */
{
    int     N = probe_pick(33, 150), B = probe_pick(5, 16);
    double *x = probe_doubles(N);
    for (int i = 0; i < N; i++) x[i] = i % 2 ? 0 : probe_real(-0.3, 1);
    emit_bins(x, B, N);
}

PROBE(gradient_boosting_bins, rare_values)
{
    int     N = probe_pick(33, 150), B = probe_pick(5, 16);
    double *x = probe_doubles(N);
    for (int i = 0; i < N; i++) x[i] = i < N - 4 ? 0 : N - i;
    emit_bins(x, B, N);
}

PROBE(gradient_boosting_bins, neighbours)               /* nothing lies between: the cut is the smaller one itself */
{
    double *x = probe_doubles(5);
    for (int i = 0; i < 5; i++) x[i] = i % 2 ? 1 : nextafter(1, 2);
    emit_bins(x, 4, 5);
}

PROBE(gradient_boosting_bins, all_missing) { emit_bins(probe_given_doubles(NAN, NAN, NAN), probe_pick(2, 5), 3); }

/* ---- step gradient_boosting_histogram ---------------------------------------------------------------------------- */

static void emit_histogram(const unsigned char *code, const double *g, const double *h, const int *sample, int n, int B,
                           int D, int N)
{
    double *hist = probe_output_doubles(D * (B + 1) * 2);
    probe_freeze();
    gradient_boosting_histogram(hist, code, g, h, sample, n, B, D, N);
    probe_terms(n);
    probe_scale(4);
    emit("hist", hist, D, B + 1, 2);
}

PROBE(gradient_boosting_histogram, by_pencil)
{
    static const unsigned char code[] = { 0, 1, 1, 2 };
    emit_histogram(code, probe_given_doubles(1, 2, 4, 8), probe_given_doubles(1, 1, 1, 1), probe_given_ints(0, 1, 2, 3),
                   4, 2, 1, 4);
}

PROBE(gradient_boosting_histogram, some_samples_in_any_order)
{
    int N = probe_pick(1, 2, 7, 33, 150), B = probe_pick(2, 5, 16, 255), D = probe_pick(1, 2, 5);
    unsigned char code[MAX_D * MAX_N];
    codes(code, B, D, N);
    double *g = probe_normal_doubles(N, 0, 1), *h = curvatures(N);
    int    *sample = probe_permutation(N);
    emit_histogram(code, g, h, sample, probe_int(1, N), B, D, N);
}

/* ---- step gradient_boosting_split -------------------------------------------------------------------------------- */

static const GradientBoostingArg PLAIN = { .rate = 0.3, .lambda = 1, .min_weight = 1e-3, .max_depth = 3 };

static void emit_split(const double *hist, const char *use, const GradientBoostingArg *arg, int B, int D)
{
    probe_freeze();
    GradientBoostingSplit s = gradient_boosting_split(hist, use, arg, B, D);
    emit_exact("column_bin_missing_left", ((int[]){ s.column, s.bin, s.missing_left }), 3);
    probe_terms(64);
    probe_scale(100);
    emit("gain", &s.gain, 1);
}

PROBE(gradient_boosting_split, by_pencil)               /* bins -2 1 0, 3 1: the missing have 1 */
{
    char use[] = { 1 };
    emit_split(probe_given_doubles(-2, 2, 1, 1, 0, 0, 1, 1), use, &PLAIN, 3, 1);
}

static void fill(double *hist, const unsigned char *code, const double *g, const double *h, int n, int B, int D, int N)
{
    memset(hist, 0, (size_t)(D * (B + 1) * 2) * sizeof *hist);
    for (int d = 0; d < D; d++)
        for (int i = 0; i < n; i++)
            hist[2 * (d * (B + 1) + code[d * N + i])] += g[i], hist[2 * (d * (B + 1) + code[d * N + i]) + 1] += h[i];
}

PROBE(gradient_boosting_split, of_samples)
{
    int    N = probe_pick(1, 2, 7, 33, 150), B = probe_pick(2, 5, 16, 255), D = probe_pick(1, 2, 5);
    double *hist = probe_doubles(D * (B + 1) * 2), *g = slopes(N), *h = curvatures(N);
    unsigned char       code[MAX_D * MAX_N];
    char                use[MAX_D];
    GradientBoostingArg arg = PLAIN;
    arg.lambda = probe_pick(1, 0, 5), arg.gamma = probe_pick(0, 0, 0, 1) * 0.3;
    arg.min_weight = probe_pick(1, 1000, 1000, 3000) / 1000.0 + 1e-4;
    codes(code, B, D, N);
    fill(hist, code, g, h, N, B, D, N);
    for (int d = 0; d < D; d++) use[d] = probe_int(0, 4) > 0;
    emit_split(hist, use, &arg, B, D);
}

PROBE(gradient_boosting_split, who_is_missing_decides)  /* all that is known lies in one bin */
{
    char    use[] = { 1 };
    double *hist = probe_given_doubles(0, 0, 3, 2, 0, 0, -4, 3);
    if (probe_pick(0, 1)) hist[6] = 4, hist[2] = -3;
    emit_split(hist, use, &PLAIN, 3, 1);
}

PROBE(gradient_boosting_split, nothing_to_gain)         /* all in one bin, or all alike, or the leaf costs too much */
{
    int     way = probe_pick(0, 1, 2);
    char    use[] = { way == 0, 1 };
    double *hist = probe_given_doubles(0, 0, 3, 2, 0, 0, 0, 0, 2, 1, 1, 1, 0, 0, 0, 0);
    GradientBoostingArg arg = PLAIN;
    arg.gamma = 50;
    if (way == 1) use[1] = 0;
    emit_split(hist, use, &arg, 3, 2);
}

/* ---- step gradient_boosting_grow --------------------------------------------------------------------------------- */

static void emit_nodes(const GradientBoostingNode *node, int nodes)
{
    int    shape[MAX_NODES][6];
    double number[MAX_NODES][2], threshold[MAX_NODES];
    for (int at = 0; at < nodes; at++) {
        const GradientBoostingNode *t = &node[at];
        int row[] = { t->first, t->last, t->depth, t->column, t->left, t->missing_left };
        memcpy(shape[at], row, sizeof row);
        number[at][0] = t->gain, number[at][1] = t->value, threshold[at] = t->threshold;
    }
    emit_exact("first_last_depth_column_left_missing", shape[0], nodes, 6);
    emit_exact("threshold", threshold, nodes);
    emit("gain_value", number[0], nodes, 2);
}

static void emit_tree(const unsigned char *code, const double *g, const double *h, const char *use,
                      const GradientBoostingArg *arg, int *sample, int n, int B, int D, int N)
{
    GradientBoostingNode node[MAX_NODES];
    double *hist = probe_output_doubles(D * (B + 1) * 2), *edge = probe_doubles(D * (B - 1));
    int    *spare = probe_output_ints(n);
    for (int i = 0; i < D * (B - 1); i++) edge[i] = i % (B - 1) + 0.5;
    memset(node, 0x55, sizeof node);
    probe_freeze();
    int nodes = gradient_boosting_grow(node, sample, hist, spare, code, edge, g, h, use, arg, n, B, D, N);
    emit_exact("nodes", &nodes, 1);
    emit_exact("sample", sample, n);
    probe_terms(n + 16);
    probe_scale(100);
    emit_nodes(node, nodes < 1 ? 1 : nodes > MAX_NODES ? MAX_NODES : nodes);
}

static int *some(int n, int N)
{
    int *order = probe_permutation(N), *sample = probe_output_ints(n);
    for (int i = 0; i < n; i++) sample[i] = order[i];
    return sample;
}

PROBE(gradient_boosting_grow, by_pencil)
{
    static const unsigned char code[] = { 0, 0, 1, 1, 2, 2 };
    char                use[] = { 1 };
    GradientBoostingArg arg = PLAIN;
    int                *sample = probe_output_ints(6);
    arg.rate = 1;
    for (int i = 0; i < 6; i++) sample[i] = i;
    double *g = probe_given_doubles(-1, -1, 1, -1, 1, 1), *h = probe_given_doubles(1, 1, 1, 1, 1, 1);
    emit_tree(code, g, h, use, &arg, sample, 6, 3, 1, 6);
}

PROBE(gradient_boosting_grow, some_samples)
{
    int N = probe_pick(1, 2, 7, 33, 150), B = probe_pick(2, 5, 16, 255), D = probe_pick(1, 2, 5), n = probe_int(1, N);
    unsigned char       code[MAX_D * MAX_N];
    char                use[MAX_D];
    GradientBoostingArg arg = PLAIN;
    arg.max_depth = probe_pick(0, 1, 3, 5), arg.min_weight = probe_pick(1, 1000) / 1000.0 + 1e-4;
    arg.lambda = probe_pick(1, 0, 5), arg.gamma = probe_pick(0, 1) * 0.2;
    codes(code, B, D, N);
    double *g = slopes(N), *h = curvatures(N);
    emit_tree(code, g, h, all_used(use, D), &arg, some(n, N), n, B, D, N);
}

/* ---- step gradient_boosting_add ---------------------------------------------------------------------------------- */

/* Any tree: what is asked, where the missing go, and the leaves' values are drawn. */
static int some_tree(GradientBoostingNode *node, int depth, int D)
{
    int nodes = 1;
    node[0] = (GradientBoostingNode){ .column = -1, .left = -1 };
    for (int at = 0; at < nodes; at++) {
        GradientBoostingNode *t = &node[at];
        t->value = probe_real(-1, 1);
        if (t->depth == depth || (at && !probe_int(0, 3))) continue;
        t->column = probe_int(0, D - 1), t->threshold = probe_int(0, 4) ? probe_int(0, 6) / 2.0 : INFINITY;
        t->left = nodes, t->missing_left = probe_int(0, 1), t->value = 0;
        node[nodes++] = (GradientBoostingNode){ .depth = t->depth + 1, .column = -1, .left = -1 };
        node[nodes++] = (GradientBoostingNode){ .depth = t->depth + 1, .column = -1, .left = -1 };
    }
    return nodes;
}

static void emit_sum(const GradientBoostingNode *node, const double *X, int N)
{
    double *f = probe_inout_doubles(N);
    probe_freeze();
    gradient_boosting_add(f, node, X, N);
    probe_terms(1);
    emit("f", f, N);
}

PROBE(gradient_boosting_add, by_pencil)                 /* x <= 2.5? the missing go right */
{
    static const GradientBoostingNode node[] = { { 0, 6, 0, 0, 1, 0, 2.5, 1, 0 }, { 0, 2, 1, -1, -1, 0, 0, 0, 0.5 },
                                                 { 2, 6, 1, -1, -1, 0, 0, 0, -0.25 } };
    emit_sum(node, probe_given_doubles(2.5, 3, NAN, -1), 4);
}

PROBE(gradient_boosting_add, with_missing_ones)
{
    int     N = probe_pick(1, 2, 7, 33, 150), D = probe_pick(1, 2, 5);
    double *X = probe_doubles(D * N);
    GradientBoostingNode node[MAX_NODES];
    for (int i = 0; i < D * N; i++) X[i] = probe_int(0, 4) ? probe_int(0, 6) / 2.0 : NAN;
    some_tree(node, probe_pick(0, 1, 5), D);
    emit_sum(node, X, N);
}

/* ---- step gradient_boosting_stop --------------------------------------------------------------------------------- */

static void emit_stop(const double *loss, int patience, int rounds)
{
    int best = -77;
    probe_freeze();
    int run = gradient_boosting_stop(&best, loss, patience, rounds);
    emit_exact("best", &best, 1);
    emit_exact("run", &run, 1);
}

PROBE(gradient_boosting_stop, by_pencil)
{
    emit_stop(probe_given_doubles(5, 4, 4, 6, 3, 7, 7, 1), probe_pick(1, 2, 3, 9), 8);
}

PROBE(gradient_boosting_stop, up_and_down)              /* few values: many are equal; some are no numbers */
{
    int     rounds = probe_pick(1, 2, 7, 33, 150), nan = probe_pick(0, 0, 1);
    double *loss = probe_doubles(rounds);
    for (int r = 0; r < rounds; r++) loss[r] = nan && !probe_int(0, 5) ? NAN : probe_int(0, 9) - r / 10;
    emit_stop(loss, probe_pick(1, 2, 5, 20), rounds);
}

/* ---- oracles ----------------------------------------------------------------------------------------------------- */

static void near(const char *what, double got, double want, double within)
{
    expect(fabs(got - want) <= within, "%s: got %.12g, want %.12g", what, got, want);
}

/* g and h are the derivatives of the loss, by central differences. */
ORACLE(gradient_boosting_gradients, by_central_differences)
{
    int    N = 1, kind = probe_pick(0, 1);
    double f = probe_real(-6, 6), y = kind ? probe_real(-3, 3) : probe_int(0, 1), g, h, e = 1e-3;
    double up = f + e, down = f - e;
    gradient_boosting_gradients(&g, &h, &f, &y, kind, N);
    double a = gradient_boosting_loss(&up, &y, kind, N), b = gradient_boosting_loss(&f, &y, kind, N),
           c = gradient_boosting_loss(&down, &y, kind, N);
    near("g", g, (a - c) / (2 * e), 1e-7);
    near("h", h, (a - 2 * b + c) / (e * e), 1e-6);
}

ORACLE(gradient_boosting_loss, textbook_values)
{
    double f[] = { 0, 1000, -1000 }, y[] = { 1, 1, 1 };
    near("an even chance", gradient_boosting_loss(f, y, 0, 1), 0.6931471805599453, 1e-16);
    near("right", gradient_boosting_loss(f + 1, y, 0, 1), 0, 0);
    near("wrong", gradient_boosting_loss(f + 2, y, 0, 1), 1000, 0);
    near("squared", gradient_boosting_loss(f, y, 1, 1), 0.5, 0);
}

/* Codes part the numbers as the cuts do, and no bin but the last cut's is far larger than it should be. */
ORACLE(gradient_boosting_bins, cuts_by_their_definition)
{
    int           N = probe_pick(1, 2, 7, 33, 150), B = probe_pick(2, 5, 16, 255), M = 0, want = 0;
    int           few = probe_pick(0, 1);
    double       *x = probe_doubles(N), sorted[MAX_N], edge[MAX_B];
    unsigned char code[MAX_N];
    for (int i = 0; i < N; i++) {
        x[i] = few ? probe_int(0, 6) : probe_real(-1, 1);
        if (probe_int(0, 9) == 0) x[i] = NAN;
        else sorted[M++] = x[i];
    }
    qsort(sorted, (size_t)M, sizeof *sorted, ascending);
    int cuts = gradient_boosting_bins(code, edge, x, sorted, B, M, N), last = 0, changes = 0;
    for (int i = 1; i < M; i++) changes += sorted[i - 1] != sorted[i];
    for (int k = 1; k < (changes < B ? M : B); k++) {
        int i = changes < B ? k : 1;
        while (i < M && ((changes >= B && (double)i * B < (double)k * M) || sorted[i - 1] == sorted[i])) i++;
        if (i >= M || i == last) continue;
        expect(want < cuts, "cut before place %d of %d is missing", i, M);
        expect(sorted[i - 1] <= edge[want] && edge[want] < sorted[i], "cut %d: %g", want, edge[want]);
        last = i, want++;
    }
    expect(cuts == want, "%d cuts, not %d", cuts, want);
    for (int b = cuts; b < B - 1; b++) expect(edge[b] == INFINITY, "edge %d of %d cuts: %g", b, cuts, edge[b]);
    for (int i = 0; i < N; i++) {
        int below = 0;
        for (int b = 0; b < cuts; b++) below += edge[b] < x[i];
        expect(code[i] == (isnan(x[i]) ? B : below), "sample %d: %d", i, code[i]);
    }
}

/* No split of the samples, found by parting them one by one, takes more off the loss. */
ORACLE(gradient_boosting_split, no_other_gains_more)
{
    int N = probe_pick(2, 7, 33), B = probe_pick(2, 5, 16), D = probe_pick(1, 2, 5);
    double             *g = slopes(N), *h = curvatures(N), hist[MAX_D * 17 * 2], most = 0;
    unsigned char       code[MAX_D * MAX_N];
    char                use[MAX_D];
    GradientBoostingArg arg = PLAIN;
    arg.lambda = probe_pick(1, 0), arg.gamma = probe_pick(0, 1) * 0.1;
    codes(code, B, D, N);
    fill(hist, code, g, h, N, B, D, N);
    GradientBoostingSplit got = gradient_boosting_split(hist, all_used(use, D), &arg, B, D);
    for (int d = 0; d < D; d++)
        for (int b = 0; b < B; b++)
            for (int left = 0; left <= 1; left++) {
                double G[2] = { 0 }, H[2] = { 0 };
                for (int i = 0; i < N; i++) {
                    int bin = code[d * N + i], side = bin == B ? !left : bin > b;
                    G[side] += g[i], H[side] += h[i];
                }
                if (H[0] < arg.min_weight || H[1] < arg.min_weight) continue;
                double all = (G[0] + G[1]) * (G[0] + G[1]) / (H[0] + H[1] + arg.lambda);
                double sides = G[0] * G[0] / (H[0] + arg.lambda) + G[1] * G[1] / (H[1] + arg.lambda);
                double gain = (sides - all) / 2 - arg.gamma;
                most = fmax(most, gain);
                if (got.column == d && got.bin == b && got.missing_left == left) near("gain", got.gain, gain, 1e-12);
            }
    near("largest gain", got.gain, most, 1e-9);
    expect((got.column < 0) == (got.gain == 0), "column %d, gain %g", got.column, got.gain);
}

/* A leaf's value is the lowest point of its samples' parabola: no other value does better. */
ORACLE(gradient_boosting_grow, values_are_the_best_ones)
{
    int N = probe_pick(2, 7, 33, 150), B = probe_pick(2, 16), D = probe_pick(1, 5), spare[MAX_N], sample[MAX_N];
    double              *g = slopes(N), *h = curvatures(N), hist[MAX_D * 17 * 2], edge[MAX_D * 15];
    unsigned char        code[MAX_D * MAX_N];
    char                 use[MAX_D];
    bool                 seen[MAX_N] = { false };
    GradientBoostingNode node[MAX_NODES];
    GradientBoostingArg  arg = PLAIN;
    arg.rate = 1;
    codes(code, B, D, N);
    for (int i = 0; i < D * (B - 1); i++) edge[i] = i % (B - 1) + 0.5;
    for (int i = 0; i < N; i++) sample[i] = i;
    int nodes = gradient_boosting_grow(node, sample, hist, spare, code, edge, g, h, all_used(use, D), &arg, N, B, D, N);
    for (int at = 0; at < nodes; at++) {
        if (node[at].column >= 0) continue;
        double best[3] = { 0 };
        for (int k = 0; k < 3; k++) {
            double w = node[at].value + 0.01 * (k - 1);
            best[k] = arg.lambda * w * w / 2;
            for (int i = node[at].first; i < node[at].last; i++)
                best[k] += g[sample[i]] * w + h[sample[i]] * w * w / 2;
        }
        expect(best[1] < best[0] && best[1] < best[2], "leaf %d: %g is not the lowest point", at, node[at].value);
        for (int i = node[at].first; i < node[at].last; i++) seen[sample[i]] = true;
    }
    for (int i = 0; i < N; i++) expect(seen[i], "sample %d is in no leaf", i);
}

/* ---- oracles: whole runs ----------------------------------------------------------------------------------------- */

enum { DIGITS = 1797, PIXELS = 64 };

typedef struct Run { const char *what; int kind, depth, rounds, missing; double rate, loss; } Run;

/* XGBoost 3.2.0, tree_method exact, base_score 0.5, lambda 1, min_child_weight 1: digits as they are in the file (0 to
 * 16), odd or even, and which digit it is; "missing": pixels of 13 and more left out. */
static const Run RUNS[] = { { "two rounds", 0, 2, 2, 0, 1, 0.3287357934568299 },
                            { "ten rounds", 0, 3, 10, 0, 0.3, 0.16617071212349416 },
                            { "deep", 0, 6, 5, 0, 0.3, 0.1573058581969827 },
                            { "missing", 0, 3, 10, 1, 0.3, 0.17543343899372638 },
                            { "squared", 1, 3, 10, 0, 0.3, 0.9456972239927643 } };

static double        X[PIXELS * DIGITS], y[DIGITS], f[DIGITS];
static unsigned char code[PIXELS * DIGITS];

static void load_digits(const Run *run)
{
    Arena  *a = arena_new("digits");
    Dataset set;
    expect(!data_load(a, "digits", F64, &set), "the digits are embedded");
    for (int i = 0; i < DIGITS; i++) {
        int digit = ((int32_t *)set.y->data)[i];
        y[i] = run->kind ? digit : digit % 2;
        f[i] = run->kind ? 0.5 : 0;
        for (int d = 0; d < PIXELS; d++) {
            double x = ((double *)set.x->data)[i * PIXELS + d] * 16;
            X[d * DIGITS + i] = run->missing && x >= 13 ? NAN : x;
        }
    }
    arena_free(a);
}

static void check_run(const Run *run)
{
    enum { B = 32 };
    static double hist[PIXELS * (B + 1) * 2], edge[PIXELS * (B - 1)], g[DIGITS], h[DIGITS], sorted[DIGITS];
    static int    sample[DIGITS], spare[DIGITS];
    GradientBoostingNode node[127];
    char                 use[PIXELS];
    GradientBoostingArg  arg = { run->rate, 1, 0, 1, run->depth };
    double               last = INFINITY;
    load_digits(run);
    for (int d = 0; d < PIXELS; d++) {
        int M = 0;
        for (int i = 0; i < DIGITS; i++)
            if (!isnan(X[d * DIGITS + i])) sorted[M++] = X[d * DIGITS + i];
        qsort(sorted, (size_t)M, sizeof *sorted, ascending);
        gradient_boosting_bins(code + d * DIGITS, edge + d * (B - 1), X + d * DIGITS, sorted, B, M, DIGITS);
    }
    all_used(use, PIXELS);
    for (int r = 0; r < run->rounds; r++) {
        for (int i = 0; i < DIGITS; i++) sample[i] = i;
        gradient_boosting_gradients(g, h, f, y, run->kind, DIGITS);
        gradient_boosting_grow(node, sample, hist, spare, code, edge, g, h, use, &arg, DIGITS, B, PIXELS, DIGITS);
        gradient_boosting_add(f, node, X, DIGITS);
        double loss = gradient_boosting_loss(f, y, run->kind, DIGITS);
        expect(loss < last, "%s: the loss rises to %g in round %d", run->what, loss, r);
        last = loss;
    }
    near(run->what, last, run->loss, 2e-5);
}

ORACLE(gradient_boosting_grow, digits_as_xgboost)
{
    static bool done;
    if (done) return;                                   /* nothing is drawn here: once is enough */
    done = true;
    for (int k = 0; k < 5; k++) check_run(&RUNS[k]);
}

ORACLE(gradient_boosting_stop, by_hand)
{
    double loss[] = { 5, 4, 4, 6, 3, 7, 7, 1 }, none[] = { NAN, NAN, 2, 1 };
    int    best = -1;
    expect(gradient_boosting_stop(&best, loss, 1, 8) == 3 && best == 2, "patience 1: best %d", best);
    expect(gradient_boosting_stop(&best, loss, 2, 8) == 4 && best == 2, "patience 2: best %d", best);
    expect(gradient_boosting_stop(&best, loss, 3, 8) == 8 && best == 8, "patience 3: best %d", best);
    expect(gradient_boosting_stop(&best, none, 3, 4) == 4 && best == 4, "no numbers at first: best %d", best);
    expect(gradient_boosting_stop(&best, none, 2, 4) == 2 && best == 0, "no numbers at all: best %d", best);
}
