/* test_gpu_memory.c -- probes and oracles for gpu_memory.cu: each number goes where it belongs, and what that moves. */
#include "device.h"
#include "gpu_memory.h"
#include "probe.h"

/* ---- Copies ------------------------------------------------------------------------------------------------------ */

PROBE(gpu_memory_copy, any_length)
{
    int          N = probe_pick(1, 31, 33, 255, 256, 257, 1000);
    const float *x = device_in("x", probe_floats(N), N);
    float       *y = device_out("y", N);
    gpu_memory_copy(y, x, N, 8);
    emit("y", device_back(y), N);
}

/* Of four blocks of 256 threads, each has two numbers or more. */
PROBE(gpu_memory_copy, more_numbers_than_threads)
{
    int          N = probe_pick(2048 + 5, 4096, 3000), blocks = probe_pick(4, 3);
    const float *x = device_in("x", probe_floats(N), N);
    float       *y = device_out("y", N);
    gpu_memory_copy(y, x, N, blocks);
    emit("y", device_back(y), N);
    emit_counter("global_load_sectors_per_request");
    emit_counter("global_store_sectors_per_request");
    emit_counter("blocks");
}

PROBE(gpu_memory_copy, nothing)
{
    const float *x = device_in("x", probe_floats(1), 1);
    float       *y = device_inout("y", probe_floats(1), 1);
    gpu_memory_copy(y, x, 0, 8);
    emit("y", device_back(y), 1);
}

/* Both from a multiple of 16 bytes on, or one of them, or none. Three numbers behind y have to stay as they are. */
static void copy4_between(int N, int of_y, int of_x)
{
    const float *x = device_in("x", probe_floats(N + of_x), N + of_x);
    float       *y = device_inout("y", probe_floats(N + of_y + 3), N + of_y + 3);
    gpu_memory_copy4(y + of_y, x + of_x, N);
    emit("y", device_back(y), N + of_y + 3);
}

PROBE(gpu_memory_copy4, any_length)     { copy4_between(probe_pick(4, 1, 2, 3, 5, 33, 127, 1024, 1026), 0, 0); }
PROBE(gpu_memory_copy4, target_shifted) { copy4_between(probe_pick(4, 8, 30, 100), probe_pick(1, 2, 3), 0); }
PROBE(gpu_memory_copy4, source_shifted) { copy4_between(probe_pick(4, 8, 30, 100), 0, probe_pick(1, 2, 3)); }
PROBE(gpu_memory_copy4, both_shifted)   { copy4_between(probe_pick(4, 8, 30, 100), 1, 1); }

PROBE(gpu_memory_copy4, quarter_of_the_requests)
{
    int          N = probe_pick(4096, 5000, 4099);
    const float *x = device_in("x", probe_floats(N), N);
    float       *y = device_out("y", N);
    gpu_memory_copy4(y, x, N);
    emit("y", device_back(y), N);
    emit_counter("global_load_requests");
    emit_counter("global_store_requests");
}

/* ---- Transposes -------------------------------------------------------------------------------------------------- */

typedef void Transpose(float *y, const float *x, int R, int C);

static void transposed(Transpose *f, int R, int C)
{
    const float *x = device_in("x", probe_floats(R * C), R * C);
    float       *y = device_out("y", C * R);
    f(y, x, R, C);
    emit("y", device_back(y), C, R);
}

/* The pencil's, then rows and columns of few, of one, of nearly a tile; no matrix of them is square. */
static void pencil(Transpose *f)
{
    const float *x = device_in("x", probe_given(1, 2, 3, 4, 5, 6), 6);
    float       *y = device_out("y", 6);
    f(y, x, 2, 3);
    emit("y", device_back(y), 3, 2);
}
static void awkward(Transpose *f)
{
    int R = probe_pick(1, 3, 31, 33, 65), C = probe_pick(5, 1, 32, 34, 40, 70);
    transposed(f, R, C);
}

PROBE(gpu_memory_transpose_naive, pencil)    { pencil(gpu_memory_transpose_naive); }
PROBE(gpu_memory_transpose_naive, awkward)   { awkward(gpu_memory_transpose_naive); }
PROBE(gpu_memory_transpose_naive, whole)     { transposed(gpu_memory_transpose_naive, 64, 96); }
PROBE(gpu_memory_transpose_naive, no_rows)
{
    const float *x = device_in("x", probe_floats(1), 1);
    float       *y = device_inout("y", probe_floats(1), 1);
    gpu_memory_transpose_naive(y, x, 0, 3);
    gpu_memory_transpose_naive(y, x, 3, 0);
    emit("y", device_back(y), 1);
}

PROBE(gpu_memory_transpose_tile, pencil)     { pencil(gpu_memory_transpose_tile); }
PROBE(gpu_memory_transpose_tile, awkward)    { awkward(gpu_memory_transpose_tile); }
PROBE(gpu_memory_transpose_tile, rows_are_read_and_written)
{
    transposed(gpu_memory_transpose_tile, 64, 96);
    emit_counter("global_load_sectors_per_request");
    emit_counter("global_store_sectors_per_request");
}

