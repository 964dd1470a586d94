/* feature_numbers.cu -- numbers: the small functions of device code, half, bfloat16, wmma's layouts. */
#include <climits>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>
#include "feature.cuh"

/* ---- Bits and conversions: given and wanted side by side, computed in a kernel ----------------------------------- */

#define INTEGERS(X)                                                                                                    \
    X(__popc(0xf0f0u), 8) X(__popcll(1ull << 63 | 5), 3) X(__clz(1), 31) X(__clz(0), 32) X(__clzll(1), 63)             \
    X(__ffs(0), 0) X(__ffs(12), 3) X(__ffsll(1ll << 40), 41) X(__brev(1u), 0x80000000u)                                \
    X(__brev(0x0fu), 0xf0000000u) X(__brevll(1ull), 1ull << 63)                                                        \
    X(__byte_perm(0x33221100u, 0x77665544u, 0x7250u), 0x77225500u)                                                     \
    X(__byte_perm(0x00000080u, 0u, 0x8888u), 0xffffffffu) X(__mulhi(1 << 30, -8), -2) X(__umulhi(1u << 31, 6u), 3u)    \
    X(__mul64hi(1ll << 62, 8), 2) X(__umul64hi(1ull << 63, 6ull), 3) X(__mul24(-3, 5), -15) X(__umul24(7u, 6u), 42u)   \
    X(__hadd(INT_MAX, INT_MAX - 2), INT_MAX - 1) X(__rhadd(3, 4), 4) X(__uhadd(~0u, ~0u), ~0u)                         \
    X(__sad(3, -4, 10u), 17) X(__usad(3u, 5u, 1u), 3) X(__funnelshift_l(0x80000000u, 1u, 1u), 3)                       \
    X(__funnelshift_r(0u, 1u, 1u), 0x80000000u) X(__funnelshift_lc(7u, 9u, 40u), 7)                                    \
    X(__funnelshift_rc(7u, 9u, 40u), 9) X(__dp4a(0x01ff02fe, 0x01010101, 5), 5)                                        \
    X(__dp4a(0x01ff02feu, 0x01010101u, 5u), 517) X(__float_as_int(1.0f), 0x3f800000)                                   \
    X(__float_as_uint(-0.0f), 1u << 31) X(__double_as_longlong(1.0), 0x3ffll << 52)                                    \
    X(__double2hiint(1.0), 0x3ff00000) X(__double2loint(1.0), 0) X(__float2int_rn(2.5f), 2)                            \
    X(__float2int_rn(3.5f), 4) X(__float2int_rz(-2.7f), -2) X(__float2int_ru(2.1f), 3) X(__float2int_rd(-2.1f), -3)    \
    X(__float2int_rz(1e20f), INT_MAX) X(__float2int_rn(NAN), 0) X(__float2uint_rz(-3.f), 0)                            \
    X(__float2ll_rn(1e15f), 999999986991104ll) X(__double2int_rn(0.5), 0) X(__double2uint_rn(4e9), 4000000000u)        \
    X(min(3, -4), -4) X(max(3u, 4u), 4) X(max(-1ll, 2ll), 2) X(umin(3u, 4u), 3)

#define FLOATS(X)                                                                                                      \
    X(rsqrtf(4.f), 0.5) X(rsqrt(16.), 0.25) X(rcbrtf(8.f), 0.5) X(__saturatef(2.f), 1) X(__saturatef(-1.f), 0)         \
    X(normcdff(0.f), 0.5) X(normcdf(1.959963984540054), 0.975) X(sinpif(0.5f), 1) X(cospif(1.f), -1)                   \
    X(fdividef(1.f, 4.f), 0.25) X(__fdividef(3.f, 4.f), 0.75) X(__expf(0.f), 1) X(__logf(1.f), 0) X(__log2f(8.f), 3)   \
    X(__powf(2.f, 10.f), 1024) X(__sinf(0.f), 0) X(__cosf(0.f), 1) X(__fmaf_rn(2.f, 3.f, 4.f), 10)                     \
    X(__frcp_rn(8.f), 0.125) X(__fsqrt_rn(9.f), 3) X(__fadd_rd(1.f, 1e-10f), 1)                                        \
    X(__fadd_ru(1.f, 1e-10f), 1 + 0x1p-23) X(__fadd_rz(-1.f, -1e-10f), -1)                                             \
    X(__int_as_float(0x40490fdb), 3.14159274101257324) X(__int2float_rn(7), 7) X(__int2float_rz(16777219), 16777218)   \
    X(__int2float_ru(16777217), 16777218) X(__uint2float_rn(7u), 7) X(__double2float_rn(0.1), 0.1f)                    \
    X(__double2float_rd(0.1), 0x1.999998p-4) X(__hiloint2double(0x40000000, 0), 2)                                     \
    X(__longlong_as_double(0x3ffll << 52), 1) X(min(1.f, 2.f), 1) X(max(1., 2.f), 2) X(fminf(NAN, 3.f), 3)             \
    X(norm3df(2.f, 3.f, 6.f), 7) X(erff(0.f), 0) X(exp10f(2.f), 100) X(__fma_rn(2., 3., 1.), 7)

