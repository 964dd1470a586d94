/* loader.h -- rows in random order, a batch at a time. */
#pragma once
#include "data.h"
#include "rng.h"
#include "tape.h"

/* One epoch is every row once; the last batch may be short. The order of an epoch depends on the seed and the epoch's
 * number alone, so a resumed run sees what the first would have. Plain: epoch and at are all there is to save. */
typedef struct Loader {
    const Tensor *x, *y;                /* (N,...), (N); any dtypes; y may be NULL */
    int64_t  from, to;                  /* rows */
    int      batch;
    bool     shuffle;
    bool     prefetch;                  /* a thread gathers the next batch while this one is used: set it at once */
    Rng      rng;
    int64_t  epoch, at;                 /* at: rows of this epoch already given out */
    int32_t *order;                     /* of epoch `ordered`, which is -1 before the first */
    int64_t  ordered;
    struct Prefetch *ahead;
} Loader;

Loader loader_new(Arena *, const Tensor *x, const Tensor *y, int64_t from, int64_t to, int batch, bool shuffle,
                  const Rng *);
bool   loader_next(Loader *, Tape *, Tensor **x, Tensor **y);   /* into the tape's arena; false: the epoch is over */
int64_t loader_batches(const Loader *);                         /* an epoch */

/* Prefetching changes no batch and no order, and epoch and at still count what was given out. Such a loader is not
 * copied, x and y are not written to, and their arena lives, until this has ended the thread. Others need no stop. */
void   loader_stop(Loader *);
