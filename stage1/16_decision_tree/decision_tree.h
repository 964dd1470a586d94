/* decision_tree.h -- questions with two answers, one below the other: CART for classes and numbers, grown, pruned. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * N samples of D numbers. X is (D,N): column d, the same number of every sample, is X + d N. All numbers are double and
 * finite; N, D >= 1. A question is "is x[column] <= threshold?"; who says yes goes left. Outputs are written, whatever
 * was in them. Breiman, Friedman, Olshen, Stone: Classification and Regression Trees, 1984.
 */
enum { DECISION_TREE_GINI, DECISION_TREE_ENTROPY, DECISION_TREE_VARIANCE };

typedef struct DecisionTreeTask {
    int           kind;             /* what impurity is: one of the three above */
    int           K;                /* classes, 1 or more; VARIANCE: 1 */
    const int    *label;            /* (N) 0 .. K-1; VARIANCE: not read */
    const double *target;           /* (N) VARIANCE: the numbers to foretell; else not read */
    int           max_depth;        /* the root has depth 0, and 0 leaves it alone */
    int           min_leaf;         /* samples that each answer to a question must have at least, 1 or more */
} DecisionTreeTask;

typedef struct DecisionTreeSplit { int column; double threshold, gain; } DecisionTreeSplit;    /* column -1: none */

/*
 * Gains are equal if they differ by less than this times the node's impurity: rounding decides nothing. Of equal ones
 * the lowest column counts, then the lowest threshold. A threshold lies halfway between two neighbours of its column.
 */
#define DECISION_TREE_EQUAL 1e-10

/*
 *   gini = 1 - sum p_k^2      entropy = - sum p_k log2 p_k      p_k = count[k] / n, n the sum of count; 0 log 0 is 0
 *
 * kind is GINI or ENTROPY; n >= 1.
 */
double decision_tree_impurity(const int *count, int K, int kind);                   /* (K) */

/*
 *   gain = impurity of all - n_left / n impurity of the left - n_right / n impurity of the right
 *
 * The best threshold of one column, x (N): order names n samples by growing x. Returns the gain, 0 included; -1, and
 * threshold is not written, where all x are equal or min_leaf allows no question. kind is GINI or ENTROPY. The samples
 * are not all of one class, here and below. count is working memory.
 */
double decision_tree_threshold(double *threshold, int *count,                       /* (2,K) */
                               const double *x, const int *order, const DecisionTreeTask *, int n);

/*
 * The same for kind VARIANCE: impurity is the mean square distance from the mean. With s the sum over the left side of
 * target - mean of all:
 *   gain = s^2 / (n_left n_right)
 */
double decision_tree_variance(double *threshold,
                              const double *x, const int *order, const DecisionTreeTask *, int n);

/*
 * The same from bins: code[i], 0 .. B-1, is the bin that sample i's number lies in, sample names n samples in any
 * order. The question is "is code <= bin?". count[b][k], samples of bin b and class k, is written too. Returns the
 * gain, or -1 as above; of equal ones the lowest bin. kind is GINI or ENTROPY. side is working memory. 1 <= B <= 256.
 */
double decision_tree_histogram(int *bin, int *count, int *side,                     /* (B,K), (2,K) */
                               const unsigned char *code, const int *sample, const DecisionTreeTask *, int B, int n);

/* For bins: code[i] of column x (N), all samples sorted in order, into at most B bins of about as many samples each;
 * edge[b] is the threshold between bins b and b+1. Equal numbers share a bin. Returns how many bins. */
int decision_tree_bins(unsigned char *code, double *edge,                           /* (N), (B - 1) */
                       const double *x, const int *order, int B, int N);

/*
 * order (D,N) holds, at first .. last-1 of each row, the same samples, sorted by that row's column. Puts those in front
 * that go left, in every row, both sides still sorted (equal numbers as they stood). Returns how many go left.
 * order is in/out, spare working memory.
 */
int decision_tree_partition(int *order, int *spare,                                 /* (D,N), (N) */
                            const double *X, const DecisionTreeSplit *, int first, int last, int D, int N);

/* The best question about samples first .. last-1, over all columns; impurity is theirs. */
DecisionTreeSplit decision_tree_split(int *count,                                   /* (2,K) */
                                      const double *X, const int *order, const DecisionTreeTask *, double impurity,
                                      int first, int last, int D, int N);

typedef struct DecisionTreeNode {
    int    first, last, depth;      /* its samples: first .. last-1 in each row of order */
    int    column, left;            /* -1, -1: a leaf. Else the question, and the left child; the right is left + 1 */
    double threshold, gain, impurity;                                               /* of a leaf: 0, 0 and its own */
} DecisionTreeNode;

/*
 * Grows a tree; node 0 is the root. Nodes are asked in the order of their numbers, and the two that a question makes
 * get the next free ones. A node stays a leaf that is pure (one label, one target), lies at max_depth, or has no
 * question left; a gain of 0 does not stop it. value[at]: shares of the classes, or the mean. Returns how many nodes.
 */
int decision_tree_grow(DecisionTreeNode *node, double *value,                       /* (2 N - 1), (2 N - 1,K) */
                       int *order, int *spare, int *count,              /* working memory: (D,N), (N), (2,K) */
                       const double *X, const DecisionTreeTask *, int D, int N);

/* leaf[i]: the leaf in which sample i ends. X (D,N) may be other samples than the tree was grown from. */
void decision_tree_leaf(int *leaf,                                                  /* (N) */
                        const DecisionTreeNode *node, const double *X, int N);

/*
 *   R(t) = impurity of t  samples of t / N          R(T_t) = the sum of R over the leaves below t
 *   alpha(t) = (R(t) - R(T_t)) / (leaves below t - 1)
 *
 * Cuts at the weakest link: the node with a question whose alpha is least (of equal ones, within DECISION_TREE_EQUAL
 * times the root's impurity, the one with the lowest number) becomes a leaf, and so do all below it. Returns its alpha;
 * -1 for a tree that is a leaf. risk and leaves are working memory. node is in/out.
 */
double decision_tree_prune(DecisionTreeNode *node, double *risk, int *leaves,       /* (nodes) each */
                           int nodes);
