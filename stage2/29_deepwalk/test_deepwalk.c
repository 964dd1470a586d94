/* test_deepwalk.c -- the probes that grade deepwalk.c, and the oracles that prove the reference right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "deepwalk.h"

enum { MAX_N = 40, MAX_E = MAX_N * (MAX_N - 1) / 2, MAX_LENGTH = 40, MAX_D = 65 };

/* ---- Networks, made here: no step waits for another -------------------------------------------------------------- */

typedef struct Edges { int N, E; int a[MAX_E], b[MAX_E]; } Edges;

/* The lesson's: a triangle 0 1 2, and 3 that hangs on 2. */
static const Edges PENCIL = { .N = 4, .E = 4, .a = { 0, 0, 1, 2 }, .b = { 1, 2, 2, 3 } };

/* Few edges or many; some nodes have none. Either end first, in any order. */
static Edges some_edges(int N)
{
    Edges e = { .N = N };
    int   share = probe_pick(2, 9, 5), lonely = probe_int(0, N - 1);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++) {
            if (i == lonely || j == lonely || probe_int(0, 9) >= share) continue;
            int at = probe_int(0, e.E), turn = probe_int(0, 1);
            e.a[e.E] = e.a[at], e.b[e.E++] = e.b[at];
            e.a[at] = turn ? i : j, e.b[at] = turn ? j : i;
        }
    return e;
}

/* Every pair looked at: the rows come out in order by themselves. */
static DeepwalkGraph graph_of(const Edges *e)
{
    static bool linked[MAX_N][MAX_N];
    int first[MAX_N + 1] = { 0 }, to[2 * MAX_E], n = 0;
    memset(linked, 0, sizeof linked);
    for (int k = 0; k < e->E; k++) linked[e->a[k]][e->b[k]] = linked[e->b[k]][e->a[k]] = true;
    for (int i = 0; i < e->N; first[++i] = n)
        for (int j = 0; j < e->N; j++)
            if (linked[i][j]) to[n++] = j;
    return (DeepwalkGraph){ .N = e->N, .first = probe_copy_ints(e->N + 1, first), .to = probe_copy_ints(n, to) };
}

static DeepwalkGraph pencil(void) { return graph_of(&PENCIL); }

static DeepwalkGraph some_graph(void)
{
    Edges e = some_edges(probe_pick(2, 3, 5, 17, 40));
    return graph_of(&e);
}

/* A node that has neighbours, if there is one. */
static int some_start(const DeepwalkGraph *g)
{
    int n = probe_int(0, g->N - 1);
    for (int k = 0; k < g->N && g->first[n] == g->first[n + 1]; k++) n = (n + 1) % g->N;
    return n;
}

/* ---- step deepwalk_graph ----------------------------------------------------------------------------------------- */

static void emit_graph(const Edges *e)
{
    int *a = probe_copy_ints(e->E, e->a), *b = probe_copy_ints(e->E, e->b), *first = probe_output_ints(e->N + 1),
        *to = probe_output_ints(2 * e->E), *work = probe_output_ints(2 * e->E + e->N);
    probe_freeze();
    deepwalk_graph(first, to, work, a, b, e->E, e->N);
    emit_exact("first", first, e->N + 1);
    emit_exact("to", to, 2 * e->E);
}

PROBE(deepwalk_graph, by_pencil) { emit_graph(&PENCIL); }

PROBE(deepwalk_graph, any_order)
{
    Edges e = some_edges(probe_pick(1, 2, 5, 17, 40));
    emit_graph(&e);
}

/* ---- step deepwalk_walk ------------------------------------------------------------------------------------------ */

static void emit_walk(const DeepwalkGraph *g, int start, int length, const double *u)
{
    int *walk = probe_output_ints(length);
    probe_freeze();
    int made = deepwalk_walk(walk, g, start, length, u);
    emit_exact("made", &made, 1);
    emit_exact("walk", walk, length);
}

