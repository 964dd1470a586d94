/* backprop.c -- reverse-mode differentiation from scratch: a tape of numbers, then a tape of matrices. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "backprop.h"

int backprop_operands(BackpropOp op)
{
    if (op == BACKPROP_INPUT) return 0;
    return op <= BACKPROP_DIV || op == BACKPROP_MATMUL ? 2 : 1;
}

double backprop_value(BackpropOp op, double a, double b)
{
    switch (op) {
    case BACKPROP_ADD: return a + b;
    case BACKPROP_SUB: return a - b;
    case BACKPROP_MUL: return a * b;
    case BACKPROP_DIV: return a / b;
    case BACKPROP_TANH: return tanh(a);
    case BACKPROP_RELU: return a < 0 ? 0 : a;               /* this way round NaN stays NaN */
    case BACKPROP_EXP: return exp(a);
    case BACKPROP_LOG: return log(a);
    default: return NAN;
    }
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* node[n] = op, a, b, value */
int backprop_record(BackpropTape *tape, BackpropOp op, int a, int b, double value)
{
    /* exercise: refuse what does not fit; else fill the next node and return its place */
    int operands = backprop_operands(op);
    if (tape->n == tape->room)
        return -1;
    if ((operands > 0 && (a < 0 || a >= tape->n)) || (operands > 1 && (b < 0 || b >= tape->n)))
        return -1;                                          /* an operand lies before its operation */
    BackpropNode *y = &tape->node[tape->n];
    *y = (BackpropNode){ op, operands > 0 ? a : -1, operands > 1 ? b : -1, value, 0 };
    if (operands)
        y->value = backprop_value(op, tape->node[a].value, operands > 1 ? tape->node[b].value : 0);
    return tape->n++;
    /* end */
}

/* y = op(a, b):  da = dy/da,  db = dy/db */
void backprop_slopes(double *da, double *db, BackpropOp op, double a, double b, double y)
{
    /* exercise: a line an operation; start from 0 for both */
    *da = *db = 0;
    switch (op) {
    case BACKPROP_ADD: *da = 1, *db = 1; break;
    case BACKPROP_SUB: *da = 1, *db = -1; break;
    case BACKPROP_MUL: *da = b, *db = a; break;
    case BACKPROP_DIV: *da = 1 / b, *db = -y / b; break;    /* -a / b^2 */
    case BACKPROP_TANH: *da = 1 - y * y; break;
    case BACKPROP_RELU: *da = a > 0; break;
    case BACKPROP_EXP: *da = y; break;
    case BACKPROP_LOG: *da = 1 / a; break;
    default: break;
    }
    /* end */
}

/* grad[a] += grad[i] dy/da,  grad[b] += grad[i] dy/db, from y to the first */
void backprop_backward(BackpropTape *tape, int y)
{
    /* exercise: clear all gradients, set y's, walk back; each node passes its own on to its operands */
    for (int i = 0; i < tape->n; i++)
        tape->node[i].grad = 0;
    tape->node[y].grad = 1;
    for (int i = y; i >= 0; i--) {                          /* who uses node i lies behind it: its grad is complete */
        const BackpropNode *n = &tape->node[i];
        if (n->op == BACKPROP_INPUT)
            continue;
        BackpropNode *a = &tape->node[n->a], *b = n->b < 0 ? NULL : &tape->node[n->b];
        double da, db;
        backprop_slopes(&da, &db, n->op, a->value, b ? b->value : 0, n->value);
        a->grad += n->grad * da;
        if (b)
            b->grad += n->grad * db;                        /* a and b may be one node */
    }
    /* end */
}

/* ---- Matrices ---------------------------------------------------------------------------------------------------- */

/* Which number of m stands for (r,c): its only row, or column, stands for all. */
static int place(const BackpropMatrix *m, int r, int c)
{
    return (m->R == 1 ? 0 : r) * m->C + (m->C == 1 ? 0 : c);
}

/* y[r][c] = a[r][c] op b[r][c] */
void backprop_elementwise(BackpropMatrix *y, const BackpropMatrix *a, const BackpropMatrix *b)
{
    /* exercise: for every number of y find those of a and b, and ask backprop_value */
    for (int r = 0; r < y->R; r++)
        for (int c = 0; c < y->C; c++)
            y->value[r * y->C + c] = backprop_value(y->op, a->value[place(a, r, c)], b ? b->value[place(b, r, c)] : 0);
    /* end */
}

/* da[r][c] += dy[r][c] dy/da,  db[r][c] += dy[r][c] dy/db */
void backprop_elementwise_backward(BackpropMatrix *a, BackpropMatrix *b, const BackpropMatrix *y)
{
    /* exercise: the same walk, with backprop_slopes; add where it was read */
    for (int r = 0; r < y->R; r++)
        for (int c = 0; c < y->C; c++) {
            int    i = r * y->C + c, ia = place(a, r, c), ib = b ? place(b, r, c) : 0;
            double da, db;
            backprop_slopes(&da, &db, y->op, a->value[ia], b ? b->value[ib] : 0, y->value[i]);
            if (a->needed)
                a->grad[ia] += y->grad[i] * da;             /* read many times: added to many times */
            if (b && b->needed)
                b->grad[ib] += y->grad[i] * db;
        }
    /* end */
}

