/* test_svd.c -- the probes that grade svd.c, and the oracles that prove it right. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "svd.h"

enum { MAX_N = 9 };

/* Singular values of the inputs: 1, and steps of 0.4 to 0.6 up from there. So sigma[0] <= SIZE, and vectors move by at
 * most SIZE / GAP of what is rounded. */
static const double SIZE = 6, GAP = 0.4;

static double along(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* x, n numbers `step` apart, mirrored at the plane upright to u. */
static void mirror(double *x, int step, const double *u, int n)
{
    double f = 0;
    for (int i = 0; i < n; i++) f += 2 * u[i] * x[i * step] / along(u, u, n);
    for (int i = 0; i < n; i++) x[i * step] -= f * u[i];
}

/* rows vectors of length n >= rows, upright on each other and of length 1 */
static double *frame(int rows, int n)
{
    double *Q = probe_inout_doubles(rows * n);
    for (int i = 0; i < rows * n; i++) Q[i] = i / n == i % n;
    for (int turn = 0; turn < 3; turn++) {
        double *u = probe_normal_doubles(n, 0, 1);
        for (int i = 0; i < rows; i++) mirror(Q + i * n, 1, u, n);
    }
    return Q;
}

static double *falling(int N)                           /* (N), the largest first */
{
    double *sigma = probe_inout_doubles(N);
    for (int i = N - 1; i >= 0; i--) sigma[i] = i == N - 1 ? 1 : sigma[i + 1] + probe_real(0.4, 0.6);
    return sigma;
}

/* A (N,M) from its parts */
static double *matrix(const double *U, const double *sigma, const double *V, int M, int N)
{
    double *A = probe_inout_doubles(N * M);
    for (int j = 0; j < N; j++)
        for (int m = 0; m < M; m++) {
            A[j * M + m] = 0;
            for (int i = 0; i < N; i++) A[j * M + m] += sigma[i] * V[i * N + j] * U[i * M + m];
        }
    return A;
}

static void emit_number(const char *name, int value) { emit_exact(name, &value, 1); }

/* ---- step svd_rotation ------------------------------------------------------------------------------------------- */

static void rotation(double aa, double bb, double ab)
{
    double got[2] = { NAN, NAN };
    svd_rotation(&got[0], &got[1], aa, bb, ab);
    probe_scale(2);
    emit("c, s", got, 2);
}

PROBE(svd_rotation, by_pencil)                          /* a = (3, 4), b = (0, 5): 25, 25, 20: 45 degrees */
{
    rotation(25, 25, 20);
}

PROBE(svd_rotation, any_pair)
{
    int n = probe_pick(2, 3, 9);
    double *a = probe_normal_doubles(n, 0, probe_pick(1, 3)), *b = probe_normal_doubles(n, 0, 1);
    rotation(along(a, a, n), along(b, b, n), along(a, b, n));
}

PROBE(svd_rotation, upright_already) { rotation(probe_pick(4, 0, 1), probe_pick(1, 0, 9), 0); }

PROBE(svd_rotation, nearly_upright)                     /* zeta so large that its square is infinite */
{
    double got[2];
    svd_rotation(&got[0], &got[1], 1, 3, probe_pick(1, -1) * 1e-200);
    got[1] *= 1e200;
    probe_scale(2);
    emit("c, s * 1e200", got, 2);
}

PROBE(svd_rotation, equally_long) { rotation(2, 2, probe_pick(1, -1) * probe_real(0.1, 1)); }

/* ---- step svd_sweep ---------------------------------------------------------------------------------------------- */

static double *identity(int N)
{
    double *V = probe_inout_doubles(N * N);
    for (int i = 0; i < N * N; i++) V[i] = i % (N + 1) == 0;
    return V;
}

/* Each row divided by its length. */
static double *unit_rows(const double *x, int M, int N)
{
    double *y = probe_inout_doubles(N * M);
    for (int i = 0; i < N * M; i++) y[i] = x[i] / sqrt(along(x + i / M * M, x + i / M * M, M));
    return y;
}

/* An angle between vectors of nearly one length hangs on little, so the lengths differ here. */
static void sweep(double *A, double *V, double tiny, double least, int M, int N)
{
    double size = 0, unit = 0;
    for (int i = 0; i < N * M; i++) size = fmax(size, fabs(A[i]));
    for (int i = 0; i < N * N; i++) unit = fmax(unit, fabs(V[i]));
    emit_number("returned", svd_sweep(A, V, tiny, least, M, N));
    probe_terms(M * N);
    probe_scale(1000 * size);
    emit("A", A, N, M);
    probe_scale(1000 * unit);
    emit("V", V, N, N);
}

PROBE(svd_sweep, by_pencil)                             /* 3 4 and 0 5: -> (3, -1) / root 2, (3, 9) / root 2 */
{
    sweep(probe_inout_copy(4, (double[]){ 3, 4, 0, 5 }), identity(2), 1e-15, 0, 2, 2);
}

PROBE(svd_sweep, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 5), M = N + probe_pick(0, 1, 6, 30);
    double *A = probe_inout_doubles(N * M), *x = probe_normal_doubles(N * M, 0, 1);
    for (int i = 0; i < N * M; i++) A[i] = x[i] * pow(3, i / M);
    sweep(A, probe_inout_doubles(N * N), 1e-12, 1e-12, M, N);
}

