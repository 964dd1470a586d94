/* speed.cu -- what running on the CPU costs: kernels beside the plain loop, in milliseconds of CPU time, best of five.
 * speed N: products of N x N (512). A measurement, no test: its numbers stand in common/simt/README.md. */
#include <cuda_runtime.h>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

static double cpu_ms(void)
{
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}
template <class Run> static double best(Run run)
{
    double least = 1e30;
    for (int i = 0; i < 5; i++) {
        double t = cpu_ms();
        run();
        cudaDeviceSynchronize();
        t = cpu_ms() - t;
        if (t < least) least = t;
    }
    return least;
}

template <int T> __global__ void matmul_tiled(float *c, const float *a, const float *b, int n)
{
    __shared__ float s[T][T], u[T][T];
    int row = blockIdx.y * T + threadIdx.y, col = blockIdx.x * T + threadIdx.x;
    float sum = 0;
    for (int k = 0; k < n; k += T) {
        s[threadIdx.y][threadIdx.x] = a[row * n + k + threadIdx.x];
        u[threadIdx.y][threadIdx.x] = b[(k + threadIdx.y) * n + col];
        __syncthreads();
        for (int i = 0; i < T; i++) sum += s[threadIdx.y][i] * u[i][threadIdx.x];
        __syncthreads();
    }
    c[row * n + col] = sum;
}
__global__ void matmul_registers(float *c, const float *a, const float *b, int n)  /* 64 x 64 a block, 4 x 4 a thread */
{
    __shared__ float s[16][64], u[16][64];
    int x = threadIdx.x, y = threadIdx.y, row = blockIdx.y * 64, col = blockIdx.x * 64;
    float sum[4][4] = {};
    for (int k = 0; k < n; k += 16) {
        for (int i = y * 16 + x; i < 1024; i += 256) {
            s[i % 16][i / 16] = a[(row + i / 16) * n + k + i % 16];
            u[i / 64][i % 64] = b[(k + i / 64) * n + col + i % 64];
        }
        __syncthreads();
        for (int p = 0; p < 16; p++)
            for (int i = 0; i < 4; i++)
                for (int j = 0; j < 4; j++) sum[i][j] += s[p][y * 4 + i] * u[p][x * 4 + j];
        __syncthreads();
    }
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) c[(row + y * 4 + i) * n + col + x * 4 + j] = sum[i][j];
}
__global__ void add(float *c, const float *a, const float *b, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}
__global__ void barriers(int times)
{
    for (int i = 0; i < times; i++) __syncthreads();
}
__global__ void shuffles(float *y, int times)
{
    float v = threadIdx.x;
    for (int i = 0; i < times; i++) v = __shfl_xor_sync(0xffffffffu, v, 1);
    y[threadIdx.x] = v;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 512, million = 1 << 20;
    if (n < 64 || n % 64 || n > 4096) return fprintf(stderr, "N is a multiple of 64 up to 4096\n"), 2;
    size_t size = (size_t)(n * n > million ? n * n : million);
    std::vector<float> x(size), z(size);
    for (size_t i = 0; i < size; i++) x[i] = (float)(i * 2654435761u % 1000) / 1000;
    float *a, *b, *c;
    cudaMalloc(&a, size * sizeof(float));
    cudaMalloc(&b, size * sizeof(float));
    cudaMalloc(&c, size * sizeof(float));
    cudaMemcpy(a, x.data(), size * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(b, x.data(), size * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemset(c, 0, size * sizeof(float));

    double loop = best([&] {
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) z[i * n + j] = 0;
            for (int k = 0; k < n; k++)
                for (int j = 0; j < n; j++) z[i * n + j] += x[i * n + k] * x[k * n + j];
        }
    });
    auto product = [&](const char *what, double ms) {
        printf("matmul %d, %-24s %8.1f ms, %.1f times the loop\n", n, what, ms, ms / loop);
    };
    product("plain loop", loop);
    product("blocks of 32 x 32", best([&] { matmul_tiled<32><<<dim3(n / 32, n / 32), dim3(32, 32)>>>(c, a, b, n); }));
    product("blocks of 16 x 16", best([&] { matmul_tiled<16><<<dim3(n / 16, n / 16), dim3(16, 16)>>>(c, a, b, n); }));
    product("4 x 4 sums a thread", best([&] { matmul_registers<<<dim3(n / 64, n / 64), dim3(16, 16)>>>(c, a, b, n); }));
    double ms = best([&] { add<<<million / 256, 256>>>(c, a, b, million); });
    printf("add, a thread each of a million      %8.1f ms, %.1f ns a thread\n", ms, 1e6 * ms / million);
    ms = best([&] { barriers<<<1, 256>>>(4000); });
    printf("barriers, 256 threads                %8.1f ms, %.1f ns a thread\n", ms, 1e6 * ms / (256 * 4000));
    ms = best([&] { shuffles<<<1, 256>>>(c, 4000); });
    printf("shuffles, 256 threads                %8.1f ms, %.1f ns a thread\n", ms, 1e6 * ms / (256 * 4000));
    cudaFree(a);
    cudaFree(b);
    cudaFree(c);
    return cudaGetLastError() != cudaSuccess;
}
