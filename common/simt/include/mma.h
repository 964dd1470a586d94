/* mma.h -- tensor cores: the product of 16x16 tiles, made by a warp together.
 *
 * A fragment is a tile spread over the lanes of a warp: eight elements each. Which lane holds which is nobody's
 * business: on a GPU it changes from one generation to the next. Here a lane holds half a row. Products are exact and
 * their sum is a float's, in the order of k. */
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace nvcuda {
namespace wmma {
struct matrix_a {};
struct matrix_b {};
struct accumulator {};
struct row_major {};
struct col_major {};
enum layout_t { mem_row_major, mem_col_major };

template <class Use, int M, int N, int K, class T, class Layout = void> struct fragment {
    static_assert(M == 16 && N == 16 && K == 16, "the emulator has tiles of 16x16x16");
    enum { num_elements = 8 };
    typedef T element_type;
    T x[num_elements];
};

/* Element i of this lane: row lane / 2, columns 8 (lane % 2) + i. */
namespace simt_tile {
SIMT_INLINE int row() { return simt::lane() / 2; }
SIMT_INLINE int column() { return simt::lane() % 2 * 8; }

template <class F> void nothing(simt::Meeting &) {}

/* Each lane's three factors, and where its eight results go. */
template <class A, class B, class C> struct Product { const A *a; const B *b; const C *c; C *d; };

template <class A, class B, class C> SIMT_NO_HOOKS void multiply(simt::Meeting &m)
{
    typedef Product<A, B, C> P;
    float b[16][16], d[16][16];
    for (int lane = 0; lane < 32; lane++)
        if (!m.lane[lane]) return simt::absent_lane(m, lane ? 0 : 31, lane);
    for (int k = 0; k < 16; k++)
        for (int n = 0; n < 16; n++) b[k][n] = (float)((P *)m.lane[2 * k + n / 8])->b->x[n % 8];
    for (int i = 0; i < 16; i++) {
        for (int n = 0; n < 16; n++) d[i][n] = (float)((P *)m.lane[2 * i + n / 8])->c->x[n % 8];
        for (int k = 0; k < 16; k++) {
            float a = (float)((P *)m.lane[2 * i + k / 8])->a->x[k % 8];
            for (int n = 0; n < 16; n++) d[i][n] += a * b[k][n];
        }
    }
    for (int i = 0; i < 16; i++)
        for (int n = 0; n < 16; n++) ((P *)m.lane[2 * i + n / 8])->d->x[n % 8] = d[i][n];
}
} // namespace simt_tile

template <class U, int M, int N, int K, class T, class L, class V>
SIMT_INLINE void fill_fragment(fragment<U, M, N, K, T, L> &f, V value)
{
    for (int i = 0; i < f.num_elements; i++) f.x[i] = value;
}

template <class U, int M, int N, int K, class T, class L>
SIMT_INLINE void load_matrix_sync(fragment<U, M, N, K, T, L> &f, const T *p, unsigned stride,
                                  simt::Place at = simt::Place::here())
{
    int row = simt_tile::row(), column = simt_tile::column();
    bool by_rows = std::is_same<L, row_major>::value;
    for (int i = 0; i < f.num_elements; i++)
        f.x[i] = by_rows ? p[row * stride + column + i] : p[(column + i) * stride + row];
    simt::meet(~0u, simt_tile::nothing<fragment<U, M, N, K, T, L>>, &f, at);
}

template <int M, int N, int K, class T>
SIMT_INLINE void load_matrix_sync(fragment<accumulator, M, N, K, T> &f, const T *p, unsigned stride, layout_t layout,
                                  simt::Place at = simt::Place::here())
{
    int row = simt_tile::row(), column = simt_tile::column();
    for (int i = 0; i < f.num_elements; i++)
        f.x[i] = layout == mem_row_major ? p[row * stride + column + i] : p[(column + i) * stride + row];
    simt::meet(~0u, simt_tile::nothing<fragment<accumulator, M, N, K, T>>, &f, at);
}

template <int M, int N, int K, class T>
SIMT_INLINE void store_matrix_sync(T *p, const fragment<accumulator, M, N, K, T> &f, unsigned stride, layout_t layout,
                                   simt::Place at = simt::Place::here())
{
    int row = simt_tile::row(), column = simt_tile::column();
    for (int i = 0; i < f.num_elements; i++)
        (layout == mem_row_major ? p[row * stride + column + i] : p[(column + i) * stride + row]) = f.x[i];
    simt::meet(~0u, simt_tile::nothing<T>, (void *)&f, at);
}

/* d = a b + c. The factors are half or bfloat16, the sums float or half. */
template <int M, int N, int K, class T, class S, class LA, class LB>
SIMT_INLINE void mma_sync(fragment<accumulator, M, N, K, S> &d, const fragment<matrix_a, M, N, K, T, LA> &a,
                          const fragment<matrix_b, M, N, K, T, LB> &b, const fragment<accumulator, M, N, K, S> &c,
                          simt::Place at = simt::Place::here())
{
    typedef fragment<matrix_a, M, N, K, T, LA> A;
    typedef fragment<matrix_b, M, N, K, T, LB> B;
    typedef fragment<accumulator, M, N, K, S> C;
    simt_tile::Product<A, B, C> mine = { &a, &b, &c, &d };
    simt::meet(~0u, simt_tile::multiply<A, B, C>, &mine, at);
}
} // namespace wmma
} // namespace nvcuda