PROBE(svd_sweep, some_are_upright)                      /* these stay, and are not counted; a row of zeros is one */
{
    int N = probe_pick(3, 4), M = N + probe_pick(0, 2);
    double *A = probe_inout_doubles(N * M), tilt = probe_real(0.5, 2);
    for (int i = 0; i < N * M; i++) A[i] = i / M == i % M ? 1 + i / M : 0;
    A[1] = tilt;
    if (N == 4) for (int m = 0; m < M; m++) A[3 * M + m] = 0;
    sweep(A, identity(N), 1e-15, 0, M, N);
}

PROBE(svd_sweep, any_unit)                              /* tiny is beside both lengths */
{
    int N = 3, M = 5;
    double *A = probe_inout_doubles(N * M), *x = probe_normal_doubles(N * M, 0, 1);
    double  unit = probe_pick(0, 1) ? 1e-20 : 1e20;
    for (int i = 0; i < N * M; i++) A[i] = unit * x[i] * pow(3, i / M);
    sweep(A, identity(N), 1e-12, 1e-12 * unit, M, N);
}

PROBE(svd_sweep, nearly_enough)                         /* a cosine of 1e-6: left at tiny 1e-5, rotated at 1e-7 */
{
    double *A = probe_inout_copy(6, (double[]){ 1, 0, 0, 2e-6, 2, 0 });
    sweep(A, identity(2), probe_pick(0, 1) ? 1e-5 : 1e-7, 0, 3, 2);
}

/* Vectors not longer than least are left alone, whichever of the two it is; a little longer ones are not. */
PROBE(svd_sweep, too_short_to_matter)
{
    int N = 3, M = 4, which = probe_int(0, 2);
    double *A = probe_inout_doubles(N * M), *x = probe_normal_doubles(N * M, 0, 1), *y = unit_rows(x, M, N);
    for (int i = 0; i < N * M; i++) A[i] = y[i] * (i / M == which ? 0.01 : pow(3, i / M));
    sweep(A, identity(N), 1e-12, probe_pick(0, 1) ? 0.011 : 0.009, M, N);
}

/* ---- step svd_finish --------------------------------------------------------------------------------------------- */

static void finish(double *U, double *V, int M, int N)
{
    double *sigma = probe_output_doubles(N);
    svd_finish(U, sigma, V, M, N);
    probe_terms(M);
    probe_scale(SIZE * 2);
    emit("sigma", sigma, N);
    probe_scale(1);
    emit("U", U, N, M);
    emit_exact("V", V, N, N);
}

PROBE(svd_finish, by_pencil)                            /* lengths root 5, root 45: the second comes first */
{
    double r = sqrt(2);
    double *V = probe_inout_copy(4, (double[]){ 1 / r, -1 / r, 1 / r, 1 / r });
    finish(probe_inout_copy(4, (double[]){ 3 / r, -1 / r, 3 / r, 9 / r }), V, 2, 2);
}

