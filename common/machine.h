/* machine.h -- what this machine can do at best: multiply-adds a second, bytes a second from each cache and memory. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct Limits {
    int    threads;
    double fma[2];                      /* FLOP/s: f32, f64 */
    double read[4], copy[4];            /* bytes/s in L1, L2, L3, memory */
    int64_t cache[3];                   /* bytes of L1d and L2 a core, L3 */
} Limits;
Limits  machine_limits(int threads);    /* half a second; on OpenMP's threads, so set their number first */
int64_t machine_cache(int level);        /* bytes: of level 1 for data, of 2, of 3 */
double  machine_clock(void);             /* f32 FLOP/s of one thread now, in a millisecond: has the clock changed? */
double  machine_bandwidth(const Limits *, double bytes, const char **where);     /* so many bytes fit there */
/* No call of so many FLOPs and bytes can be faster. what: "arithmetic", "L2", ... */
double  machine_seconds(const Limits *, double flops, double bytes, bool doubles, const char **what);
