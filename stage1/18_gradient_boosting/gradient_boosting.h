/* gradient_boosting.h -- many small trees, each fitted to what is still wrong: second-order gains from bins. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * N samples of D numbers: X is (D,N), column d at X + d N, double, finite or NaN where a number is missing. y (N) are 0
 * or 1 for LOGISTIC, any finite numbers for SQUARED. f (N) is what is foretold: for LOGISTIC the logarithm of the odds,
 * p = 1 / (1 + e^-f). N, D >= 1. Outputs are written, whatever was in them; what is marked in/out starts as the caller
 * left it. Friedman: Greedy Function Approximation, 2001; Chen, Guestrin: XGBoost, KDD 2016.
 */
enum { GRADIENT_BOOSTING_LOGISTIC, GRADIENT_BOOSTING_SQUARED };

/* The mean of log(1 + e^f) - y f, or of (f - y)^2 / 2. No f is too large for it. */
double gradient_boosting_loss(const double *f, const double *y, int kind, int N);

/* For each sample the loss's first and second derivative by f: g = p - y, h = p (1 - p); or g = f - y, h = 1. */
void gradient_boosting_gradients(double *g, double *h,                              /* (N) */
                                 const double *f, const double *y, int kind, int N);

/*
 * One column x (N) into at most B bins, 2 <= B <= 255. sorted holds its M numbers that are not missing, in order. A cut
 * lies halfway between two different neighbours, sorted[i-1] < sorted[i]. If there are at most B - 1 such places i, all
 * are cuts; else, for k = 1 .. B-1, the first of them with i >= k M / B, and each cut counts once. edge gets the cuts,
 * growing, and infinity behind them. code[i] is how many cuts are less than x[i]; B where x[i] is missing. Returns how
 * many cuts. M >= 0.
 */
int gradient_boosting_bins(unsigned char *code, double *edge,                       /* (N), (B - 1) */
                           const double *x, const double *sorted, int B, int M, int N);

/* hist[d][b] = the sums of g and of h over those of the n samples whose code in column d is b; b = B: the missing. */
void gradient_boosting_histogram(double *hist,                                      /* (D,B+1,2) */
                                 const unsigned char *code,                         /* (D,N) */
                                 const double *g, const double *h, const int *sample, int n, int B, int D, int N);

typedef struct GradientBoostingArg {
    double rate;                    /* how much of a leaf's value is added */
    double lambda, gamma;           /* the price of a leaf's value squared, and of a leaf; both >= 0 */
    double min_weight;              /* each side's sum of h is at least that; > 0 */
    int    max_depth;               /* the root has depth 0 */
} GradientBoostingArg;

typedef struct GradientBoostingSplit {
    int    column, bin;             /* code <= bin goes left; column -1: no split */
    int    missing_left;            /* 1: so do those whose number is missing, else they go right */
    double gain;                    /* 0 without a split */
} GradientBoostingSplit;

/* A gain replaces the best one, or 0, only if it is larger by more than this times (best + gamma + 1/2 G^2 / (H +
 * lambda)): rounding decides nothing. */
#define GRADIENT_BOOSTING_EQUAL 1e-10

/*
 *   gain = 1/2 (GL^2 / (HL + lambda) + GR^2 / (HR + lambda) - G^2 / (H + lambda)) - gamma
 *
 * The split of the largest gain above 0, over columns d with use[d] not 0, bins 0 .. B-1, and the missing to the right
 * or to the left. Of equal gains the lowest column counts, then the lowest bin, then the missing to the right. All
 * columns of hist hold the same samples.
 */
GradientBoostingSplit gradient_boosting_split(const double *hist, const char *use,  /* (D,B+1,2), (D) */
                                              const GradientBoostingArg *, int B, int D);

typedef struct GradientBoostingNode {
    int    first, last, depth;      /* its samples: sample[first] .. sample[last-1] */
    int    column, left;            /* -1, -1: a leaf. Else the left child; the right one is left + 1 */
    int    missing_left;
    double threshold, gain, value;  /* value of a leaf: -rate G / (H + lambda); of others 0, as a leaf's other two */
} GradientBoostingNode;

/*
 * Grows a tree over n samples of N; nodes are asked in the order of their numbers, and children get the next free ones.
 * sample is in/out: who goes left stands before who goes right, otherwise the order is kept. edge[d][b] is the
 * threshold behind bin b of column d, infinity behind the last. hist, spare are working memory. Returns how many nodes,
 * 2^(max_depth + 1) - 1 at most.
 */
int gradient_boosting_grow(GradientBoostingNode *node, int *sample,                 /* (nodes), (n) in/out */
                           double *hist, int *spare,                                /* (D,B+1,2), (n) */
                           const unsigned char *code, const double *edge,           /* (D,N), (D,B-1) */
                           const double *g, const double *h, const char *use,       /* (N), (N), (D) */
                           const GradientBoostingArg *, int n, int B, int D, int N);

/* f[i] += the value of the leaf in which sample i ends: left if x <= threshold, or missing and missing_left. */
void gradient_boosting_add(double *f,                                               /* (N) in/out */
                           const GradientBoostingNode *node, const double *X, int N);

/*
 * When to stop: loss[r] is the unseen samples' after round r. Returns the number of rounds that are run: as soon as
 * patience rounds in a row are not below the lowest loss before them, no more are; else all. *best: how many rounds to
 * keep, those up to the lowest loss, of equal ones the first; NaN is no loss. rounds, patience >= 1.
 */
int gradient_boosting_stop(int *best, const double *loss, int patience, int rounds);
