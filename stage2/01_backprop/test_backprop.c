/* test_backprop.c -- probes that grade backprop.c, and oracles that prove the reference right. */
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "backprop.h"

enum { MAX_NODES = 48, MAX_NUMBERS = 64, DEEP = 100000 };

/* ---- Graphs of our own, in complex numbers: they wait for nothing that is graded --------------------------------- */

typedef struct Sketch {                                 /* value and grad of its nodes are not used */
    BackpropMatrix node[MAX_NODES];
    double complex value[MAX_NODES][MAX_NUMBERS];
    int            n;
} Sketch;

static int count(const BackpropMatrix *m) { return m->R * m->C; }
static bool has_two(BackpropOp op) { return (op >= BACKPROP_ADD && op <= BACKPROP_DIV) || op == BACKPROP_MATMUL; }

static double complex result(BackpropOp op, double complex a, double complex b)
{
    if (op == BACKPROP_ADD) return a + b;
    if (op == BACKPROP_SUB) return a - b;
    if (op == BACKPROP_MUL) return a * b;
    if (op == BACKPROP_DIV) return a / b;
    if (op == BACKPROP_TANH) return ctanh(a);
    if (op == BACKPROP_RELU) return creal(a) > 0 ? a : 0;
    return op == BACKPROP_EXP ? cexp(a) : clog(a);
}

static double complex number(const Sketch *s, int i, int r, int c)
{
    return s->value[i][(r % s->node[i].R) * s->node[i].C + c % s->node[i].C];
}

static void evaluate(Sketch *s, int i)
{
    const BackpropMatrix *y = &s->node[i];
    int                   K = y->op == BACKPROP_MATMUL ? s->node[y->a].C : 1;
    for (int r = 0; r < y->R && y->op != BACKPROP_INPUT; r++)
        for (int c = 0; c < y->C; c++) {
            double complex *to = &s->value[i][r * y->C + c];
            *to = 0;
            if (y->op == BACKPROP_MATMUL)
                for (int k = 0; k < K; k++) *to += number(s, y->a, r, k) * number(s, y->b, k, c);
            else if (y->op == BACKPROP_SUM)
                for (int k = 0; k < count(&s->node[y->a]); k++) *to += s->value[y->a][k];
            else *to = result(y->op, number(s, y->a, r, c), y->b < 0 ? 0 : number(s, y->b, r, c));
        }
}

static int add(Sketch *s, BackpropOp op, int a, int b, int R, int C)
{
    s->node[s->n] = (BackpropMatrix){ .op = op, .a = a, .b = has_two(op) ? b : -1, .R = R, .C = C };
    evaluate(s, s->n);
    return s->n++;
}

static int input(Sketch *s, int R, int C, bool learn, const double *value)
{
    int i = add(s, BACKPROP_INPUT, -1, -1, R, C);
    s->node[i].learn = learn;
    for (int k = 0; k < R * C; k++) s->value[i][k] = value ? value[k] : probe_real(-1.5, 1.5);
    return i;
}

static double least(const Sketch *s, int i, bool size)  /* of its numbers, or of their sizes */
{
    double least = INFINITY;
    for (int k = 0; k < count(&s->node[i]); k++)
        least = fmin(least, size ? cabs(s->value[i][k]) : creal(s->value[i][k]));
    return least;
}

static double most(const Sketch *s, int i)
{
    double most = 0;
    for (int k = 0; k < count(&s->node[i]); k++) most = fmax(most, cabs(s->value[i][k]));
    return most;
}

/* An operation of some operands, none that would end in numbers without meaning, or stand on ReLU's corner: there a
 * step along the imaginary axis may fall to either side. */
static void add_any(Sketch *s, BackpropOp last)
{
    int        a = probe_int(s->n > 6 ? s->n - 6 : 0, s->n - 1), b = probe_int(0, s->n - 1);
    BackpropOp op = (BackpropOp)probe_int(BACKPROP_ADD, (int)last);
    const BackpropMatrix *A = &s->node[a], *B = &s->node[b];
    int  R = A->R > B->R ? A->R : B->R, C = A->C > B->C ? A->C : B->C;
    bool fits = (A->R == 1 || A->R == R) && (B->R == 1 || B->R == R) && (A->C == 1 || A->C == C) &&
                (B->C == 1 || B->C == C);
    if (op == BACKPROP_MATMUL) fits = A->C == B->R, R = A->R, C = B->C;
    if (has_two(op) && (!fits || most(s, a) * most(s, b) > 9)) op = BACKPROP_TANH;
    if (op == BACKPROP_DIV && least(s, b, true) < 0.4) op = BACKPROP_MUL;
    if (op == BACKPROP_EXP && most(s, a) > 1.5) op = BACKPROP_TANH;
    if (op == BACKPROP_LOG && least(s, a, false) < 0.3) op = BACKPROP_RELU;
    if (op == BACKPROP_RELU && least(s, a, true) < 1e-3) op = BACKPROP_TANH;
    if (op == BACKPROP_SUM) R = C = 1;
    else if (!has_two(op)) R = A->R, C = A->C;
    add(s, op, a, b, R, C);
}

