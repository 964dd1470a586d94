/* bench.h -- what a room's bench_NAME.c says: which calls to time, on what sizes, and what they cost. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 *     static const int sizes[][2] = { { 64, 64 }, { 1023, 257 }, { 8192, 1024 } };
 *
 *     static void forward(Bench *b, const int *size)
 *     {
 *         int N = size[0], C = size[1];
 *         softmax(bench_out(b, "y", (int64_t)N * C), bench_in(b, "x", (int64_t)N * C), N, C);
 *     }
 *
 *     BENCH(softmax) = {
 *         { "softmax", forward, .flops = "5*N*C", .bytes = "8*N*C", .dims = "NC", SIZES(sizes) },
 *         { 0 }
 *     };
 *
 * That is a whole room's file: one call a row, no timing, no allocation, no checking. Rows of one name, in whatever
 * file, are contestants of one case: they get the same inputs, and what they write is compared.
 */
typedef struct Bench Bench;
typedef void BenchFunction(Bench *, const int *size);

typedef struct BenchRow {
    const char    *name;                /* the case: the function's name, "softmax_backward" */
    BenchFunction *function;            /* asks for its buffers, makes one call; all of it is timed */
    const char    *flops, *bytes;       /* of one call: formulas over dims, as "4*(M*K + K*N)". An exp, a log
                                         * or a division is one flop; bytes count what must come and go, each once */
    const char    *dims;                /* a letter for each number of a size: "MNK" */
    const int     *sizes;               /* SIZES(array), one of them awkward; left out where another row has them */
    int            n_sizes, n_dims;

    /* All that follows may be left out. */
    const char    *terms;               /* how many numbers one output is a sum of: a formula; else the last of size */
    const char    *scale;               /* size of what is rounded on the way: a formula; else the largest output */
    double         tolerance;           /* relative to that size; replaces the rule below: losses, iterative results */
    BenchFunction *inputs;              /* makes inputs that must not be random normal: writes through bench_given */
    BenchFunction *truth;               /* outputs in double, by bench_want; else the textbook's are the measure */
    BenchFunction *setup;               /* once, before this contestant's first call; bench_keep holds what it makes */
    BenchFunction *before;              /* before each call, off the clock; calls are then timed one by one */
    BenchFunction *after;               /* after a sample's last call, off the clock: bench_wrote of what has to be
                                         * worked out from what that call left */
    BenchFunction *teardown;
    bool           cold;                /* caches are flushed before each call */
    bool           memory;              /* the peak of one call's memory is measured too (README.md says how) */
    const char    *contestant;          /* "textbook" if left out; a room has no other */
    const char  *(*version)(void);      /* of the library measured: marks a peer */
    const char    *note;                /* a sentence that stands under the table */
} BenchRow;

#define SIZES(a)                                                                 \
    .sizes = (a)[0], .n_sizes = (int)(sizeof(a) / sizeof(a)[0]),                 \
    .n_dims = (int)(sizeof(a)[0] / sizeof(a)[0][0])

/* ---- Buffers --------------------------------------------------------------------------------------------------------
 * The same name is the same buffer for every contestant of the case; ask for the same ones, in the same order, in every
 * call. 64-byte aligned. An input is random normal, with a seed, unless the row's inputs() says otherwise, and is
 * checked not to have changed. An output is full of NaN when the calls of a sample start; afterwards it is right if
 *     |got - want| <= (4 + sqrt terms) epsilon max(scale, largest finite |want|)
 * An inout (a gradient that is added to) is put back, off the clock, before each call, and checked as an output. */
const float  *bench_in(Bench *, const char *name, int64_t n);
float        *bench_out(Bench *, const char *name, int64_t n);
float        *bench_inout(Bench *, const char *name, int64_t n);
const double *bench_in_doubles(Bench *, const char *name, int64_t n);
double       *bench_out_doubles(Bench *, const char *name, int64_t n);
double       *bench_inout_doubles(Bench *, const char *name, int64_t n);
const int    *bench_in_ints(Bench *, const char *name, int64_t n, int low, int high);   /* both ends included */
int          *bench_out_ints(Bench *, const char *name, int64_t n);                     /* every one must be equal */
void         *bench_scratch(Bench *, const char *name, int64_t bytes);                  /* work space: nobody looks */

/* In inputs(): the input itself, all zeros, to be written. */
float  *bench_given(Bench *, const char *name, int64_t n);
double *bench_given_doubles(Bench *, const char *name, int64_t n);
int    *bench_given_ints(Bench *, const char *name, int64_t n);

/* In truth(): where the right values of an output or inout go. */
double *bench_want(Bench *, const char *name, int64_t n);

/* ---- For contestants that keep something from call to call, or write into memory of their own -------------------- */
void  bench_keep(Bench *, void *);
void *bench_kept(Bench *);
int   bench_threads(const Bench *);
/* This call's output lies there, and stays there until the next call. */
void  bench_wrote(Bench *, const char *name, const void *where, int64_t n);
/* In setup(): this contestant cannot take part in this case; the sentence says why, and stands in the table. */
void  bench_absent(Bench *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- Registration: each file's rows, closed by { 0 } ------------------------------------------------------------- */
typedef struct BenchRoom { const char *room; const BenchRow *rows; } BenchRoom;

/* id: unique among all files. room: whose rows they are; EX= chooses by it. */
#define BENCH_OF(id, of_room)                                                                                     \
    extern const BenchRow bench_rows_##id[];                                                                      \
    static const BenchRoom bench_room_##id = { #of_room, bench_rows_##id };                                       \
    static const BenchRoom *const __attribute__((used, section("bench_rooms"))) bench_listed_##id =               \
        &bench_room_##id;                                                                                         \
    const BenchRow bench_rows_##id[]
#define BENCH(room) BENCH_OF(room, room)

#ifdef __cplusplus
}
#endif
