/* test_gpu_first_kernel.c -- probes that grade gpu_first_kernel.cu, and oracles that prove the reference right. */
#include <limits.h>
#include "device.h"
#include "gpu_first_kernel.h"
#include "probe.h"

enum { NO_MEMORY = 2, BAD_LAUNCH = 9 };     /* cudaErrorMemoryAllocation, cudaErrorInvalidConfiguration */

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

PROBE(gpu_first_kernel_blocks, by_pencil)           /* the lesson's example */
{
    int blocks = gpu_first_kernel_blocks(10, 4);
    emit_exact("blocks", &blocks, 1);
}

PROBE(gpu_first_kernel_blocks, around_a_multiple)
{
    int threads = probe_pick(1, 32, 100, 256, 1024), blocks[4];
    for (int i = 0; i < 4; i++) blocks[i] = gpu_first_kernel_blocks(threads * probe_int(1, 9) + i - 1, threads);
    emit_exact("blocks", blocks, 4);
}

PROBE(gpu_first_kernel_blocks, none_and_very_many)
{
    int threads = probe_pick(2, 64, 1000), blocks[3];
    blocks[0] = gpu_first_kernel_blocks(0, threads);
    blocks[1] = gpu_first_kernel_blocks(INT_MAX, threads);
    blocks[2] = gpu_first_kernel_blocks(probe_int(INT_MAX - 100, INT_MAX), threads);
    emit_exact("blocks", blocks, 3);
}

ORACLE(gpu_first_kernel_blocks, fewest_that_are_enough)
{
    int  N = probe_pick(0, 1, 31, 1000, INT_MAX), threads = probe_int(1, 1024);
    long blocks = gpu_first_kernel_blocks(N, threads);
    expect(blocks * threads >= N, "%ld blocks of %d are too few for %d", blocks, threads, N);
    expect((blocks - 1) * threads < N || N == 0, "%ld blocks of %d are too many for %d", blocks, threads, N);
}

/* ---- add --------------------------------------------------------------------------------------------------------- */

PROBE(gpu_first_kernel_add, by_pencil)
{
    const float *a = device_in("a", probe_given(1, 2, 3, 4, 5), 5);
    const float *b = device_in("b", probe_given(10, 20, 30, 40, 50), 5);
    float *y = device_out("y", 5);
    gpu_first_kernel_add(y, a, b, 5);
    emit("y", device_back(y), 5);
}

PROBE(gpu_first_kernel_add, awkward_sizes)
{
    int N = probe_pick(0, 1, 31, 255, 256, 257, 700);
    const float *a = device_in("a", probe_floats(N), N), *b = device_in("b", probe_floats(N), N);
    float *y = device_out("y", N);
    gpu_first_kernel_add(y, a, b, N);
    probe_terms(1);
    emit("y", device_back(y), N);
}

PROBE(gpu_first_kernel_add, neighbours_beside_neighbours)
{
    int N = 2048;
    const float *a = device_in("a", probe_uniform(N, -1, 1), N), *b = device_in("b", probe_uniform(N, -1, 1), N);
    float *y = device_out("y", N);
    gpu_first_kernel_add(y, a, b, N);
    probe_terms(1);
    emit("y", device_back(y), N);
    emit_counter("global_load_sectors_per_request");
    emit_counter("global_store_sectors_per_request");
    emit_counter("warps");
}

ORACLE(gpu_first_kernel_add, on_the_host)
{
    int N = probe_pick(1, 33, 1000);
    const float *a = probe_floats(N), *b = probe_floats(N);
    float *y = device_out("y", N);
    gpu_first_kernel_add(y, device_in("a", a, N), device_in("b", b, N), N);
    const float *got = device_back(y);
    for (int n = 0; n < N; n++)
        expect(got[n] == a[n] + b[n] || a[n] + b[n] != a[n] + b[n], "element %d: got %g, want %g", n, got[n],
               a[n] + b[n]);
}

/* ---- axpy -------------------------------------------------------------------------------------------------------- */