PROBE(deepwalk_walk, by_pencil)
{
    DeepwalkGraph g = pencil();
    emit_walk(&g, 0, 4, probe_given_doubles(0.6, 0.9, 0.3));
}

PROBE(deepwalk_walk, any_network)
{
    DeepwalkGraph g = some_graph();
    int           length = probe_pick(2, 1, 7, 40);
    emit_walk(&g, some_start(&g), length, probe_uniform_doubles(length - 1, 0, 1));
}

PROBE(deepwalk_walk, from_anywhere)                     /* also from who has no neighbours */
{
    DeepwalkGraph g = some_graph();
    int           start = probe_int(0, g.N - 1), length = probe_pick(1, 2, 3);
    for (int k = 0; k < g.N && probe_pick(0, 1) && g.first[start] < g.first[start + 1]; k++) start = (start + 1) % g.N;
    emit_walk(&g, start, length, probe_uniform_doubles(length - 1, 0, 1));
}

/* ---- step deepwalk_biased ---------------------------------------------------------------------------------------- */

static void emit_biased(const DeepwalkGraph *g, int start, int length, double p, double q, const double *u)
{
    int *walk = probe_output_ints(length);
    probe_freeze();
    int made = deepwalk_biased(walk, g, start, length, p, q, u);
    emit_exact("made", &made, 1);
    emit_exact("walk", walk, length);
}

PROBE(deepwalk_biased, by_pencil)                       /* from 0 to 2, then 0 1 3 weigh 2 1 1/4 */
{
    DeepwalkGraph g = pencil();
    emit_biased(&g, 0, 3, 0.5, 4, probe_given_doubles(0.6, 0.7));
}

PROBE(deepwalk_biased, any_network)
{
    DeepwalkGraph g = some_graph();
    int           length = probe_pick(3, 1, 7, 40, 2);
    emit_biased(&g, some_start(&g), length, probe_real(0.1, 4), probe_real(0.1, 4),
                probe_uniform_doubles(length - 1, 0, 1));
}

PROBE(deepwalk_biased, one_extreme_or_the_other)
{
    DeepwalkGraph g = some_graph();
    double        p = probe_pick(1, 50) / 7., q = probe_pick(60, 1, 60) / 11.;
    emit_biased(&g, some_start(&g), 20, p, q, probe_uniform_doubles(19, 0, 1));
}

/* ---- step deepwalk_pairs ----------------------------------------------------------------------------------------- */

static void emit_pairs(const int *walk, int length, int window)
{
    int room = 2 * window * length, *source = probe_output_ints(room), *context = probe_output_ints(room);
    probe_freeze();
    int count = deepwalk_pairs(source, context, walk, length, window);
    emit_exact("count", &count, 1);
    emit_exact("source", source, room);
    emit_exact("context", context, room);
}

PROBE(deepwalk_pairs, by_pencil) { emit_pairs(probe_given_ints(0, 2, 1, 2), 4, 1); }

PROBE(deepwalk_pairs, windows)
{
    int length = probe_pick(2, 1, 5, 9, 40), window = probe_pick(1, 2, 3, 10);
    emit_pairs(probe_ints(length, 0, 9), length, window);
}

PROBE(deepwalk_pairs, window_beyond_the_walk) { emit_pairs(probe_ints(3, 0, 5), 3, probe_pick(2, 3, 7)); }

/* ---- step deepwalk_noise ----------------------------------------------------------------------------------------- */

static void emit_noise(const int *count, int N)
{
    double *upto = probe_output_doubles(N);
    probe_freeze();
    deepwalk_noise(upto, count, N);
    probe_terms(N);
    emit("upto", upto, N);
    emit_exact("last", upto + N - 1, 1);
}

PROBE(deepwalk_noise, by_pencil) { emit_noise(probe_given_ints(1, 16, 81), 3); }

