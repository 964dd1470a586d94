/* test_cpu_matmul.c -- the probes that grade cpu_matmul.c, and the oracles that prove it right. */
#include <math.h>
#include <string.h>
#include "probe.h"
#include "cpu_matmul.h"

enum { ROWS = CPU_MATMUL_ROWS, COLS = CPU_MATMUL_COLS, SLAB = CPU_MATMUL_SLAB, BLOCK = CPU_MATMUL_BLOCK };

typedef struct Problem { int M, N, K; const float *A, *B; float *C; } Problem;

static Problem problem(int M, int N, int K)
{
    return (Problem){ M, N, K, probe_uniform(M * K, -1, 1), probe_uniform(K * N, -1, 1), probe_output(M * N) };
}

static Problem awkward(void)
{
    return problem(probe_pick(1, 2, 7, 33), probe_pick(1, 3, 8, 17, 40), probe_pick(1, 2, 5, 31));
}

static Problem pencil(void)
{
    return (Problem){ 2, 2, 3, probe_given(1, 2, 3, 4, 5, 6), probe_given(1, 0, 0, 1, 2, -1), probe_output(4) };
}

static void emit_product(const Problem *p)
{
    probe_terms(p->K);
    probe_scale(sqrt(p->K));                            /* a sum of K numbers up to 1 */
    emit("C", p->C, p->M, p->N);
}

/* ---- steps cpu_matmul_naive, _order, _blocked -------------------------------------------------------------------- */

static void naive(Problem p)
{
    probe_freeze();
    cpu_matmul_naive(p.C, p.A, p.B, p.M, p.N, p.K);
    emit_product(&p);
}

PROBE(cpu_matmul_naive, by_pencil) { naive(pencil()); }
PROBE(cpu_matmul_naive, awkward_sizes) { naive(awkward()); }

static void order(Problem p)
{
    probe_freeze();
    cpu_matmul_order(p.C, p.A, p.B, p.M, p.N, p.K);
    emit_product(&p);
}

PROBE(cpu_matmul_order, by_pencil) { order(pencil()); }
PROBE(cpu_matmul_order, awkward_sizes) { order(awkward()); }

static void blocked(Problem p, int block)
{
    probe_freeze();
    cpu_matmul_blocked(p.C, p.A, p.B, p.M, p.N, p.K, block);
    emit_product(&p);
}

PROBE(cpu_matmul_blocked, by_pencil) { blocked(pencil(), 2); }
PROBE(cpu_matmul_blocked, awkward_sizes) { blocked(awkward(), probe_pick(1, 4, 7, 16, 100)); }

/* ---- steps cpu_matmul_pack_a, _pack_b ---------------------------------------------------------------------------- */

PROBE(cpu_matmul_pack_a, by_pencil)                     /* two rows of three, of a matrix with five columns */
{
    float *packed = probe_output(3 * ROWS), *A = probe_given(1, 2, 3, 9, 9, 4, 5, 6);
    probe_freeze();
    cpu_matmul_pack_a(packed, A, 2, 3, 5);
    emit_exact("packed", packed, 3, ROWS);
}

PROBE(cpu_matmul_pack_a, awkward_sizes)
{
    int    rows = probe_pick(1, 2, 5, 6, 6), K = probe_pick(1, 2, 9, 40), lda = K + probe_pick(0, 1, 7);
    float *packed = probe_output(K * ROWS), *A = probe_floats((rows - 1) * lda + K);
    probe_freeze();
    cpu_matmul_pack_a(packed, A, rows, K, lda);
    emit_exact("packed", packed, K, ROWS);
}

PROBE(cpu_matmul_pack_b, by_pencil)
{
    float *packed = probe_output(2 * COLS), *B = probe_given(1, 2, 3, 9, 4, 5, 6);
    probe_freeze();
    cpu_matmul_pack_b(packed, B, 3, 2, 4);
    emit_exact("packed", packed, 2, COLS);
}

PROBE(cpu_matmul_pack_b, awkward_sizes)
{
    int    cols = probe_pick(1, 7, 15, 16, 16), K = probe_pick(1, 2, 9, 40), ldb = cols + probe_pick(0, 1, 20);
    float *packed = probe_output(K * COLS), *B = probe_floats((K - 1) * ldb + cols);
    probe_freeze();
    cpu_matmul_pack_b(packed, B, cols, K, ldb);
    emit_exact("packed", packed, K, COLS);
}

/* ---- step cpu_matmul_tile ---------------------------------------------------------------------------------------- */

static void tile(int K, int rows, int cols, int ldc)
{
    const float *a = probe_uniform(K * ROWS, -1, 1), *b = probe_uniform(K * COLS, -1, 1);
    float       *C = probe_inout((rows - 1) * ldc + cols);
    for (int i = 0; i < (rows - 1) * ldc + cols; i++) C[i] = (float)probe_real(-1, 1);
    probe_freeze();
    cpu_matmul_tile(C, a, b, K, ldc, rows, cols);
    probe_terms(K + 1);
    probe_scale(sqrt(K + 1));
    emit("C", C, (rows - 1) * ldc + cols);
}

