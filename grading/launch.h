/* launch.h -- run a program that nobody trusts, under limits, and keep what it sent. */
#pragma once
#include <stdint.h>
#include "compare.h"
#include "sandbox.h"

typedef struct Launch {
    const char *program;            /* a path; it may lie where an unprivileged user cannot look */
    const char *const *argv;        /* argv[0] too. LAUNCH_PROGRAM in it: argv[0] is a tool that runs the program */
    const char *const *env;         /* further lines of its environment, or NULL */
    const char *preload;            /* a shared object whose functions go before the program's, or NULL */
    const char *collect;            /* a file that it writes, kept besides; or NULL */
    uint64_t    seed;               /* sent on fd 3 */
    double      seconds;            /* wall clock, less the time that it was ready and others ran; processor time is
                                     * held to as much, rounded up */
    size_t      memory, records;    /* address space, 0: no limit; bytes on fd 4 */
    unsigned    may;                /* threads, processes, a GPU: MAY_... of sandbox.h */
    Profile     profile;            /* what else it may do; 0 is a worker */
    bool        name_calls;         /* a forbidden call is a signal that can be caught, so that it can be named: only
                                     * to explain a run that has been ended for one */
} Launch;

Run         launch(const Launch *what);
const char *launch_level(unsigned may);     /* how far what may do that is shut in: words for the report */
/* From now on. NULL, or a sentence: this machine does not have that level. Without it: L1 where there is one, else L0;
 * L2 is ten times slower to start, and no safer from what a learner does by mistake. What may start processes takes L2
 * where there is one: with its first process all of a name space ends. */
const char *launch_use(const char *level);

/* A shell command, both its outputs in a file; its exit status. */
int         launch_shell(const char *output, const char *command);
/* The same for a command that compiles what a stranger wrote: shut in, with limits and no environment, it reads what is
 * listed besides the system, and the file that it leaves in $OUT takes the place of `result`. */
int         launch_compiler(const char *output, const char *result, const char *const *readable, const char *command);