/* Inputs, weights and data, of shapes that fit; then operations up to `last`: diamonds come by themselves. */
static void random_up_to(Sketch *s, int inputs, int ops, int R, int C, BackpropOp last)
{
    s->n = 0;
    for (int i = 0; i < inputs; i++) {
        int shape = probe_int(0, 4);
        input(s, shape % 2 ? R : shape == 4 ? C : 1, shape == 4 ? R : shape < 2 ? 1 : C, probe_int(0, 2) > 0, NULL);
    }
    for (int i = 0; i < ops; i++) add_any(s, last);
}

static void random_sketch(Sketch *s, int inputs, int ops, int R, int C)
{
    random_up_to(s, inputs, ops, R, C, BACKPROP_MATMUL);
}

static void random_numbers(Sketch *s, int inputs, int ops) { random_up_to(s, inputs, ops, 1, 1, BACKPROP_LOG); }

/* What moves the sum of y's numbers, of each number of node i: a step along the imaginary axis, which costs no digits
 * (Squire, Trapp 1998). */
static double slope(Sketch *s, int y, int i, int k)
{
    const double h = 1e-40;
    double       sum = 0;
    double complex kept = s->value[i][k];
    s->value[i][k] += h * I;
    for (int j = i + 1; j <= y; j++) evaluate(s, j);
    for (int j = 0; j < count(&s->node[y]); j++) sum += cimag(s->value[y][j]);
    s->value[i][k] = kept;
    for (int j = i + 1; j <= y; j++) evaluate(s, j);
    return i > y ? 0 : sum / h;
}

/* How large a gradient gets when nothing cancels: what rounding may be relative to. */
static double gradient_scale(const Sketch *s, int y)
{
    static double size[MAX_NODES];                      /* the largest of a node's */
    double        largest = 1;
    memset(size, 0, sizeof size);
    size[y] = 1;
    for (int i = y; i >= 0; i--) {
        const BackpropMatrix *n = &s->node[i];
        largest = fmax(largest, size[i]);
        if (n->op == BACKPROP_INPUT) continue;
        double times = size[i] * sqrt(count(n)), da = 1, db = 1;
        if (n->op == BACKPROP_MUL || n->op == BACKPROP_MATMUL) da = most(s, n->b), db = most(s, n->a);
        if (n->op == BACKPROP_DIV) da = 1 / least(s, n->b, true), db = most(s, i) * da;
        if (n->op == BACKPROP_EXP) da = most(s, i);
        if (n->op == BACKPROP_LOG) da = 1 / least(s, n->a, true);
        size[n->a] += times * da;
        if (n->b >= 0) size[n->b] += times * db;
    }
    return largest;
}

/* ---- From a sketch to what the header asks for ------------------------------------------------------------------- */

_Static_assert(sizeof(BackpropNode) == 4 * sizeof(double), "room for nodes is asked for in doubles");
_Static_assert(sizeof(BackpropMatrix) % sizeof(double) == 0, "and for matrices");

static BackpropTape tape_with_room(int room)
{
    return (BackpropTape){ (BackpropNode *)probe_output_doubles(4 * room), 0, room };
}

static void put(BackpropTape *t, BackpropOp op, int a, int b, double value)
{
    t->node[t->n++] = (BackpropNode){ op, a, b, value, -77 };   /* what is in grad before does not matter */
}

static BackpropTape tape_of(const Sketch *s)            /* of matrices (1,1) */
{
    BackpropTape t = tape_with_room(s->n);
    for (int i = 0; i < s->n; i++) put(&t, s->node[i].op, s->node[i].a, s->node[i].b, creal(s->value[i][0]));
    return t;
}

static BackpropMatrix matrix(BackpropOp op, int R, int C, bool needed, double *value, double *grad)
{
    return (BackpropMatrix){ .op = op, .a = -1, .b = -1, .R = R, .C = C, .needed = needed, .value = value,
                             .grad = grad };
}

static BackpropGraph graph_of(const Sketch *s)
{
    BackpropGraph g = { .n = s->n, .room = s->n };
    g.node = (BackpropMatrix *)probe_output_doubles(s->n * (int)(sizeof *g.node / sizeof(double)));
    for (int i = 0; i < s->n; i++) {
        double value[MAX_NUMBERS];
        for (int k = 0; k < count(&s->node[i]); k++) value[k] = creal(s->value[i][k]);
        g.node[i] = s->node[i];
        g.node[i].needed = probe_int(0, 1), g.node[i].depends = probe_int(0, 1);
        g.node[i].value = probe_copy_doubles(count(&s->node[i]), value);
        g.node[i].grad = probe_inout_doubles(count(&s->node[i]));
    }
    return g;
}

/* The lesson's: y = (a + b) a with a = 3, b = -1. */
static void pencil(Sketch *s)
{
    s->n = 0;
    int a = input(s, 1, 1, true, (double[]){ 3 }), b = input(s, 1, 1, true, (double[]){ -1 });
    add(s, BACKPROP_MUL, add(s, BACKPROP_ADD, a, b, 1, 1), a, 1, 1);
}

/* The lesson's second: x (3,2) W (2,1) + b (1,1), squared by multiplying with itself, summed. */
static void pencil_matrices(Sketch *s)
{
    s->n = 0;
    int x = input(s, 3, 2, false, (double[]){ 1, 0, 0, 1, 1, 1 }), w = input(s, 2, 1, true, (double[]){ 2, -1 });
    int b = input(s, 1, 1, true, (double[]){ 1 });
    int z = add(s, BACKPROP_ADD, add(s, BACKPROP_MATMUL, x, w, 3, 1), b, 3, 1);
    add(s, BACKPROP_SUM, add(s, BACKPROP_MUL, z, z, 3, 1), -1, 1, 1);
}