static void probe_axpy(int N, int blocks, int threads, float a)
{
    const float *x = device_in("x", probe_uniform(N, -2, 2), N);
    float *y = device_inout("y", probe_inout(N), N);
    gpu_first_kernel_axpy(y, a, x, N, blocks, threads);
    probe_terms(2);
    probe_scale(4 * (a < 0 ? -a : a) + 4);
    emit("y", device_back(y), N);
}

PROBE(gpu_first_kernel_axpy, by_pencil)             /* ten numbers, two blocks of two: 3, 3, 2 and 2 of them */
{
    const float *x = device_in("x", probe_given(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), 10);
    float *y = device_inout("y", probe_given(1, 1, 1, 1, 1, 1, 1, 1, 1, 1), 10);
    gpu_first_kernel_axpy(y, 2, x, 10, 2, 2);
    emit("y", device_back(y), 10);
}

PROBE(gpu_first_kernel_axpy, fewer_threads_than_numbers)
{
    probe_axpy(probe_pick(1000, 333, 97), probe_pick(1, 2, 3), probe_pick(1, 32, 50), 0.5F);
}

PROBE(gpu_first_kernel_axpy, more_threads_than_numbers)
{
    probe_axpy(probe_pick(1, 33, 0), 4, probe_pick(32, 100), (float)probe_real(-3, 3));
}

PROBE(gpu_first_kernel_axpy, neighbours_beside_neighbours)
{
    probe_axpy(4096, 4, 128, -1.5F);
    emit_counter("global_load_sectors_per_request");
    emit_counter("global_store_sectors_per_request");
}

ORACLE(gpu_first_kernel_axpy, any_grid_the_same)
{
    int N = probe_pick(1, 100, 1001);
    const float *x = probe_uniform(N, -1, 1), *start = probe_uniform(N, -1, 1);
    float *y = device_inout("y", start, N);
    gpu_first_kernel_axpy(y, 3, device_in("x", x, N), N, probe_int(1, 5), probe_int(1, 64));
    const float *got = device_back(y);
    for (int n = 0; n < N; n++) {
        double want = start[n] + 3.0 * x[n];
        expect(got[n] >= want - 1e-6 && got[n] <= want + 1e-6, "element %d: got %g, want %g", n, got[n], want);
    }
}

/* ---- mirror ------------------------------------------------------------------------------------------------------ */

PROBE(gpu_first_kernel_mirror, by_pencil)
{
    const float *x = device_in("x", probe_given(1, 2, 3, 4, 5, 6), 6);
    float *y = device_out("y", 6);
    gpu_first_kernel_mirror(y, x, 2, 3);
    emit("y", device_back(y), 2, 3);
}

PROBE(gpu_first_kernel_mirror, awkward_sizes)
{
    int H = probe_pick(1, 8, 9, 20, 0), W = probe_pick(1, 31, 33, 64, 5, 0);
    const float *x = device_in("x", probe_floats(H * W), H * W);
    float *y = device_out("y", H * W);
    gpu_first_kernel_mirror(y, x, H, W);
    emit_exact("y", device_back(y), H, W);
}

PROBE(gpu_first_kernel_mirror, along_the_rows)
{
    int H = 64, W = 64;
    const float *x = device_in("x", probe_uniform(H * W, 0, 1), H * W);
    float *y = device_out("y", H * W);
    gpu_first_kernel_mirror(y, x, H, W);
    emit_exact("y", device_back(y), H, W);
    emit_counter("global_load_sectors_per_request");
    emit_counter("global_store_sectors_per_request");
}

ORACLE(gpu_first_kernel_mirror, twice_is_the_picture)
{
    int H = probe_int(1, 20), W = probe_int(1, 70);
    const float *x = probe_uniform(H * W, 0, 1);
    float *y = device_out("y", H * W), *z = device_out("z", H * W);
    gpu_first_kernel_mirror(y, device_in("x", x, H * W), H, W);
    gpu_first_kernel_mirror(z, y, H, W);
    const float *got = device_back(y), *again = device_back(z);
    expect(got[0] == x[W - 1], "the first is %g, not the last of the row, %g", got[0], x[W - 1]);
    for (int i = 0; i < H * W; i++) expect(again[i] == x[i], "element %d: got %g, want %g", i, again[i], x[i]);
}

