/* kernels.c -- the correct kernels beside plain C: every one at several awkward sizes.
 *
 *   kernels [NAME..]     all of them, or those named; a line for each that is wrong, then "N passed, N failed" */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernels.h"

enum { MOST = 1 << 15 };

static float    in1[MOST], in2[MOST], in3[MOST], in4[MOST], got[MOST], want[MOST];
static int      ints[MOST], more_ints[MOST], got_ints[MOST], want_ints[MOST];
static unsigned state;
static bool     right;

static unsigned draw(void) { return (state = state * 1664525 + 1013904223) >> 8; }
static int      below(int n) { return (int)(draw() % (unsigned)n); }
static void     fill(float *x, int n) { for (int i = 0; i < n; i++) x[i] = (float)draw() / (1 << 23) - 1; }
static void     fill_ints(int *x, int n, int from, int to)
{
    for (int i = 0; i < n; i++) x[i] = from + below(to - from + 1);
}

/* NaN is close to nothing. */
static void close(const char *what, const float *g, const float *w, int n, double tolerance)
{
    for (int i = 0; i < n && right; i++)
        if (!(fabs((double)g[i] - w[i]) <= tolerance * (1 + fabs((double)w[i])))) {
            printf("FAIL %s: [%d] of %d is %.9g, %.9g in plain C\n", what, i, n, g[i], w[i]);
            right = false;
        }
}

static void same(const char *what, const int *g, const int *w, int n)
{
    for (int i = 0; i < n && right; i++)
        if (g[i] != w[i]) {
            printf("FAIL %s: [%d] of %d is %d, %d in plain C\n", what, i, n, g[i], w[i]);
            right = false;
        }
}

static double total(const float *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i];
    return sum;
}

/* ---- Maps -------------------------------------------------------------------------------------------------------- */

static void check_add(void (*add)(float *, const float *, const float *, int), int N)
{
    fill(in1, N), fill(in2, N);
    for (int i = 0; i < N; i++) want[i] = in1[i] + in2[i];
    add(got, in1, in2, N);
    close("sum of vectors", got, want, N, 0);
}
static void t_vector_add(void) { check_add(vector_add, 1), check_add(vector_add, 1000); }
static void t_vector_add_strides(void) { check_add(vector_add_strides, 5), check_add(vector_add_strides, 777); }
static void t_vector_add_float4(void) { check_add(vector_add_float4, 4), check_add(vector_add_float4, 1204); }

static void t_gelu(void)
{
    fill(in1, 500);
    for (int i = 0; i < 500; i++) {
        double x = in1[i] *= 4;
        want[i] = (float)(x / (1 + exp(-2 * 0.7978845608 * (x + 0.044715 * x * x * x))));
    }
    gelu(got, in1, 500);
    close("gelu", got, want, 500, 2e-6);
}

static void t_adam(void)
{
    int N = 300;
    fill(in1, N), fill(in2, N), fill(in3, N), fill(in4, N);
    for (int i = 0; i < N; i++) {
        in3[i] = fabsf(in3[i]);
        double m = 0.9 * in2[i] + 0.1 * in4[i], v = 0.999 * in3[i] + 0.001 * in4[i] * in4[i];
        want[i] = (float)(in1[i] - 0.01 * (m / (1 - pow(0.9, 3))) / (sqrt(v / (1 - pow(0.999, 3))) + 1e-8));
    }
    adam(in1, in2, in3, in4, 0.01f, 3, N);
    close("adam", in1, want, N, 1e-5);
}

static void t_embedding(void)
{
    int N = 37, V = 11, C = 45;
    fill(in1, V * C), fill_ints(ints, N, 0, V - 1);
    for (int i = 0; i < N * C; i++) want[i] = in1[ints[i / C] * C + i % C];
    embedding(got, in1, ints, N, C);
    close("embedding", got, want, N * C, 0);
}

