/* blas.cpp -- cuBLAS by the library's own product of matrices, with reasons where cuBLAS only says INVALID_VALUE. */
#include "include/cublas_v2.h"
#include <algorithm>
#include <cmath>
#include <vector>
extern "C" {
#include "../ops.h"
}

using namespace simt;

struct SimtBlas {
    cudaStream_t stream = nullptr;
    cublasPointerMode_t mode = CUBLAS_POINTER_MODE_HOST;
};

namespace {

size_t size_of(cudaDataType type) { return type == CUDA_R_32F ? 4 : 2; }

float get(const void *p, cudaDataType type, size_t i)
{
    if (type == CUDA_R_32F) return ((const float *)p)[i];
    return type == CUDA_R_16F ? (float)((const __half *)p)[i] : (float)((const __nv_bfloat16 *)p)[i];
}

void put(void *p, cudaDataType type, size_t i, float x)
{
    if (type == CUDA_R_32F) ((float *)p)[i] = x;
    else if (type == CUDA_R_16F) ((__half *)p)[i] = x;
    else ((__nv_bfloat16 *)p)[i] = x;
}

/* A matrix as it lies: rows x columns, ld apart. What it is called is for the complaint. */
struct Matrix {
    char name;
    const void *p;
    cudaDataType type;
    int64_t rows, columns;
    int ld;
    size_t bytes() const { return rows && columns ? ((columns - 1) * ld + rows) * size_of(type) : 0; }
};

bool fits(const Matrix &x, Place at)
{
    if (x.ld < std::max<int64_t>(1, x.rows)) {
        report(NOTE, "cublas", at, "ld%c = %d, and %c as it lies has %lld rows: cuBLAS counts columns first, so ld is "
               "at least the number of rows", x.name + 'a' - 'A', x.ld, x.name, (long long)x.rows);
        return false;
    }
    if (x.bytes() && !is_device(x.p, x.bytes())) {
        report(NOTE, "cublas", at, "%c, %lld x %lld with ld%c = %d, does not lie in device memory, or not all of it",
               x.name, (long long)x.rows, (long long)x.columns, x.name + 'a' - 'A', x.ld);
        return false;
    }
    return true;
}

/* op(X) as floats with a step from row to row and from column to column; 16 bits are made floats first. */
struct Factor {
    std::vector<float> own;
    const float *p;
    int64_t step[2];
    Factor(const Matrix &x, bool transposed)
    {
        int64_t ld = x.ld;
        p = (const float *)x.p;
        if (x.type != CUDA_R_32F) {
            own.resize(x.rows * x.columns);
            for (int64_t c = 0; c < x.columns; c++)
                for (int64_t r = 0; r < x.rows; r++) own[c * x.rows + r] = get(x.p, x.type, c * ld + r);
            p = own.data(), ld = x.rows;
        }
        step[transposed] = 1;
        step[!transposed] = ld;
    }
};

/* C^T = op(B)^T op(A)^T, and C^T row by row is C column by column. */
void product(const Matrix &a, bool ta, const Matrix &b, bool tb, const Matrix &c, int64_t k, float alpha, float beta)
{
    Open open;
    std::vector<float> sum(c.rows * c.columns);
    if (k) {
        Factor fa(a, ta), fb(b, tb);
        const int64_t left[2] = { fb.step[1], fb.step[0] }, right[2] = { fa.step[1], fa.step[0] };
        gemm(sum.data(), c.columns, c.rows, k, fb.p, left, fa.p, right, 0);
    }
    for (int64_t j = 0; j < c.columns; j++) {
        for (int64_t i = 0; i < c.rows; i++) {
            size_t at = j * c.ld + i;
            float x = alpha * sum[j * c.rows + i];
            put((void *)c.p, c.type, at, beta == 0 ? x : x + beta * get(c.p, c.type, at));
        }
        wrote((char *)c.p + j * c.ld * size_of(c.type), c.rows * size_of(c.type));
    }
}

/* alpha and beta are read now, or, where they lie on the device, when the stream comes to it. */
float scalar(const SimtBlas *h, const void *p) { return h->mode == CUBLAS_POINTER_MODE_HOST ? *(const float *)p : 0; }
float scalar_then(const SimtBlas &h, const void *p, float now)
{
    return h.mode == CUBLAS_POINTER_MODE_HOST ? now : *(const float *)p;
}

struct Vector {
    const float *p;
    int n, step;
    float &operator[](int i) const { return ((float *)p)[(size_t)i * step]; }
    bool fits() const { return n <= 0 || (step > 0 && is_device(p, ((size_t)(n - 1) * step + 1) * sizeof(float))); }
};

/* work() in the handle's stream, with memory open; y, where there is one, is written by it. */
template <class Work> cublasStatus_t on_vectors(cublasHandle_t h, Vector x, Vector y, Work work)
{
    if (!h) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (!x.fits() || !y.fits()) return CUBLAS_STATUS_INVALID_VALUE;
    submit(h->stream, [=] {
        Open open;
        work();
        for (int i = 0; i < y.n; i++) wrote(&y[i], sizeof(float));
    });
    return CUBLAS_STATUS_SUCCESS;
}

/* A number for the host, which therefore waits; or for the device. */
template <class Of> cublasStatus_t result_of(cublasHandle_t h, Vector x, Vector y, float *result, Of of)
{
    bool host = h && h->mode == CUBLAS_POINTER_MODE_HOST;
    cublasStatus_t s = on_vectors(h, x, host ? Vector{ nullptr, 0, 1 } : Vector{ result, 1, 1 }, [=] {
        double sum = 0;
        for (int i = 0; i < x.n; i++) sum += (double)x[i] * y[i];
        *result = of(sum);
    });
    if (!s && !y.fits()) return CUBLAS_STATUS_INVALID_VALUE;
    if (!s && host) wait(h->stream);
    return s;
}
} // namespace

