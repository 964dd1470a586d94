/* kmeans_cuda.h -- the functions of kmeans.h on a GPU. Every pointer is the device's, but for those marked host; the
 * rest as kmeans.h says. What is returned there is written to the device here. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

void kmeans_assign_cuda(int *label, double *distance, double *inertia,          /* (N), (N), (1) */
                        const float *X, const float *C, int N, int K, int D);
void kmeans_update_cuda(float *C, int *count, double *distance, double *sum, const float *X, const int *label, int N,
                        int K, int D);
/* inertia: host, (moves+1). Returns the moves; the device is asked after each. */
int  kmeans_lloyd_cuda(float *C, int *label, double *distance, double *inertia, int *count, double *sum,
                       double *one,                                             /* (1) working memory */
                       const float *X, int moves, int N, int K, int D);
void kmeans_seed_cuda(float *C, int *chosen, double *distance, const float *X, const double *u, int N, int K, int D);
void kmeans_drift_cuda(double *upper, double *lower, double *half, double *moved, double *two,  /* (2) working memory */
                       int *fastest,                                            /* (1) working memory */
                       const float *C, const float *old, const int *label, int N, int K, int D);
void kmeans_skip_cuda(int *label, double *upper, double *lower, unsigned long long *computed,   /* (N) x 3, (1) */
                      const float *X, const float *C, const double *half, int N, int K, int D);
void kmeans_minibatch_cuda(float *C, int *count, int *label, const float *X, const int *row, int B, int K, int D);
void kmeans_silhouette_cuda(double *s, double *mean, double *sums,              /* (N), (1), (N,K) working memory */
                            const float *X, const int *label, const int *count, int N, int K, int D);

#ifdef __cplusplus
}
#endif