void backprop_matmul(BackpropMatrix *y, const BackpropMatrix *a, const BackpropMatrix *b)
{
    memset(y->value, 0, (size_t)y->R * y->C * sizeof *y->value);
    for (int m = 0; m < y->R; m++)
        for (int k = 0; k < a->C; k++)
            for (int n = 0; n < y->C; n++)
                y->value[m * y->C + n] += a->value[m * a->C + k] * b->value[k * y->C + n];
}

/* da += dy b^T,  db += a^T dy */
void backprop_matmul_backward(BackpropMatrix *a, BackpropMatrix *b, const BackpropMatrix *y)
{
    /* exercise: the three loops of the product; each term sends dy[m][n] both ways */
    int M = y->R, N = y->C, K = a->C;
    for (int m = 0; m < M; m++)
        for (int k = 0; k < K; k++)
            for (int n = 0; n < N; n++) {                   /* y[m][n] has a[m][k] b[k][n] in it */
                double dy = y->grad[m * N + n];
                if (a->needed)
                    a->grad[m * K + k] += dy * b->value[k * N + n];
                if (b->needed)
                    b->grad[k * N + n] += dy * a->value[m * K + k];
            }
    /* end */
}

/* depends: a weight leads to it;  needed: depends, and leads to y */
void backprop_needed(BackpropGraph *g, int y)
{
    /* exercise: one walk from the first node for depends, one back from y for needed */
    for (int i = 0; i < g->n; i++) {
        BackpropMatrix *n = &g->node[i];
        n->depends = n->op == BACKPROP_INPUT ? n->learn
                                             : g->node[n->a].depends || (n->b >= 0 && g->node[n->b].depends);
        n->needed = i == y && n->depends;
    }
    for (int i = y; i >= 0; i--) {
        const BackpropMatrix *n = &g->node[i];
        if (!n->needed || n->op == BACKPROP_INPUT)
            continue;
        g->node[n->a].needed = g->node[n->a].depends;
        if (n->b >= 0)
            g->node[n->b].needed = g->node[n->b].depends;
    }
    /* end */
}

/* As backprop_backward, a matrix at a time. */
void backprop_sweep(BackpropGraph *g, int y)
{
    /* exercise: say what is needed, clear that, set y's to 1, walk back and let each op pass its gradient on */
    backprop_needed(g, y);
    for (int i = 0; i <= y; i++) {
        BackpropMatrix *n = &g->node[i];
        for (int k = 0; k < n->R * n->C && n->needed; k++)
            n->grad[k] = i == y;
    }
    for (int i = y; i >= 0; i--) {
        BackpropMatrix *n = &g->node[i];
        if (!n->needed || n->op == BACKPROP_INPUT)
            continue;
        BackpropMatrix *a = &g->node[n->a], *b = n->b < 0 ? NULL : &g->node[n->b];
        if (n->op == BACKPROP_MATMUL)
            backprop_matmul_backward(a, b, n);
        else if (n->op != BACKPROP_SUM)
            backprop_elementwise_backward(a, b, n);
        else
            for (int k = 0; k < a->R * a->C; k++)
                a->grad[k] += *n->grad;                     /* each of its numbers is in the sum once */
    }
    /* end */
}

/* ---- Writing matrices down --------------------------------------------------------------------------------------- */

/* A node whose value is not there yet; NULL: no room. */
static BackpropMatrix *append(BackpropGraph *g, BackpropMatrix n)
{
    if (n.R < 1 || n.C < 1 || g->n == g->room || n.R > (g->size - g->used) / 2 / n.C)
        return NULL;
    int count = n.R * n.C;
    n.value = g->memory + g->used, n.grad = n.value + count;
    memset(n.grad, 0, (size_t)count * sizeof *n.grad);
    g->used += 2 * count;
    g->node[g->n] = n;
    return &g->node[g->n++];
}

int backprop_matrix_input(BackpropGraph *g, const double *value, int R, int C, bool learn)
{
    BackpropMatrix *n = append(g, (BackpropMatrix){ BACKPROP_INPUT, -1, -1, R, C, learn, learn, false, NULL, NULL });
    if (!n)
        return -1;
    memcpy(n->value, value, (size_t)R * C * sizeof *value);
    return g->n - 1;
}

static bool broadcasts(int size, int to) { return size == to || size == 1; }

int backprop_matrix_record(BackpropGraph *g, BackpropOp op, int a, int b)
{
    int operands = backprop_operands(op);
    if (!operands || op > BACKPROP_MATMUL || a < 0 || a >= g->n || (operands > 1 && (b < 0 || b >= g->n)))
        return -1;
    const BackpropMatrix *A = &g->node[a], *B = operands > 1 ? &g->node[b] : NULL;
    BackpropMatrix        y = { .op = op, .a = a, .b = B ? b : -1, .R = A->R, .C = A->C };
    if (op == BACKPROP_SUM) y.R = y.C = 1;
    if (op == BACKPROP_MATMUL) y.C = B->C;
    if (op == BACKPROP_MATMUL && A->C != B->R) return -1;
    if (op <= BACKPROP_DIV) {
        if (A->R == 1) y.R = B->R;
        if (A->C == 1) y.C = B->C;
        if (!broadcasts(B->R, y.R) || !broadcasts(B->C, y.C)) return -1;
    }
    BackpropMatrix *n = append(g, y);
    if (!n)
        return -1;
    if (op == BACKPROP_MATMUL) backprop_matmul(n, A, B);
    else if (op != BACKPROP_SUM) backprop_elementwise(n, A, B);
    else {
        *n->value = 0;
        for (int k = 0; k < A->R * A->C; k++)
            *n->value += A->value[k];
    }
    return g->n - 1;
}
