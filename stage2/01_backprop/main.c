/* main.c -- a tape drawn with its values and slopes; checked by differences; numbers beside matrices; two moons. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "backprop.h"
#include "graph.h"
#include "program.h"
#include "rng.h"

typedef struct Options {
    int    points, hidden, steps, seeds, graphs;
    double rate, momentum, noise;
} Options;

static const Flag flags[] = {
    { "points", FLAG_INT, offsetof(Options, points), "200", NULL, "1000", "points to learn from; as many are unseen" },
    { "hidden", FLAG_INT, offsetof(Options, hidden), "16", NULL, "32", "tanh units in each of the two hidden layers" },
    { "steps", FLAG_INT, offsetof(Options, steps), "1500", "300", "2000", "steps, each with all points" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "0.2", NULL, NULL, "length of a step" },
    { "momentum", FLAG_FLOAT, offsetof(Options, momentum), "0.9", NULL, NULL, "how much of its velocity a step keeps" },
    { "noise", FLAG_FLOAT, offsetof(Options, noise), "0.15", NULL, NULL, "how far the moons are blurred" },
    { "seeds", FLAG_INT, offsetof(Options, seeds), "3", "1", "3", "nets, a seed each; the median counts" },
    { "graphs", FLAG_INT, offsetof(Options, graphs), "1000", "100", NULL, "random graphs that differences check" },
    { 0 },
};

enum { MAX_SEEDS = 100 };

static void *room(Arena *a, int64_t n, size_t size) { return arena_alloc(a, DEV_CPU, (size_t)n * size, "backprop"); }
static double seconds(void) { return (double)clock() / CLOCKS_PER_SEC; }
static double larger(double a, double b) { return isnan(a) || isnan(b) ? NAN : fmax(a, b); }

/* ---- The tape of the lesson, as a table and as a picture --------------------------------------------------------- */

static const char *draw(Program *p, const BackpropTape *t, const char *const *label)
{
    enum { MOST = 16 };
    GraphOp   op[MOST] = { 0 };
    GraphEnd  in[MOST][2] = { 0 };
    GraphStep step = { .op = op, .n = t->n, .title = "y = (a + b) a: values, and slopes of y",
                       .caption = "Down the arrows go values, up them slopes. a is used twice: its slope is a sum." };
    for (int i = 0; i < t->n; i++) {
        const BackpropNode *n = &t->node[i];
        op[i] = (GraphOp){ .name = label[i], .in = in[i], .n_in = backprop_operands(n->op), .n_out = 1 };
        in[i][0].from = n->a, in[i][1].from = n->b;
        snprintf(op[i].note, sizeof op[i].note, "%g, slope %g", n->value, n->grad);
    }
    FILE *f = fopen(sentence("%s/graph.tsv", p->out), "w");
    if (!f) return sentence("cannot write %s/graph.tsv: %s", p->out, strerror(errno));
    fprintf(f, "# place\ta\tb\tvalue\tslope\n");
    for (int i = 0; i < t->n; i++)
        fprintf(f, "%d\t%d\t%d\t%g\t%g\n", i, t->node[i].a, t->node[i].b, t->node[i].value, t->node[i].grad);
    if (fclose(f)) return sentence("cannot write %s/graph.tsv", p->out);
    return graph_draw_step(&step, sentence("%s/graph.svg", p->out));
}

static void pencil(Program *p)
{
    static const char *const label[] = { "a", "b", "c = a + b", "y = c a" };
    BackpropNode node[4];
    BackpropTape t = { node, 0, 4 };
    int a = backprop_record(&t, BACKPROP_INPUT, -1, -1, 3), b = backprop_record(&t, BACKPROP_INPUT, -1, -1, -1);
    int y = backprop_record(&t, BACKPROP_MUL, backprop_record(&t, BACKPROP_ADD, a, b, 0), a, 0);
    backprop_backward(&t, y);
    printf("\nplace  operation   operands  value  slope of y\n");
    for (int i = 0; i < t.n; i++)
        printf("%5d  %-10s  %3d %3d  %6g  %6g\n", i, label[i], node[i].a, node[i].b, node[i].value, node[i].grad);
    program_try(p, draw(p, &t, label));
}

/* ---- Random graphs, and a very deep one -------------------------------------------------------------------------- */

enum { INPUTS = 3, OPS = 20 };