/* ---- step backprop_record ---------------------------------------------------------------------------------------- */

/* scale: how large what is rounded on the way gets. */
static void emit_tape(const BackpropTape *t, double scale)
{
    int *written = probe_output_ints(3 * t->n);
    double *value = probe_output_doubles(t->n), *grad = probe_output_doubles(t->n);
    for (int i = 0; i < t->n; i++) {
        const BackpropNode *n = &t->node[i];
        written[3 * i] = (int)n->op, written[3 * i + 1] = n->a, written[3 * i + 2] = n->b;
        value[i] = n->value, grad[i] = n->grad;
    }
    emit_exact("op_a_b", written, t->n, 3);
    probe_terms(t->n);
    probe_scale(scale);
    emit("value", value, t->n);
    emit_exact("grad", grad, t->n);
}

PROBE(backprop_record, by_pencil)
{
    BackpropTape t = tape_with_room(4);
    int place[4];
    place[0] = backprop_record(&t, BACKPROP_INPUT, -1, -1, 3);
    place[1] = backprop_record(&t, BACKPROP_INPUT, -1, -1, -1);
    place[2] = backprop_record(&t, BACKPROP_ADD, 0, 1, 0);
    place[3] = backprop_record(&t, BACKPROP_MUL, 2, 0, 0);
    emit_exact("place", place, 4);
    emit_tape(&t, 1);
}

PROBE(backprop_record, any_operations)                  /* operands that are not there are given as anything */
{
    Sketch s;
    random_numbers(&s, 3, probe_int(1, 30));
    BackpropTape t = tape_with_room(s.n);
    double size = 1, grown = 1;                         /* of the largest value, and of what its rounding grows to */
    int *place = probe_output_ints(s.n);
    for (int i = 0; i < s.n; i++) size = fmax(size, most(&s, i)), grown = fmax(grown, gradient_scale(&s, i));
    for (int i = 0; i < s.n; i++) {
        const BackpropMatrix *n = &s.node[i];
        int                   junk = probe_int(-9, 9);
        place[i] = backprop_record(&t, n->op, n->a < 0 ? junk : n->a, n->b < 0 ? junk : n->b,
                                   n->op == BACKPROP_INPUT ? creal(s.value[i][0]) : probe_real(-9, 9));
    }
    emit_exact("place", place, s.n);
    emit_tape(&t, size * grown);
}

PROBE(backprop_record, not_on_the_tape_yet)             /* itself as operand; a place behind itself; none */
{
    BackpropTape t = tape_with_room(9);
    int place[8], at = 0;
    place[at++] = backprop_record(&t, BACKPROP_TANH, 5, 0, 0);
    place[at++] = backprop_record(&t, BACKPROP_INPUT, 0, 0, 2);
    place[at++] = backprop_record(&t, BACKPROP_ADD, 0, 1, 0);
    place[at++] = backprop_record(&t, BACKPROP_ADD, t.n, 0, 0);
    place[at++] = backprop_record(&t, BACKPROP_MUL, 0, t.n + 1, 0);
    place[at++] = backprop_record(&t, BACKPROP_EXP, 0, 7, 0);
    place[at++] = backprop_record(&t, BACKPROP_MUL, 0, -1, 0);
    place[at++] = backprop_record(&t, BACKPROP_EXP, -1, 0, 0);
    emit_exact("place", place, at);
    emit_tape(&t, 1);
}

PROBE(backprop_record, no_room)
{
    int room = probe_pick(1, 0, 3), place[5];
    BackpropTape t = tape_with_room(room);
    for (int i = 0; i < 5; i++) place[i] = backprop_record(&t, BACKPROP_INPUT, 0, 0, i);
    emit_exact("place", place, 5);
    emit_tape(&t, 1);
}

/* ---- step backprop_slopes ---------------------------------------------------------------------------------------- */

static void slopes(BackpropOp op, double a, double b)
{
    double y = creal(result(op, a, b)), *da = probe_output_doubles(1), *db = probe_output_doubles(1);
    backprop_slopes(da, db, op, a, b, y);
    probe_terms(1);
    emit("da", da, 1);
    emit("db", db, 1);
}

PROBE(backprop_slopes, by_pencil) { slopes(BACKPROP_MUL, 2, 3); }

PROBE(backprop_slopes, every_operation)                 /* a pick goes round: each of the eight in turn */
{
    BackpropOp op = (BackpropOp)probe_pick(BACKPROP_ADD, BACKPROP_SUB, BACKPROP_MUL, BACKPROP_DIV, BACKPROP_TANH,
                                           BACKPROP_RELU, BACKPROP_EXP, BACKPROP_LOG);
    double a = probe_real(0.3, 2) * (op == BACKPROP_LOG || probe_int(0, 1) ? 1 : -1);
    probe_scale(1);                                     /* 1 - y^2 is rounded near 1 */
    slopes(op, a, probe_real(0.4, 3) * (probe_int(0, 1) ? 1 : -1));
}

PROBE(backprop_slopes, relu_at_zero) { slopes(BACKPROP_RELU, 0, probe_real(0.5, 2)); }