PROBE(svd_finish, any_order)
{
    int N = probe_pick(1, 2, 3, 6, 9), M = N + probe_pick(0, 1, 8), *order = probe_permutation(N);
    double *Q = frame(N, M), *sigma = falling(N), *U = probe_inout_doubles(N * M);
    for (int i = 0; i < N * M; i++) U[i] = Q[i] * sigma[order[i / M]];
    finish(U, probe_inout_doubles(N * N), M, N);
}

PROBE(svd_finish, zeros_and_equals)                     /* zeros stay zeros, at the end; equal ones as they were */
{
    int M = 5, N = 4, zero = probe_int(0, 3);
    double *U = probe_inout_doubles(N * M);
    for (int i = 0; i < N * M; i++) U[i] = i / M == i % M && i / M != zero ? 2 : 0;
    finish(U, probe_inout_doubles(N * N), M, N);
}

/* ---- step svd_jacobi --------------------------------------------------------------------------------------------- */

static void jacobi(double *A, double unit, int M, int N)
{
    double *sigma = probe_output_doubles(N), *V = probe_output_doubles(N * N), *B = calloc((size_t)(N * M), sizeof *B);
    svd_jacobi(A, sigma, V, M, N);
    for (int j = 0; j < N; j++)
        for (int m = 0; m < M; m++)
            for (int i = 0; i < N; i++) B[j * M + m] += sigma[i] / unit * V[i * N + j] * A[i * M + m];
    for (int i = 0; i < N; i++) sigma[i] /= unit;
    probe_terms(M * N);
    probe_scale(2 * SIZE);
    emit("sigma", sigma, N);
    emit("U sigma V", B, N, M);
    probe_scale(4 * SIZE / GAP);
    emit_up_to_sign("U", A, N, M);
    emit_up_to_sign("V", V, N, N);
    free(B);
}

PROBE(svd_jacobi, by_pencil)                            /* 3 4 and 0 5: root 45 and root 5 */
{
    jacobi(probe_inout_copy(4, (double[]){ 3, 4, 0, 5 }), 1, 2, 2);
}

PROBE(svd_jacobi, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 6, 9), M = N + probe_pick(0, 1, 8, 40);
    jacobi(matrix(frame(N, M), falling(N), frame(N, N), M, N), 1, M, N);
}

PROBE(svd_jacobi, any_unit)
{
    int N = probe_pick(2, 5), M = N + 3;
    double unit = probe_pick(0, 1) ? 1e-30 : 1e30, *A = matrix(frame(N, M), falling(N), frame(N, N), M, N);
    for (int i = 0; i < N * M; i++) A[i] *= unit;
    jacobi(A, unit, M, N);
}

PROBE(svd_jacobi, columns_of_zeros)                     /* singular values 0, and nothing that is no number */
{
    int N = probe_pick(2, 4), M = N + 2;
    double *A = matrix(frame(N, M), falling(N), frame(N, N), M, N), *sigma = probe_output_doubles(N);
    double *V = probe_output_doubles(N * N);
    for (int m = 0; m < M; m++) A[m] = N == 2 ? 0 : A[m], A[(N - 1) * M + m] = 0;
    svd_jacobi(A, sigma, V, M, N);
    probe_terms(M * N);
    probe_scale(2 * SIZE);
    emit("sigma", sigma, N);
    emit("last of U", A + (N - 1) * M, M);
}

PROBE(svd_jacobi, columns_that_depend)                  /* the last sigma is 0, and its u is 0, not noise of length 1 */
{
    int N = probe_pick(3, 6), M = N + probe_pick(2, 5), zeros = 0;
    double *A = matrix(frame(N, M), falling(N), frame(N, N), M, N), *sigma = probe_output_doubles(N);
    double *V = probe_output_doubles(N * N);
    for (int m = 0; m < M; m++) A[(N - 1) * M + m] = 0.7 * A[m] - 0.4 * A[M + m];
    svd_jacobi(A, sigma, V, M, N);
    probe_terms(M * N);
    probe_scale(2 * SIZE);
    emit("sigma", sigma, N);
    for (int m = 0; m < M; m++) zeros += A[(N - 1) * M + m] == 0;
    emit_number("the last u is 0", zeros == M);
}