static void t_embedding_backward(void)
{
    int N = 37, V = 11, C = 45;
    fill(in1, N * C), fill_ints(ints, N, 0, V - 1);
    memset(want, 0, sizeof want);
    for (int i = 0; i < N * C; i++) want[ints[i / C] * C + i % C] += in1[i];
    embedding_backward(got, in1, ints, N, V, C);
    close("embedding's gradient", got, want, V * C, 1e-6);
}

static void check_transpose(void (*transpose)(float *, const float *, int, int), int M, int N)
{
    fill(in1, M * N);
    for (int i = 0; i < M * N; i++) want[i % N * M + i / N] = in1[i];
    transpose(got, in1, M, N);
    close("transpose", got, want, M * N, 0);
}
static void t_transpose_naive(void) { check_transpose(transpose_naive, 33, 65); }
static void t_transpose_tiled(void)
{
    check_transpose(transpose_tiled, 1, 7), check_transpose(transpose_tiled, 50, 35);
}
static void t_transpose_tall(void) { check_transpose(transpose_tall, 64, 96), check_transpose(transpose_tall, 61, 37); }

static void t_im2col(void)
{
    int H = 9, W = 12, K = 3, at = 0;
    fill(in1, H * W);
    for (int k = 0; k < K * K; k++)
        for (int h = 0; h <= H - K; h++)
            for (int w = 0; w <= W - K; w++) want[at++] = in1[(h + k / K) * W + w + k % K];
    im2col(got, in1, H, W, K);
    close("im2col", got, want, at, 0);
}

static void t_volume(void)
{
    int X = 7, Y = 5, Z = 4;
    for (int i = 0; i < X * Y * Z; i++) want_ints[i] = i % X + 100 * (i / X % Y) + 10000 * (i / X / Y);
    volume(got_ints, X, Y, Z);
    same("volume", got_ints, want_ints, X * Y * Z);
}

static void t_max_pool(void)
{
    int H = 14, W = 22;
    fill(in1, H * W);
    for (int i = 0; i < H * W / 4; i++) {
        const float *x = in1 + i / (W / 2) * 2 * W + i % (W / 2) * 2;
        want[i] = fmaxf(fmaxf(x[0], x[1]), fmaxf(x[W], x[W + 1]));
    }
    max_pool(got, in1, H, W);
    close("max pool", got, want, H * W / 4, 0);
}

static void t_nearest_centre(void)
{
    int N = 150, K = 7, D = 5;
    fill(in1, N * D), fill(in2, K * D);
    for (int n = 0; n < N; n++) {
        double least = INFINITY;
        for (int k = 0; k < K; k++) {
            double d2 = 0;
            for (int d = 0; d < D; d++) d2 += pow((double)in1[n * D + d] - in2[k * D + d], 2);
            if (d2 < least) least = d2, want_ints[n] = k;
        }
    }
    nearest_centre(got_ints, in1, in2, N, K, D);
    same("nearest centre", got_ints, want_ints, N);
}

static void t_sparse_times_vector(void)
{
    int N = 90, at = 0;
    fill(in1, N), fill(in2, 9 * N), fill_ints(more_ints, 9 * N, 0, N - 1);
    for (int n = 0; n < N; n++) {
        ints[n] = at;
        double sum = 0;
        for (int end = at + below(9); at < end; at++) sum += (double)in2[at] * in1[more_ints[at]];
        want[n] = (float)sum;
    }
    ints[N] = at;
    sparse_times_vector(got, ints, more_ints, in2, in1, N);
    close("sparse product", got, want, N, 1e-6);
}

static void t_convolve_halo(void)
{
    int H = 13, W = 21;
    fill(in1, H * W), fill(in2, 25);
    for (int i = 0; i < H * W; i++) {
        double sum = 0;
        for (int k = 0; k < 25; k++) {
            int h = i / W + k / 5 - 2, w = i % W + k % 5 - 2;
            if (h >= 0 && h < H && w >= 0 && w < W) sum += (double)in2[k] * in1[h * W + w];
        }
        want[i] = (float)sum;
    }
    convolve_halo(got, in1, in2, H, W);
    close("convolution", got, want, H * W, 2e-6);
}