PROBE(deepwalk_noise, any_counts)
{
    int N = probe_pick(2, 1, 7, 33, 129), count[129];
    for (int n = 0; n < N; n++) count[n] = probe_int(0, 3) ? probe_int(0, n % 3 ? 9 : 1000) : 0;
    count[probe_int(0, N - 1)] = probe_int(1, 5);       /* the others may be 0, the last too */
    emit_noise(probe_copy_ints(N, count), N);
}

/* ---- step deepwalk_ask ------------------------------------------------------------------------------------------- */

/* in/out, as floats: random, and may change. size: about how large. */
static float *table(int n, double size)
{
    float *t = probe_inout(n);
    for (int i = 0; i < n; i++) t[i] = (float)probe_real(-size, size);
    return t;
}

static float *table_of(int n, const float *values)
{
    float *t = probe_inout(n);
    memcpy(t, values, (size_t)n * sizeof *t);
    return t;
}

/* What rounding a dot product of two rows of such numbers can move, and how far a step carries it. Whoever adds in
 * float may: losses go out as floats too. */
static void scale(double size, int rows, float rate, int D)
{
    double z = 1 + D * size * size;
    probe_terms(D + rows);
    probe_scale(z * (1 + rows * (1 + rate) * size * (1 + rate * z)));
}

static void emit_ask(float *u, float *dv, const float *v, int label, float rate, int D, double size)
{
    probe_freeze();
    float  loss = (float)deepwalk_ask(u, dv, v, label, rate, D);
    double z = 1 + D * size * size;                     /* what rounds in u . v; a slope moves by less than that */
    probe_terms(D);
    probe_scale(z);
    emit("loss", &loss, 1);
    probe_scale(size * (1 + rate * z));
    emit("u", u, D);
    probe_scale(size * (1 + z));
    emit("dv", dv, D);
}

PROBE(deepwalk_ask, by_pencil)                          /* at right angles: sigmoid(0) = 1/2 */
{
    emit_ask(table_of(2, (float[]){ 1, -1 }), table_of(2, (float[]){ 0, 0.5f }), probe_given(2, 2), probe_pick(1, 0),
             0.5f, 2, 2);
}

PROBE(deepwalk_ask, awkward_sizes)
{
    int D = probe_pick(2, 1, 7, 33, 65);
    emit_ask(table(D, 1), table(D, 1), probe_uniform(D, -1, 1), probe_int(0, 1), (float)probe_real(0.01, 1), D, 1);
}

PROBE(deepwalk_ask, sure_and_right_or_wrong)            /* dot products of hundreds */
{
    int D = probe_pick(3, 16), label = probe_int(0, 1);
    emit_ask(table(D, 20), table(D, 1), probe_uniform(D, -20, 20), label, 0.1f, D, 20);
}

/* ---- steps deepwalk_negative, deepwalk_hierarchical -------------------------------------------------------------- */

static void emit_negative(float *in, float *out, int N, int D, int source, int context, const int *others, int K,
                          float rate, double size)
{
    float *dv = probe_output(D);
    probe_freeze();
    float loss = (float)deepwalk_negative(in, out, dv, source, context, others, K, rate, D);
    scale(size, K + 1, rate, D);
    emit("loss", &loss, 1);
    emit("in", in, N, D);
    emit("out", out, N, D);
}

PROBE(deepwalk_negative, by_pencil)                     /* v = (2,2); node 1 is real, node 2 is not */
{
    float *in = table_of(6, (float[]){ 2, 2, 9, 9, 8, 8 }), *out = table_of(6, (float[]){ 7, 7, 1, -1, -1, 1 });
    emit_negative(in, out, 3, 2, 0, 1, probe_given_ints(2), 1, 0.5f, 2);
}

PROBE(deepwalk_negative, awkward_sizes)
{
    int N = probe_pick(3, 2, 7, 20), D = probe_pick(2, 1, 7, 33), K = probe_pick(1, 5, 0, 9);
    int *others = probe_ints(K, 0, N - 1), context = probe_int(0, N - 1);       /* twice, or the context, too */
    emit_negative(table(N * D, 0.7), table(N * D, 0.7), N, D, probe_int(0, N - 1), context, others, K,
                  (float)probe_real(0.01, 0.5), 0.7);
}