/* ---- step svd_low_rank ------------------------------------------------------------------------------------------- */

static void low_rank(const double *U, const double *sigma, const double *V, int k, int M, int N)
{
    double *B = probe_output_doubles(N * M);
    probe_freeze();
    svd_low_rank(B, U, sigma, V, k, M, N);
    probe_terms(N);
    probe_scale(SIZE * N);
    emit("B", B, N, M);
}

PROBE(svd_low_rank, by_pencil)                          /* rank 1: 1.5 4.5 and 1.5 4.5 */
{
    double r = sqrt(10), t = sqrt(2);
    double *U = probe_given_doubles(1 / r, 3 / r, 3 / r, -1 / r), *V = probe_given_doubles(1 / t, 1 / t, 1 / t, -1 / t);
    low_rank(U, probe_given_doubles(sqrt(45), sqrt(5)), V, 1, 2, 2);
}

PROBE(svd_low_rank, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 6, 9), M = N + probe_pick(0, 1, 8), k = probe_pick(0, 1, 2, 99);
    low_rank(frame(N, M), falling(N), frame(N, N), k < N ? k : N, M, N);
}

/* ---- step svd_tail ----------------------------------------------------------------------------------------------- */

static void tail(const double *sigma, double scale, int N)
{
    double *error = probe_output_doubles(N + 1);
    probe_freeze();
    svd_tail(error, sigma, N);
    probe_terms(N);
    probe_scale(scale);
    emit("error", error, N + 1);
}

PROBE(svd_tail, by_pencil) { tail(probe_given_doubles(4, 2, 2, 1), 1, 4); }     /* 1, 0.6, root 0.2, 0.2, 0 */

PROBE(svd_tail, falling_values)
{
    int N = probe_pick(1, 2, 9, 33);
    tail(falling(N), 1, N);
}

PROBE(svd_tail, small_behind_large)                     /* the tail's own digits, not 1 less what went before */
{
    double *sigma = probe_given_doubles(1, 1e-9, 1e-10, 0), *error = probe_output_doubles(5);
    sigma[1] *= probe_real(1, 2);
    probe_freeze();
    svd_tail(error, sigma, 4);
    for (int k = 0; k < 5; k++) error[k] *= k ? 1e9 : 1;
    probe_scale(2);
    emit("error * 1e9", error, 5);
}

PROBE(svd_tail, nothing_at_all) { tail(probe_given_doubles(0, 0, 0), 1, 3); }   /* all 0, not NaN */

/* ---- step svd_pseudo_inverse ------------------------------------------------------------------------------------- */

static void pseudo_inverse(const double *U, const double *sigma, const double *V, double unit, int M, int N)
{
    double *P = probe_output_doubles(M * N);
    probe_freeze();
    emit_number("returned", svd_pseudo_inverse(P, U, sigma, V, 1e-10, M, N));
    for (int i = 0; i < M * N; i++) P[i] *= unit;
    probe_terms(N);
    probe_scale(N);
    emit("P", P, M, N);
}

PROBE(svd_pseudo_inverse, by_pencil)                    /* diag(4, 2): diag(0.25, 0.5) */
{
    double *I = probe_given_doubles(1, 0, 0, 1);
    pseudo_inverse(I, probe_given_doubles(4, 2), I, 1, 2, 2);
}

PROBE(svd_pseudo_inverse, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 6, 9), M = N + probe_pick(0, 1, 8);
    pseudo_inverse(frame(N, M), falling(N), frame(N, N), 1, M, N);
}

/* Noise, zeros, and any unit: what counts is the size beside the largest. */
static double *with_noise(double unit, int N)
{
    double *sigma = falling(N);
    for (int i = 0; i < N; i++) sigma[i] *= unit;
    sigma[N - 1] = probe_pick(0, 1) ? 0 : 1e-13 * unit;
    return sigma;
}

PROBE(svd_pseudo_inverse, less_than_full_rank)
{
    int N = probe_pick(2, 3, 6), M = N + probe_pick(0, 2);
    double unit = probe_pick(-1, 0, 1) * 15, *sigma = with_noise(pow(10, unit), N);
    pseudo_inverse(frame(N, M), sigma, frame(N, N), pow(10, unit), M, N);
}

