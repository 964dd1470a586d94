/* cuda_runtime.h -- CUDA's language as C++: qualifiers, index registers, barriers, warps, atomics. Included first into
 * every .cu file; a file that includes it by name gets nothing new. */
#pragma once
#ifdef __NVCC__
#error "nvcc brings a cuda_runtime.h of its own: take common/simt/include out of the include path"
#endif
#include "cuda_runtime_api.h"
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#define __SIMT__ 1
#define __global__ __attribute__((noinline))
#define __device__
#define __host__
#define __constant__
#define __managed__
#define __shared__ static thread_local      /* a block never leaves its thread of the operating system */
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) __attribute__((aligned(n)))

/* Real variables, set whenever another thread's turn comes; const, so that no hook asks about them. */
extern "C" {
extern const __thread uint3 threadIdx, blockIdx;
extern const __thread dim3 blockDim, gridDim;
}
constexpr int warpSize = 32;

/* ---- Barriers and fences ---- */

SIMT_INLINE void __syncthreads(simt::Place at = simt::Place::here()) { simt::barrier(at); }
SIMT_INLINE int __syncthreads_count(int p, simt::Place at = simt::Place::here())
{
    return simt::barrier_votes(p, at).count;
}
SIMT_INLINE int __syncthreads_and(int p, simt::Place at = simt::Place::here())
{
    return simt::barrier_votes(p, at).all;
}
SIMT_INLINE int __syncthreads_or(int p, simt::Place at = simt::Place::here()) { return simt::barrier_votes(p, at).any; }
SIMT_INLINE void __threadfence() { simt::fence(simt::FENCE_DEVICE); }
SIMT_INLINE void __threadfence_block() { simt::fence(simt::FENCE_BLOCK); }
SIMT_INLINE void __threadfence_system() { simt::fence(simt::FENCE_DEVICE); }

/* ---- Warps: every lane brings a struct, the last one to come fills in all of them ---- */

namespace simt {
struct Shuffled {
    uint64_t mine, got;
    int from;
};
inline void shuffle(Meeting &m)
{
    for (int l = 0; l < 32; l++) {
        Shuffled *s = (Shuffled *)m.lane[l];
        if (!s) continue;
        const Shuffled *other = (const Shuffled *)m.lane[s->from];
        if (other)
            s->got = other->mine;
        else
            absent_lane(m, l, s->from), s->got = 0x7fc0dead7fc0deadull;
    }
}
template <class T> SIMT_INLINE T shuffled(unsigned mask, T value, int from, Place at)
{
    static_assert(sizeof(T) <= 8, "a shuffle takes at most 8 bytes");
    Shuffled s = {0, 0, from & 31};
    memcpy(&s.mine, &value, sizeof value);
    meet(mask, shuffle, &s, at);
    memcpy(&value, &s.got, sizeof value);
    return value;
}
struct Voted {
    unsigned mine, all_of, got;
};
inline void vote(Meeting &m)
{
    unsigned yes = 0;
    for (int l = 0; l < 32; l++)
        if (m.lane[l] && ((Voted *)m.lane[l])->mine) yes |= 1u << l;
    for (int l = 0; l < 32; l++)
        if (m.lane[l]) ((Voted *)m.lane[l])->got = yes, ((Voted *)m.lane[l])->all_of = m.mask;
}
SIMT_INLINE Voted voted(unsigned mask, int p, Place at)
{
    Voted v = {p != 0, 0, 0};
    meet(mask, vote, &v, at);
    return v;
}
struct Matched {
    uint64_t mine;
    unsigned same, all_of;
};
inline void match(Meeting &m)
{
    for (int l = 0; l < 32; l++)
        for (int k = 0; k < 32; k++)
            if (m.lane[l] && m.lane[k]) {
                ((Matched *)m.lane[l])->all_of = m.mask;
                if (((Matched *)m.lane[l])->mine == ((Matched *)m.lane[k])->mine)
                    ((Matched *)m.lane[l])->same |= 1u << k;
            }
}
template <class T> SIMT_INLINE Matched matched(unsigned mask, T value, Place at)
{
    static_assert(sizeof(T) <= 8, "a match takes at most 8 bytes");
    Matched v = {0, 0, 0};
    memcpy(&v.mine, &value, sizeof value);
    meet(mask, match, &v, at);
    return v;
}
inline void nothing(Meeting &) {}
} // namespace simt

SIMT_INLINE void __syncwarp(unsigned mask = ~0u, simt::Place at = simt::Place::here())
{
    simt::meet(mask, simt::nothing, nullptr, at, true);
}
SIMT_INLINE unsigned __activemask(simt::Place at = simt::Place::here()) { return simt::active_mask(at); }

