/* rng.h -- random numbers from a counter: Philox4x32-10. Same seed, same numbers, any thread count, either device. */
#pragma once
#include "tensor.h"

/* Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011. A plain value: copy it to replay,
 * save it in a checkpoint. Each draw, of any kind, moves `counter` by one; number i of a stream does not depend on how
 * the others were drawn, and a fill gives the numbers that as many draws would have given. */
typedef struct Rng { uint64_t key, counter; } Rng;

void     rng_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]); /* the ten rounds themselves */
Rng      rng_new(uint64_t seed);
Rng      rng_stream(const Rng *, uint64_t id);      /* an independent stream: one a worker, layer or epoch */

uint32_t rng_u32(Rng *);
double   rng_uniform(Rng *);                        /* [0, 1), 53 bits */
double   rng_normal(Rng *);                         /* mean 0, variance 1 (Box-Muller) */
int64_t  rng_below(Rng *, int64_t n);               /* 0 .. n-1, without bias; n >= 1 */
void     rng_shuffle(Rng *, int32_t *items, int64_t n); /* every order equally likely (Fisher-Yates) */

void     rng_fill_uniform(Rng *, Tensor *, double low, double high); /* F32 or F64, contiguous; in parallel */
void     rng_fill_normal(Rng *, Tensor *, double mean, double sd);
