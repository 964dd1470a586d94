/* vector_types.h -- float4 and its like, dim3, and what makes them. */
#pragma once

#ifdef SIMT_CHECK
/* In check mode a vector is copied as a GPU does it, by one access of its whole size, and counted as one. Left alone,
 * the compiler would copy only the members that somebody reads. */
template <unsigned SIZE> struct SimtWhole { typedef char type __attribute__((vector_size(SIZE), may_alias)); };
template <> struct SimtWhole<2> { typedef short type __attribute__((may_alias)); };
template <> struct SimtWhole<4> { typedef int type __attribute__((may_alias)); };
#define SIMT_COPIED(V)                                                                                                 \
    V() = default;                                                                                                     \
    V(const V &from) { *this = from; }                                                                                 \
    V &operator=(const V &from)                                                                                        \
    {                                                                                                                  \
        typedef SimtWhole<alignof(V)>::type Whole;                                                                     \
        for (unsigned i = 0; i < sizeof(V) / sizeof(Whole); i++) ((Whole *)this)[i] = ((const Whole *)&from)[i];       \
        return *this;                                                                                                  \
    }
#define SIMT_COPIED_2(V, N) constexpr V(N x, N y = 0) : x(x), y(y) {} SIMT_COPIED(V)
#define SIMT_COPIED_4(V, N) constexpr V(N x, N y = 0, N z = 0, N w = 0) : x(x), y(y), z(z), w(w) {} SIMT_COPIED(V)
#else
#define SIMT_COPIED_2(V, N)
#define SIMT_COPIED_4(V, N)
#endif

#define SIMT_VECTORS(T, N, FOUR)                                                                                       \
    struct T##1 { N x; };                                                                                              \
    struct alignas(2 * sizeof(N)) T##2 { N x, y; SIMT_COPIED_2(T##2, N) };                                             \
    struct T##3 { N x, y, z; };                                                                                        \
    struct alignas(FOUR) T##4 { N x, y, z, w; SIMT_COPIED_4(T##4, N) };                                                \
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
