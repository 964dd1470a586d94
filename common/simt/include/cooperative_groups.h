/* cooperative_groups.h -- groups of threads with a name: the block, tiles of a warp, those that are here now. */
#pragma once
#include <cuda_runtime.h>

namespace cooperative_groups {

/* ---- The block, and the grid ------------------------------------------------------------------------------------- */

struct thread_block {
    static unsigned thread_rank() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }
    static unsigned size() { return blockDim.x * blockDim.y * blockDim.z; }
    static unsigned num_threads() { return size(); }
    static uint3 thread_index() { return threadIdx; }
    static uint3 group_index() { return blockIdx; }
    static dim3 group_dim() { return blockDim; }
    static dim3 dim_threads() { return blockDim; }
    SIMT_INLINE void sync(simt::Place at = simt::Place::here()) const { simt::barrier(at); }
};
SIMT_INLINE thread_block this_thread_block() { return {}; }

struct grid_group {
    static unsigned long long block_rank()
    {
        return blockIdx.x + (unsigned long long)gridDim.x * (blockIdx.y + (unsigned long long)gridDim.y * blockIdx.z);
    }
    static unsigned long long num_blocks() { return (unsigned long long)gridDim.x * gridDim.y * gridDim.z; }
    static unsigned long long thread_rank()
    {
        return block_rank() * thread_block::size() + thread_block::thread_rank();
    }
    static unsigned long long size() { return num_blocks() * thread_block::size(); }
    static unsigned long long num_threads() { return size(); }
    static dim3 group_dim() { return gridDim; }
    static bool is_valid() { return num_blocks() == 1; }

    /* All blocks at once would need all their threads' stacks at once. One block is its own grid. */
    SIMT_INLINE void sync(simt::Place at = simt::Place::here()) const
    {
        if (!is_valid())
            simt::stop(cudaErrorNotSupported, "grid-sync", at, "the emulator has no grid.sync() over several blocks: "
                       "end the kernel here and launch another");
        simt::barrier(at);
    }
};
SIMT_INLINE grid_group this_grid() { return {}; }

/* ---- Tiles of a warp, and the threads that are here -------------------------------------------------------------- */

/* N lanes side by side: N is 1, 2, 4 .. 32. */
template <unsigned N, class Parent = void> struct thread_block_tile {
    static_assert(N && N <= 32 && !(N & (N - 1)), "a tile has 1, 2, 4, 8, 16 or 32 threads");
    static unsigned first() { return (unsigned)simt::lane() & ~(N - 1); }
    static unsigned mask() { return (N == 32 ? ~0u : (1u << (N & 31)) - 1) << first(); }
    static unsigned thread_rank() { return (unsigned)simt::lane() & (N - 1); }
    static constexpr unsigned size() { return N; }
    static constexpr unsigned num_threads() { return N; }
    static unsigned meta_group_rank() { return thread_block::thread_rank() / N; }
    static unsigned meta_group_size() { return (thread_block::size() + N - 1) / N; }

    SIMT_INLINE void sync(simt::Place at = simt::Place::here()) const { __syncwarp(mask(), at); }
    template <class T> SIMT_INLINE T shfl(T v, int from, simt::Place at = simt::Place::here()) const
    {
        return __shfl_sync(mask(), v, from, N, at);
    }
    template <class T> SIMT_INLINE T shfl_down(T v, unsigned by, simt::Place at = simt::Place::here()) const
    {
        return __shfl_down_sync(mask(), v, by, N, at);
    }
    template <class T> SIMT_INLINE T shfl_up(T v, unsigned by, simt::Place at = simt::Place::here()) const
    {
        return __shfl_up_sync(mask(), v, by, N, at);
    }
    template <class T> SIMT_INLINE T shfl_xor(T v, int with, simt::Place at = simt::Place::here()) const
    {
        return __shfl_xor_sync(mask(), v, with, N, at);
    }
    SIMT_INLINE int any(int p, simt::Place at = simt::Place::here()) const { return __any_sync(mask(), p, at); }
    SIMT_INLINE int all(int p, simt::Place at = simt::Place::here()) const { return __all_sync(mask(), p, at); }
    SIMT_INLINE unsigned ballot(int p, simt::Place at = simt::Place::here()) const
    {
        return __ballot_sync(mask(), p, at) >> first();
    }
    template <class T> SIMT_INLINE unsigned match_any(T v, simt::Place at = simt::Place::here()) const
    {
        return __match_any_sync(mask(), v, at) >> first();
    }
};
template <unsigned N, class Parent> SIMT_INLINE thread_block_tile<N, Parent> tiled_partition(const Parent &)
{
    return {};
}

/* The lanes of `lanes`, ranked from the lowest. */
struct coalesced_group {
    unsigned lanes;

    unsigned size() const { return (unsigned)__builtin_popcount(lanes); }
    unsigned num_threads() const { return size(); }
    unsigned thread_rank() const { return (unsigned)__builtin_popcount(lanes & ((1u << simt::lane()) - 1)); }
    int lane_of(unsigned rank) const
    {
        unsigned left = lanes;
        while (rank--) left &= left - 1;
        return __builtin_ctz(left);
    }
    unsigned ranks_of(unsigned set) const           /* a set of lanes as a set of ranks */
    {
        unsigned ranks = 0, rank = 0;
        for (int lane = 0; lane < 32; lane++)
            if (lanes >> lane & 1) ranks |= (set >> lane & 1) << rank++;
        return ranks;
    }
    SIMT_INLINE void sync(simt::Place at = simt::Place::here()) const { __syncwarp(lanes, at); }
    template <class T> SIMT_INLINE T shfl(T v, unsigned rank, simt::Place at = simt::Place::here()) const
    {
        return __shfl_sync(lanes, v, lane_of(rank % size()), 32, at);
    }
    template <class T> SIMT_INLINE T shfl_down(T v, unsigned by, simt::Place at = simt::Place::here()) const
    {
        unsigned to = thread_rank() + by;
        return __shfl_sync(lanes, v, to < size() ? lane_of(to) : simt::lane(), 32, at);
    }
    template <class T> SIMT_INLINE T shfl_up(T v, unsigned by, simt::Place at = simt::Place::here()) const
    {
        unsigned rank = thread_rank();
        return __shfl_sync(lanes, v, rank >= by ? lane_of(rank - by) : simt::lane(), 32, at);
    }
    SIMT_INLINE int any(int p, simt::Place at = simt::Place::here()) const { return __any_sync(lanes, p, at); }
    SIMT_INLINE int all(int p, simt::Place at = simt::Place::here()) const { return __all_sync(lanes, p, at); }
    SIMT_INLINE unsigned ballot(int p, simt::Place at = simt::Place::here()) const
    {
        return ranks_of(__ballot_sync(lanes, p, at));
    }
};
SIMT_INLINE coalesced_group coalesced_threads(simt::Place at = simt::Place::here())
{
    return { simt::active_mask(at) };
}

template <class Group> SIMT_INLINE void sync(const Group &g, simt::Place at = simt::Place::here()) { g.sync(at); }
} // namespace cooperative_groups
