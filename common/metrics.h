/* metrics.h -- how good predictions are: plain functions over tensors on the CPU, in double, as in scikit-learn. */
#pragma once
#include "tensor.h"

/* Scores are F32 or F64, classes I32. A class out of range is the program's fault; where a number does not exist (no
 * rows, no positives, one class only), it is NaN. A score that is NaN is the lowest to accuracy and top-k; to all
 * others the answer is NaN. */

/* ---- Classes: scores (N,C), target (N) ---- */

double metrics_accuracy(const Tensor *scores, const Tensor *target);            /* the largest score is the target's */
double metrics_top_k(const Tensor *scores, const Tensor *target, int k);        /* fewer than k scores are larger */
double metrics_log_loss(const Tensor *probability, const Tensor *target);       /* -mean log p; p at least epsilon */
double metrics_perplexity(double mean_log_loss);                                /* exp of it: of natural logarithms */

/* |accuracy - mean confidence|, weighed by how many predictions a bin holds: bins of equal width over the confidence,
 * the largest probability; bin b holds (b / bins, (b+1) / bins]. Guo et al., arXiv:1706.04599. */
double metrics_calibration(const Tensor *probability, const Tensor *target, int bins);

/* (C,C) I64: row target, column predicted. predicted, target: I32 (N). */
Tensor *metrics_confusion(Arena *, const Tensor *predicted, const Tensor *target, int C);

typedef struct Prf { double precision, recall, f1; } Prf;
Prf    metrics_prf(const Tensor *confusion, int c);     /* of one class; 0 where nothing was predicted or is there */
Prf    metrics_macro(const Tensor *confusion);          /* means over the classes that are there or were predicted */
Prf    metrics_micro(const Tensor *confusion);          /* of all counts together: the accuracy, three times */

/* How well two partings of the same rows agree, 1: the same up to names, 0: as by chance. a, b: I32 (N), from -1 on.
 * Hubert, Arabie: Comparing Partitions, Journal of Classification 1985. */
double metrics_adjusted_rand(const Tensor *a, const Tensor *b);

/* ---- Two classes: score (N), larger for 1; target I32 (N), 0 or 1 ---- */

double metrics_auc(const Tensor *score, const Tensor *target);  /* P(a 1 scores above a 0) + half P(the same) */
double metrics_average_precision(const Tensor *score, const Tensor *target);    /* sum of precision x gained recall */

/* ---- Numbers: predicted, target, one shape ---- */

double metrics_mse(const Tensor *predicted, const Tensor *target);
double metrics_mae(const Tensor *predicted, const Tensor *target);
double metrics_r2(const Tensor *predicted, const Tensor *target);   /* 1 - sum (y - p)^2 / sum (y - mean)^2 */
