/* boost.h -- gradient boosting over bins: one byte a number, sums of whole numbers, the larger child by subtraction. */
#pragma once
#include <stdint.h>

/*
 * X is (N,D) row-major, NaN where a number is missing; y (N) are 0 or 1, or any numbers (squared). Trees grow level by
 * level to max_depth; a leaf of sums G and H of the loss's two derivatives adds -rate G / (H + lambda), a split gains
 * 1/2 (GL^2 / (HL + lambda) + GR^2 / (HR + lambda) - G^2 / (H + lambda)) - gamma, the missing on the better side. The
 * derivatives of a round are rounded to whole numbers of about 16 bits, so sums are exact: the same bits whatever the
 * number of threads. N from 1 to 2^21, D from 1 to 65535. Memory that runs out is an error of the program (CHECK).
 */
typedef struct BoostArg {
    int    squared;                     /* 0: log loss */
    int    rounds, max_depth, bins;     /* depth 1 to 12; bins of a column, 2 to 255 */
    double rate, lambda, gamma, min_weight, base;       /* base: what is foretold before the first tree */
} BoostArg;

/* All columns in bins, made once for many runs. */
typedef struct BoostBins BoostBins;
BoostBins *boost_bins(const float *X, int bins, int64_t N, int64_t D);
void       boost_bins_free(BoostBins *);

typedef struct BoostNode {
    int32_t column, left;               /* -1, -1: a leaf. The right child is left + 1 */
    float   threshold, value;           /* at most the threshold, and the missing if missing_left, go left */
    int32_t missing_left;
} BoostNode;

typedef struct Boost {
    BoostNode *node;                    /* tree after tree, children counted from their own tree's first node */
    int64_t   *first;                   /* (rounds + 1) */
    int64_t    rounds;
    double     base;
} Boost;                                /* malloc's memory */

Boost boost_train(const BoostBins *, const float *y, BoostArg);
void  boost_predict(float *f, const Boost *, const float *X, int64_t N, int64_t D);     /* (N): base and all trees */
void  boost_free(Boost *);