PROBE(backprop_slopes, large_numbers)                   /* b^2 would be infinite, and exp(-y) 0 */
{
    double big = probe_real(1, 2) * 1e200;
    slopes(BACKPROP_DIV, big, big * probe_real(1, 2));
    probe_scale(1);
    slopes(BACKPROP_TANH, probe_real(30, 900), 0);
}

/* ---- step backprop_backward -------------------------------------------------------------------------------------- */

static void backward(const Sketch *s, int y)
{
    BackpropTape t = tape_of(s);
    double *grad = probe_output_doubles(t.n);
    backprop_backward(&t, y);
    for (int i = 0; i < t.n; i++) grad[i] = t.node[i].grad;
    probe_terms(t.n);
    probe_scale(gradient_scale(s, y));
    emit("grad", grad, t.n);
}

PROBE(backprop_backward, by_pencil)
{
    Sketch s;
    pencil(&s);
    backward(&s, 3);
}

/* x + x, then that times itself, and so on: every node is both operands of the next. */
PROBE(backprop_backward, diamonds)
{
    Sketch s = { 0 };
    double start = probe_real(0.5, 1);
    int at = input(&s, 1, 1, true, &start), deep = probe_pick(1, 2, 3, 5);
    for (int d = 0; d < deep; d++) at = add(&s, d % 2 ? BACKPROP_MUL : BACKPROP_ADD, at, at, 1, 1);
    backward(&s, at);
}

PROBE(backprop_backward, random_graphs)
{
    Sketch s;
    random_numbers(&s, probe_int(1, 4), probe_pick(1, 3, 7, 12));
    backward(&s, s.n - 1);
}

PROBE(backprop_backward, from_the_middle)               /* what lies behind y has nothing to do with it */
{
    Sketch s;
    random_numbers(&s, probe_int(1, 4), 12);
    backward(&s, probe_int(0, s.n - 2));
}

/* 100,000 operations one after the other, all in whole numbers: a walk that calls itself would run out of stack. */
PROBE(backprop_backward, deep_chain)
{
    BackpropTape t = tape_with_room(2 + probe_pick(10, DEEP, 33, 1000));
    put(&t, BACKPROP_INPUT, -1, -1, 1);
    put(&t, BACKPROP_INPUT, -1, -1, -1);
    for (int i = 2; i < t.room; i++) {
        bool turn = i % 7 == 0;                         /* times -1, else plus x */
        put(&t, turn ? BACKPROP_MUL : BACKPROP_ADD, i == 2 ? 0 : i - 1, turn ? 1 : 0, 0);
        BackpropNode *n = &t.node[i];
        n->value = turn ? -t.node[n->a].value : t.node[n->a].value + 1;
    }
    double *grad = probe_output_doubles(2);
    backprop_backward(&t, t.n - 1);
    grad[0] = t.node[0].grad, grad[1] = t.node[1].grad;
    emit_exact("grad", grad, 2);
}

/* ---- step backprop_elementwise ----------------------------------------------------------------------------------- */

typedef struct Pair { BackpropMatrix a, b, y; bool two; } Pair;

/* y (R,C) = a op b, each operand of one row or all, of one column or all, as `shape` (0 to 15) says. */
static Pair pair_of(BackpropOp op, int R, int C, int shape, bool a_needed, bool b_needed)
{
    Pair p = { .two = has_two(op) };
    int  Ra = shape & 1 ? 1 : R, Ca = shape & 2 ? 1 : C, Rb = shape & 4 ? 1 : R, Cb = shape & 8 ? 1 : C;
    if (p.two) R = Ra > Rb ? Ra : Rb, C = Ca > Cb ? Ca : Cb;
    else R = Ra, C = Ca;
    double low = op == BACKPROP_LOG ? 0.3 : -2;
    p.a = matrix(BACKPROP_INPUT, Ra, Ca, a_needed, probe_uniform_doubles(Ra * Ca, low, 2), NULL);
    p.a.grad = probe_inout_doubles(Ra * Ca);
    if (p.two) {
        double *value = probe_uniform_doubles(Rb * Cb, 0.4, 3);
        p.b = matrix(BACKPROP_INPUT, Rb, Cb, b_needed, value, probe_inout_doubles(Rb * Cb));
    }
    p.y = matrix(op, R, C, true, NULL, NULL);
    return p;
}

static BackpropOp some_op(void)
{
    return (BackpropOp)probe_pick(BACKPROP_ADD, BACKPROP_SUB, BACKPROP_MUL, BACKPROP_DIV, BACKPROP_TANH, BACKPROP_RELU,
                                  BACKPROP_EXP, BACKPROP_LOG);
}

static void elementwise(Pair *p)
{
    p->y.value = probe_output_doubles(count(&p->y));
    probe_freeze();
    backprop_elementwise(&p->y, &p->a, p->two ? &p->b : NULL);
    probe_terms(1);
    emit("y", p->y.value, p->y.R, p->y.C);
}

PROBE(backprop_elementwise, by_pencil)                  /* (3,1) + (1,1) */
{
    Pair p = { .two = true };
    p.a = matrix(BACKPROP_INPUT, 3, 1, false, probe_given_doubles(2, -1, 1), NULL);
    p.b = matrix(BACKPROP_INPUT, 1, 1, false, probe_given_doubles(1), NULL);
    p.y = matrix(BACKPROP_ADD, 3, 1, false, NULL, NULL);
    elementwise(&p);
}

