/* backprop.h -- reverse-mode differentiation from scratch: a tape of numbers, then a tape of matrices. */
/* kind: kernel; needs: nothing */
#pragma once
#include <stdbool.h>
#include "todo.h"

/*
 * Every operation that a loss is made of is written down, with its result: that list is the tape (Wengert: A simple
 * automatic derivative evaluation program, 1964). An operand is a place on the tape, 0 being the first, and always lies
 * before its operation. Walked from the end, the list gives the slope of one result for everything on it (Linnainmaa,
 * 1970). NaN and infinity are computed with, not trapped.
 */
typedef enum BackpropOp {
    BACKPROP_INPUT,                     /* comes from outside: no operand */
    BACKPROP_ADD,                       /* a + b */
    BACKPROP_SUB,                       /* a - b */
    BACKPROP_MUL,                       /* a b, number by number */
    BACKPROP_DIV,                       /* a / b */
    BACKPROP_TANH,                      /* of a alone, as all that follow but one */
    BACKPROP_RELU,                      /* max(0, a); its slope at 0 is 0 */
    BACKPROP_EXP,
    BACKPROP_LOG,
    BACKPROP_SUM,                       /* only on the tape of matrices: of all numbers in a, (1,1) */
    BACKPROP_MATMUL,                    /* only there: (M,K), (K,N) -> (M,N) */
} BackpropOp;

int    backprop_operands(BackpropOp);                   /* 0, 1 or 2. Given */
double backprop_value(BackpropOp, double a, double b);  /* of ADD to LOG; no b: it does not matter. Given */

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

typedef struct BackpropNode {
    BackpropOp op;
    int        a, b;                    /* places of its operands; -1: has none */
    double     value, grad;
} BackpropNode;

typedef struct BackpropTape {
    BackpropNode *node;                 /* (room), the first n in use */
    int           n, room;
} BackpropTape;

/*
 * Writes op, its operands and its value behind what is there, grad being 0, and returns its place. value is what an
 * INPUT holds; else it is worked out of the operands' values. Operands that op does not have are given as anything, and
 * kept as -1. Returns -1, and changes nothing, where there is no room left, or an operand is no place on the tape yet.
 * op is INPUT to LOG.
 */
int backprop_record(BackpropTape *, BackpropOp op, int a, int b, double value);

/*
 * da, db: how fast op's result grows with a, and with b; 0 for an operand that it does not have. y is the result, for
 * ops whose slope is told more easily from it. op is ADD to LOG.
 */
void backprop_slopes(double *da, double *db,                /* (1), (1) */
                     BackpropOp op, double a, double b, double y);

/*
 * grad of every node: the slope of node y's value for that node's. 1 for y itself, 0 for what lies behind it or does
 * not lead to it, provided that all slopes are finite: 0 times infinity is NaN, on a way that leads elsewhere too. What
 * was in grad before does not matter. A tape may be 100,000 operations deep.
 */
void backprop_backward(BackpropTape *, int y);

/* ---- Matrices ---------------------------------------------------------------------------------------------------- */

typedef struct BackpropMatrix {         /* (R,C), row-major */
    BackpropOp op;
    int        a, b;                    /* as above */
    int        R, C;                    /* 1 or more */
    bool       learn;                   /* an INPUT that wants its gradient: a weight */
    bool       depends;                 /* a weight leads to it: its value moves when weights do */
    bool       needed;                  /* and it leads to the result: its gradient is worked out */
    double    *value, *grad;            /* (R,C), (R,C) */
} BackpropMatrix;

typedef struct BackpropGraph {
    BackpropMatrix *node;               /* (room), the first n in use */
    int             n, room;
    double         *memory;             /* where values and gradients are put */
    int             used, size;         /* of it, in numbers */
} BackpropGraph;

/*
 * y->value = a op b, number by number, of the op that y->op says: ADD to LOG. An operand with one row is used for every
 * row of y, one with one column for every column (NumPy's broadcasting): its R is y's or 1, and so is its C. b is NULL
 * where op has one operand. a and b may be the same.
 */
void backprop_elementwise(BackpropMatrix *y, const BackpropMatrix *a, const BackpropMatrix *b);

/*
 *   a->grad += y->grad times the slope for a         b->grad likewise
 *
 * Number by number; what was used for many numbers of y gets the sum over them. ADDED TO, and only where the operand is
 * needed. b is NULL where op has one operand; a and b may be the same.
 */
void backprop_elementwise_backward(BackpropMatrix *a, BackpropMatrix *b, const BackpropMatrix *y);

void backprop_matmul(BackpropMatrix *y, const BackpropMatrix *a, const BackpropMatrix *b);  /* Given */

/*
 *   y = a b:   da += dy b^T      db += a^T dy         (M,N) (N,K) -> (M,K),  (K,M) (M,N) -> (K,N)
 *
 * ADDED TO, and only where the operand is needed. a and b may be the same.
 */
void backprop_matmul_backward(BackpropMatrix *a, BackpropMatrix *b, const BackpropMatrix *y);

/*
 * depends of every node: whether it is a weight (an INPUT with learn), or one leads to it. needed: whether it depends,
 * and leads to y; y leads to itself. Gradients of the data, and of what was only printed, cost nothing that way.
 */
void backprop_needed(BackpropGraph *, int y);

/*
 * grad of every node that is needed: the slope, for each of its numbers, of the sum of y's. grad of the others is not
 * touched. What was in grad before does not matter. Sets depends and needed as above.
 */
void backprop_sweep(BackpropGraph *, int y);

/* The place of a new node, or -1: no room for it or its numbers, no such operand, shapes that do not fit, an op that is
 * none. value is copied. Given. */
int backprop_matrix_input(BackpropGraph *, const double *value, int R, int C, bool learn);
int backprop_matrix_record(BackpropGraph *, BackpropOp op, int a, int b);
