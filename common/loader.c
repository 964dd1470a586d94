/* loader.c -- rows in random order, a batch at a time. */
#include "loader.h"
#include <pthread.h>
#include <stdlib.h>
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

static size_t row_bytes(const Tensor *x) { return tensor_bytes(x) / (size_t)x->shape[0]; }

static void gather(void *to, const Tensor *from, const int32_t *row, int64_t rows)
{
    size_t bytes = row_bytes(from);
    for (int64_t i = 0; i < rows; i++)
        memcpy((char *)to + (size_t)i * bytes, (const char *)from->data + (size_t)row[i] * bytes, bytes);
}

static int64_t rows_at(const Loader *l, int64_t at) /* rows of the batch there */
{
    int64_t left = l->to - l->from - at;
    return left < l->batch ? left : l->batch;
}

/* ---- A batch ahead ---- */

/* One buffer, which is the worker's while ASKED and the loader's otherwise. The worker has a loader of its own, whose
 * order nobody else reads. */
struct Prefetch {
    pthread_t       thread;
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    enum { IDLE, ASKED, READY, STOP } state;
    Loader          l;                  /* its epoch and at say which batch is asked for, or ready */
    char           *x, *y;
};

static void *work(void *ctx)
{
    struct Prefetch *p = ctx;
    Loader *l = &p->l;
    pthread_mutex_lock(&p->lock);
    while (p->state != STOP) {
        if (p->state != ASKED) {
            pthread_cond_wait(&p->changed, &p->lock);
            continue;
        }
        pthread_mutex_unlock(&p->lock);
        if (l->ordered != l->epoch) put_in_order(l);
        gather(p->x, l->x, l->order + l->at, rows_at(l, l->at));
        if (l->y) gather(p->y, l->y, l->order + l->at, rows_at(l, l->at));
        pthread_mutex_lock(&p->lock);
        if (p->state == ASKED) p->state = READY;
        pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static struct Prefetch *start(const Loader *l)
{
    struct Prefetch *p = calloc(1, sizeof *p);
    CHECK(p, "loader_next: out of memory");
    p->l = *l;
    p->x = malloc((size_t)l->batch * row_bytes(l->x) + 1);
    p->y = l->y ? malloc((size_t)l->batch * row_bytes(l->y) + 1) : NULL;
    CHECK(p->x && (p->y || !l->y), "loader_next: out of memory for a batch of %d rows ahead", l->batch);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    CHECK(!pthread_create(&p->thread, NULL, work, p), "loader_next: no thread for prefetching");
    return p;
}

/* Called with the lock. */
static void ask(struct Prefetch *p, int64_t epoch, int64_t at)
{
    p->l.epoch = epoch;
    p->l.at = at;
    p->state = ASKED;
    pthread_cond_broadcast(&p->changed);
}

/* Takes batch (epoch, at), and asks for the one behind it. Another lies ready only after epoch or at were set. */
static void take_ahead(const Loader *l, int64_t rows, Tensor *x, Tensor *y)
{
    struct Prefetch *p = l->ahead;
    pthread_mutex_lock(&p->lock);
    while (p->state == ASKED) pthread_cond_wait(&p->changed, &p->lock);
    if (p->state == IDLE || p->l.epoch != l->epoch || p->l.at != l->at) {
        ask(p, l->epoch, l->at);
        while (p->state == ASKED) pthread_cond_wait(&p->changed, &p->lock);
    }
    memcpy(x->data, p->x, tensor_bytes(x));
    if (y) memcpy(y->data, p->y, tensor_bytes(y));
    bool last = l->at + rows == l->to - l->from;
    ask(p, last ? l->epoch + 1 : l->epoch, last ? 0 : l->at + rows);
    pthread_mutex_unlock(&p->lock);
}

void loader_stop(Loader *l)
{
    struct Prefetch *p = l->ahead;
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->state = STOP;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->changed);
    free(p->x);
    free(p->y);
    free(p);
    l->ahead = NULL;
    l->ordered = -1; /* the worker has had the order in its hands */
}

/* ---- The next batch ---- */

static Tensor *room_for(Tape *t, const Tensor *from, int64_t rows)
{
    int64_t shape[MAX_DIMS];
    memcpy(shape, from->shape, sizeof shape);
    shape[0] = rows;
    return tensor_new(tape_arena(t), DEV_CPU, from->dtype, from->ndim, shape);
}

bool loader_next(Loader *l, Tape *t, Tensor **x, Tensor **y)
{
    if (l->at >= l->to - l->from) {
        l->epoch++;
        l->at = 0;
        return false;
    }
    int64_t rows = rows_at(l, l->at);
    Tensor *to_x = *x = room_for(t, l->x, rows), *to_y = y && l->y ? room_for(t, l->y, rows) : NULL;
    if (y) *y = to_y;
    if (l->prefetch) {
        if (!l->ahead) l->ahead = start(l);
        take_ahead(l, rows, to_x, to_y);
    } else {
        if (l->ordered != l->epoch) put_in_order(l);
        gather(to_x->data, l->x, l->order + l->at, rows);
        if (to_y) gather(to_y->data, l->y, l->order + l->at, rows);
    }
    l->at += rows;
    return true;
}

int64_t loader_batches(const Loader *l) { return (l->to - l->from + l->batch - 1) / l->batch; }