PROBE(deepwalk_negative, one_of_them_is_the_context)
{
    int N = 4, D = probe_pick(2, 5), context = probe_int(0, N - 1), other = probe_int(0, N - 1);
    int *others = probe_copy_ints(3, (int[]){ other, context, other });
    emit_negative(table(N * D, 1), table(N * D, 1), N, D, probe_int(0, N - 1), context, others, 3, 0.3f, 1);
}

/* A tree of any shape: who is left is joined by lot. */
static void some_tree(int *parent, int *side, int N)
{
    int left[MAX_N], n = N;
    for (int i = 0; i < N; i++) left[i] = i;
    for (int m = N; m < 2 * N - 1; m++)
        for (int s = 0; s < 2; s++) {
            int at = probe_int(0, n - 1);
            parent[left[at]] = m, side[left[at]] = s;
            if (s) left[at] = m;
            else left[at] = left[--n];
        }
    parent[2 * N - 2] = -1, side[2 * N - 2] = 0;
}

static void emit_hierarchical(float *in, float *out, const int *parent, const int *side, int N, int D, int source,
                              int context, float rate, double size)
{
    float *dv = probe_output(D);
    probe_freeze();
    float loss = (float)deepwalk_hierarchical(in, out, dv, parent, side, source, context, rate, N, D);
    scale(size, N, rate, D);
    emit("loss", &loss, 1);
    emit("in", in, N, D);
    emit("out", out, N - 1, D);
}

PROBE(deepwalk_hierarchical, by_pencil)                 /* 2 is side 0 of the root, 0 and 1 hang on its side 1 */
{
    float *in = table_of(6, (float[]){ 2, 2, 9, 9, 8, 8 }), *out = table_of(4, (float[]){ 1, -1, -1, 1 });
    const int *parent = probe_given_ints(3, 3, 4, 4, -1), *side = probe_given_ints(0, 1, 0, 1, 0);
    emit_hierarchical(in, out, parent, side, 3, 2, 0, 0, 0.5f, 2);
}

PROBE(deepwalk_hierarchical, any_tree)
{
    int N = probe_pick(3, 2, 1, 7, 20), D = probe_pick(2, 1, 7, 33), parent[2 * MAX_N], side[2 * MAX_N];
    some_tree(parent, side, N);
    emit_hierarchical(table(N * D, 0.7), table((N - 1) * D, 0.7), probe_copy_ints(2 * N - 1, parent),
                      probe_copy_ints(2 * N - 1, side), N, D, probe_int(0, N - 1), probe_int(0, N - 1),
                      (float)probe_real(0.01, 0.5), 0.7);
}

/* ---- oracles: walks ---------------------------------------------------------------------------------------------- */

static bool edge(const Edges *e, int a, int b)
{
    for (int k = 0; k < e->E; k++)
        if ((e->a[k] == a && e->b[k] == b) || (e->a[k] == b && e->b[k] == a)) return true;
    return false;
}

ORACLE(deepwalk_graph, rows_say_what_the_edges_say)
{
    Edges e = some_edges(probe_pick(1, 2, 17, 40));
    int   first[MAX_N + 1], to[2 * MAX_E], work[2 * MAX_E + MAX_N];
    deepwalk_graph(first, to, work, e.a, e.b, e.E, e.N);
    DeepwalkGraph g = { .N = e.N, .first = first, .to = to };
    for (int i = 0; i < e.N; i++) {
        for (int k = first[i] + 1; k < first[i + 1]; k++)
            expect(to[k - 1] < to[k], "node %d: neighbours %d, %d are not in order", i, to[k - 1], to[k]);
        for (int j = 0; j < e.N; j++)
            expect(deepwalk_linked(&g, i, j) == edge(&e, i, j), "%d -- %d: got %d", i, j, deepwalk_linked(&g, i, j));
    }
    expect(first[e.N] == 2 * e.E, "%d entries for %d edges", first[e.N], e.E);
}

