/* harness.h -- what the harness's own files share: cases, contestants, buffers, results. */
#pragma once
#include <stddef.h>
#include <stdio.h>
#include <jansson.h>
#include "bench.h"
#include "check.h"
#include "machine.h"
#include "rng.h"

/* Part of every row's version: a change of method makes old results incomparable. */
#define METHOD                                                                                                     \
    "1: A B B A, random first; warm until two samples agree within 2%; samples of 1 ms or more, one call to "      \
    "reheat before each that takes less than 10 ms; calls timed one by one: their median below 50 us, else sum; "  \
    "every sample checked; median, interval by order statistics"

enum { MAX_BUFFERS = 24, MAX_CONTESTANTS = 16, MAX_SIZE = 6, MAX_SAMPLES = 400, MIN_ROUNDS = 6, MAX_PEERS = 12 };

/* ---- buffer.c ---------------------------------------------------------------------------------------------------- */

typedef enum { TYPE_F32, TYPE_F64, TYPE_I32, TYPE_BYTES } BufferType;
typedef enum { ROLE_IN, ROLE_OUT, ROLE_INOUT, ROLE_SCRATCH } BufferRole;

typedef struct Buffer {
    char        name[32];
    BufferType  type;
    BufferRole  role;
    int64_t     n;
    void       *data;
    void       *start;                  /* of an inout: what it holds before each call */
    double     *want;                   /* of outputs: the right values, and the largest of them */
    double      largest;
    const void *where;                  /* the last call's output: data, or what bench_wrote said */
    uint64_t    sum;                    /* of an input: to see that nobody wrote there */
    int         low, high;              /* of random ints */
    bool        given;                  /* written by inputs() */
} Buffer;

size_t type_size(BufferType);
const char *type_name(BufferType);      /* "f32" */

/* ---- Cases ------------------------------------------------------------------------------------------------------- */

typedef struct Peer Peer;               /* a Python process */

typedef struct Contestant {
    const BenchRow *row;                /* NULL: a Python peer */
    Peer       *peer;
    char        label[48], version[96];
    bool        is_peer;                /* else ours: the textbook, the library, the learner's */
    bool        set_up;
    bool        hidden;                 /* the same peer with other settings was faster in this case */
    void       *kept;
    const char *asked[MAX_BUFFERS];     /* the buffers it asks for, in order: no search while the clock runs */
    int         index[MAX_BUFFERS];
    const void *where[MAX_BUFFERS];     /* its outputs, where they lie in its own memory */
    char        absent[200], wrong[200];
    int64_t     calls;                  /* a sample */
    double      sample[MAX_SAMPLES];    /* seconds a call */
    int         samples, most;          /* most: a slow one stops earlier */
    double      wall, cpu;              /* of all samples */
    int64_t     memory;                 /* bytes that a call adds to what is resident, at its peak; -1: not measured */
    double      flushed;                /* bytes walked over to empty the caches, for all samples together */
    double      error, allowed;         /* the largest error beside what was allowed, of all samples */
} Contestant;

struct Bench {
    char        name[64], room[64], dims[MAX_SIZE + 1];
    int         size[MAX_SIZE], n_dims, threads;
    double      flops, bytes, terms, scale, tolerance;
    const char *flops_text, *bytes_text, *note;
    BenchFunction *inputs, *truth;
    bool        cold, memory, each;     /* each: calls are timed one by one, because something is done between them */
    uint64_t    seed;
    Buffer      buffer[MAX_BUFFERS];
    int         buffers;
    Contestant  contestant[MAX_CONTESTANTS];
    int         contestants;
    Contestant *now;                    /* who is being called; NULL in inputs() and truth() */
    bool        giving;                 /* inputs() is about to write this buffer: no random numbers needed */
    int         at;                     /* how many buffers it has asked for */
    double      load, clock_before, clock_after;
};

