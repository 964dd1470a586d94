/* feature_blas.cu -- cuBLAS: products with every transposition and a leading dimension, batches, 16 bits; vectors. */
#include <cublas_v2.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include "feature.cuh"

#define must_blas(call) expect((call) == CUBLAS_STATUS_SUCCESS, "cuBLAS")

enum { M = 5, N = 7, K = 3, LD = 9 };

static float number(int i) { return (float)(i * 37 % 11 - 5) / 4; }    /* few bits: products are exact in half, too */

static void fill(Numbers<float> &x)
{
    for (int i = 0; i < x.n; i++) x.host[i] = number(i);
    x.put();
}

static float at(const float *x, bool transposed, int row, int column)
{
    return transposed ? x[row * LD + column] : x[column * LD + row];
}

static void products(cublasHandle_t blas)
{
    Numbers<float> a(LD * LD), b(LD * LD), c(LD * LD);
    const float alpha = 2, beta = 0.5f, zero = 0;
    for (int way = 0; way < 8; way++) {
        bool ta = way & 1, tb = way & 2, keep = way & 4;
        fill(a), fill(b), fill(c);
        must_blas(cublasSgemm(blas, ta ? CUBLAS_OP_T : CUBLAS_OP_N, tb ? CUBLAS_OP_T : CUBLAS_OP_N, M, N, K, &alpha, a,
                              LD, b, LD, keep ? &beta : &zero, c, LD));
        c.get();
        for (int n = 0; n < N; n++)
            for (int m = 0; m < LD; m++) {
                float want = number(n * LD + m), sum = 0;
                for (int k = 0; k < K; k++) sum += at(a.host, ta, m, k) * at(b.host, tb, k, n);
                if (m < M) want = 2 * sum + (keep ? 0.5f * want : 0);
                expect(c[n * LD + m] == want, "way %d (%d,%d): %g, not %g", way, m, n, c[n * LD + m], want);
            }
    }
    expect(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, M, N, K, &alpha, a, M - 1, b, LD, &zero, c, LD) ==
               CUBLAS_STATUS_INVALID_VALUE, "lda is less than m");
    expect(cublasSgemm(NULL, CUBLAS_OP_N, CUBLAS_OP_N, M, N, K, &alpha, a, LD, b, LD, &zero, c, LD) ==
               CUBLAS_STATUS_NOT_INITIALIZED, "no handle");
}

template <class T> static void sixteen_bits(cublasHandle_t blas, cudaDataType type)
{
    Numbers<T>     a(2 * M * K), b(2 * K * N);
    Numbers<float> c(2 * M * N);
    const float one = 1, zero = 0;
    for (int i = 0; i < a.n; i++) a.host[i] = T(number(i));
    for (int i = 0; i < b.n; i++) b.host[i] = T(number(i + 3));
    a.put(), b.put();
    must_blas(cublasGemmStridedBatchedEx(blas, CUBLAS_OP_N, CUBLAS_OP_N, M, N, K, &one, a.device, type, M, M * K,
                                         b.device, type, K, K * N, &zero, c.device, CUDA_R_32F, M, M * N, 2,
                                         CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
    c.get();
    for (int i = 0; i < c.n; i++) {
        int part = i / (M * N), m = i % M, n = i / M % N;
        float want = 0;
        for (int k = 0; k < K; k++) want += number(part * M * K + k * M + m) * number(part * K * N + n * K + k + 3);
        expect(c[i] == want, "%d: %g, not %g", i, c[i], want);
    }
    must_blas(cublasGemmEx(blas, CUBLAS_OP_T, CUBLAS_OP_N, 1, 1, K, &one, b.device, type, K, b.device, type, K, &zero,
                           a.device, type, 1, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
    a.get();
    float want = 0;
    for (int k = 0; k < K; k++) want += number(k + 3) * number(k + 3);
    expect((float)a[0] == want, "%g, not %g", (float)a[0], want);
}

static void vectors(cublasHandle_t blas)
{
    Numbers<float> a(LD * LD), x(2 * LD), y(LD);
    const float two = 2, one = 1;
    float dot = 0, norm = 0;
    fill(a), fill(x), fill(y);
    must_blas(cublasSgemv(blas, CUBLAS_OP_N, M, K, &two, a, LD, x, 2, &one, y, 1));
    y.get();
    for (int m = 0; m < M; m++) {
        float want = number(m);
        for (int k = 0; k < K; k++) want += 2 * number(k * LD + m) * number(2 * k);
        expect(y[m] == want, "%d: %g, not %g", m, y[m], want);
    }
    fill(y);
    must_blas(cublasSaxpy(blas, LD, &two, x, 2, y, 1));
    must_blas(cublasSscal(blas, LD, &two, y, 1));
    y.get();
    for (int i = 0; i < LD; i++)
        expect(y[i] == 2 * (number(i) + 2 * number(2 * i)), "%d: %g", i, y[i]);
    must_blas(cublasSdot(blas, LD, x, 1, x, 2, &dot));
    must_blas(cublasSnrm2(blas, LD, x, 1, &norm));
    float want = 0, square = 0;
    for (int i = 0; i < LD; i++) want += number(i) * number(2 * i), square += number(i) * number(i);
    expect(dot == want && fabsf(norm * norm - square) < 1e-5f, "%g, %g", dot, norm);
}

int main()
{
    cublasHandle_t blas;
    cudaStream_t stream, other;
    must_blas(cublasCreate(&blas));
    products(blas);
    must(cudaStreamCreate(&stream));
    must_blas(cublasSetStream(blas, stream));
    must_blas(cublasGetStream(blas, &other));
    expect(other == stream, "the stream that was set");
    sixteen_bits<half>(blas, CUDA_R_16F);
    sixteen_bits<__nv_bfloat16>(blas, CUDA_R_16BF);
    vectors(blas);
    must_blas(cublasDestroy(blas));
    must(cudaStreamDestroy(stream));
    return features_end();
}
