/* reduce.h -- one value of each thread of a tile, combined; every thread gets the result. */
#pragma once
#include "../cooperative_groups.h"

namespace cooperative_groups {
template <class T> struct plus { T operator()(T a, T b) const { return a + b; } };
template <class T> struct less { T operator()(T a, T b) const { return b < a ? b : a; } };
template <class T> struct greater { T operator()(T a, T b) const { return a < b ? b : a; } };
template <class T> struct bit_and { T operator()(T a, T b) const { return a & b; } };
template <class T> struct bit_or { T operator()(T a, T b) const { return a | b; } };
template <class T> struct bit_xor { T operator()(T a, T b) const { return a ^ b; } };

template <unsigned N, class P, class T, class F>
SIMT_INLINE T reduce(const thread_block_tile<N, P> &tile, T v, F with, simt::Place at = simt::Place::here())
{
    for (int by = N / 2; by; by /= 2) v = with(v, tile.shfl_xor(v, by, at));
    return v;
}

template <class T, class F>
SIMT_INLINE T reduce(const coalesced_group &group, T v, F with, simt::Place at = simt::Place::here())
{
    T all = group.shfl(v, 0, at);
    for (unsigned rank = 1; rank < group.size(); rank++) all = with(all, group.shfl(v, rank, at));
    return all;
}
} // namespace cooperative_groups
