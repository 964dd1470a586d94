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
    const char *collect; /* a file that it writes, kept instead of records; then nothing is on fd 3. Or NULL */
    uint64_t    seed;               /* sent on fd 3 */
    double      seconds;            /* wall clock; processor time is held to as much, rounded up */
    size_t      memory, records;    /* address space, 0: no limit; bytes on fd 4 */
    bool        threads;            /* may it start any */
    Profile     profile;            /* what else it may do; 0 is a worker */
    bool        name_calls;         /* a forbidden call is a signal that can be caught, so that it can be named: only
                                     * to explain a run that has been ended for one */
} Launch;

#define LAUNCH_PROGRAM "./program"

Run         launch(const Launch *what);
const char *launch_level(void);     /* how far it is shut in: words for the report */
/* From now on. NULL, or a sentence: this machine does not have that level. Without it: L1 where there is one, else L0;
 * L2 is ten times slower to start, and no safer from what a learner does by mistake. */
const char *launch_use(const char *level);
bool        launch_shuts_in(void);  /* L1 or better */

enum { SEED_FD = 3, RECORD_FD, PROGRAM_FD, PRELOAD_FD, EXCUSE_FD, STATUS_FD, CONFINE_FD, FIRST_CLOSED };