cublasStatus_t cublasCreate(cublasHandle_t *h) { return *h = new SimtBlas, CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasDestroy(cublasHandle_t h) { return delete h, CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSetStream(cublasHandle_t h, cudaStream_t s) { return h->stream = s, CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasGetStream(cublasHandle_t h, cudaStream_t *s) { return *s = h->stream, CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) { return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSetPointerMode(cublasHandle_t h, cublasPointerMode_t mode)
{
    return h->mode = mode, CUBLAS_STATUS_SUCCESS;
}

static const struct {
    cublasStatus_t status;
    const char *name, *sentence;
} statuses[] = {
    { CUBLAS_STATUS_SUCCESS, "CUBLAS_STATUS_SUCCESS", "the operation succeeded" },
    { CUBLAS_STATUS_NOT_INITIALIZED, "CUBLAS_STATUS_NOT_INITIALIZED", "the library was not initialized" },
    { CUBLAS_STATUS_ALLOC_FAILED, "CUBLAS_STATUS_ALLOC_FAILED", "memory could not be allocated" },
    { CUBLAS_STATUS_INVALID_VALUE, "CUBLAS_STATUS_INVALID_VALUE", "a parameter has an invalid value" },
    { CUBLAS_STATUS_EXECUTION_FAILED, "CUBLAS_STATUS_EXECUTION_FAILED", "the work could not be done on the device" },
    { CUBLAS_STATUS_NOT_SUPPORTED, "CUBLAS_STATUS_NOT_SUPPORTED", "what was asked for is not supported" },
};
const char *cublasGetStatusName(cublasStatus_t s)
{
    for (auto &x : statuses)
        if (x.status == s) return x.name;
    return "an unknown status";
}
const char *cublasGetStatusString(cublasStatus_t s)
{
    for (auto &x : statuses)
        if (x.status == s) return x.sentence;
    return "an unknown status";
}

/* ---- Products ---- */

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n,
                                          int k, const void *alpha, const void *A, cudaDataType type_a, int lda,
                                          long long stride_a, const void *B, cudaDataType type_b, int ldb,
                                          long long stride_b, const void *beta, void *C, cudaDataType type_c, int ldc,
                                          long long stride_c, int count, cublasComputeType_t compute, cublasGemmAlgo_t,
                                          Place at)
{
    if (!h) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (compute == CUBLAS_COMPUTE_16F) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (m < 0 || n < 0 || k < 0 || count < 0 || !alpha || !beta) {
        report(NOTE, "cublas", at, "m = %d, n = %d, k = %d, %d products: none may be negative, and alpha and beta are "
               "pointers", m, n, k, count);
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    const float now_alpha = scalar(h, alpha), now_beta = scalar(h, beta);
    for (int i = 0; i < count; i++) {
        Matrix a = { 'A', (const char *)A + i * stride_a * size_of(type_a), type_a, ta ? k : m, ta ? m : k, lda };
        Matrix b = { 'B', (const char *)B + i * stride_b * size_of(type_b), type_b, tb ? n : k, tb ? k : n, ldb };
        Matrix c = { 'C', (const char *)C + i * stride_c * size_of(type_c), type_c, m, n, ldc };
        if (!fits(a, at) || !fits(b, at) || !fits(c, at)) return CUBLAS_STATUS_INVALID_VALUE;
        SimtBlas how = *h;
        if (m && n)
            submit(h->stream, [=] {
                Open open;
                product(a, ta, b, tb, c, k, scalar_then(how, alpha, now_alpha), scalar_then(how, beta, now_beta));
            });
    }
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGemmEx(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k,
                            const void *alpha, const void *A, cudaDataType type_a, int lda, const void *B,
                            cudaDataType type_b, int ldb, const void *beta, void *C, cudaDataType type_c, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t algo, Place at)
{
    return cublasGemmStridedBatchedEx(h, ta, tb, m, n, k, alpha, A, type_a, lda, 0, B, type_b, ldb, 0, beta, C, type_c,
                                      ldc, 0, 1, compute, algo, at);
}

cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n,
                                         int k, const float *alpha, const float *A, int lda, long long stride_a,
                                         const float *B, int ldb, long long stride_b, const float *beta, float *C,
                                         int ldc, long long stride_c, int count, Place at)
{
    return cublasGemmStridedBatchedEx(h, ta, tb, m, n, k, alpha, A, CUDA_R_32F, lda, stride_a, B, CUDA_R_32F, ldb,
                                      stride_b, beta, C, CUDA_R_32F, ldc, stride_c, count, CUBLAS_COMPUTE_32F,
                                      CUBLAS_GEMM_DEFAULT, at);
}

cublasStatus_t cublasSgemm(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k,
                           const float *alpha, const float *A, int lda, const float *B, int ldb, const float *beta,
                           float *C, int ldc, Place at)
{
    return cublasSgemmStridedBatched(h, ta, tb, m, n, k, alpha, A, lda, 0, B, ldb, 0, beta, C, ldc, 0, 1, at);
}

/* ---- Vectors ---- */

cublasStatus_t cublasSgemv(cublasHandle_t h, cublasOperation_t ta, int m, int n, const float *alpha, const float *A,
                           int lda, const float *x, int incx, const float *beta, float *y, int incy, Place at)
{
    if (!h) return CUBLAS_STATUS_NOT_INITIALIZED;
    Matrix a = { 'A', A, CUDA_R_32F, m, n, lda };
    Vector vx = { x, ta ? m : n, incx }, vy = { y, ta ? n : m, incy };
    if (m < 0 || n < 0 || !fits(a, at)) return CUBLAS_STATUS_INVALID_VALUE;
    const float now_alpha = scalar(h, alpha), now_beta = scalar(h, beta);
    SimtBlas how = *h;
    return on_vectors(h, vx, vy, [=] {
        float by = scalar_then(how, alpha, now_alpha), keep = scalar_then(how, beta, now_beta);
        for (int i = 0; i < vy.n; i++) {
            double sum = 0;
            for (int j = 0; j < vx.n; j++) sum += (double)A[ta ? (size_t)i * lda + j : (size_t)j * lda + i] * vx[j];
            vy[i] = (float)(by * sum) + (keep == 0 ? 0 : keep * vy[i]);
        }
    });
}

cublasStatus_t cublasSaxpy(cublasHandle_t h, int n, const float *alpha, const float *x, int incx, float *y, int incy)
{
    if (!h) return CUBLAS_STATUS_NOT_INITIALIZED;
    Vector vx = { x, n, incx }, vy = { y, n, incy };
    const float now = scalar(h, alpha);
    SimtBlas how = *h;
    return on_vectors(h, vx, vy, [=] {
        for (int i = 0; i < n; i++) vy[i] += scalar_then(how, alpha, now) * vx[i];
    });
}

cublasStatus_t cublasSscal(cublasHandle_t h, int n, const float *alpha, float *x, int incx)
{
    if (!h) return CUBLAS_STATUS_NOT_INITIALIZED;
    Vector vx = { x, n, incx };
    const float now = scalar(h, alpha);
    SimtBlas how = *h;
    return on_vectors(h, vx, vx, [=] {
        for (int i = 0; i < n; i++) vx[i] *= scalar_then(how, alpha, now);
    });
}

cublasStatus_t cublasSdot(cublasHandle_t h, int n, const float *x, int incx, const float *y, int incy, float *result)
{
    return result_of(h, { x, n, incx }, { y, n, incy }, result, [](double sum) { return (float)sum; });
}

cublasStatus_t cublasSnrm2(cublasHandle_t h, int n, const float *x, int incx, float *result)
{
    return result_of(h, { x, n, incx }, { x, n, incx }, result, [](double sum) { return (float)std::sqrt(sum); });
}