PROBE(svd_pseudo_inverse, of_nothing) { pseudo_inverse(frame(2, 3), probe_given_doubles(0, 0), frame(2, 2), 1, 3, 2); }

/* ---- step svd_solve ---------------------------------------------------------------------------------------------- */

static void solve(const double *U, const double *sigma, const double *V, const double *y, double lambda, double unit,
                  int M, int N)
{
    double *w = probe_output_doubles(N), size = sqrt(along(y, y, M));
    probe_freeze();
    emit_number("returned", svd_solve(w, U, sigma, V, y, lambda, 1e-10, M, N));
    for (int i = 0; i < N; i++) w[i] *= unit;
    probe_terms(M + N);
    probe_scale(size * N);
    emit("w", w, N);
}

PROBE(svd_solve, by_pencil)                             /* diag(4, 2), y = 8, 2: w = 2, 1; lambda 4: 1.6, 0.5 */
{
    double *I = probe_given_doubles(1, 0, 0, 1);
    solve(I, probe_given_doubles(4, 2), I, probe_given_doubles(8, 2), probe_pick(0, 4), 1, 2, 2);
}

PROBE(svd_solve, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 6, 9), M = N + probe_pick(0, 1, 8);
    solve(frame(N, M), falling(N), frame(N, N), probe_doubles(M), probe_pick(0, 1, 10) * 0.5, 1, M, N);
}

PROBE(svd_solve, less_than_full_rank)
{
    int N = probe_pick(2, 3, 6), M = N + probe_pick(0, 2);
    double unit = pow(10, probe_pick(-1, 0, 1) * 15), *sigma = with_noise(unit, N);
    solve(frame(N, M), sigma, frame(N, N), probe_doubles(M), 0, unit, M, N);
}

/* ---- oracles: is the reference itself right? --------------------------------------------------------------------- */

ORACLE(svd_rotation, makes_upright)
{
    double a[] = { probe_real(-2, 2), probe_real(-2, 2) }, b[] = { probe_real(-2, 2), probe_real(-2, 2) }, c, s;
    svd_rotation(&c, &s, along(a, a, 2), along(b, b, 2), along(a, b, 2));
    double p[] = { c * a[0] - s * b[0], c * a[1] - s * b[1] }, q[] = { s * a[0] + c * b[0], s * a[1] + c * b[1] };
    expect(fabs(along(p, q, 2)) <= 1e-14, "a' b' is %g", along(p, q, 2));
    expect(fabs(c * c + s * s - 1) <= 1e-15 && fabs(s) <= c, "c %.17g, s %.17g", c, s);
}

ORACLE(svd_sweep, pencil)
{
    double A[] = { 3, 4, 0, 5 }, V[] = { 1, 0, 0, 1 }, want[] = { 3, -1, 3, 9 };
    expect(svd_sweep(A, V, 1e-15, 0, 2, 2) == 1, "not one rotation");
    for (int i = 0; i < 4; i++) expect(fabs(A[i] * sqrt(2) - want[i]) <= 1e-14, "A[%d] is %.17g", i, A[i]);
}

/* Rotations change neither the squares in all nor A V^T, so to speak: A comes back out of what they left. */
ORACLE(svd_sweep, is_a_rotation)
{
    int N = probe_pick(2, 5), M = N + 4;
    double *A = probe_doubles(N * M), *B = probe_copy_doubles(N * M, A), *V = identity(N), worst = 0, size = 0;
    svd_sweep(B, V, 1e-15, 0, M, N);
    for (int j = 0; j < N; j++)
        for (int m = 0; m < M; m++) {
            double sum = 0;
            for (int i = 0; i < N; i++) sum += V[i * N + j] * B[i * M + m];
            worst = fmax(worst, fabs(sum - A[j * M + m])), size = fmax(size, fabs(A[j * M + m]));
        }
    expect(worst <= 1e-14 * N * size, "V^T B is off by %g of %g", worst, size);
}