/* The same operations on inputs of one's choice. */
static void play(BackpropTape *t, const BackpropNode *plan, const double *x)
{
    t->n = 0;
    for (int i = 0; i < INPUTS + OPS; i++)
        backprop_record(t, plan[i].op, plan[i].a, plan[i].b, i < INPUTS ? x[i] : 0);
}

/* How far the slopes of one random graph are from differences, relative to the largest. */
static double off_differences(Rng *rng)
{
    const double h = 1e-5;
    BackpropNode plan[INPUTS + OPS], node[INPUTS + OPS], moved[INPUTS + OPS];
    BackpropTape t = { node, 0, INPUTS + OPS }, other = { moved, 0, INPUTS + OPS };
    double       x[INPUTS], off = 0, largest = 1;
    static const BackpropOp from[] = { BACKPROP_ADD, BACKPROP_SUB, BACKPROP_MUL, BACKPROP_TANH, BACKPROP_TANH };
    for (int i = 0; i < INPUTS; i++) x[i] = rng_normal(rng);
    for (int i = 0; i < INPUTS + OPS; i++) {
        BackpropOp op = i < INPUTS ? BACKPROP_INPUT : from[rng_below(rng, 5)];
        plan[i] = (BackpropNode){ .op = op, .a = i ? (int)rng_below(rng, i) : 0, .b = i ? (int)rng_below(rng, i) : 0 };
    }
    play(&t, plan, x);
    backprop_backward(&t, t.n - 1);
    for (int i = 0; i < INPUTS; i++) {
        double kept = x[i], up, down;
        x[i] = kept + h, play(&other, plan, x), up = moved[other.n - 1].value;
        x[i] = kept - h, play(&other, plan, x), down = moved[other.n - 1].value;
        x[i] = kept;
        off = larger(off, fabs((up - down) / (2 * h) - node[i].grad)), largest = larger(largest, fabs(node[i].grad));
    }
    return off / largest;
}

static void check(Program *p, const Options *o, Rng *rng, Arena *a)
{
    enum { DEEP = 100000 };
    BackpropTape t = { room(a, DEEP + 1, sizeof(BackpropNode)), 0, DEEP + 1 };
    double       worst = 0;
    for (int g = 0; g < o->graphs && !p->stopped; g++) worst = larger(worst, off_differences(rng));
    printf("\n%d random graphs of %d operations\n", o->graphs, OPS);
    program_promise(p, "slopes, off central differences by (relative)", worst, "<=", 1e-5);
    backprop_record(&t, BACKPROP_INPUT, -1, -1, 1);
    for (int i = 0; i < DEEP; i++) backprop_record(&t, BACKPROP_ADD, i, 0, 0);
    double start = seconds();
    backprop_backward(&t, DEEP);
    printf("x + x + ... + x, %d operations deep: slope %.0f, %.2f ms for the walk back\n", DEEP, t.node[0].grad,
           1e3 * (seconds() - start));
    program_promise(p, "deep chain, off by", fabs(t.node[0].grad - DEEP - 1), "<=", 0);
}

/* ---- A net for two moons: 2 - H - H - 1, tanh -------------------------------------------------------------------- */

enum { LAYERS = 3 };

typedef struct Net {
    int     size[LAYERS + 1], P;
    double *w;                          /* (P): W0 (2,H), b0 (1,H), W1, b1, W2, b2 */
} Net;

typedef struct Moons {
    int     N;
    double *x, *minus;                  /* (N,2), (N): minus the label, which is 1 or -1 */
} Moons;

static Moons moons_new(Arena *a, int N, double noise, Rng *rng)
{
    Moons m = { N, room(a, 2 * N, sizeof(double)), room(a, N, sizeof(double)) };
    for (int n = 0; n < N; n++) {
        double angle = 3.141592653589793 * rng_uniform(rng), side = n % 2 ? 1 : -1;
        m.x[2 * n] = 0.5 * side - side * cos(angle) + noise * rng_normal(rng);
        m.x[2 * n + 1] = 0.25 * side - side * sin(angle) + noise * rng_normal(rng);
        m.minus[n] = -side;
    }
    return m;
}

