/* vector_types.h -- float4 and its like, dim3, and what makes them. */
#pragma once

#define SIMT_VECTORS(T, N, FOUR)                                                                                       \
    struct T##1 { N x; };                                                                                              \
    struct alignas(2 * sizeof(N)) T##2 { N x, y; };                                                                    \
    struct T##3 { N x, y, z; };                                                                                        \
    struct alignas(FOUR) T##4 { N x, y, z, w; };                                                                       \
    static inline T##1 make_##T##1(N x) { return {x}; }                                                                \
    static inline T##2 make_##T##2(N x, N y) { return {x, y}; }                                                        \
    static inline T##3 make_##T##3(N x, N y, N z) { return {x, y, z}; }                                                \
    static inline T##4 make_##T##4(N x, N y, N z, N w) { return {x, y, z, w}; }
SIMT_VECTORS(char, signed char, 4)
SIMT_VECTORS(uchar, unsigned char, 4)
SIMT_VECTORS(short, short, 8)
SIMT_VECTORS(ushort, unsigned short, 8)
SIMT_VECTORS(int, int, 16)
SIMT_VECTORS(uint, unsigned, 16)
SIMT_VECTORS(long, long, 16)
SIMT_VECTORS(ulong, unsigned long, 16)
SIMT_VECTORS(longlong, long long, 16)
SIMT_VECTORS(ulonglong, unsigned long long, 16)
SIMT_VECTORS(float, float, 16)
SIMT_VECTORS(double, double, 16)
#undef SIMT_VECTORS

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
    constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
    constexpr operator uint3() const { return {x, y, z}; }
};