/* How often a node is visited in the long run is proportional to its degree. */
ORACLE(deepwalk_walk, visits_grow_with_degree)
{
    enum { STEPS = 2000 };
    static int    walk[STEPS];
    static double u[STEPS];
    DeepwalkGraph g = pencil();
    int           visits[4] = { 0 };
    for (int i = 0; i < STEPS; i++) u[i] = probe_real(0, 1);
    expect(deepwalk_walk(walk, &g, 3, STEPS, u) == STEPS, "the walk ended");
    for (int i = 0; i < STEPS; i++) {
        visits[walk[i]]++;
        expect(i == 0 || edge(&PENCIL, walk[i - 1], walk[i]), "step %d: %d -- %d is no edge", i, walk[i - 1], walk[i]);
    }
    for (int n = 0; n < 4; n++) {                       /* eight deviations of as many visits that know of each other */
        double share = (g.first[n + 1] - g.first[n]) / 8., got = (double)visits[n] / STEPS;
        expect(fabs(got - share) <= 8 * sqrt(2 * share / STEPS), "node %d: %g of the visits, want %g", n, got, share);
    }
}

ORACLE(deepwalk_biased, both_one_is_no_bias)
{
    DeepwalkGraph g = some_graph();
    int           a[20], b[20], start = some_start(&g);
    const double *u = probe_uniform_doubles(19, 0, 1);
    int           made = deepwalk_walk(a, &g, start, 20, u);
    expect(deepwalk_biased(b, &g, start, 20, 1, 1, u) == made, "another length");
    for (int i = 0; i < made; i++) expect(a[i] == b[i], "step %d: %d and %d", i, a[i], b[i]);
}

/* From 0 to 2: then to 0, 1, 3 as 1/p to 1 to 1/q. */
ORACLE(deepwalk_biased, shares_of_the_weights)
{
    enum { TIMES = 2000 };
    DeepwalkGraph g = pencil();
    double        p = probe_real(0.2, 3), q = probe_real(0.2, 3), weight[] = { 1 / p, 1, 0, 1 / q };
    double        sum = weight[0] + weight[1] + weight[3];
    int           walk[3], seen[4] = { 0 };
    for (int i = 0; i < TIMES; i++) {
        deepwalk_biased(walk, &g, 0, 3, p, q, (double[]){ 0.5 + probe_real(0, 0.499), probe_real(0, 1) });
        expect(walk[1] == 2, "the first step went to %d", walk[1]);
        seen[walk[2]]++;
    }
    for (int n = 0; n < 4; n++) {
        double share = weight[n] / sum;
        expect(fabs((double)seen[n] / TIMES - share) <= 8 * sqrt(share / TIMES), "node %d: %g of the steps, want %g", n,
               (double)seen[n] / TIMES, share);
    }
}

ORACLE(deepwalk_pairs, every_pair_of_places)
{
    int length = probe_pick(1, 2, 9, 40), window = probe_pick(1, 3, 10), source[800], context[800], k = 0;
    int *walk = probe_ints(length, 0, 9), count = deepwalk_pairs(source, context, walk, length, window);
    for (int i = 0; i < length; i++)
        for (int j = 0; j < length; j++) {
            if (i == j || abs(i - j) > window) continue;
            expect(k < count && source[k] == walk[i] && context[k] == walk[j], "pair %d: places %d and %d", k, i, j);
            k++;
        }
    expect(k == count, "%d pairs, want %d", count, k);
}

/* ---- oracles: what is drawn -------------------------------------------------------------------------------------- */

