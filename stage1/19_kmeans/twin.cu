/* twin.cu -- kmeans.h by way of the device: inputs there, kmeans.cu, outputs back. So its probes are kmeans.c's. */
#include "simt/twin.h"
#include "kmeans_cuda.h"
extern "C" {
#include "kmeans.h"
}

double kmeans_assign(int *label, double *distance, const float *X, const float *C, int N, int K, int D)
{
    double inertia;
    kmeans_assign_cuda(Out<int>(label, N), Out<double>(distance, N), Out<double>(&inertia, 1), In<float>(X, N * D),
                       In<float>(C, K * D), N, K, D);
    return inertia;
}

void kmeans_update(float *C, int *count, double *distance, double *sum, const float *X, const int *label, int N, int K,
                   int D)
{
    kmeans_update_cuda(InOut<float>(C, K * D), Out<int>(count, K), InOut<double>(distance, N), Out<double>(sum, K * D),
                       In<float>(X, N * D), In<int>(label, N), N, K, D);
}

int kmeans_lloyd(float *C, int *label, double *distance, double *inertia, int *count, double *sum, const float *X,
                 int moves, int N, int K, int D)
{
    (void)count, (void)sum;                             /* working memory: the device has its own */
    return kmeans_lloyd_cuda(InOut<float>(C, K * D), Out<int>(label, N), Out<double>(distance, N), inertia,
                             Room<int>(K), Room<double>(K * D), Room<double>(1), In<float>(X, N * D), moves, N, K, D);
}

void kmeans_seed(float *C, int *chosen, double *distance, const float *X, const double *u, int N, int K, int D)
{
    kmeans_seed_cuda(Out<float>(C, K * D), Out<int>(chosen, K), Out<double>(distance, N), In<float>(X, N * D),
                     In<double>(u, K), N, K, D);
}

void kmeans_drift(double *upper, double *lower, double *half, double *moved, const float *C, const float *old,
                  const int *label, int N, int K, int D)
{
    kmeans_drift_cuda(InOut<double>(upper, N), InOut<double>(lower, N), Out<double>(half, K), Out<double>(moved, K),
                      Room<double>(2), Room<int>(1), In<float>(C, K * D), In<float>(old, K * D), In<int>(label, N), N,
                      K, D);
}

int64_t kmeans_skip(int *label, double *upper, double *lower, const float *X, const float *C, const double *half, int N,
                    int K, int D)
{
    unsigned long long computed;
    kmeans_skip_cuda(InOut<int>(label, N), InOut<double>(upper, N), InOut<double>(lower, N),
                     Out<unsigned long long>(&computed, 1), In<float>(X, N * D), In<float>(C, K * D),
                     In<double>(half, K), N, K, D);
    return (int64_t)computed;
}

void kmeans_minibatch(float *C, int *count, int *label, const float *X, const int *row, int B, int K, int D)
{
    int rows = 0;                                       /* of X: as many as the batch names */
    for (int b = 0; b < B; b++) rows = row[b] >= rows ? row[b] + 1 : rows;
    kmeans_minibatch_cuda(InOut<float>(C, K * D), InOut<int>(count, K), Out<int>(label, B), In<float>(X, rows * D),
                          In<int>(row, B), B, K, D);
}

double kmeans_silhouette(double *s, double *sum, const float *X, const int *label, const int *count, int N, int K,
                         int D)
{
    double mean;
    (void)sum;
    kmeans_silhouette_cuda(Out<double>(s, N), Out<double>(&mean, 1), Room<double>(N * K), In<float>(X, N * D),
                           In<int>(label, N), In<int>(count, K), N, K, D);
    return mean;
}