PROBE(backprop_elementwise, like_shapes)
{
    Pair p = pair_of(some_op(), probe_pick(1, 2, 3, 5), probe_pick(1, 4, 7), 0, true, true);
    elementwise(&p);
}

PROBE(backprop_elementwise, broadcast)
{
    Pair p = pair_of((BackpropOp)probe_pick(BACKPROP_SUB, BACKPROP_DIV), probe_pick(3, 2, 5), probe_pick(4, 7, 2),
                     probe_int(1, 15), true, true);
    elementwise(&p);
}

PROBE(backprop_elementwise, with_itself)
{
    Pair p = pair_of((BackpropOp)probe_pick(BACKPROP_ADD, BACKPROP_SUB, BACKPROP_MUL), 3, 5, 0, true, true);
    p.y.value = probe_output_doubles(15);
    probe_freeze();
    backprop_elementwise(&p.y, &p.a, &p.a);
    probe_terms(1);
    emit("y", p.y.value, 3, 5);
}

/* ---- step backprop_elementwise_backward -------------------------------------------------------------------------- */

static void fill_results(Pair *p, const BackpropMatrix *b)
{
    double *value = malloc((size_t)count(&p->y) * sizeof *value);
    for (int r = 0; r < p->y.R; r++)
        for (int c = 0; c < p->y.C; c++)
            value[r * p->y.C + c] = creal(result(p->y.op, p->a.value[(r % p->a.R) * p->a.C + c % p->a.C],
                                                 b ? b->value[(r % b->R) * b->C + c % b->C] : 0));
    p->y.value = probe_copy_doubles(count(&p->y), value);
    p->y.grad = probe_normal_doubles(count(&p->y), 0, 1);
    free(value);
}

static void elementwise_backward(Pair *p)
{
    if (!p->y.value) fill_results(p, p->two ? &p->b : NULL);
    probe_freeze();
    backprop_elementwise_backward(&p->a, p->two ? &p->b : NULL, &p->y);
    probe_terms(count(&p->y));
    probe_scale(20 * sqrt(count(&p->y)));               /* slopes reach 20: 2 / 0.4 / 0.4, and e^2 */
    emit("da", p->a.grad, p->a.R, p->a.C);
    if (p->two) emit("db", p->b.grad, p->b.R, p->b.C);
}

PROBE(backprop_elementwise_backward, by_pencil)
{
    Pair p = { .two = true };
    p.a = matrix(BACKPROP_INPUT, 3, 1, true, probe_given_doubles(2, -1, 1), NULL);
    p.b = matrix(BACKPROP_INPUT, 1, 1, true, probe_given_doubles(1), NULL);
    p.y = matrix(BACKPROP_ADD, 3, 1, true, probe_given_doubles(3, 0, 2), probe_given_doubles(6, 0, 4));
    p.a.grad = probe_inout_copy(3, (double[]){ 0, 0, 0 }), p.b.grad = probe_inout_copy(1, (double[]){ 0 });
    elementwise_backward(&p);
}

PROBE(backprop_elementwise_backward, like_shapes)
{
    Pair p = pair_of(some_op(), probe_pick(1, 2, 3, 5), probe_pick(1, 4, 7), 0, true, true);
    elementwise_backward(&p);
}

PROBE(backprop_elementwise_backward, broadcast)
{
    BackpropOp op = (BackpropOp)probe_pick(BACKPROP_ADD, BACKPROP_SUB, BACKPROP_MUL, BACKPROP_DIV);
    Pair       p = pair_of(op, probe_pick(3, 2, 5), probe_pick(4, 7, 2), probe_int(1, 15), true, true);
    elementwise_backward(&p);
}

PROBE(backprop_elementwise_backward, not_needed)        /* one of both is data */
{
    int  which = probe_int(0, 1);
    Pair p = pair_of((BackpropOp)probe_pick(BACKPROP_MUL, BACKPROP_ADD), 3, 4, probe_int(0, 15), which, !which);
    elementwise_backward(&p);
}

PROBE(backprop_elementwise_backward, with_itself)       /* x x: 2 x dy */
{
    Pair p = pair_of((BackpropOp)probe_pick(BACKPROP_MUL, BACKPROP_ADD), 3, 5, 0, true, true);
    fill_results(&p, &p.a);
    probe_freeze();
    backprop_elementwise_backward(&p.a, &p.a, &p.y);
    probe_terms(15);
    probe_scale(80);
    emit("da", p.a.grad, 3, 5);
}

/* ---- step backprop_matmul_backward ------------------------------------------------------------------------------- */

static void matmul_backward(int M, int K, int N, bool a_needed, bool b_needed)
{
    BackpropMatrix a = matrix(BACKPROP_INPUT, M, K, a_needed, probe_normal_doubles(M * K, 0, 1), NULL);
    BackpropMatrix b = matrix(BACKPROP_INPUT, K, N, b_needed, probe_normal_doubles(K * N, 0, 1), NULL);
    BackpropMatrix y = matrix(BACKPROP_MATMUL, M, N, true, probe_doubles(M * N), probe_normal_doubles(M * N, 0, 1));
    a.grad = probe_inout_doubles(M * K), b.grad = probe_inout_doubles(K * N);
    probe_freeze();
    backprop_matmul_backward(&a, &b, &y);
    probe_terms(M + N);
    probe_scale(9 * sqrt(M + N));
    emit("da", a.grad, M, K);
    emit("db", b.grad, K, N);
}