PROBE(gpu_memory_transpose_swizzled, pencil)  { pencil(gpu_memory_transpose_swizzled); }
PROBE(gpu_memory_transpose_swizzled, awkward) { awkward(gpu_memory_transpose_swizzled); }
PROBE(gpu_memory_transpose_swizzled, no_bank_twice)
{
    transposed(gpu_memory_transpose_swizzled, 64, 96);
    emit_counter("global_store_sectors_per_request");
    emit_counter("shared_load_waves_per_request");
    emit_counter("shared_store_waves_per_request");
}

static void batch(int B, int R, int C)
{
    const float *x = device_in("x", probe_floats(B * R * C), B * R * C);
    float       *y = device_out("y", B * C * R);
    gpu_memory_transpose_padded(y, x, B, R, C);
    emit("y", device_back(y), B, C, R);
}

PROBE(gpu_memory_transpose_padded, one)     { batch(1, probe_pick(2, 1, 31, 33, 65), probe_pick(3, 32, 1, 40)); }
PROBE(gpu_memory_transpose_padded, several) { batch(probe_pick(2, 3), probe_pick(2, 33, 40), probe_pick(3, 1, 34)); }
PROBE(gpu_memory_transpose_padded, no_bank_twice)
{
    batch(2, 64, 32);
    emit_counter("global_store_sectors_per_request");
    emit_counter("shared_load_waves_per_request");
    emit_counter("shared_store_waves_per_request");
}

/* ---- Points ------------------------------------------------------------------------------------------------------ */

static void points(int N)
{
    const float *p = device_in("points", probe_floats(3 * N), 3 * N);
    float       *x = device_out("x", N), *y = device_out("y", N), *z = device_out("z", N);
    gpu_memory_unzip(x, y, z, p, N);
    emit("x", device_back(x), N);
    emit("y", device_back(y), N);
    emit("z", device_back(z), N);
}

PROBE(gpu_memory_unzip, any_number)     { points(probe_pick(2, 1, 31, 85, 86, 255, 257, 600)); }
PROBE(gpu_memory_unzip, all_side_by_side)
{
    points(1024);
    emit_counter("global_load_sectors_per_request");
    emit_counter("global_load_requests");
}

/* ---- Oracles: against loops on the host -------------------------------------------------------------------------- */

static void expect_transposed(const char *what, const float *y, const float *x, int R, int C)
{
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++)
            expect(y[c * R + r] == x[r * C + c], "%s, %d x %d: y[%d][%d] is %g, x has %g", what, R, C, c, r,
                   (double)y[c * R + r], (double)x[r * C + c]);
}

ORACLE(gpu_memory_transpose_tile, every_rung_is_the_transpose)
{
    static Transpose *const rung[] = { gpu_memory_transpose_naive, gpu_memory_transpose_tile,
                                       gpu_memory_transpose_swizzled };
    int          R = probe_pick(1, 7, 32, 33, 100), C = probe_pick(1, 31, 64, 65, 90);
    const float *host = probe_floats(R * C), *x = device_in("x", host, R * C);
    for (int k = 0; k < 3; k++) {
        float *y = device_out("y", C * R);
        rung[k](y, x, R, C);
        expect_transposed("rung", device_back(y), host, R, C);
    }
}

ORACLE(gpu_memory_transpose_padded, every_matrix_is_transposed)
{
    int          B = probe_pick(1, 3), R = probe_pick(5, 33), C = probe_pick(1, 34);
    const float *host = probe_floats(B * R * C), *x = device_in("x", host, B * R * C);
    float       *y = device_out("y", B * C * R);
    gpu_memory_transpose_padded(y, x, B, R, C);
    const float *back = device_back(y);
    for (int b = 0; b < B; b++) expect_transposed("matrix", back + b * R * C, host + b * R * C, R, C);
}

ORACLE(gpu_memory_unzip, points_come_apart)
{
    int          N = probe_pick(1, 100, 256, 300);
    const float *host = probe_floats(3 * N), *p = device_in("points", host, 3 * N);
    float       *x = device_out("x", N), *y = device_out("y", N), *z = device_out("z", N);
    gpu_memory_unzip(x, y, z, p, N);
    const float *bx = device_back(x), *by = device_back(y), *bz = device_back(z);
    for (int n = 0; n < N; n++)
        expect(bx[n] == host[3 * n] && by[n] == host[3 * n + 1] && bz[n] == host[3 * n + 2], "point %d of %d", n, N);
}

ORACLE(gpu_memory_copy4, shifted_or_not_it_is_a_copy)
{
    int          N = probe_pick(1, 6, 100, 1025), of_x = probe_pick(0, 1, 2), of_y = probe_pick(0, 2);
    const float *host = probe_floats(N + of_x), *x = device_in("x", host, N + of_x);
    float       *y = device_out("y", N + of_y), *z = device_out("z", N);
    gpu_memory_copy4(y + of_y, x + of_x, N);
    gpu_memory_copy(z, x, N, 2);
    const float *by = device_back(y), *bz = device_back(z);
    for (int n = 0; n < N; n++)
        expect(by[of_y + n] == host[of_x + n] && bz[n] == host[n], "number %d of %d, shifted by %d and %d", n, N, of_y,
               of_x);
}