ORACLE(svd_jacobi, u_sigma_v)                           /* upright, in order, and A again; any shape, any numbers */
{
    int N = probe_pick(1, 2, 5, 9), M = N + probe_pick(0, 1, 20);
    double *A = probe_doubles(N * M), *U = probe_copy_doubles(N * M, A), sigma[MAX_N], V[MAX_N * MAX_N];
    double *B = probe_doubles(N * M), tiny;
    int sweeps = svd_jacobi(U, sigma, V, M, N);
    expect(sweeps < 20, "%d sweeps", sweeps);
    svd_low_rank(B, U, sigma, V, N, M, N);
    tiny = 1e-14 * N * sqrt(M);
    for (int i = 0; i < N * M; i++) expect(fabs(A[i] - B[i]) <= tiny * sigma[0], "A[%d] is %g, got %g", i, A[i], B[i]);
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++) {
            expect(fabs(along(V + i * N, V + j * N, N) - (i == j)) <= tiny, "v%d v%d", i, j);
            expect(sigma[i] == 0 || fabs(along(U + i * M, U + j * M, M) - (i == j)) <= tiny, "u%d u%d", i, j);
            expect(sigma[j] >= sigma[i], "sigma[%d] < sigma[%d]", j, i);
        }
}

/* A matrix from a generator that anybody can write, and what LAPACK finds. */
ORACLE(svd_jacobi, published)
{
    static const double eight[] = { 2.648129421826012, 2.126564197899377, 1.668900529089247, 1.487314743682533,
                                    1.335179461319336, 0.799945283765113, 0.320491651685098, 0.142365031664191 };
    static const double four_by_three[] = { 1.339778323798738, 0.722382817186655, 0.195927241234057 };
    int M = probe_pick(8, 4), N = M == 8 ? 8 : 3;
    double U[64], sigma[8], V[64];
    const double *want = M == 8 ? eight : four_by_three;
    uint64_t s = 1;
    for (int i = 0; i < M * N; i++) {                   /* row after row of the matrix */
        s = s * 6364136223846793005u + 1442695040888963407u;
        U[i % N * M + i / N] = 2 * ((double)(s >> 11) * 0x1p-53) - 1;
    }
    svd_jacobi(U, sigma, V, M, N);
    for (int i = 0; i < N; i++)
        expect(fabs(sigma[i] - want[i]) <= 1e-12 * want[0], "%dx%d, sigma[%d]: got %.15g", M, N, i, sigma[i]);
}

/* Hilbert's matrix of order 8: positive definite, so its eigenvalues are its singular values; the least of them,
 * 1.1e-10, to five digits. By A^T A nothing of it would be left. */
ORACLE(svd_jacobi, hilbert)
{
    double U[64], sigma[8], V[64];
    for (int i = 0; i < 64; i++) U[i] = 1.0 / (i / 8 + i % 8 + 1);
    svd_jacobi(U, sigma, V, 8, 8);
    expect(fabs(sigma[0] - 1.695938996921949) <= 1e-14, "the largest: got %.16g", sigma[0]);
    expect(fabs(sigma[7] / 1.111538966372442e-10 - 1) <= 1e-5, "the least: got %.16g", sigma[7]);
}

/* Eckart and Young: the error is the tail, and the largest stretch of what is missing is the next singular value. */
ORACLE(svd_low_rank, error_is_the_tail)
{
    int N = probe_pick(2, 5, 9), M = N + probe_pick(0, 6), k = probe_int(0, N - 1);
    double *A = probe_doubles(N * M), *U = probe_copy_doubles(N * M, A), sigma[MAX_N], V[MAX_N * MAX_N];
    double *B = probe_doubles(N * M), left = 0, all = 0, error[MAX_N + 1], next[MAX_N], W[MAX_N * MAX_N];
    svd_jacobi(U, sigma, V, M, N);
    svd_tail(error, sigma, N);
    svd_low_rank(B, U, sigma, V, k, M, N);
    for (int i = 0; i < N * M; i++) B[i] -= A[i], left += B[i] * B[i], all += A[i] * A[i];
    expect(fabs(sqrt(left / all) - error[k]) <= 1e-13, "rank %d: off by %.15g, the tail %.15g", k, sqrt(left / all),
           error[k]);
    svd_jacobi(B, next, W, M, N);
    expect(fabs(next[0] - sigma[k]) <= 1e-13 * sigma[0], "rank %d: stretches by %.15g, next is %.15g", k, next[0],
           sigma[k]);
}