/* The segment of `width` lanes that lane l is in: [l & ~(width - 1), l | (width - 1)]. */
template <class T>
SIMT_INLINE T __shfl_sync(unsigned mask, T v, int from, int width = 32, simt::Place at = simt::Place::here())
{
    int l = simt::lane();
    return simt::shuffled(mask, v, (l & ~(width - 1)) | (from & (width - 1)), at);
}
template <class T>
SIMT_INLINE T __shfl_up_sync(unsigned mask, T v, unsigned by, int width = 32, simt::Place at = simt::Place::here())
{
    int l = simt::lane(), from = l - (int)by;
    return simt::shuffled(mask, v, from < (l & ~(width - 1)) ? l : from, at);
}
template <class T>
SIMT_INLINE T __shfl_down_sync(unsigned mask, T v, unsigned by, int width = 32, simt::Place at = simt::Place::here())
{
    int l = simt::lane(), from = l + (int)by;
    return simt::shuffled(mask, v, from > (l | (width - 1)) ? l : from, at);
}
template <class T>
SIMT_INLINE T __shfl_xor_sync(unsigned mask, T v, int by, int width = 32, simt::Place at = simt::Place::here())
{
    int l = simt::lane(), from = l ^ by;
    return simt::shuffled(mask, v, from > (l | (width - 1)) ? l : from, at);
}
SIMT_INLINE unsigned __ballot_sync(unsigned mask, int p, simt::Place at = simt::Place::here())
{
    return simt::voted(mask, p, at).got;
}
SIMT_INLINE int __all_sync(unsigned mask, int p, simt::Place at = simt::Place::here())
{
    simt::Voted v = simt::voted(mask, p, at);
    return v.got == v.all_of;
}
SIMT_INLINE int __any_sync(unsigned mask, int p, simt::Place at = simt::Place::here())
{
    return simt::voted(mask, p, at).got != 0;
}
template <class T> SIMT_INLINE unsigned __match_any_sync(unsigned mask, T v, simt::Place at = simt::Place::here())
{
    return simt::matched(mask, v, at).same;
}
template <class T>
SIMT_INLINE unsigned __match_all_sync(unsigned mask, T v, int *all, simt::Place at = simt::Place::here())
{
    simt::Matched m = simt::matched(mask, v, at);
    *all = m.same == m.all_of;
    return *all ? m.all_of : 0;
}

/* ---- Atomics: a loop of compare and exchange, whatever the type ---- */

namespace simt {
template <size_t SIZE> struct Bits;
template <> struct Bits<2> { using type = uint16_t; };
template <> struct Bits<4> { using type = uint32_t; };
template <> struct Bits<8> { using type = uint64_t; };
template <class T, class Next> SIMT_INLINE T atomically(T *p, Place at, Next next)
{
    using U = typename Bits<sizeof(T)>::type;
    atomic((void *)p, sizeof(T), at);
    U old = __atomic_load_n((U *)p, __ATOMIC_RELAXED), fresh;
    for (;;) {
        T before, after;
        memcpy((void *)&before, &old, sizeof old);
        after = next(before);
        memcpy(&fresh, (void *)&after, sizeof fresh);
        if (__atomic_compare_exchange_n((U *)p, &old, fresh, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) return before;
    }
}
template <class T> struct Same { using type = T; };         /* atomicAdd(&unsigned_sum, 1): the pointer decides */
template <class T> using same = typename Same<T>::type;
} // namespace simt

#define SIMT_ATOMIC(name, result)                                                                                      \
    template <class T> SIMT_INLINE T name(T *p, simt::same<T> v, simt::Place at = simt::Place::here())                 \
    {                                                                                                                  \
        return simt::atomically(p, at, [=](T old) { return (T)(result); });                                            \
    }                                                                                                                  \
    template <class T> SIMT_INLINE T name##_block(T *p, simt::same<T> v, simt::Place at = simt::Place::here())         \
    {                                                                                                                  \
        return name(p, v, at);                                                                                         \
    }                                                                                                                  \
    template <class T> SIMT_INLINE T name##_system(T *p, simt::same<T> v, simt::Place at = simt::Place::here())        \
    {                                                                                                                  \
        return name(p, v, at);                                                                                         \
    }
SIMT_ATOMIC(atomicAdd, old + v)
SIMT_ATOMIC(atomicSub, old - v)
SIMT_ATOMIC(atomicExch, v)
SIMT_ATOMIC(atomicMin, old < v ? old : v)
SIMT_ATOMIC(atomicMax, old > v ? old : v)
SIMT_ATOMIC(atomicAnd, old & v)
SIMT_ATOMIC(atomicOr, old | v)
SIMT_ATOMIC(atomicXor, old ^ v)
SIMT_ATOMIC(atomicInc, old >= v ? 0 : old + 1)
SIMT_ATOMIC(atomicDec, old == 0 || old > v ? v : old - 1)
#undef SIMT_ATOMIC
template <class T>
SIMT_INLINE T atomicCAS(T *p, simt::same<T> expected, simt::same<T> v, simt::Place at = simt::Place::here())
{
    return simt::atomically(p, at, [=](T old) { return memcmp(&old, &expected, sizeof old) ? old : v; });
}

#include "device_functions.h"
#include "host_functions.h"
