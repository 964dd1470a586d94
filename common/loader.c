/* loader.c -- rows in random order, a batch at a time. */
#include "loader.h"
#include <string.h>

Loader loader_new(Arena *a, const Tensor *x, const Tensor *y, int64_t from, int64_t to, int batch, bool shuffle,
                  const Rng *rng)
{
    CHECK(x->ndim >= 1 && x->device == DEV_CPU && tensor_contiguous(x), "loader_new: x %s is not contiguous on the CPU",
          tensor_text(x).s);
    CHECK(!y || (y->ndim >= 1 && y->shape[0] == x->shape[0] && y->device == DEV_CPU && tensor_contiguous(y)),
          "loader_new: y %s does not go with x %s", y ? tensor_text(y).s : "", tensor_text(x).s);
    CHECK(0 <= from && from < to && to <= x->shape[0] && to <= INT32_MAX, "loader_new: rows %lld to %lld of %s",
          (long long)from, (long long)to, tensor_text(x).s);
    CHECK(batch >= 1, "loader_new: batches of %d rows", batch);
    return (Loader){
        .x = x, .y = y, .from = from, .to = to, .batch = batch, .shuffle = shuffle, .rng = *rng, .ordered = -1,
        .order = arena_alloc(a, DEV_CPU, (size_t)(to - from) * sizeof(int32_t), "loader"),
    };
}

/* From the sorted rows and a stream of the epoch's own: epochs that were not seen do not matter. */
static void put_in_order(Loader *l)
{
    int64_t n = l->to - l->from;
    for (int64_t i = 0; i < n; i++) l->order[i] = (int32_t)(l->from + i);
    Rng own = rng_stream(&l->rng, (uint64_t)l->epoch);
    if (l->shuffle) rng_shuffle(&own, l->order, n);
    l->ordered = l->epoch;
}

static Tensor *gather(Tape *t, const Tensor *from, const int32_t *row, int64_t rows)
{
    int64_t shape[MAX_DIMS];
    memcpy(shape, from->shape, sizeof shape);
    shape[0] = rows;
    Tensor *to = tensor_new(tape_arena(t), DEV_CPU, from->dtype, from->ndim, shape);
    size_t bytes = tensor_bytes(to) / (size_t)rows;
    for (int64_t i = 0; i < rows; i++)
        memcpy((char *)to->data + (size_t)i * bytes, (const char *)from->data + (size_t)row[i] * bytes, bytes);
    return to;
}

bool loader_next(Loader *l, Tape *t, Tensor **x, Tensor **y)
{
    int64_t left = l->to - l->from - l->at, rows = left < l->batch ? left : l->batch;
    if (left <= 0) {
        l->epoch++;
        l->at = 0;
        return false;
    }
    if (l->ordered != l->epoch) put_in_order(l);
    *x = gather(t, l->x, l->order + l->at, rows);
    if (y) *y = l->y ? gather(t, l->y, l->order + l->at, rows) : NULL;
    l->at += rows;
    return true;
}

int64_t loader_batches(const Loader *l) { return (l->to - l->from + l->batch - 1) / l->batch; }