PROBE(backprop_matmul_backward, by_pencil)              /* x (3,2) w (2,1), dy (3,1) */
{
    BackpropMatrix x = matrix(BACKPROP_INPUT, 3, 2, false, probe_given_doubles(1, 0, 0, 1, 1, 1), NULL);
    BackpropMatrix w = matrix(BACKPROP_INPUT, 2, 1, true, probe_given_doubles(2, -1), NULL);
    BackpropMatrix y = matrix(BACKPROP_MATMUL, 3, 1, true, probe_given_doubles(2, -1, 1), probe_given_doubles(6, 0, 4));
    x.grad = probe_inout_copy(6, (double[6]){ 0 }), w.grad = probe_inout_copy(2, (double[]){ 0, 0 });
    probe_freeze();
    backprop_matmul_backward(&x, &w, &y);
    emit("dw", w.grad, 2, 1);
    emit_exact("dx", x.grad, 3, 2);                     /* data: stays 0 */
}

PROBE(backprop_matmul_backward, awkward_sizes)
{
    matmul_backward(probe_pick(1, 2, 3, 9), probe_pick(1, 2, 7), probe_pick(1, 4, 5, 17), true, true);
}

PROBE(backprop_matmul_backward, not_needed)
{
    int which = probe_pick(0, 1);
    matmul_backward(3, 4, 5, which, !which);
}

PROBE(backprop_matmul_backward, with_itself)            /* y = a a: both sums meet in one gradient */
{
    int N = probe_pick(1, 2, 5);
    BackpropMatrix a = matrix(BACKPROP_INPUT, N, N, true, probe_normal_doubles(N * N, 0, 1), NULL);
    BackpropMatrix y = matrix(BACKPROP_MATMUL, N, N, true, probe_doubles(N * N), probe_normal_doubles(N * N, 0, 1));
    a.grad = probe_inout_doubles(N * N);
    probe_freeze();
    backprop_matmul_backward(&a, &a, &y);
    probe_terms(2 * N);
    probe_scale(20);
    emit("da", a.grad, N, N);
}

/* ---- step backprop_needed ---------------------------------------------------------------------------------------- */

static void needed(const Sketch *s, int y)
{
    BackpropGraph g = graph_of(s);
    int *depends = probe_output_ints(g.n), *need = probe_output_ints(g.n);
    probe_freeze();
    backprop_needed(&g, y);
    for (int i = 0; i < g.n; i++) depends[i] = g.node[i].depends, need[i] = g.node[i].needed;
    emit_exact("depends", depends, g.n);
    emit_exact("needed", need, g.n);
}

PROBE(backprop_needed, by_pencil)                       /* x, the data, is not */
{
    Sketch s;
    pencil_matrices(&s);
    needed(&s, s.n - 1);
}

PROBE(backprop_needed, random_graphs)
{
    Sketch s;
    random_sketch(&s, probe_int(2, 5), probe_pick(1, 4, 9, 20), 2, 3);
    needed(&s, s.n - 1);
}

PROBE(backprop_needed, from_the_middle)
{
    Sketch s;
    random_sketch(&s, probe_int(2, 5), 20, 2, 3);
    needed(&s, probe_int(0, s.n - 2));
}

PROBE(backprop_needed, only_data)                       /* no weight anywhere: nothing is needed, y included */
{
    Sketch s;
    random_sketch(&s, 3, 6, 2, 3);
    for (int i = 0; i < s.n; i++) s.node[i].learn = false;
    needed(&s, s.n - 1);
}

/* ---- step backprop_sweep ----------------------------------------------------------------------------------------- */

static void sweep(const Sketch *s, int y, int times)
{
    BackpropGraph g = graph_of(s);
    double *grad = probe_output_doubles(MAX_NODES * MAX_NUMBERS), *rest = probe_output_doubles(MAX_NODES * MAX_NUMBERS);
    int n = 0, left = 0;
    probe_freeze();
    for (int k = 0; k < times; k++) backprop_sweep(&g, y);
    for (int i = 0; i < g.n; i++)
        for (int k = 0; k < count(&s->node[i]); k++)
            if (g.node[i].needed) grad[n++] = g.node[i].grad[k];
            else rest[left++] = g.node[i].grad[k];      /* not touched */
    probe_terms(s->n * MAX_NUMBERS);
    probe_scale(gradient_scale(s, y));
    emit("needed", grad, n);
    emit_exact("others", rest, left);
}

PROBE(backprop_sweep, by_pencil)
{
    Sketch s;
    pencil_matrices(&s);
    sweep(&s, s.n - 1, 1);
}

PROBE(backprop_sweep, random_graphs)
{
    Sketch s;
    random_sketch(&s, probe_int(2, 5), probe_pick(2, 6, 12, 20), probe_pick(1, 2, 3), probe_pick(1, 4, 5));
    sweep(&s, s.n - 1, 1);
}

PROBE(backprop_sweep, from_the_middle_and_again)        /* the first sweep's gradients do not stay */
{
    Sketch s;
    random_sketch(&s, probe_int(2, 5), 20, 2, 3);
    sweep(&s, probe_int(0, s.n - 2), 2);
}

