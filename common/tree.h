/* tree.h -- decision trees from columns that are sorted once: exact questions, at the speed of a few reads. */
#pragma once
#include <stdint.h>

/*
 * X is (D,N): column d is X + d N, finite. A question is "x[column] <= threshold?"; who says yes goes left. Nodes are
 * numbered by depth, node 0 is the root, and of equal gains (to 1e-10 of the node's impurity) the lowest column counts,
 * then the lowest threshold, halfway between two neighbours. Columns are shared among threads; the same bits whatever
 * their number. N from 1 to 2^31 - 1, D >= 1. Memory that runs out, or a number out of range, is an error of the
 * program (CHECK).
 */
typedef struct TreeArg {
    int classes;                        /* 1 to 256: by Gini. 0: numbers, by variance */
    int max_depth, min_leaf;            /* the root has depth 0; an answer has min_leaf samples at least */
} TreeArg;

typedef struct TreeNode {
    int32_t column, left;               /* -1, -1: a leaf. The right child is left + 1 */
    int32_t first, last, depth;         /* last - first samples */
    float   threshold;
    double  gain, impurity;
} TreeNode;

typedef struct Tree {
    TreeNode *node;                     /* (nodes) */
    float    *value;                    /* (nodes,K): shares of the classes; or, K being 1, the mean */
    int64_t   nodes, K;
} Tree;                                 /* malloc's memory */

Tree tree_grow(const float *X, const int32_t *label, const float *target, TreeArg, int64_t D, int64_t N);
void tree_leaf(int32_t *leaf, const Tree *, const float *X, int64_t N);     /* (N): in which leaf each sample ends */
void tree_free(Tree *);