void   buffer_forget(Bench *);          /* frees all */
void   buffer_scratch_back(Bench *);    /* work space gives its pages back: who writes there next takes them anew */
void   buffer_poison(Bench *);          /* outputs to NaN, inouts to their start */
void   buffer_restore(Bench *);         /* inouts only */
void   buffer_want_from_outputs(Bench *);
void   buffer_start_call(Bench *, Contestant *);
const char *buffer_check(Bench *, Contestant *);        /* NULL, or what is wrong with the outputs */
const char *buffer_inputs_changed(Bench *);
void   buffer_inputs_again(Bench *);    /* as they were, after somebody has written there */
void  *memory_new(size_t bytes, int stagger);           /* whole pages, huge ones where there are; NULL: no memory */
void   memory_free(void *, size_t bytes, int stagger);

/* ---- formula.c: "2*M*N*K" ---------------------------------------------------------------------------------------- */

/* NULL, or what is wrong with the text. */
const char *formula_value(const char *text, const char *dims, const int *size, double *value);

/* ---- measure.c --------------------------------------------------------------------------------------------------- */

typedef struct Interval { double median, low, high; } Interval;
Interval    interval_of(const double *sample, int n);   /* 95 % by order statistics; fewer than 6: the range */
Interval    interval_ratio(const double *a, int na, const double *b, int nb);   /* of two medians, by bootstrap */
const char *measure_case(Bench *, double budget);       /* fills the contestants; a sentence: the case cannot be run */
double      clock_wall(void), clock_cpu(void);
int64_t     resident_mark(void);                        /* resident.c: what is resident now, where the peak restarts */
int64_t     resident_peak(void);                        /* both -1 where the kernel does not say */
size_t      flush_size(void);                           /* bytes to walk over, so that nothing stays in a cache */

/* ---- peer.c: contestants written in Python ----------------------------------------------------------------------- */

/* Those that are there; prints who is absent. */
int         peers_start(Peer **, const char *venv, const char *folder, int threads);
void        peers_skipped(void);        /* they were not asked for: recorded as absent */
void        peers_stop(Peer **, int n);
const char *peer_name(const Peer *), *peer_version(const Peer *), *peer_settings(const Peer *);
bool        peer_has(const Peer *, const char *name);
const char *peer_open(Peer *, Bench *);
const char *peer_run(Peer *, int64_t calls, bool reheat, double *wall, double *cpu, double *flushed);
const char *peer_memory(Peer *, int64_t *bytes);
const char *peer_outputs(Peer *, Bench *, Contestant *);
void        peer_close(Peer *);
json_t     *peer_record(const Peer *);
json_t     *peers_absent(void);         /* [{name, why}]: those that peers_start, or this build, did not find */

/* ---- record.c ---------------------------------------------------------------------------------------------------- */

json_t     *record_run(const Limits *, uint64_t seed, Peer **, int peers);
json_t     *record_row(const Bench *, const Contestant *, const Limits *, const char *run);
void        record_version(const Bench *, char out[17]);
/* The other's time over ours: above 1, ours is faster. */
Interval    contestant_ratio(const Contestant *other, const Contestant *ours);
const char *record_machine(void);       /* "amd-epyc-25-17-x2" */
const char *record_new_file(char *path, size_t size);   /* bench/results/MACHINE/DATE-COMMIT.jsonl, a new one */
const char *record_write(const char *path, json_t *);       /* one line at the end; the object is given away */
const char *record_read(const char *path, json_t **out);    /* an array of all lines */

/* ---- compare.c, plots.c ------------------------------------------------------------------------------------------ */

const char *compare_files(const char *old_path, const char *new_path, FILE *);
/* results: a file or a folder of them. */
const char *plots_draw(const char *results, const char *folder, const char *gnuplot, FILE *);

/* ---- table.c ----------------------------------------------------------------------------------------------------- */

double case_limit(const Limits *, const Bench *, const char **what);    /* seconds: no call can be faster */
void table_case(const Bench *, const Limits *, FILE *);
void table_quick(const Bench *, int n, FILE *);
const char *seconds_text(double s, char out[16]);       /* "3.41 ms" */