static Net net_new(Arena *a, int H, Rng *rng)
{
    Net net = { .size = { 2, H, H, 1 } };
    for (int l = 0; l < LAYERS; l++) net.P += (net.size[l] + 1) * net.size[l + 1];
    double *w = net.w = room(a, net.P, sizeof *net.w);
    for (int l = 0; l < LAYERS; l++) {
        for (int k = 0; k < net.size[l] * net.size[l + 1]; k++) *w++ = rng_normal(rng) / sqrt(net.size[l]);
        for (int k = 0; k < net.size[l + 1]; k++) *w++ = 0;
    }
    return net;
}

/* Writes the loss down, mean of log(1 + exp(-label score)): its place. *scores: where the scores (N,1) are. */
static int write_matrices(BackpropGraph *g, const Net *net, const Moons *m, int *scores)
{
    const double *w = net->w, one = 1, part = 1.0 / m->N;
    int           at = (g->n = g->used = 0, backprop_matrix_input(g, m->x, m->N, 2, false));
    for (int l = 0; l < LAYERS; l++) {
        int IN = net->size[l], OUT = net->size[l + 1], W = backprop_matrix_input(g, w, IN, OUT, true);
        int b = backprop_matrix_input(g, w + IN * OUT, 1, OUT, true);
        at = backprop_matrix_record(g, BACKPROP_ADD, backprop_matrix_record(g, BACKPROP_MATMUL, at, W), b);
        if (l < LAYERS - 1) at = backprop_matrix_record(g, BACKPROP_TANH, at, 0);
        w += (IN + 1) * OUT;
    }
    *scores = at;
    at = backprop_matrix_record(g, BACKPROP_MUL, backprop_matrix_input(g, m->minus, m->N, 1, false), at);
    at = backprop_matrix_record(g, BACKPROP_EXP, at, 0);
    at = backprop_matrix_record(g, BACKPROP_ADD, at, backprop_matrix_input(g, &one, 1, 1, false));
    at = backprop_matrix_record(g, BACKPROP_SUM, backprop_matrix_record(g, BACKPROP_LOG, at, 0), 0);
    return backprop_matrix_record(g, BACKPROP_MUL, at, backprop_matrix_input(g, &part, 1, 1, false));
}

/* The gradients of all weights, in the order of net->w. */
static void gather(double *dw, const BackpropGraph *g)
{
    for (int i = 0; i < g->n; i++) {
        const BackpropMatrix *n = &g->node[i];
        for (int k = 0; k < n->R * n->C && n->op == BACKPROP_INPUT && n->learn; k++) *dw++ = n->grad[k];
    }
}

static BackpropGraph graph_room(Arena *a, const Net *net, const Moons *m)
{
    BackpropGraph g = { .room = 32, .size = 2 * (net->P + m->N * (4 * net->size[1] + 4 * net->size[2] + 16)) };
    g.node = room(a, g.room, sizeof *g.node), g.memory = room(a, g.size, sizeof *g.memory);
    return g;
}

/* The same loss, one number at a time; the first P places are the weights. */
static int write_numbers(BackpropTape *t, const Net *net, const Moons *m, int *unit)
{
    int total = -1;
    t->n = 0;
    for (int k = 0; k < net->P; k++) backprop_record(t, BACKPROP_INPUT, -1, -1, net->w[k]);
    int one = backprop_record(t, BACKPROP_INPUT, -1, -1, 1);
    for (int n = 0; n < m->N; n++) {
        int *in = unit, *out = unit + net->size[1] + 2, w = 0;
        for (int k = 0; k < 2; k++) in[k] = backprop_record(t, BACKPROP_INPUT, -1, -1, m->x[2 * n + k]);
        for (int l = 0; l < LAYERS; l++) {
            int IN = net->size[l], OUT = net->size[l + 1], *swap = in;
            for (int o = 0; o < OUT; o++) {
                int sum = w + IN * OUT + o;             /* the bias */
                for (int i = 0; i < IN; i++)
                    sum = backprop_record(t, BACKPROP_ADD, sum,
                                          backprop_record(t, BACKPROP_MUL, in[i], w + i * OUT + o, 0), 0);
                out[o] = l < LAYERS - 1 ? backprop_record(t, BACKPROP_TANH, sum, 0, 0) : sum;
            }
            in = out, out = swap, w += (IN + 1) * OUT;
        }
        int at = backprop_record(t, BACKPROP_INPUT, -1, -1, m->minus[n]);
        at = backprop_record(t, BACKPROP_EXP, backprop_record(t, BACKPROP_MUL, at, in[0], 0), 0, 0);
        at = backprop_record(t, BACKPROP_LOG, backprop_record(t, BACKPROP_ADD, at, one, 0), 0, 0);
        total = n ? backprop_record(t, BACKPROP_ADD, total, at, 0) : at;
    }
    return backprop_record(t, BACKPROP_MUL, total, backprop_record(t, BACKPROP_INPUT, -1, -1, 1.0 / m->N), 0);
}