static void check_stencil(int N)
{
    fill(in1, N);
    for (int i = 0; i < N; i++)
        want[i] = i == 0 || i == N - 1 ? in1[i] : 0.25f * in1[i - 1] + 0.5f * in1[i] + 0.25f * in1[i + 1];
    stencil(got, in1, N);
    close("stencil", got, want, N, 1e-6);
}
static void t_stencil(void) { check_stencil(1), check_stencil(64), check_stencil(200); }

/* ---- Sums, counts, running totals, picking, waiting -------------------------------------------------------------- */

static void check_sum(float (*sum)(const float *, int), int N)
{
    fill(in1, N);
    float g = sum(in1, N), w = (float)total(in1, N);
    close("sum", &g, &w, 1, 2e-5);
}
static void t_sum_tree(void) { check_sum(sum_tree, 1), check_sum(sum_tree, 5000); }
static void t_sum_warps(void) { check_sum(sum_warps, 31), check_sum(sum_warps, 3001); }
static void t_sum_atomic(void) { check_sum(sum_atomic, 31), check_sum(sum_atomic, 3001); }
static void t_sum_last_block(void) { check_sum(sum_last_block, 3001), check_sum(sum_last_block, 9); }
static void t_sum_groups(void) { check_sum(sum_groups, 31), check_sum(sum_groups, 3001); }

static void t_dot(void)
{
    int    N = 2001;
    double sum = 0;
    fill(in1, N), fill(in2, N);
    for (int i = 0; i < N; i++) sum += (double)in1[i] * in2[i];
    float g = dot(in1, in2, N), w = (float)sum;
    close("dot product", &g, &w, 1, 2e-5);
}

static void t_largest(void)
{
    int w = -1000000;
    fill_ints(ints, 1500, -900000, -3);
    for (int i = 0; i < 1500; i++) w = ints[i] > w ? ints[i] : w;
    int g = largest(ints, 1500);
    same("largest", &g, &w, 1);
}

static void check_histogram(void (*histogram)(int *, const unsigned char *, int))
{
    static unsigned char bytes[1700];
    memset(want_ints, 0, 256 * sizeof *want_ints);
    for (int i = 0; i < 1700; i++) want_ints[bytes[i] = (unsigned char)(below(256) & below(256))]++;
    histogram(got_ints, bytes, 1700);
    same("histogram", got_ints, want_ints, 256);
}
static void t_histogram_global(void) { check_histogram(histogram_global); }
static void t_histogram_shared(void) { check_histogram(histogram_shared); }

static void check_scan(void (*scan)(int *, const int *, int), int N, bool inclusive)
{
    fill_ints(ints, N, -50, 50);
    for (int i = 0, sum = 0; i < N; i++) {
        want_ints[i] = inclusive ? sum + ints[i] : sum;
        sum += ints[i];
    }
    scan(got_ints, ints, N);
    same("running total", got_ints, want_ints, N);
}
static void t_scan_doubling(void) { check_scan(scan_doubling, 1000, true), check_scan(scan_doubling, 3, true); }
static void t_scan_tree(void) { check_scan(scan_tree, 512, false); }
static void t_scan_blocks(void) { check_scan(scan_blocks, 1500, true), check_scan(scan_blocks, 100, true); }
static void t_scan_chained(void) { check_scan(scan_chained, 1500, true), check_scan(scan_chained, 128, true); }

static int by_size(const void *a, const void *b)
{
    return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}
static int by_value(const void *a, const void *b)
{
    return (*(const float *)a > *(const float *)b) - (*(const float *)a < *(const float *)b);
}

