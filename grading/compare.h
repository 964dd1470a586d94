/* compare.h -- what a run left behind, and whether two of them agree. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { RUN_TEXT = 4096 };

typedef struct Run {
    char  *data;  size_t size;      /* records: what came on fd 4 */
    char  *text;  size_t text_size; /* what it printed, stdout and stderr together, the first RUN_TEXT bytes */
    char  *file;  size_t file_size; /* what launch.h's `collect` asked for; never saved */
    int    status;                  /* as wait() has it */
    bool   late, flooded, broken;   /* the clock ran out; it sent too much; it could not be started: our fault */
    double seconds, limit;
} Run;

/* A file of it: how the worker ended, then what it sent. False: it could not be written, or is no such file. */
bool run_save(const Run *run, const char *path);
bool run_load(Run *run, const char *path);
void run_free(Run *run);

/* A run of several probes in pieces, one a probe, each closed by an END. The number of pieces, 0 if there is no
 * memory. */
int  run_split(const Run *all, Run *part, int most);

/* What is wrong, smallest case first. Texts are empty where they say nothing; numbers are text, because of NaN. */
typedef struct Finding {
    char verdict[12];               /* PASS WRONG CRASH EARLY-EXIT TIME MEMORY OUTPUT FORBIDDEN BUILD TODO INTERNAL */
    int  trial, line;               /* line: of a TODO */
    int  signal;
    char name[32], shape[64], place[96];        /* "dx", "3,7", "dx[1][6]" */
    char expected[24], got[24], error[24], tolerance[24];
    char all_expected[400], all_got[400];       /* at most 16 values */
    char inputs[4][240];                        /* at most 16 values each, as the reference saw them */
    char text[600];                             /* a sentence */
    char relation[160];                         /* "Every value is the negative of what is expected." */
    long long frame[16]; int frames;            /* of a crash */
    double margin;                              /* the largest error as a part of its tolerance, over all values */
} Finding;

/* Whether `mine` holds what `ref` does. Mode, reduction length and scale are the reference's, never the learner's.
 * values false: a JUDGE_OF looks at those, here only how the run ended. */
void compare_runs(const Run *ref, const Run *mine, bool values, Finding *found);

/* Whether two programs went the same way: the same values within tolerance, right or wrong, and the same end. */
bool compare_alike(const Run *a, const Run *b);

/* What the emulator of a GPU found (common/simt): the i-th finding, its kind and a sentence. False: no more. */
bool compare_found(const Run *run, int i, char kind[32], char *text, size_t size);
double compare_cost(const Run *run);            /* what it counted, all in all */
/* Of the counters that a probe asked for the worst beside the reference's, how many times that. 1: none is worse. */
double compare_counters(const Run *ref, const Run *mine, char *counter, size_t size);
bool compare_same_findings(const Run *a, const Run *b);     /* the same kinds, and counters */
double compare_part(double ratio);              /* of the points for performance: 1 up to 1.5, 0 from 8 */

/* The values that trial `trial` of a run emitted under a name, as doubles; NULL if there are none. Freed by the
 * caller. */
double *compare_values(const Run *run, int trial, const char *name, int *n);
int     compare_trials(const Run *run);
