/* evaluation.h -- how good is a model, and how sure is that: scores of classes, of order and of probabilities. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * target: the truth; score: larger means rather 1. No score is NaN. order lists rows, the highest score first, equal
 * scores next to each other in any order: equal scores are one decision, whatever order they stand in, and no result
 * may depend on it. Where a number does not exist, it is NaN. The numbers are scikit-learn's.
 */

/*
 * count[t*C + p]: rows of class t that were called p. prf, a row a class: precision (of those called c, the share that
 * is c), recall (of those that are c, the share called c), F1 (their harmonic mean: 2 TP / (2 TP + FP + FN)); 0 where
 * the divisor is 0. The last row: their plain means (macro) over the classes that occur in target or predicted.
 */
void evaluation_classes(double *prf, int *count,                            /* (C+1,3), (C,C) */
                        const int *target, const int *predicted, int N, int C);

/*
 * Area under the ROC curve: of all pairs of a 1 and a 0, the share where the 1 scores higher; a tie counts half.
 * target 0 or 1. N log N with the sorting, N here. NaN unless both occur. Hanley, McNeil, Radiology 1982.
 */
double evaluation_auc(const int *order, const double *score, const int *target, int N);

/*
 * GAUC: the AUC within each user (or query), weighed by how many rows he has; users with one class only are left out.
 * The rows of user u are order[first[u]] .. order[first[u+1] - 1], in order of their scores. NaN if no user is left.
 * Zhu et al., Optimized Cost per Click in Taobao Display Advertising, KDD 2017.
 */
double evaluation_gauc(const int *first, const int *order, const double *score, const int *target, int users);

/*
 * Average precision: down the list, sum over the distinct scores of the precision there times the recall gained there.
 * No interpolation between them. target 0 or 1. NaN without a 1.
 */
double evaluation_average_precision(const int *order, const double *score, const int *target, int N);

/*
 * Expected calibration error: sum over bins of their share of rows times |share of ones - mean p|. Bin b of equal width
 * holds b/bins < p <= (b+1)/bins, the first one 0 as well. table, a row a bin: mean p, share of ones, rows; 0 0 0 for
 * an empty one. 0 <= p <= 1. Naeini, Cooper, Hauskrecht, AAAI 2015; Guo et al., arXiv:1706.04599.
 */
double evaluation_calibration(double *table,                                /* (bins,3) */
                              const double *p, const int *target, int N, int bins);

/*
 * NDCG at k: DCG / the best DCG there is, DCG = sum over ranks r = 1 .. k of gain / log2(r + 1). Rows of equal score
 * share what their ranks have: each gets the mean gain of all of them. ideal lists the rows by falling gain. gain >= 0.
 * 0 where no gain is above 0. k >= 1, more than N is N. Järvelin, Kekäläinen, TOIS 2002; ties: McSherry, Najork 2008.
 */
double evaluation_ndcg(const int *order, const int *ideal, const double *score, const double *gain, int N, int k);

/*
 * Folds for cross-validation, stratified: fold[n] = 0 .. folds-1. Rows are dealt out like cards, class after class, and
 * within a class as shuffled lists them; the next class goes on where the last ended. So each fold gets its share of
 * each class, and fold sizes differ by one at most.
 */
void evaluation_folds(int *fold, const int *shuffled, const int *target, int N, int C, int folds);

/*
 * Percentile bootstrap: value[b] = statistic of the rows pick[b*N] .. pick[b*N + N-1], drawn with replacement, for each
 * of B draws; then value is sorted, and interval gets the quantiles (1 - level)/2 and (1 + level)/2. A quantile q lies
 * at place q (B-1), counted from 0; between two values on the line between them. Efron, Annals of Statistics 1979.
 */
typedef double Statistic(const int *rows, int N, const void *of);
void evaluation_bootstrap(double *interval, double *value,                  /* (2), (B) */
                          const int *pick, Statistic *, const void *of, int N, int B, double level);

/* ---- Given ------------------------------------------------------------------------------------------------------- */

/* -mean log p of what happened, p moved away from 0 and 1 by 2^-52. Its square sister: mean (p - target)^2, Brier. */
double evaluation_log_loss(const double *p, const int *target, int N);
double evaluation_brier(const double *p, const int *target, int N);

/* order of n rows by falling score, equal ones as they stood. rows: which (n), or NULL: 0 .. n-1. room (n). */
void   evaluation_order(int *order, int *room, const double *score, const int *rows, int n);
