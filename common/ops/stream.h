/* stream.h -- write past the caches: what is larger than they are need not first be read into them. */
#pragma once
#include <string.h>
#include "ops.h"
#ifdef __AVX__
#include <immintrin.h>
#endif

enum { STREAM_PIECE = 1024, STREAM_BYTES = 12 << 20 };

/* For rows of C, which must all start where a vector may. */
static inline bool stream_pays(const Tensor *y, int64_t C)
{
    return tensor_bytes(y) > STREAM_BYTES && C * (int64_t)sizeof(real) % 32 == 0;
}

static inline void stream(real *y, const real *x, int64_t N)
{
#ifdef __AVX__
    const char *from = (const char *)x;
    char *to = (char *)y;
    for (size_t i = 0; i < (size_t)N * sizeof *x; i += 32)
        _mm256_stream_si256((__m256i *)(to + i), _mm256_loadu_si256((const __m256i *)(from + i)));
#else
    memcpy(y, x, (size_t)N * sizeof *x);
#endif
}

/* At the end of a thread's share: what it wrote is there before anybody is told so. */
static inline void stream_end(void)
{
#ifdef __AVX__
    _mm_sfence();
#endif
}