/* A net of one hidden layer, its loss, and what was only printed beside it. */
PROBE(backprop_sweep, network)
{
    Sketch s = { 0 };
    int N = probe_pick(1, 3, 5), H = probe_pick(1, 2, 4), x = input(&s, N, 3, false, NULL);
    int w = input(&s, 3, H, true, NULL), b = input(&s, 1, H, true, NULL), v = input(&s, H, 2, true, NULL);
    int z = add(&s, BACKPROP_ADD, add(&s, BACKPROP_MATMUL, x, w, N, H), b, N, H);
    int y = add(&s, BACKPROP_MATMUL, add(&s, BACKPROP_TANH, z, -1, N, H), v, N, 2);
    add(&s, BACKPROP_EXP, y, -1, N, 2);
    add(&s, BACKPROP_SUM, y, -1, 1, 1);
    sweep(&s, add(&s, BACKPROP_SUM, add(&s, BACKPROP_MUL, y, y, N, 2), -1, 1, 1), 1);
}

/* ---- oracles ----------------------------------------------------------------------------------------------------- */

ORACLE(backprop_record, pencil)
{
    BackpropNode node[4];
    BackpropTape t = { node, 0, 4 };
    int a = backprop_record(&t, BACKPROP_INPUT, 0, 0, 3), b = backprop_record(&t, BACKPROP_INPUT, 0, 0, -1);
    int y = backprop_record(&t, BACKPROP_MUL, backprop_record(&t, BACKPROP_ADD, a, b, 0), a, 0);
    expect(y == 3 && node[2].value == 2 && node[3].value == 6, "place %d, values %g, %g", y, node[2].value,
           node[3].value);
    expect(backprop_record(&t, BACKPROP_INPUT, 0, 0, 1) == -1 && t.n == 4, "a full tape takes one more");
}

/* Central differences of every operation's value. */
ORACLE(backprop_slopes, central_differences)
{
    const double h = 1e-5;
    for (BackpropOp op = BACKPROP_ADD; op <= BACKPROP_LOG; op++) {
        double a = probe_real(0.3, 2), b = probe_real(0.4, 3), da, db;
        backprop_slopes(&da, &db, op, a, b, backprop_value(op, a, b));
        double va = (backprop_value(op, a + h, b) - backprop_value(op, a - h, b)) / (2 * h);
        double vb = (backprop_value(op, a, b + h) - backprop_value(op, a, b - h)) / (2 * h);
        expect(fabs(da - va) <= 1e-8 * (1 + fabs(va)), "op %d: da %.12g, differences %.12g", (int)op, da, va);
        if (op <= BACKPROP_DIV)
            expect(fabs(db - vb) <= 1e-8 * (1 + fabs(vb)), "op %d: db %.12g, differences %.12g", (int)op, db, vb);
        else expect(db == 0, "op %d has no b: db %g", (int)op, db);
    }
}

ORACLE(backprop_slopes, no_overflow_on_the_way)
{
    double da, db;
    backprop_slopes(&da, &db, BACKPROP_DIV, 1e200, 2e200, 0.5);
    expect(fabs(db / -2.5e-201 - 1) < 1e-15 && fabs(da / 5e-201 - 1) < 1e-15, "%g, %g", da, db);
}

ORACLE(backprop_backward, pencil)
{
    Sketch s;
    pencil(&s);
    BackpropTape t = tape_of(&s);
    backprop_backward(&t, 3);
    double want[] = { 5, 3, 3, 1 };
    for (int i = 0; i < 4; i++)
        expect(t.node[i].grad == want[i], "node %d: got %g, want %g", i, t.node[i].grad, want[i]);
}

ORACLE(backprop_backward, complex_steps_on_random_graphs)
{
    Sketch s;
    random_numbers(&s, probe_int(1, 4), probe_int(1, 20));
    int y = probe_int(0, s.n - 1);
    double scale = gradient_scale(&s, y);
    BackpropTape t = tape_of(&s);
    backprop_backward(&t, y);
    for (int i = 0; i < s.n; i++) {
        double want = slope(&s, y, i, 0);
        expect(fabs(t.node[i].grad - want) <= 1e-14 * scale, "%d nodes, slope of %d for %d: got %.17g, want %.17g", s.n,
               y, i, t.node[i].grad, want);
    }
}

/* x + x + ... + x, 100,000 times; and a product of 100,000 factors. */
ORACLE(backprop_backward, deep_chains)
{
    int          deep = probe_pick(DEEP, 10, 33, 100, 1000, 7, 1, 2, 3, 400);
    double       x = 1 + 1e-6;
    BackpropTape t = tape_with_room(deep + 1);
    put(&t, BACKPROP_INPUT, -1, -1, 2);
    for (int i = 1; i <= deep; i++) put(&t, BACKPROP_ADD, i - 1, 0, 2.0 * (i + 1));
    backprop_backward(&t, deep);
    expect(t.node[0].grad == deep + 1, "%d terms: slope %.17g", deep + 1, t.node[0].grad);
    t.n = 0;
    put(&t, BACKPROP_INPUT, -1, -1, x);
    for (int i = 1; i <= deep; i++) put(&t, BACKPROP_MUL, i - 1, 0, x * t.node[i - 1].value);
    backprop_backward(&t, deep);
    double want = (deep + 1) * pow(x, deep);
    expect(fabs(t.node[0].grad / want - 1) < 1e-10, "%d factors: slope %.17g, want %.17g", deep + 1, t.node[0].grad,
           want);
}