PROBE(cpu_matmul_tile, by_pencil)                       /* one k: the product of a column and a row, added to ones */
{
    float *a = probe_given(1, 2, 0, 0, 0, 0), *b = probe_given(3, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    float *C = probe_inout(6);
    for (int i = 0; i < 6; i++) C[i] = 1;
    probe_freeze();
    cpu_matmul_tile(C, a, b, 1, 3, 2, 3);
    emit("C", C, 2, 3);
}

PROBE(cpu_matmul_tile, whole) { int K = probe_pick(1, 2, 33, 256); tile(K, ROWS, COLS, COLS + probe_pick(0, 5, 64)); }

PROBE(cpu_matmul_tile, cut_off)                         /* and what lies beside it in C stays as it was */
{
    int rows = probe_pick(1, 3, 6, 5), cols = probe_pick(1, 7, 15, 16);
    tile(probe_pick(1, 9, 40), rows, cols, cols + probe_pick(0, 3, 20));
}

/* ---- steps cpu_matmul_packed, cpu_matmul_threads ----------------------------------------------------------------- */

static void packed(Problem p)
{
    float *room = probe_output(cpu_matmul_room(1));
    probe_freeze();
    cpu_matmul_packed(p.C, p.A, p.B, room, p.M, p.N, p.K);
    emit_product(&p);
}

PROBE(cpu_matmul_packed, by_pencil) { packed(pencil()); }
PROBE(cpu_matmul_packed, awkward_sizes) { packed(awkward()); }

PROBE(cpu_matmul_packed, several_slabs_and_blocks)
{
    int which = probe_pick(0, 1, 2);
    packed(problem(probe_pick(7, 12), which == 1 ? BLOCK + 19 : 20, which == 1 ? 10 : which ? 2 * SLAB : SLAB + 3));
}

static void threads(Problem p, int n)
{
    float *room = probe_output(cpu_matmul_room(n));
    probe_freeze();
    cpu_matmul_threads(p.C, p.A, p.B, room, p.M, p.N, p.K, n);
    emit_product(&p);
}

PROBE(cpu_matmul_threads, by_pencil) { threads(pencil(), 1); }
PROBE(cpu_matmul_threads, awkward_sizes) { threads(awkward(), probe_pick(1, 2, 3)); }

PROBE(cpu_matmul_threads, several_slabs_and_blocks)
{
    int which = probe_pick(0, 1);
    threads(problem(probe_pick(40, 61), which ? BLOCK + 19 : 20, which ? 10 : SLAB + 3), probe_pick(2, 1, 3));
}

/* ---- Oracles: sums in double ------------------------------------------------------------------------------------- */

static void expect_product(const Problem *p, const char *who)
{
    for (int m = 0; m < p->M; m++)
        for (int n = 0; n < p->N; n++) {
            double sum = 0, size = 0;
            for (int k = 0; k < p->K; k++) {
                double one = (double)p->A[m * p->K + k] * p->B[k * p->N + n];
                sum += one, size += fabs(one);
            }
            double got = p->C[m * p->N + n];
            expect(fabs(got - sum) <= 6e-8 * (4 + sqrt(p->K)) * (size + 1e-30), "%s: C[%d][%d] %.9g, in double %.9g",
                   who, m, n, got, sum);
        }
}

ORACLE(cpu_matmul_naive, in_double)
{
    Problem p = awkward();
    cpu_matmul_naive(p.C, p.A, p.B, p.M, p.N, p.K);
    expect_product(&p, "naive");
    cpu_matmul_order(p.C, p.A, p.B, p.M, p.N, p.K);
    expect_product(&p, "order");
    cpu_matmul_blocked(p.C, p.A, p.B, p.M, p.N, p.K, probe_pick(1, 5, 16));
    expect_product(&p, "blocked");
}

ORACLE(cpu_matmul_packed, in_double)
{
    Problem p = probe_int(0, 40) ? awkward() : problem(13, probe_pick(BLOCK + 5, 30), SLAB + 7);   /* it takes long */
    float  *room = probe_output(cpu_matmul_room(1));
    cpu_matmul_packed(p.C, p.A, p.B, room, p.M, p.N, p.K);
    expect_product(&p, "packed");
}

ORACLE(cpu_matmul_threads, same_bits)
{
    bool    large = probe_int(0, 100) == 0;
    Problem p = problem(probe_pick(1, 23), large ? BLOCK + 5 : 21, large ? SLAB + 7 : probe_pick(3, 30));
    float  *room = probe_output(cpu_matmul_room(4)), *first = probe_output(p.M * p.N);
    cpu_matmul_packed(first, p.A, p.B, room, p.M, p.N, p.K);
    for (int n = 1; n <= 4; n += large ? 1 : 2) {
        cpu_matmul_threads(p.C, p.A, p.B, room, p.M, p.N, p.K, n);
        expect(!memcmp(first, p.C, (size_t)(p.M * p.N) * sizeof *first), "other bits with %d threads", n);
    }
}