__global__ void integers(long long *y)
{
    int i = 0;
#define GIVE(expression, want) y[i++] = (long long)(expression);
    INTEGERS(GIVE)
}

__global__ void floats(double *y)
{
    int i = 0;
#define GIVE_REAL(expression, want) y[i++] = (double)(expression);
    FLOATS(GIVE_REAL)
}

static void small_functions()
{
    static const struct { const char *what; long long want; } whole[] = {
#define WANT(expression, want) { #expression, (long long)(want) },
        INTEGERS(WANT)
    };
    static const struct { const char *what; double want; } real[] = {
#define WANT_REAL(expression, want) { #expression, want },
        FLOATS(WANT_REAL)
    };
    int n = (int)(sizeof whole / sizeof *whole), m = (int)(sizeof real / sizeof *real);
    Numbers<long long> y(n);
    Numbers<double>    z(m);
    integers<<<1, 1>>>(y);
    floats<<<1, 1>>>(z);
    y.get();
    z.get();
    for (int i = 0; i < n; i++)
        expect(y[i] == whole[i].want, "%s is %lld, not %lld", whole[i].what, y[i], whole[i].want);
    for (int i = 0; i < m; i++)
        expect(fabs(z[i] - real[i].want) <= 1e-6 * fabs(real[i].want), "%s is %.9g, not %.9g", real[i].what, z[i],
               real[i].want);
}

/* ---- Sixteen bits ------------------------------------------------------------------------------------------------ */

template <class T, class FromBits, class ToBits>
__device__ void round_trips(int *wrong, FromBits from, ToBits to)
{
    for (int b = threadIdx.x; b < 65536; b += blockDim.x) {
        float f = (float)from((unsigned short)b);
        int back = to(T(f));
        if (f != f ? !((float)from((unsigned short)back) != (float)from((unsigned short)back)) : back != b)
            atomicAdd(wrong, 1);
    }
}

__global__ void all_halves(int *wrong)
{
    round_trips<__half>(wrong, __ushort_as_half, __half_as_ushort);
}

__global__ void all_bfloat16s(int *wrong)
{
    round_trips<__nv_bfloat16>(wrong, __ushort_as_bfloat16, __bfloat16_as_ushort);
}

__global__ void sixteen(float *y)
{
    int i = 0;
    __half a = __float2half(1.5f), b = __float2half(0.25f), tiny = __float2half(0x1p-24f);
    y[i++] = __half2float(a + b);
    y[i++] = __half2float(a * b - a / b);
    y[i++] = __half2float(__hfma(a, b, __float2half(1)));
    y[i++] = __half2float(-__habs(__hneg(a)));
    y[i++] = __half2float(__float2half(65519.f));               /* below the middle: the largest */
    y[i++] = __half2float(__float2half(65520.f));               /* at it: infinity */
    y[i++] = __half2float(__float2half(1 + 0x1p-11f));          /* a tie goes to the even: 1 */
    y[i++] = __half2float(__float2half(1 + 0x1.8p-10f));        /* 1 + 2^-9 */
    y[i++] = __half2float(__float2half(0x1p-25f)) * 0x1p24f;    /* a tie among subnormals: 0 */
    y[i++] = __half2float(tiny + tiny) * 0x1p24f;
    y[i++] = a > b && a >= b && b < a && b != a && __hgt(a, b) && !__heq(a, b) && !__hisnan(a);
    y[i++] = __half2float(hexp(__float2half(0))) + __half2float(hsqrt(__float2half(16))) + __half2float(hrcp(b));
    y[i++] = (float)__half2int_rn(__float2half(2.5f)) + (float)__half2int_rz(__float2half(-1.75f));
    __half2 p = __floats2half2_rn(1, 2), q = __half2half2(__float2half(3));
    p = __hfma2(p, q, __hadd2(p, q));                           /* 7, 11 */
    y[i++] = __low2float(p);
    y[i++] = __high2float(p) + __half22float2(__lowhigh2highlow(p)).x;
    __nv_bfloat16 c = __float2bfloat16(1.5f);
    c += __float2bfloat16(2);
    y[i++] = __bfloat162float(c);
    y[i++] = __bfloat162float(__float2bfloat16(1 + 0x1p-8f));   /* a tie: 1 */
    y[i++] = __bfloat162float(__float2bfloat16(1 + 0x1.8p-7f)); /* 1 + 2^-6 */
    y[i++] = __bfloat162float(__float2bfloat16(3e38f)) > 2.9e38f;
    y[i++] = __low2float(__hmul2(__floats2bfloat162_rn(3, 4), __float2bfloat162_rn(2)));
}

