/* feature_language.cu -- the language: launches in every shape, memory of every kind, C++ in kernels. */
#include <cassert>
#include "feature.cuh"

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

extern __shared__ int outside[];
__constant__ float coefficients[4] = { 1, 2, 3, 4 };
__constant__ int   given[3];
__device__ int     counter;
__device__ float   table[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
__managed__ int    managed;

namespace inner { extern __shared__ __align__(16) unsigned char bytes[]; }

__global__ void shared_outside(int *y)
{
    outside[threadIdx.x] = (int)threadIdx.x * 3;
    __syncthreads();
    y[threadIdx.x] = outside[blockDim.x - 1 - threadIdx.x] + (int)(inner::bytes == (unsigned char *)outside);
}

template <class T> __global__ void shared_of_any_type(T *y, int n)
{
    extern __shared__ __align__(16)
        unsigned char raw[];            /* two arrays in one */
    T *s = reinterpret_cast<T *>(raw), *r = s + n;
    s[threadIdx.x] = (T)threadIdx.x, r[threadIdx.x] = (T)1;
    __syncthreads();
    y[threadIdx.x] = s[(threadIdx.x + 1) % n] + r[threadIdx.x];
}

struct Cell { float x; int i; };

__device__ int shared_in_a_function(int v)
{
    __shared__ int s[32], t[32];
    s[threadIdx.x] = v, t[threadIdx.x] = -v;
    __syncthreads();
    int r = s[31 - threadIdx.x] - t[0];
    __syncthreads();
    return r;
}

__global__ void shared_of_structs(int *y)
{
    __shared__ Cell cells[2][16];
    __shared__ int  one;
    cells[threadIdx.x / 16][threadIdx.x % 16] = { 0.5f, (int)threadIdx.x };
    if (threadIdx.x == 5) one = 100;
    __syncthreads();
    y[threadIdx.x] = cells[1 - threadIdx.x / 16][threadIdx.x % 16].i + one + shared_in_a_function((int)threadIdx.x);
}

__global__ void constants(float *y)
{
    y[threadIdx.x] = coefficients[threadIdx.x] + table[1][threadIdx.x % 3] + given[threadIdx.x % 3];
    if (!threadIdx.x) managed = 7;
    atomicAdd(&counter, 2);
}

static void memory()
{
    Numbers<int>    y(32);
    Numbers<double> d(8);
    Numbers<float>  f(4);
    shared_outside<<<1, 8, 8 * sizeof(int)>>>(y);
    y.get();
    for (int i = 0; i < 8; i++) expect(y[i] == 3 * (7 - i) + 1, "%d", y[i]);
    shared_of_any_type<double><<<1, 8, 16 * sizeof(double)>>>(d.device, 8);
    d.get();
    for (int i = 0; i < 8; i++) expect(d[i] == (i + 1) % 8 + 1, "%g", d[i]);
    shared_of_structs<<<1, 32>>>(y);
    y.get();
    for (int i = 0; i < 32; i++) expect(y[i] == (i + 16) % 32 + 100 + 31 - i, "%d", y[i]);
    int numbers[3] = { 10, 20, 30 }, zero = 0, count = -1;
    must(cudaMemcpyToSymbol(given, numbers, sizeof numbers));
    must(cudaMemcpyToSymbol(given, &numbers[2], sizeof(int), sizeof(int)));      /* the second is 30 now */
    must(cudaMemcpyToSymbol(counter, &zero, sizeof zero));
    constants<<<1, 4>>>(f);
    f.get();
    expect(f[0] == 1 + 4 + 10 && f[1] == 2 + 5 + 30 && f[2] == 3 + 6 + 30 && f[3] == 4 + 4 + 10, "%g %g %g %g", f[0],
           f[1], f[2], f[3]);
    must(cudaMemcpyFromSymbol(&count, counter, sizeof count));
    must(cudaDeviceSynchronize());
    expect(count == 8 && managed == 7, "%d, %d", count, managed);
}

/* ---- Launches ---------------------------------------------------------------------------------------------------- */

__global__ void places(int *y)
{
    int block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    int thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    y[block * blockDim.x * blockDim.y * blockDim.z + thread] = 1000 * block + thread;
}

template <int N, class T> __global__ void __launch_bounds__(64, 2) add_n(T *y) { y[threadIdx.x] += N; }
template <class T> __global__ void set_all(T *y, T v, const T *other) { y[threadIdx.x] = other ? *other : v; }
namespace deep { namespace deeper { __global__ void twice(int *y) { y[threadIdx.x] *= 2; } } }
struct Holder { static __host__ void run(int *y) { add_n<1><<<1, 4>>>(y); } };

#define LAUNCH(kernel, n, ...) \
    do { \
        kernel<<<1, n>>>(__VA_ARGS__); \
    } while (0)

typedef void Kernel(int *);

static void launches()
{
    Numbers<int> y(256);
    places<<<dim3(2, 3, 2), dim3(2, 2, 3)>>>(y);
    y.get();
    for (int i = 0; i < 144; i++) expect(y[i] == i / 12 * 1000 + i % 12, "[%d] %d", i, y[i]);
    must(cudaMemset(y, 0, 256 * sizeof(int)));
    add_n<(5 > 3 ? 10 : 20)> <<< 1, 4 >>> (y.device);                           /* 10 */
    add_n<1, int><<<(y.n > 3 ? 1 : 2), 1 << 2, 0, 0>>>(y.device);                     /* 11 */
    deep::deeper::twice<<<1,
                          4>>>(y);                                              /* 22 */
    ::deep::deeper::twice<<<1, 4>>>(y);                                         /* 44 */
    Kernel *kernels[] = { add_n<3, int>, deep::deeper::twice };
    kernels[0]<<<1, 4>>>(y);                                                    /* 47 */
    (y.n ? kernels[1] : kernels[0])<<<1, 4>>>(y);                               /* 94 */
    LAUNCH(add_n<2>, 4, y.device);                                              /* 96 */
    Holder::run(y);                                                             /* 97 */
    y.get();
    for (int i = 0; i < 5; i++) expect(y[i] == (i < 4 ? 97 : 0), "[%d] %d", i, y[i]);
    set_all<<<1, 2>>>(y.device, 5, (const int *)NULL);
    set_all<int><<<1, 1>>>(y.device, 6, NULL);
    y.get();
    expect(y[0] == 6 && y[1] == 5, "%d %d", y[0], y[1]);
    const char *text = "k<<<1, 1>>>(x)", *raw = R"cu(extern __shared__ k<<<)cu";    // a<<<b>>>(c)
    expect(strlen(text) == 14 && strlen(raw) == 22, "%zu %zu", strlen(text), strlen(raw));
    int blockDim = 3;                                                           /* a name like any other, out here */
    expect(blockDim == 3, "%d", blockDim);
}

/* ---- C++ in kernels ---------------------------------------------------------------------------------------------- */

__device__ int plus_one(int x) { return x + 1; }
__device__ int times_two(int x) { return x * 2; }
typedef int Function(int);
__device__ Function *const functions[2] = { plus_one, times_two };

struct Shape { __device__ virtual int sides() const { return 0; } };
struct Square : Shape { __device__ int sides() const override { return 4; } };

template <int N> struct Power { __device__ static constexpr int of(int x) { return x * Power<N - 1>::of(x); } };
template <> struct Power<0> { __device__ static constexpr int of(int) { return 1; } };

__device__ int factorial(int n) { return n < 2 ? 1 : n * factorial(n - 1); }

__global__ void cpp(int *y, Cell cell)
{
    Square square;
    const Shape *shape = &square;
    int own[3] = { 0, 0, 5 };
    float4 v = make_float4(1, 2, 3, 4);
    double2 d = { 1.5, 2.5 };
    auto local = [&](int x) { return x + own[2]; };
    y[0] = functions[0](functions[1](4));
    y[1] = shape->sides();
    y[2] = local(1);
    y[3] = Power<3>::of(2);
    y[4] = factorial(5);
    y[5] = (int)(v.x + v.y * v.z * v.w + d.x + d.y);
    y[6] = cell.i;
    y[7] = (int)sizeof(float3) + (int)alignof(float4);
    y[8] = warpSize;
    int few[4] = { 1, 2, 3, 4 };
    y[9] = 0;
#pragma unroll
    for (int i = 0; i < 4; i++) y[9] += few[i];
    assert(y[9] == 10);
    if (y[9] != 10) printf("never\n");
}

static void language()
{
    Numbers<int> y(16);
    Cell cell = { 1, 42 };
    cpp<<<1, 1>>>(y, cell);
    y.get();
    static const int want[] = { 9, 4, 6, 8, 120, 29, 42, 28, 32, 10 };
    for (int i = 0; i < 10; i++) expect(y[i] == want[i], "[%d] %d, not %d", i, y[i], want[i]);
    int factor = 3;
    launch_apply([=] __device__(int x) { return x * factor; }, y.device, 8);
    y.get();
    for (int i = 0; i < 8; i++) expect(y[i] == 3 * i, "%d", y[i]);
}

int main()
{
    memory();
    launches();
    language();
    return features_end();
}