/* One loss, one gradient, on both tapes. */
static void both_tapes(Program *p, const Options *o, Rng *rng, Arena *a)
{
    Moons         m = moons_new(a, o->points, o->noise, rng);
    Net           net = net_new(a, o->hidden, rng);
    int           H = o->hidden, a_point = 5 * H + H * (2 * H + 1) + 2 * H + 9, scores;
    BackpropTape  t = { .room = net.P + 3 + a_point * m.N };
    BackpropGraph g = graph_room(a, &net, &m);
    double       *dw = room(a, net.P, sizeof *dw), apart = 0, largest = 0;
    t.node = room(a, t.room, sizeof *t.node);
    int *unit = room(a, 2 * H + 4, sizeof *unit), y = write_numbers(&t, &net, &m, unit);
    int  z = write_matrices(&g, &net, &m, &scores);     /* once off the clock: new memory costs more than the work */
    double start = seconds();
    y = write_numbers(&t, &net, &m, unit);
    double written = seconds();
    backprop_backward(&t, y);
    double walked = seconds();
    z = write_matrices(&g, &net, &m, &scores);
    double written_too = seconds();
    backprop_sweep(&g, z);
    double walked_too = seconds();
    gather(dw, &g);
    for (int k = 0; k < net.P; k++)
        apart = larger(apart, fabs(dw[k] - t.node[k].grad)), largest = fmax(largest, fabs(dw[k]));
    printf("\none loss of %d points, %d weights\n"
           "tape of numbers    %8d places  forward %8.3f ms  back %8.3f ms: the walk back takes %.1f walks forward\n"
           "tape of matrices   %8d places  forward %8.3f ms  back %8.3f ms: %.1f\n"
           "by central differences the same gradient takes %d walks forward\n",
           m.N, net.P, t.n, 1e3 * (written - start), 1e3 * (walked - written), (walked - written) / (written - start),
           g.n, 1e3 * (written_too - walked), 1e3 * (walked_too - written_too),
           (walked_too - written_too) / (written_too - walked), 2 * net.P);
    program_promise(p, "gradients of both tapes, apart by (relative)", apart / largest, "<=", 1e-11);
}

/* ---- Two moons --------------------------------------------------------------------------------------------------- */

static double accuracy(BackpropGraph *g, const Net *net, const Moons *m)
{
    int scores, right = 0;
    write_matrices(g, net, m, &scores);
    for (int n = 0; n < m->N; n++) right += g->node[scores].value[n] * m->minus[n] < 0;
    return (double)right / m->N;
}

/* Where the score passes 0, between neighbours on a grid. */
static void border(Plot *plot, BackpropGraph *g, const Net *net, Arena *a)
{
    enum { STEPS = 44 };
    Moons line = { STEPS, room(a, 2 * STEPS, sizeof(double)), room(a, STEPS, sizeof(double)) };
    memset(line.minus, 0, STEPS * sizeof *line.minus);
    for (int way = 0; way < 2; way++)
        for (int k = 0; k < STEPS; k++) {
            int scores;
            for (int i = 0; i < STEPS; i++) {
                line.x[2 * i + way] = -2 + 4.0 * i / (STEPS - 1);
                line.x[2 * i + !way] = -2 + 4.0 * k / (STEPS - 1);
            }
            write_matrices(g, net, &line, &scores);
            const double *z = g->node[scores].value;
            for (int i = 1; i < STEPS; i++) {
                if ((z[i - 1] < 0) == (z[i] < 0)) continue;
                double x[2] = { line.x[2 * i], line.x[2 * i + 1] };
                x[way] -= 4.0 / (STEPS - 1) * z[i] / (z[i] - z[i - 1]);
                plot_point(plot, "score 0", round(1000 * x[0]) / 1000, round(1000 * x[1]) / 1000);
            }
        }
}

