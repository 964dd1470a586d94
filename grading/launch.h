/* launch.h -- run a program that nobody trusts, under limits, and keep what it sent. */
#pragma once
#include <stdint.h>
#include "compare.h"

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
} Launch;

#define LAUNCH_PROGRAM "./program"

Run         launch(const Launch *what);
const char *launch_level(void);     /* how far it is shut in: words for the report */
