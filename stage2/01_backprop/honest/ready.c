/* ready.c -- an honest variant: no order is relied on. A node is ready when all who use it have passed their share on;
 * the slopes stand in a table of functions. */
#include <math.h>
#include <stdlib.h>
#include "backprop.h"

typedef double Slope(double a, double b, double y);
static double one(double a, double b, double y) { return (void)a, (void)b, (void)y, 1; }
static double minus_one(double a, double b, double y) { return (void)a, (void)b, (void)y, -1; }
static double first(double a, double b, double y) { return (void)b, (void)y, a; }
static double second(double a, double b, double y) { return (void)a, (void)y, b; }
static double result(double a, double b, double y) { return (void)a, (void)b, y; }
static double inverse_first(double a, double b, double y) { return (void)b, (void)y, 1 / a; }
static double inverse_second(double a, double b, double y) { return (void)a, (void)y, 1 / b; }
static double minus_quotient(double a, double b, double y) { return (void)a, -(y / b); }
static double bell(double a, double b, double y) { return (void)a, (void)b, (1 - y) * (1 + y); }
static double step(double a, double b, double y) { return (void)b, (void)y, a > 0 ? 1 : 0; }

static const struct Row { int operands; Slope *a, *b; } rows[] = {
    [BACKPROP_INPUT] = { 0, NULL, NULL },
    [BACKPROP_ADD] = { 2, one, one },
    [BACKPROP_SUB] = { 2, one, minus_one },
    [BACKPROP_MUL] = { 2, second, first },
    [BACKPROP_DIV] = { 2, inverse_second, minus_quotient },
    [BACKPROP_TANH] = { 1, bell, NULL },
    [BACKPROP_RELU] = { 1, step, NULL },
    [BACKPROP_EXP] = { 1, result, NULL },
    [BACKPROP_LOG] = { 1, inverse_first, NULL },
    [BACKPROP_SUM] = { 1, NULL, NULL },
    [BACKPROP_MATMUL] = { 2, NULL, NULL },
};

int backprop_operands(BackpropOp op) { return rows[op].operands; }

double backprop_value(BackpropOp op, double a, double b)
{
    double (*of_one[])(double) = { [BACKPROP_TANH] = tanh, [BACKPROP_EXP] = exp, [BACKPROP_LOG] = log };
    double of_two[] = { [BACKPROP_ADD] = a + b, [BACKPROP_SUB] = a - b, [BACKPROP_MUL] = a * b };
    if (op == BACKPROP_DIV) return a / b;
    if (op == BACKPROP_RELU) return a > 0 || isnan(a) ? a : 0;
    return op < BACKPROP_DIV ? of_two[op] : of_one[op](a);
}

static bool holds(const BackpropTape *tape, int place) { return (unsigned)place < (unsigned)tape->n; }

int backprop_record(BackpropTape *tape, BackpropOp op, int a, int b, double value)
{
    BackpropNode n = { .op = op, .a = -1, .b = -1, .value = value };
    if (rows[op].a) {
        if (!holds(tape, a)) return -1;
        n.a = a;
    }
    if (rows[op].b) {
        if (!holds(tape, b)) return -1;
        n.b = b;
    }
    if (tape->room - tape->n <= 0) return -1;
    if (n.a >= 0) n.value = backprop_value(op, tape->node[a].value, n.b < 0 ? NAN : tape->node[b].value);
    tape->node[tape->n] = n;
    return (tape->n += 1) - 1;
}

void backprop_slopes(double *da, double *db, BackpropOp op, double a, double b, double y)
{
    const struct Row *r = &rows[op];
    *da = r->a ? r->a(a, b, y) : 0;
    *db = r->b ? r->b(a, b, y) : 0;
}

/* users[i]: how many shares node i waits for. Nodes that wait for none lie on a stack. */
void backprop_backward(BackpropTape *tape, int y)
{
    int *users = calloc(2 * (size_t)tape->n + 1, sizeof *users), *ready = users + tape->n, waiting = 0;
    char *leads = calloc((size_t)tape->n, 1);
    leads[y] = 1;
    for (int i = tape->n - 1; i >= 0; i--) {
        BackpropNode *n = &tape->node[i];
        n->grad = 0;
        if (leads[i] && n->a >= 0) leads[n->a] = 1, users[n->a]++;
        if (leads[i] && n->b >= 0) leads[n->b] = 1, users[n->b]++;
    }
    tape->node[y].grad = 1, ready[waiting++] = y;
    while (waiting) {
        const BackpropNode *n = &tape->node[ready[--waiting]];
        const int           to[] = { n->a, n->b };
        double              share[2];
        if (n->a < 0) continue;
        backprop_slopes(&share[0], &share[1], n->op, tape->node[n->a].value, n->b < 0 ? 0 : tape->node[n->b].value,
                        n->value);
        for (int k = 1; k >= 0; k--) {
            if (to[k] < 0) continue;
            tape->node[to[k]].grad += share[k] * n->grad;
            if (--users[to[k]] == 0) ready[waiting++] = to[k];
        }
    }
    free(users), free(leads);
}