/* ---- try --------------------------------------------------------------------------------------------------------- */

PROBE(gpu_first_kernel_try, launches_that_go)
{
    int N = probe_pick(0, 1, 100, 1000), threads = probe_pick(1, 32, 100, 1024);
    const float *x = device_in("x", probe_floats(N), N);
    float *y = device_out("y", N);
    int e = gpu_first_kernel_try(y, x, N, threads);
    emit_exact("error", &e, 1);
    emit("y", device_back(y), N);
}

PROBE(gpu_first_kernel_try, more_threads_than_a_block_has)
{
    int N = 100, e[2];
    const float *x = device_in("x", probe_floats(N), N);
    float *y = device_inout("y", probe_uniform(N, -1, 1), N);
    device_expects("launch-configuration");
    e[0] = gpu_first_kernel_try(y, x, N, probe_pick(1025, 2048, 5000));
    e[1] = gpu_first_kernel_try(y, x, N, 32);           /* and this one goes */
    emit_exact("error", e, 2);
    emit("y", device_back(y), N);
}

ORACLE(gpu_first_kernel_try, the_error_is_cudas)
{
    float *y = device_out("y", 7);
    const float *x = device_in("x", probe_given(1, 2, 3, 4, 5, 6, 7), 7);
    device_expects("launch-configuration");
    int e = gpu_first_kernel_try(y, x, 7, 1025);
    expect(e == BAD_LAUNCH, "1025 threads: error %d, not %d", e, BAD_LAUNCH);
    expect(gpu_first_kernel_try(y, x, 7, 1024) == 0, "1024 threads: an error");
    expect(device_back(y)[6] == 14, "twice 7 is %g", device_back(y)[6]);
}

/* ---- run --------------------------------------------------------------------------------------------------------- */

static void probe_run(int N)
{
    const float *a = probe_uniform(N, -1, 1), *b = probe_uniform(N, -1, 1);
    float *y = probe_inout(N), ms[3];
    probe_freeze();
    int e = gpu_first_kernel_run(y, a, b, N, ms), timed = 0;
    for (int i = 0; i < 3; i++) timed += N ? ms[i] > 0 && ms[i] < 1e4F : ms[i] == 0;
    emit_exact("error", &e, 1);
    probe_terms(1);
    emit("y", y, N);
    emit_exact("timed", &timed, 1);
}

PROBE(gpu_first_kernel_run, by_pencil)
{
    const float *a = probe_given(1, 2, 3), *b = probe_given(10, 20, 30);
    float *y = probe_output(3), ms[3];
    probe_freeze();
    gpu_first_kernel_run(y, a, b, 3, ms);
    emit("y", y, 3);
}

PROBE(gpu_first_kernel_run, awkward_sizes) { probe_run(probe_pick(0, 1, 33, 1000)); }

PROBE(gpu_first_kernel_run, no_memory_left)         /* for three vectors, for two, for one, for none */
{
    device_leaves(4000 * probe_pick(3, 2, 1, 0) + 100);
    probe_run(1000);
}

ORACLE(gpu_first_kernel_run, there_and_back)
{
    int N = probe_pick(1, 100, 3000);
    const float *a = probe_uniform(N, -1, 1), *b = probe_uniform(N, -1, 1);
    float *y = probe_output(N), ms[3];
    expect(gpu_first_kernel_run(y, a, b, N, ms) == 0, "an error");
    for (int n = 0; n < N; n++) expect(y[n] == a[n] + b[n], "element %d: got %g, want %g", n, y[n], a[n] + b[n]);
    device_leaves(100);
    expect(gpu_first_kernel_run(y, a, b, N + 100, ms) == NO_MEMORY, "no memory, and no error");
}