static const char *draw_boundary(Program *p, BackpropGraph *g, const Net *net, const Moons *m, Arena *a)
{
    Plot *plot = program_plot(p, "boundary", (PlotArg){
        .title = "two moons, and where the net's score is 0", .kind = PLOT_POINTS, .x = "x[0]", .y = "x[1]",
        .caption = "No straight line parts the moons. Nobody told the net how to bend: it followed slopes." });
    for (int n = 0; n < m->N; n++)
        plot_point(plot, m->minus[n] < 0 ? "label 1" : "label -1", round(1000 * m->x[2 * n]) / 1000,
                   round(1000 * m->x[2 * n + 1]) / 1000);
    border(plot, g, net, a);
    return plot_done(plot);
}

/* Trains one net; its accuracy on points that it has not seen. The first one is shown, and drawn. */
static double train(Program *p, const Options *o, uint64_t seed, bool show)
{
    Arena        *a = arena_new("net");
    Rng           rng = rng_new(seed), data = rng_stream(&rng, 1), weights = rng_stream(&rng, 2);
    Moons         seen = moons_new(a, o->points, o->noise, &data), unseen = moons_new(a, o->points, o->noise, &data);
    Net           net = net_new(a, o->hidden, &weights);
    BackpropGraph g = graph_room(a, &net, &seen);
    double       *v = memset(room(a, net.P, sizeof *v), 0, (size_t)net.P * sizeof *v), *dw = room(a, net.P, sizeof *dw);
    if (show)
        printf("\n2 - %d - %d - 1, tanh, %d weights\n  step     loss    seen  unseen\n", o->hidden, o->hidden, net.P);
    for (int step = 0; step <= o->steps && !p->stopped; step++) {
        int scores, y = write_matrices(&g, &net, &seen, &scores), every = o->steps < 5 ? 1 : o->steps / 5;
        double loss = *g.node[y].value;
        backprop_sweep(&g, y);
        gather(dw, &g);
        if (show && step % every == 0)
            printf("%6d %8.4f  %.4f  %.4f\n", step, loss, accuracy(&g, &net, &seen), accuracy(&g, &net, &unseen));
        for (int k = 0; k < net.P && step < o->steps; k++) net.w[k] += v[k] = o->momentum * v[k] - o->rate * dw[k];
        program_progress(p, step, o->steps, "steps");
    }
    if (show) program_try(p, draw_boundary(p, &g, &net, &seen, a));
    double result = accuracy(&g, &net, &unseen);
    arena_free(a);
    return result;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check_options(Program *p, const Options *o)
{
    if (o->points < 60 || o->points > 100000) program_try(p, sentence("--points=%d: from 60 to 100000", o->points));
    if (o->hidden < 1 || o->hidden > 256) program_try(p, sentence("--hidden=%d: from 1 to 256", o->hidden));
    if ((double)o->points * o->hidden * (o->hidden + 4) > 2e7)
        program_try(p, sentence("--points=%d --hidden=%d: the tape of numbers would have more than 50 million places",
                                o->points, o->hidden));
    if (o->steps < 1) program_try(p, sentence("--steps=%d: 1 or more", o->steps));
    if (o->graphs < 0) program_try(p, sentence("--graphs=%d: 0 or more", o->graphs));
    if (o->seeds < 1 || o->seeds > MAX_SEEDS) program_try(p, sentence("--seeds=%d: from 1 to %d", o->seeds, MAX_SEEDS));
}

int main(int argc, char **argv)
{
    Options  o;
    Program *p = program_start(argc, argv, "backprop", "Slopes of all on a tape; a net on two moons.", flags, &o);
    Arena   *a = arena_new("tapes");
    Rng      rng = rng_new(p->seed);
    double   result[MAX_SEEDS];
    int      done = 0;
    check_options(p, &o);
    pencil(p);
    check(p, &o, &rng, a);
    both_tapes(p, &o, &rng, a);
    arena_free(a);
    for (; done < o.seeds && !p->stopped; done++) result[done] = train(p, &o, p->seed + (uint64_t)done, done == 0);
    if (!p->stopped) {
        for (int k = 0; k < done; k++) printf("%s%.4f", k ? "  " : "unseen, by seed:  ", result[k]);
        printf("\n");
        qsort(result, (size_t)done, sizeof *result, by_size);
        program_promise(p, "median accuracy on unseen points", result[done / 2], ">=", p->quick ? 0.9 : 0.97);
    }
    return program_end(p);
}