/* ---- Matrices: strides of 0 where something is used again ---- */

typedef struct Walk { int row, column; } Walk;
static Walk walk(const BackpropMatrix *m) { return (Walk){ m->R == 1 ? 0 : m->C, m->C == 1 ? 0 : 1 }; }

void backprop_elementwise(BackpropMatrix *y, const BackpropMatrix *a, const BackpropMatrix *b)
{
    Walk    wa = walk(a), wb = b ? walk(b) : (Walk){ 0, 0 };
    double  none = 0, *to = y->value;
    const double *right = b ? b->value : &none;
    for (int r = 0; r < y->R; r++)
        for (int c = 0; c < y->C; c++)
            *to++ = backprop_value(y->op, a->value[r * wa.row + c * wa.column], right[r * wb.row + c * wb.column]);
}

void backprop_elementwise_backward(BackpropMatrix *a, BackpropMatrix *b, const BackpropMatrix *y)
{
    BackpropMatrix *side[] = { a, b };
    for (int k = 0; k < 2; k++) {
        if (!side[k] || !side[k]->needed) continue;
        Walk to = walk(side[k]);
        for (int r = y->R - 1; r >= 0; r--)
            for (int c = y->C - 1; c >= 0; c--) {
                double slope[2], right = b ? b->value[r * walk(b).row + c * walk(b).column] : 0;
                backprop_slopes(&slope[0], &slope[1], y->op, a->value[r * walk(a).row + c * walk(a).column], right,
                                y->value[r * y->C + c]);
                side[k]->grad[r * to.row + c * to.column] += slope[k] * y->grad[r * y->C + c];
            }
    }
}

void backprop_matmul(BackpropMatrix *y, const BackpropMatrix *a, const BackpropMatrix *b)
{
    for (int n = 0; n < y->C; n++)
        for (int m = 0; m < y->R; m++) {
            double sum = 0;
            for (int k = 0; k < a->C; k++) sum = fma(a->value[m * a->C + k], b->value[k * y->C + n], sum);
            y->value[m * y->C + n] = sum;
        }
}

void backprop_matmul_backward(BackpropMatrix *a, BackpropMatrix *b, const BackpropMatrix *y)
{
    for (int n = 0; n < y->C; n++)
        for (int k = 0; k < a->C; k++) {
            double sum = 0;
            for (int m = y->R - 1; m >= 0; m--) {
                double dy = y->grad[m * y->C + n];
                sum = fma(dy, a->value[m * a->C + k], sum);
                if (a->needed) a->grad[m * a->C + k] = fma(dy, b->value[k * y->C + n], a->grad[m * a->C + k]);
            }
            if (b->needed) b->grad[k * y->C + n] += sum;
        }
}

void backprop_needed(BackpropGraph *g, int y)
{
    int *stack = calloc((size_t)g->n + 1, sizeof *stack), deep = 0;
    for (BackpropMatrix *n = g->node; n < g->node + g->n; n++) {
        n->needed = false, n->depends = n->op == BACKPROP_INPUT && n->learn;
        if (n->a >= 0) n->depends |= g->node[n->a].depends;
        if (n->b >= 0) n->depends |= g->node[n->b].depends;
    }
    if (g->node[y].depends) g->node[y].needed = true, stack[deep++] = y;
    while (deep) {
        const BackpropMatrix *n = &g->node[stack[--deep]];
        const int             to[] = { n->a, n->b };
        for (int k = 0; k < 2; k++) {
            BackpropMatrix *m = to[k] < 0 ? NULL : &g->node[to[k]];
            if (m && m->depends && !m->needed) m->needed = true, stack[deep++] = to[k];
        }
    }
    free(stack);
}

static void fill(BackpropMatrix *n, double with)
{
    for (double *to = n->grad; to < n->grad + n->R * n->C; to++) *to = with;
}

void backprop_sweep(BackpropGraph *g, int y)
{
    backprop_needed(g, y);
    for (int i = 0; i < g->n; i++)
        if (g->node[i].needed) fill(&g->node[i], i == y);
    for (BackpropMatrix *n = g->node + y; n >= g->node; n--) {
        BackpropMatrix *a = g->node + n->a, *b = n->b < 0 ? NULL : g->node + n->b;
        if (!n->needed || n->a < 0) continue;
        if (n->op == BACKPROP_SUM)
            for (int k = 0; k < a->R * a->C; k++) a->grad[k] = n->grad[0] + a->grad[k];
        if (n->op == BACKPROP_MATMUL) backprop_matmul_backward(a, b, n);
        if (n->op < BACKPROP_SUM) backprop_elementwise_backward(a, b, n);
    }
}

/* Given, and no probe calls them. */
int backprop_matrix_input(BackpropGraph *g, const double *value, int R, int C, bool learn)
{
    return (void)value, (void)R, (void)C, (void)learn, g->n;
}

int backprop_matrix_record(BackpropGraph *g, BackpropOp op, int a, int b) { return (void)op, (void)a, (void)b, g->n; }