static void t_compact_positive(void)
{
    int N = 700, kept = 0;
    fill_ints(ints, N, -100, 100);
    for (int i = 0; i < N; i++)
        if (ints[i] > 0) want_ints[kept++] = ints[i];
    int n = compact_positive(got_ints, ints, N);
    same("how many are kept", &n, &kept, 1);
    qsort(got_ints, (size_t)kept, sizeof *got_ints, by_size);
    qsort(want_ints, (size_t)kept, sizeof *want_ints, by_size);
    same("what is kept", got_ints, want_ints, kept);
}

static void t_sort_bitonic(void)
{
    fill(got, 512);
    memcpy(want, got, sizeof want);
    qsort(want, 512, sizeof *want, by_value);
    sort_bitonic(got, 512);
    close("sorted", got, want, 512, 0);
}

static void t_locked_counter(void)
{
    int g = locked_counter(3, 40), w = 120;
    same("locked counter", &g, &w, 1);
}

static void t_flag_between_blocks(void)
{
    int g = flag_between_blocks(4711), w = 4711;
    same("message", &g, &w, 1);
}

/* ---- Rows and products ------------------------------------------------------------------------------------------- */

static void check_softmax(int N, int C)
{
    fill(in1, N * C);
    for (int n = 0; n < N; n++) {
        double sum = 0;
        for (int c = 0; c < C; c++) in1[n * C + c] *= 10;
        for (int c = 0; c < C; c++) sum += exp(in1[n * C + c]);
        for (int c = 0; c < C; c++) want[n * C + c] = (float)(exp(in1[n * C + c]) / sum);
    }
    softmax_warps(got, in1, N, C);
    close("softmax", got, want, N * C, 1e-6);
}
static void t_softmax_warps(void) { check_softmax(3, 10), check_softmax(5, 129), check_softmax(1, 1); }

static void check_norm(bool rms, int N, int C)
{
    fill(in1, N * C), fill(in2, C), fill(in3, C);
    for (int n = 0; n < N; n++) {
        const float *x = in1 + n * C;
        double mean = rms ? 0 : total(x, C) / C, squares = 0;
        for (int c = 0; c < C; c++) squares += (x[c] - mean) * (x[c] - mean);
        double scale = 1 / sqrt(squares / C + 1e-5);
        for (int c = 0; c < C; c++)
            want[n * C + c] = (float)((x[c] - mean) * scale * in2[c] + (rms ? 0 : (double)in3[c]));
    }
    if (rms) rmsnorm_warps(got, in1, in2, N, C);
    else layernorm_blocks(got, in1, in2, in3, N, C);
    close(rms ? "rmsnorm" : "layernorm", got, want, N * C, 1e-5);
}
static void t_layernorm_blocks(void) { check_norm(false, 3, 130), check_norm(false, 2, 7); }
static void t_rmsnorm_warps(void) { check_norm(true, 6, 130), check_norm(true, 2, 7); }

static void t_cross_entropy(void)
{
    int N = 6, C = 50;
    fill(in1, N * C), fill_ints(ints, N, 0, C - 1);
    for (int n = 0; n < N; n++) {
        double sum = 0;
        for (int c = 0; c < C; c++) sum += exp(in1[n * C + c]);
        want[n] = (float)(log(sum) - in1[n * C + ints[n]]);
    }
    cross_entropy(got, in1, ints, N, C);
    close("cross-entropy", got, want, N, 1e-6);
}

/* e: in what way 16-bit factors are rounded, half of their last digit each. */
typedef void Matmul(float *, const float *, const float *, int, int, int);
static void check_matmul(Matmul *matmul, int M, int N, int K, double e)
{
    fill(in1, M * K), fill(in2, K * N);
    for (int i = 0; i < M * N; i++) {
        double sum = 0;
        for (int k = 0; k < K; k++) sum += (double)in1[i / N * K + k] * in2[k * N + i % N];
        want[i] = (float)sum;
    }
    matmul(got, in1, in2, M, N, K);
    close("product", got, want, M * N, e);
}
static void t_matmul_naive(void) { check_matmul(matmul_naive, 5, 19, 7, 1e-6); }
static void t_matmul_tiled(void)
{
    check_matmul(matmul_tiled, 33, 20, 65, 4e-6), check_matmul(matmul_tiled, 1, 1, 1, 0);
}
static void t_matmul_registers(void) { check_matmul(matmul_registers, 33, 65, 20, 4e-6); }
static void t_matmul_half_tiles(void) { check_matmul(matmul_half_tiles, 32, 16, 48, 6e-3); }
static void t_matmul_bfloat16_tiles(void) { check_matmul(matmul_bfloat16_tiles, 16, 32, 32, 4e-2); }

