/* lanes.h -- a vector of floats, as wide as the processor has them, and what the compilers do not spell alike. */
#pragma once
#include <stdint.h>
#ifdef __AVX__
#include <immintrin.h>
#elif defined __ARM_NEON
#include <arm_neon.h>
#endif

#if defined __AVX512F__
enum { LANES = 16, LANES_LOG2 = 4 };
#define LANES_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define LANES_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif defined __AVX__
enum { LANES = 8, LANES_LOG2 = 3 };
#define LANES_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define LANES_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
enum { LANES = 4, LANES_LOG2 = 2 };
#define LANES_LOW 0, 4, 1, 5
#define LANES_HIGH 2, 6, 3, 7
#endif
typedef float Lanes __attribute__((vector_size(LANES * sizeof(float))));

/* a b + c: -std=c17 forbids the compiler to fuse on its own. */
static inline Lanes lanes_fma(Lanes a, Lanes b, Lanes c)
{
#if defined __AVX512F__
    return _mm512_fmadd_ps(a, b, c);
#elif defined __AVX__ && defined __FMA__
    return _mm256_fmadd_ps(a, b, c);
#elif defined __ARM_NEON
    return vfmaq_f32(c, a, b);
#else
    return a * b + c;
#endif
}

static inline Lanes lanes_of(float x) { return x - (Lanes){ 0 }; }

/* NaN stays. */
static inline Lanes lanes_relu(Lanes x)
{
    typedef int32_t Bits __attribute__((vector_size(LANES * sizeof(int32_t))));
    return (Lanes)((Bits)x & ~(Bits)(x < 0));
}

/* Into a register, once: gcc would otherwise read it again for each use. */
static inline Lanes lanes_load(const Lanes *x)
{
    Lanes v = *x;
#ifdef __AVX512F__
    __asm__("" : "+v"(v));
#endif
    return v;
}

/* v, LANES vectors, is turned: lane j of vector i and lane i of vector j change places. Interleaving each vector of the
 * upper half with its like of the lower turns the number (i, j) by one bit; LANES_LOG2 times exchanges i and j. */
static inline void lanes_turn(Lanes *v)
{
    Lanes w[LANES];
    for (int bit = 0; bit < LANES_LOG2; bit++) {
        for (int i = 0; i < LANES / 2; i++) {
            w[2 * i] = __builtin_shufflevector(v[i], v[i + LANES / 2], LANES_LOW);
            w[2 * i + 1] = __builtin_shufflevector(v[i], v[i + LANES / 2], LANES_HIGH);
        }
        for (int i = 0; i < LANES; i++) v[i] = w[i];
    }
}