static void sixteen_bits()
{
    Numbers<int>   wrong(2);
    Numbers<float> y(32);
    all_halves<<<1, 64>>>(wrong);
    all_bfloat16s<<<1, 64>>>(wrong);
    sixteen<<<1, 1>>>(y);
    wrong.get();
    y.get();
    expect(wrong[0] == 0, "%d of 2 x 65536 do not come back", wrong[0]);
    const float want[] = { 1.75f, 0.375f - 6, 1.375f, -1.5f, 65504, INFINITY, 1, 1 + 0x1p-9f, 0, 2, 1, 1 + 4 + 4, 2 - 1,
                           7, 22, 3.5f, 1, 1 + 0x1p-6f, 1, 6 };
    for (int i = 0; i < (int)(sizeof want / sizeof *want); i++)
        expect(y[i] == want[i], "[%d] %.9g, not %.9g", i, y[i], want[i]);
}

/* ---- Tiles: every layout says the same product ------------------------------------------------------------------- */

template <class A, class B>
__global__ void tile(float *c, const half *a, const half *b, int lda, int ldb, nvcuda::wmma::layout_t layout)
{
    using namespace nvcuda::wmma;
    fragment<matrix_a, 16, 16, 16, half, A> fa;
    fragment<matrix_b, 16, 16, 16, half, B> fb;
    fragment<accumulator, 16, 16, 16, float> fc;
    load_matrix_sync(fa, a, lda);
    load_matrix_sync(fb, b, ldb);
    load_matrix_sync(fc, c, 16, layout);
    mma_sync(fc, fa, fb, fc);
    store_matrix_sync(c, fc, 16, layout);
}

static void tiles()
{
    using namespace nvcuda::wmma;
    enum { LD = 24 };
    Numbers<half>  a(16 * LD), at(16 * LD), b(16 * LD), bt(16 * LD);
    Numbers<float> c(256);
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++) {
            a.host[i * LD + j] = at.host[j * LD + i] = __float2half((float)(i - 2 * j) / 8);
            b.host[i * LD + j] = bt.host[j * LD + i] = __float2half((float)(i * j % 7 - 3));
        }
    a.put(), at.put(), b.put(), bt.put();
    for (int way = 0; way < 8; way++) {
        bool across = way & 4;                      /* c lies column by column */
        for (int i = 0; i < 256; i++) c.host[i] = (float)i;
        c.put();
        layout_t layout = across ? mem_col_major : mem_row_major;
        switch (way & 3) {
        case 0:  tile<row_major, row_major><<<1, 32>>>(c.device, a.device, b.device, LD, LD, layout); break;
        case 1:  tile<row_major, col_major><<<1, 32>>>(c.device, a.device, bt.device, LD, LD, layout); break;
        case 2:  tile<col_major, row_major><<<1, 32>>>(c.device, at.device, b.device, LD, LD, layout); break;
        default: tile<col_major, col_major><<<1, 32>>>(c.device, at.device, bt.device, LD, LD, layout);
        }
        c.get();
        for (int i = 0; i < 16; i++)
            for (int j = 0; j < 16; j++) {
                int at_c = across ? j * 16 + i : i * 16 + j;
                float want = (float)at_c;           /* products of few bits: the sum is exact */
                for (int k = 0; k < 16; k++) want += (float)(i - 2 * k) / 8 * (float)(k * j % 7 - 3);
                expect(c[at_c] == want, "way %d (%d,%d): %g, not %g", way, i, j, c[at_c], want);
            }
    }
}

int main()
{
    small_functions();
    sixteen_bits();
    tiles();
    return features_end();
}