static void matrix_vector_as_product(float *c, const float *a, const float *b, int M, int N, int K)
{
    (void)N;
    matrix_vector(c, a, b, M, K);
}
static void t_matrix_vector(void) { check_matmul(matrix_vector_as_product, 21, 1, 77, 4e-6); }

static void check_attention(int T, int causal)
{
    enum { D = 32 };
    double *p = malloc((size_t)T * sizeof *p);
    fill(in1, T * D), fill(in2, T * D), fill(in3, T * D);
    for (int t = 0; t < T; t++) {
        double sum = 0;
        int    seen = causal ? t + 1 : T;
        for (int s = 0; s < seen; s++) {
            double score = 0;
            for (int d = 0; d < D; d++) score += (double)in1[t * D + d] * in2[s * D + d];
            sum += p[s] = exp(score / sqrt(D));
        }
        for (int d = 0; d < D; d++) {
            double y = 0;
            for (int s = 0; s < seen; s++) y += p[s] / sum * in3[s * D + d];
            want[t * D + d] = (float)y;
        }
    }
    flash_attention(got, in1, in2, in3, T, causal);
    close("attention", got, want, T * D, 4e-6);
    free(p);
}
static void t_flash_attention(void) { check_attention(37, 0), check_attention(37, 1), check_attention(1, 1); }

/* ---- All of them ------------------------------------------------------------------------------------------------- */

#define KERNEL(name) { #name, t_##name }
static const struct Test { const char *name; void (*run)(void); } tests[] = {
    KERNEL(vector_add), KERNEL(vector_add_strides), KERNEL(vector_add_float4), KERNEL(gelu), KERNEL(adam),
    KERNEL(embedding), KERNEL(embedding_backward), KERNEL(transpose_naive), KERNEL(transpose_tiled),
    KERNEL(transpose_tall), KERNEL(im2col), KERNEL(volume), KERNEL(max_pool), KERNEL(nearest_centre),
    KERNEL(sparse_times_vector), KERNEL(convolve_halo), KERNEL(stencil), KERNEL(sum_tree), KERNEL(sum_warps),
    KERNEL(sum_atomic), KERNEL(sum_last_block), KERNEL(sum_groups), KERNEL(dot), KERNEL(largest),
    KERNEL(histogram_global), KERNEL(histogram_shared), KERNEL(scan_doubling), KERNEL(scan_tree), KERNEL(scan_blocks),
    KERNEL(scan_chained), KERNEL(compact_positive), KERNEL(sort_bitonic), KERNEL(locked_counter),
    KERNEL(flag_between_blocks), KERNEL(softmax_warps), KERNEL(layernorm_blocks), KERNEL(rmsnorm_warps),
    KERNEL(cross_entropy), KERNEL(matmul_naive), KERNEL(matmul_tiled), KERNEL(matmul_registers),
    KERNEL(matmul_half_tiles), KERNEL(matmul_bfloat16_tiles), KERNEL(matrix_vector), KERNEL(flash_attention),
};

int main(int argc, char **argv)
{
    int passed = 0, failed = 0;
    for (const struct Test *t = tests; t < tests + sizeof tests / sizeof *tests; t++) {
        bool asked = argc < 2;
        for (int i = 1; i < argc; i++) asked |= !strcmp(argv[i], t->name);
        if (!asked) continue;
        state = 1, right = true;
        t->run();
        if (!right) printf("     in %s\n", t->name);
        right ? passed++ : failed++;
        fflush(stdout);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