ORACLE(svd_tail, pencil)
{
    double sigma[] = { 4, 2, 2, 1 }, want[] = { 1, 0.6, sqrt(0.2), 0.2, 0 }, error[5];
    svd_tail(error, sigma, 4);
    for (int k = 0; k < 5; k++) expect(fabs(error[k] - want[k]) <= 1e-15, "rank %d: got %.17g", k, error[k]);
}

/* Penrose's four: A P A = A, P A P = P, A P and P A symmetric. */
ORACLE(svd_pseudo_inverse, penrose)
{
    int N = probe_pick(2, 4), M = N + probe_pick(0, 3), rank = N - probe_pick(0, 1);
    double *U = frame(N, M), *sigma = falling(N), *V = frame(N, N), *P = probe_doubles(M * N), AP[144], PA[64];
    if (rank < N) sigma[N - 1] = 0;
    double *A = matrix(U, sigma, V, M, N);
    expect(svd_pseudo_inverse(P, U, sigma, V, 1e-12, M, N) == rank, "rank is not %d", rank);
    for (int a = 0; a < M; a++)                         /* row a, column j: A[j * M + a]; of P, row j: P[a * N + j] */
        for (int b = 0; b < M; b++) {
            AP[a * M + b] = 0;
            for (int j = 0; j < N; j++) AP[a * M + b] += A[j * M + a] * P[b * N + j];
        }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            PA[i * N + j] = 0;
            for (int m = 0; m < M; m++) PA[i * N + j] += P[m * N + i] * A[j * M + m];
        }
    for (int a = 0; a < M; a++)
        for (int b = 0; b < a; b++) expect(fabs(AP[a * M + b] - AP[b * M + a]) <= 1e-13, "A P is not symmetric");
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++) expect(fabs(PA[i * N + j] - PA[j * N + i]) <= 1e-13, "P A is not symmetric");
    for (int j = 0; j < N; j++)
        for (int m = 0; m < M; m++) {
            double apa = 0, pap = 0;
            for (int b = 0; b < M; b++) apa += AP[m * M + b] * A[j * M + b];
            for (int i = 0; i < N; i++) pap += PA[j * N + i] * P[m * N + i];
            expect(fabs(apa - A[j * M + m]) <= 1e-13 * SIZE, "A P A: %g, A %g", apa, A[j * M + m]);
            expect(fabs(pap - P[m * N + j]) <= 1e-13, "P A P: %g, P %g", pap, P[m * N + j]);
        }
}

/* (A^T A + lambda I) w = A^T y; and without lambda, of less than full rank, no part of w along what A does not see. */
ORACLE(svd_solve, normal_equations)
{
    int N = probe_pick(2, 4), M = N + probe_pick(0, 3), rank = N - probe_pick(0, 1);
    double *U = frame(N, M), *sigma = falling(N), *V = frame(N, N), *y = probe_doubles(M), w[MAX_N];
    double lambda = rank < N ? 0 : probe_pick(0, 1) * 0.7, size = sqrt(along(y, y, M));
    if (rank < N) sigma[N - 1] = 0;
    double *A = matrix(U, sigma, V, M, N);
    expect(svd_solve(w, U, sigma, V, y, lambda, 1e-12, M, N) == rank, "rank is not %d", rank);
    for (int j = 0; j < N; j++) {
        double sum = lambda * w[j];
        for (int m = 0; m < M; m++) {
            double r = -y[m];
            for (int i = 0; i < N; i++) r += A[i * M + m] * w[i];
            sum += A[j * M + m] * r;
        }
        expect(fabs(sum) <= 1e-12 * SIZE * size, "equation %d is off by %g", j, sum);
    }
    expect(rank == N || fabs(along(w, V + (N - 1) * N, N)) <= 1e-13 * size, "w has a part that A does not see");
}
