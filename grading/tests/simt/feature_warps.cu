/* feature_warps.cu -- lanes that talk: shuffles, votes, matches, counting barriers, cooperative groups. */
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include "feature.cuh"
namespace cg = cooperative_groups;

constexpr unsigned ALL = 0xffffffff;
constexpr int      ROWS = 24;

__global__ void shuffles(int *y)
{
    int l = threadIdx.x, row = 0;
    y[32 * row++ + l] = __shfl_sync(ALL, 10 * l, 5);
    y[32 * row++ + l] = __shfl_sync(ALL, l, 9, 8);                      /* 9 mod 8 = 1 of each eight */
    y[32 * row++ + l] = __shfl_up_sync(ALL, l, 3);
    y[32 * row++ + l] = __shfl_down_sync(ALL, l, 3, 16);
    y[32 * row++ + l] = __shfl_xor_sync(ALL, l, 5);
    y[32 * row++ + l] = (int)__shfl_down_sync(ALL, l + 0.25, 1);        /* eight bytes */
    y[32 * row++ + l] = (int)__shfl_xor_sync(ALL, (long long)l << 40, 1) + (int)(__shfl_sync(ALL, 1LL << 40, 0) >> 40);
    y[32 * row++ + l] = (int)__ballot_sync(ALL, l % 3 == 0);
    y[32 * row++ + l] = __any_sync(ALL, l == 31) + 2 * __any_sync(ALL, l > 31);
    y[32 * row++ + l] = __all_sync(ALL, l < 32) + 2 * __all_sync(ALL, l < 31);
    y[32 * row++ + l] = (int)__match_any_sync(ALL, l % 4);
    int all;
    unsigned same = __match_all_sync(ALL, l / 32, &all);
    y[32 * row++ + l] = all && same == 0xffffffff;
    y[32 * row++ + l] = __reduce_add_sync(ALL, l) + __reduce_max_sync(ALL, -l) + __reduce_min_sync(ALL, -l);
    y[32 * row++ + l] = (int)(__reduce_or_sync(ALL, 1u << l) & __reduce_and_sync(ALL, ~(1u << l)));
    if (l < 8) y[32 * row + l] = (int)__ballot_sync(0xff, l & 1);       /* some of them */
    else y[32 * row + l] = __shfl_sync(0xffffff00, l, 20);
    row++;
    if (l % 2) y[32 * row + l] = (int)__activemask();
    __syncwarp();
    row++;
    y[32 * row + l] = __popc(__activemask());
}

static void check_shuffles()
{
    Numbers<int> y(32 * ROWS);
    shuffles<<<1, 32>>>(y);
    y.get();
    for (int l = 0; l < 32; l++) {
        unsigned same = 0x11111111u << l % 4;
        int want[] = { 50, l / 8 * 8 + 1, l < 3 ? l : l - 3, l % 16 < 13 ? l + 3 : l, l ^ 5, l < 31 ? l + 1 : 31, 1,
                       0x49249249, 1, 1, (int)same, 1, 31 * 16 - 31, 0, l < 8 ? 0xaa : 20 };
        for (int r = 0; r < (int)(sizeof want / sizeof *want); r++)
            expect(y[32 * r + l] == want[r], "row %d, lane %d: %d, not %d", r, l, y[32 * r + l], want[r]);
    }
}

__global__ void barriers(int *y)
{
    int t = threadIdx.x, n = blockDim.x;
    y[t] = __syncthreads_count(t % 3 == 0);
    y[n + t] = __syncthreads_and(t < n) + 2 * __syncthreads_and(t);
    y[2 * n + t] = __syncthreads_or(t == 7) + 2 * __syncthreads_or(0);
}

static void check_barriers()
{
    Numbers<int> y(300);
    barriers<<<1, 100>>>(y);
    y.get();
    for (int i = 0; i < 300; i++) expect(y[i] == (i < 100 ? 34 : 1), "[%d] %d", i, y[i]);
}

__global__ void groups(int *y, const int *x)
{
    auto block = cg::this_thread_block();
    auto tile = cg::tiled_partition<8>(block);
    auto half = cg::tiled_partition<4>(tile);
    int t = block.thread_rank(), n = block.size(), row = 0;
    __shared__ int copied[64];
    y[n * row++ + t] = 100 * tile.meta_group_rank() + 10 * tile.thread_rank() + half.thread_rank();
    y[n * row++ + t] = cg::reduce(tile, t, cg::plus<int>());
    y[n * row++ + t] = cg::reduce(half, t % 3, cg::greater<int>()) - cg::reduce(half, t % 3, cg::less<int>());
    y[n * row++ + t] = cg::inclusive_scan(tile, 1) + 10 * cg::exclusive_scan(tile, 1, cg::plus<int>());
    y[n * row++ + t] = (int)tile.ballot(tile.thread_rank() < 2) + (tile.any(t == 0) ? 10 : 0) + tile.all(t >= 0);
    y[n * row++ + t] = tile.shfl(t, 3) + tile.shfl_xor(t, 1) - tile.shfl_down(t, 1) - tile.shfl_up(t, 1);
    cg::memcpy_async(block, copied, x, 64 * sizeof(int));
    cg::wait(block);
    y[n * row++ + t] = copied[63 - t];
    if (t % 3 == 0) {
        auto some = cg::coalesced_threads();
        int first = some.shfl(t, 0), last = some.shfl(t, some.size() - 1);
        y[n * row + t] = 10000 * (int)some.size() + 100 * (int)some.thread_rank() + last - first;
    }
    row++;
    cg::sync(block);
    auto grid = cg::this_grid();
    y[n * row + t] = (int)(grid.thread_rank() + grid.size() + block.group_index().x + block.thread_index().y);
}

static void check_groups()
{
    Numbers<int> y(64 * ROWS), x(64);
    for (int i = 0; i < 64; i++) x.host[i] = i * i;
    x.put();
    groups<<<1, dim3(16, 4)>>>(y, x);
    y.get();
    for (int t = 0; t < 64; t++) {
        int f = t / 8 * 8, low = t / 4 * 4, most = 0, least = 2, warp = t / 32 * 32;
        for (int i = low; i < low + 4; i++) most = i % 3 > most ? i % 3 : most, least = i % 3 < least ? i % 3 : least;
        int down = t % 8 < 7 ? t + 1 : t, up = t % 8 ? t - 1 : t;
        int want[] = { 100 * (t / 8) + 10 * (t % 8) + t % 4, 8 * f + 28, most - least, t % 8 + 1 + 10 * (t % 8),
                       3 + (f == 0 ? 10 : 0) + 1, f + 3 + (t ^ 1) - down - up, (63 - t) * (63 - t) };
        for (int r = 0; r < 7; r++)
            expect(y[64 * r + t] == want[r], "row %d, thread %d: %d, not %d", r, t, y[64 * r + t], want[r]);
        int first = (warp + 2) / 3 * 3, count = (warp + 31 - first) / 3 + 1;
        int together = 10000 * count + 100 * ((t - first) / 3) + 3 * (count - 1);
        expect(y[64 * 7 + t] == (t % 3 ? 0 : together), "thread %d: %d", t, y[64 * 7 + t]);
        expect(y[64 * 8 + t] == t + 64 + t / 16, "thread %d: %d", t, y[64 * 8 + t]);
    }
}

int main()
{
    check_shuffles();
    check_barriers();
    check_groups();
    return features_end();
}