ORACLE(deepwalk_noise, draws_follow_the_power)          /* chi-square, 4 degrees of freedom: 50 once in 1e9 */
{
    enum { TIMES = 2000 };
    const int count[] = { 3, 0, 100, 20, 1, 50 };
    double    upto[6], sum = 0, chi = 0;
    int       seen[6] = { 0 };
    deepwalk_noise(upto, count, 6);
    for (int n = 0; n < 6; n++) sum += pow(count[n], 0.75);
    for (int i = 0; i < TIMES; i++) seen[deepwalk_draw(upto, probe_real(0, 1), 6)]++;
    for (int n = 0; n < 6; n++) {
        double want = TIMES * pow(count[n], 0.75) / sum;
        if (count[n]) chi += (seen[n] - want) * (seen[n] - want) / want;
        else expect(seen[n] == 0, "node %d was never visited, and was drawn", n);
    }
    expect(chi <= 50, "chi-square %g", chi);
    expect(deepwalk_draw(upto, 1 - 0x1p-53, 6) == 5 && deepwalk_draw(upto, 0, 6) == 0, "the ends");
}

/* Counts of the least possible total way: as found by trying, for four leaves, both shapes of tree. */
ORACLE(deepwalk_huffman, no_shorter_tree)
{
    int count[4], parent[7], side[7], sum[7], total = 0, best = 0, all = 0;
    for (int n = 0; n < 4; n++) all += count[n] = probe_int(0, 9);
    deepwalk_huffman(parent, side, sum, count, 4);
    for (int n = 0; n < 4; n++)
        for (int m = n; parent[m] >= 0; m = parent[m]) total += count[n];
    best = 2 * all;                                     /* all leaves two deep; or one, two, three, three */
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < 4; b++)
            if (a != b && 3 * all - 2 * count[a] - count[b] < best) best = 3 * all - 2 * count[a] - count[b];
    expect(total == best, "way of %d, the best is %d", total, best);
    expect(parent[6] == -1 && sum[6] == all, "root: parent %d, sum %d of %d", parent[6], sum[6], all);
}

/* ---- oracles: gradients ------------------------------------------------------------------------------------------ */

static double product(const float *a, const float *b, int D)
{
    double sum = 0;
    for (int d = 0; d < D; d++) sum += (double)a[d] * b[d];
    return sum;
}

/* The loss as the paper writes it, of sizes where that is exact enough. */
static double plain(const float *u, const float *v, int label, int D)
{
    double p = 1 / (1 + exp(-product(u, v, D)));
    return -log(label ? p : 1 - p);
}

ORACLE(deepwalk_ask, slope_by_differences)
{
    enum { D = 5 };
    float *u = probe_uniform(D, -1, 1), *v = probe_uniform(D, -1, 1), dv[D] = { 0 }, moved[D];
    int    label = probe_int(0, 1);
    memcpy(moved, u, sizeof moved);
    double loss = deepwalk_ask(moved, dv, v, label, 1, D);
    expect(fabs(loss - plain(u, v, label, D)) <= 1e-12, "loss %g, want %g", loss, plain(u, v, label, D));
    for (int d = 0; d < D; d++) {
        float  h = 0.015625f, u0 = u[d], v0 = v[d];
        double du, want;
        u[d] = u0 + h, du = plain(u, v, label, D), u[d] = u0 - h, du -= plain(u, v, label, D), u[d] = u0;
        v[d] = v0 + h, want = plain(u, v, label, D), v[d] = v0 - h, want -= plain(u, v, label, D), v[d] = v0;
        expect(fabs(u0 - moved[d] - du / (2 * h)) <= 1e-4, "du[%d]: moved by %g, slope %g", d, u0 - moved[d],
               du / (2 * h));
        expect(fabs(dv[d] - want / (2 * h)) <= 1e-4, "dv[%d]: %g, want %g", d, dv[d], want / (2 * h));
    }
}

