/* program.h -- what every program has: flags, a progress line, a promise, a clean end. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "plot.h"
#include "tape.h"

typedef enum { FLAG_INT, FLAG_FLOAT, FLAG_TEXT, FLAG_BOOL } FlagKind;
typedef struct Flag {                   /* a row of the program's own flags, closed by { 0 } */
    const char *name;                   /* "batch": --batch=N */
    FlagKind    kind;
    size_t      offset;                 /* of an int, double, const char * or bool in the program's options struct */
    const char *standard;               /* the default, as text */
    const char *quick, *full;           /* the default under --quick and --full; NULL: standard */
    const char *help;
} Flag;

typedef struct Program {
    const char *name;
    uint64_t    seed;                   /* --seed N */
    Device      device;                 /* --device cpu|cuda */
    bool        quick, full;            /* --quick: seconds, with a smaller promise; --full: the published size */
    const char *out;                    /* --out DIR: plots and tables; default build/out/NAME */
    const char *save, *resume;          /* --save FILE, --resume FILE: for programs that train */
    volatile bool stopped;              /* Ctrl-C was pressed: save, print what there is, end */
    int         threads;                /* --threads N; 0: all */
} Program;

/* Parses (argp; --help lists everything with defaults), makes the --out folder, prints one line saying name, seed,
 * device, threads and flags, and catches SIGINT: the first sets stopped, the second ends the program. Bad flags end
 * with a sentence and status 2. what: one line for --help: what the program does. */
Program *program_start(int argc, char **argv, const char *name, const char *what, const Flag *, void *options);
/* Hands a tape to the tools that flags ask for (--profile, --trace, --nan-trap, --memory, --summary, --graph), once and
 * before its first step. What they found is printed by program_end. */
void     program_tape(Program *, Tape *);
/* A line with rate and time left, rewritten in place when stderr is a terminal, silent when not. unit: "batches". */
void     program_progress(Program *, int64_t done, int64_t of, const char *unit);
/* A line on stdout, past the progress line; it ends the line where the format does not. */
void     program_say(Program *, const char *format, ...) __attribute__((format(printf, 2, 3)));
Plot    *program_plot(Program *, const char *name, PlotArg);     /* in its --out folder */
/* "accuracy 0.9812, promised >= 0.975": kept counts towards the exit status. */
void     program_promise(Program *, const char *what, double got, const char *relation, double bound);
                                                                /* relation: ">=" or "<="; NaN keeps no promise */
/* A sentence from below ends the program: program_try(p, data_load(...)). NULL goes on. */
void     program_try(Program *, const char *sentence);
/* The last line (time taken, pictures drawn); frees; the exit status: 0 only if every promise was kept, and something
 * was saved if --save asked for it. 130 after Ctrl-C. */
int      program_end(Program *);
