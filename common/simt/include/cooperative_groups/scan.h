/* scan.h -- running totals over the threads of a tile: with the thread's own value, or up to it. */
#pragma once
#include "reduce.h"

namespace cooperative_groups {
template <unsigned N, class P, class T, class F>
SIMT_INLINE T inclusive_scan(const thread_block_tile<N, P> &tile, T v, F with, simt::Place at = simt::Place::here())
{
    for (unsigned by = 1; by < N; by *= 2) {
        T left = tile.shfl_up(v, by, at);
        if (tile.thread_rank() >= by) v = with(left, v);
    }
    return v;
}

template <unsigned N, class P, class T, class F>
SIMT_INLINE T exclusive_scan(const thread_block_tile<N, P> &tile, T v, F with, simt::Place at = simt::Place::here())
{
    T left = tile.shfl_up(inclusive_scan(tile, v, with, at), 1, at);
    return tile.thread_rank() ? left : T();
}

template <class Tile, class T> SIMT_INLINE T inclusive_scan(const Tile &tile, T v, simt::Place at = simt::Place::here())
{
    return inclusive_scan(tile, v, plus<T>(), at);
}
template <class Tile, class T> SIMT_INLINE T exclusive_scan(const Tile &tile, T v, simt::Place at = simt::Place::here())
{
    return exclusive_scan(tile, v, plus<T>(), at);
}
} // namespace cooperative_groups