ORACLE(backprop_elementwise, broadcasting_by_copies)
{
    Pair p = pair_of(BACKPROP_SUB, 3, 5, probe_int(0, 15), true, true);
    double y[15];
    p.y.value = y;
    backprop_elementwise(&p.y, &p.a, &p.b);
    for (int r = 0; r < p.y.R; r++)
        for (int c = 0; c < p.y.C; c++) {
            double want = p.a.value[(p.a.R > 1) * r * p.a.C + (p.a.C > 1) * c] -
                          p.b.value[(p.b.R > 1) * r * p.b.C + (p.b.C > 1) * c];
            expect(y[r * p.y.C + c] == want, "y[%d][%d]: got %g, want %g", r, c, y[r * p.y.C + c], want);
        }
}

/* Every number of every node of a random graph, weights and all, against a complex step. */
static void whole_graph(Sketch *s, int y)
{
    BackpropGraph g = graph_of(s);
    double scale = gradient_scale(s, y);
    backprop_sweep(&g, y);
    for (int i = 0; i < s->n; i++)
        for (int k = 0; k < count(&s->node[i]) && g.node[i].needed; k++) {
            double want = slope(s, y, i, k);
            expect(fabs(g.node[i].grad[k] - want) <= 1e-14 * scale, "node %d of %d, number %d: got %.17g, want %.17g",
                   i, s->n, k, g.node[i].grad[k], want);
        }
}

ORACLE(backprop_sweep, complex_steps_on_random_graphs)
{
    Sketch s;
    random_sketch(&s, probe_int(2, 5), probe_int(1, 24), probe_pick(1, 2, 3), probe_pick(1, 4, 5));
    whole_graph(&s, probe_int(0, s.n - 1));
}

ORACLE(backprop_sweep, pencil)
{
    Sketch s;
    pencil_matrices(&s);
    BackpropGraph g = graph_of(&s);
    backprop_sweep(&g, s.n - 1);
    expect(g.node[1].grad[0] == 10 && g.node[1].grad[1] == 4, "dw %g, %g", g.node[1].grad[0], g.node[1].grad[1]);
    expect(g.node[2].grad[0] == 10 && !g.node[0].needed, "db %g", g.node[2].grad[0]);
}

/* What is not needed has no slope that anybody could ask for: no weight moves it, or it does not move y. */
ORACLE(backprop_needed, by_moving_the_weights)
{
    Sketch s;
    random_sketch(&s, 4, 16, 2, 3);
    int y = probe_int(4, s.n - 1);
    BackpropGraph g = graph_of(&s);
    backprop_needed(&g, y);
    for (int i = 0; i < s.n; i++) {
        bool moved = false;
        for (int w = 0; w < 4; w++)
            for (int k = 0; k < count(&s.node[w]) && s.node[w].learn; k++) moved |= w <= i && slope(&s, i, w, k) != 0;
        expect(!moved || g.node[i].depends, "node %d moves with a weight", i);
        for (int k = 0; k < count(&s.node[i]); k++)
            expect(!moved || i > y || slope(&s, y, i, k) == 0 || g.node[i].needed, "node %d moves y", i);
    }
    expect(!g.node[s.n - 1].needed || y == s.n - 1, "what lies behind y is needed");
}

/* The recorders refuse what does not fit, and change nothing. */
ORACLE(backprop_sweep, recorders)
{
    BackpropMatrix node[8];
    double memory[40], x[] = { 1, 0, 0, 1, 1, 1 }, w[] = { 2, -1 }, one = 1;
    BackpropGraph g = { node, 0, 8, memory, 0, 40 };
    int X = backprop_matrix_input(&g, x, 3, 2, false), W = backprop_matrix_input(&g, w, 2, 1, true);
    int B = backprop_matrix_input(&g, &one, 1, 1, true);
    expect(backprop_matrix_record(&g, BACKPROP_MATMUL, W, X) == -1, "(2,1) times (3,2)");
    expect(backprop_matrix_record(&g, BACKPROP_ADD, X, W) == -1, "(3,2) plus (2,1)");
    expect(backprop_matrix_record(&g, BACKPROP_ADD, X, 9) == -1 && g.n == 3 && g.used == 18, "no such operand");
    int Z = backprop_matrix_record(&g, BACKPROP_ADD, backprop_matrix_record(&g, BACKPROP_MATMUL, X, W), B);
    expect(Z == 4 && node[4].value[0] == 3 && node[4].value[1] == 0 && node[4].value[2] == 2, "x w + b");
    int Y = backprop_matrix_record(&g, BACKPROP_SUM, backprop_matrix_record(&g, BACKPROP_MUL, Z, Z), 0);
    expect(Y == 6 && node[6].value[0] == 13, "the sum of squares: %g", node[6].value[0]);
    expect(backprop_matrix_record(&g, BACKPROP_MUL, X, X) == -1, "twelve numbers in a room for two");
    expect(backprop_matrix_input(&g, x, 1 << 16, 1 << 16, false) == -1 && g.n == 7, "2^32 numbers: 0 in an int");
    expect(backprop_matrix_record(&g, (BackpropOp)(BACKPROP_MATMUL + 1), Y, Y) == -1, "an op that is none");
    backprop_sweep(&g, Y);
    expect(node[W].grad[0] == 10 && node[W].grad[1] == 4, "dw %g, %g", node[W].grad[0], node[W].grad[1]);
}