/* Real pairs come nearer, made-up ones go further off; nobody else moves. */
ORACLE(deepwalk_negative, pulled_and_pushed)
{
    enum { N = 5, D = 8 };
    float *in = probe_uniform(N * D, -1, 1), *out = probe_uniform(N * D, -1, 1), dv[D], before[2][N * D];
    memcpy(before[0], in, sizeof before[0]), memcpy(before[1], out, sizeof before[1]);
    deepwalk_negative(in, out, dv, 0, 1, (int[]){ 2, 3 }, 2, 0.01f, D);
    for (int n = 1; n < 4; n++) {                       /* to v as it was: v itself gives way to all three at once */
        double was = product(before[0], before[1] + n * D, D), is = product(before[0], out + n * D, D);
        expect(n == 1 ? is > was : is < was, "node %d went the wrong way: %g, was %g", n, is, was);
    }
    expect(!memcmp(in + D, before[0] + D, (N - 1) * D * sizeof *in), "another row of in has moved");
    expect(!memcmp(out, before[1], D * sizeof *out) && !memcmp(out + 4 * D, before[1] + 4 * D, D * sizeof *out),
           "a row of out that nobody asked has moved");
}

/* An orthogonal turn of both tables changes no loss: axes mean nothing. */
ORACLE(deepwalk_negative, turned_tables_lose_the_same)
{
    enum { N = 4, D = 2 };
    float *in = probe_uniform(N * D, -1, 1), *out = probe_uniform(N * D, -1, 1), dv[D], turned[2][N * D];
    double angle = probe_real(0, 6.28), c = cos(angle), s = sin(angle);
    for (int n = 0; n < N; n++)
        for (int t = 0; t < 2; t++) {
            const float *x = (t ? out : in) + n * D;
            turned[t][n * D] = (float)(c * x[0] - s * x[1]), turned[t][n * D + 1] = (float)(s * x[0] + c * x[1]);
        }
    for (int step = 0; step < 20; step++) {
        int    a = probe_int(0, N - 1), b = probe_int(0, N - 1), other = probe_int(0, N - 1);
        double loss = deepwalk_negative(in, out, dv, a, b, &other, 1, 0.1f, D);
        double same = deepwalk_negative(turned[0], turned[1], dv, a, b, &other, 1, 0.1f, D);
        expect(fabs(loss - same) <= 1e-5, "step %d: %g, turned %g", step, loss, same);
    }
}

ORACLE(deepwalk_hierarchical, probabilities_add_up)
{
    enum { D = 7 };
    int    N = probe_pick(1, 2, 3, 17, 40), parent[2 * MAX_N], side[2 * MAX_N];
    float *in = probe_uniform(N * D, -1, 1), *out = probe_uniform(N * D, -2, 2), dv[D];
    double sum = 0;
    some_tree(parent, side, N);
    for (int c = 0; c < N; c++) sum += exp(-deepwalk_hierarchical(in, out, dv, parent, side, 0, c, 0, N, D));
    expect(fabs(sum - 1) <= 1e-9, "%d leaves: the probabilities add up to %.12g", N, sum);
}

ORACLE(deepwalk_hierarchical, slope_of_v_by_differences)
{
    enum { N = 6, D = 3 };
    int    parent[2 * N], side[2 * N], c = probe_int(0, N - 1);
    float *in = probe_uniform(N * D, -1, 1), *out = probe_uniform((N - 1) * D, -1, 1), dv[D], slope[D];
    some_tree(parent, side, N);
    for (int d = 0; d < D; d++) {
        float  h = 0.015625f, was = in[d];
        in[d] = was + h;
        double up = deepwalk_hierarchical(in, out, dv, parent, side, 0, c, 0, N, D);
        in[d] = was - h;
        slope[d] = (float)((up - deepwalk_hierarchical(in, out, dv, parent, side, 0, c, 0, N, D)) / (2 * h));
        in[d] = was;
    }
    deepwalk_hierarchical(in, out, dv, parent, side, 0, c, 0.1f, N, D);
    for (int d = 0; d < D; d++) expect(fabs(dv[d] - slope[d]) <= 1e-3, "dv[%d]: %g, want %g", d, dv[d], slope[d]);
}
