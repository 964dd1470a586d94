/* grade.h -- what the parts of build/grade share: an exercise, its steps, its probes, and what became of them. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "clock.h"
#include "compare.h"

enum { MAX_STEPS = 32, MAX_PROBES = 200, TRIALS = 12, MAX_SOURCE = 256 << 10 };
#define CHECKED "check"                 /* the variant of a folder of kind gpu that the emulator looks at */
enum { CORRECTNESS = 60, ROBUSTNESS = 20, PERFORMANCE = 20 };

typedef struct Check {                  /* a probe, and what became of it */
    char    step[64], name[64];
    char    verdict[12];                /* "" until it is known */
    double  ref_seconds;
    json_t *report;                     /* the judge's line, or NULL */
    bool    counts, clean;              /* for the points; under the sanitizers */
} Check;

typedef struct Step {
    char   name[64], kind[8];           /* kind: todo, given, none (no step: no points) */
    char   state[12];
    int    line, n, passed, counted, clean;
    Check *first;                       /* the failure to explain: the smallest case */
    char   mutant[64], message[2000];   /* the known mistake that the records equal */
    char   found[600];                  /* of kind gpu: what check mode says of the first failure */
    double ratio;                       /* cost over the reference's; 0: not counted */
    char   counter[200];                /* of kind gpu: the counter that decided it */
    double correctness, robustness, performance, of;
} Step;

typedef struct Exercise {
    char   dir[200], name[64], source[300];         /* source: the learner's file */
    bool   needs_common, gpu;                       /* gpu: NAME.cu, run by the emulator */
    unsigned may;                                   /* MAY_... of sandbox.h */
    char state[12], text[600]; /* of the whole, where it is not the steps': BUILD, TODO, INTERNAL */
    char   warning[300];
    int    more_errors, more_warnings;
    char   extra[400];                              /* globals that were made local */
    int    n_steps, n_checks, points_steps;
    Step   step[MAX_STEPS];
    Check  check[MAX_PROBES];
    bool   sanitized, counted;                      /* whether these were looked at */
    char   sanitizer[400], sanitized_probe[140];    /* the first complaint */
    char   left_out[300];                           /* why performance leaves the denominator */
    char   uncounted[200];                          /* why there is none for it, by its own doing */
    char   printed[1200];                           /* what the learner's code printed in the first failure, escaped */
    const Step *printed_by;
    double points, of, seconds_extra;
    double before;                                  /* points of the last run, or -1 */
    json_t *files;                                  /* SHA-256 of each that was handed in */
} Exercise;

typedef struct Options {
    bool        all, strict, verbose, many;     /* many: more than one exercise */
    const char *step;                   /* NULL: all */
    const char *grades;                 /* the file grade.json */
    uint64_t    seed;
    double      started;
} Options;

typedef struct Toolchain { char cc[4000], cu[4000], cucheck[4000], version[200], compiler[300]; } Toolchain;

/* build.c: every false or non-zero has set state and text */
bool toolchain_read(Toolchain *t);
int  shell(const char *output, const char *format, ...) __attribute__((format(printf, 2, 3)));   /* exit status */
char *read_text(const char *path, size_t most);                              /* "" if there is none */
char *read_bytes(const char *path, size_t *n);                               /* NULL if there is none */
const char *printable(const char *text, size_t n, char *out, size_t size);   /* escaped, at most 512 bytes */
bool newer(const char *a, const char *b);          /* by its time; false when either is missing */
bool build_learner(Exercise *e, const Toolchain *t, bool verbose);
bool build_preprocessed(const Exercise *e, const Toolchain *t, const char *flags, const char *path);
bool build_asks_for(const char *object, const char *name);      /* a name that holds this is not defined in it */
/* What a command says of a learner's program, as plain text; "" where it cannot. The caller frees it. */
char *look_into(const char *program, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A file once more with further flags: the learner's among the rest of theirs, the reference's, and whatever is ours in
 * it, kept in build/VARIANT for all gradings. */
bool build_variant(Exercise *e, const Toolchain *t, const char *variant, const char *flags, bool reference);
const char *variant_program(const Exercise *e, const char *variant, bool reference, char *out, size_t size);

/* How the variant of a step runs: a shared object before build/ref/DIR/mutants/frame; of kind gpu a program of its own,
 * fast or in check mode. */
typedef struct Variant { char program[500], preload[500]; } Variant;
Variant variant_of(const Exercise *e, const char *step, const char *mutant, bool checked);

void read_message(const Exercise *e, Step *s);      /* of s->mutant */

/* gpu.c: folders of kind gpu, in check mode */
bool measure_gpu(Exercise *e, const Toolchain *t, const Options *o);
void look_closer(Exercise *e, const Toolchain *t, const Options *o);    /* what check mode says of each first failure */
/* Whether check mode says the same of the learner's step as of this known mistake, whose values are alike. */
bool found_alike(Exercise *e, const Toolchain *t, const Step *s, const char *mutant, const Options *o);
/* "@1a2b" in a text, an address of the program, becomes "x.cu:27". */
void name_places(const Exercise *e, const char *program, char *text, size_t size);

/* measure.c */
/* Whether another run of the learner's code comes to what it was judged by. ref: what the reference sent then; NULL:
 * what it sent at first. */
bool as_judged(const Exercise *e, const Check *c, const Run *ref, const Run *r);
void measure(Exercise *e, const Toolchain *t, const Options *o);

/* report.c */
void report_head(const Toolchain *t, const Options *o);
void report_waiting(const Exercise *e, bool waits);
void report_exercise(const Exercise *e, const Options *o, bool *explained);
void report_end(Exercise *e, int n, const Options *o, const Toolchain *t);
const char *locate(const Exercise *e, const char *program, const long long *frames, int n, char *out, size_t size);
