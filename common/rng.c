/* rng.c -- Philox4x32-10: block number `counter` under `key`, so any number of a stream is there at once. */
#include "rng.h"
#include "check.h"
#include "philox.h"
#include <math.h>

__extension__ typedef unsigned __int128 u128;

void rng_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
    uint32_t c[4] = { counter[0], counter[1], counter[2], counter[3] };
    philox(c, key[0], key[1]);
    for (int i = 0; i < 4; i++) out[i] = c[i];
}

/* A draw is one block. The upper half of the 128-bit counter says what the block is for: draws have 0 in its last word;
 * the word before it counts the tries of rng_below, so that a second try does not eat the next draw's block. */
typedef struct Block { uint64_t a, b; } Block;
enum { FOR_DRAWS, FOR_STREAMS };

static inline Block block_at(uint64_t key, uint64_t counter, uint32_t try, uint32_t use)
{
    uint32_t c[4] = { (uint32_t)counter, (uint32_t)(counter >> 32), try, use };
    philox(c, (uint32_t)key, (uint32_t)(key >> 32));
    return (Block){ .a = c[0] | (uint64_t)c[1] << 32, .b = c[2] | (uint64_t)c[3] << 32 };
}

static inline double uniform_of(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; }

/* Box and Muller 1958: r cos(angle), r^2 / 2 exponential. 1 - u is in (0, 1]: no logarithm of 0. */
static inline double normal_of(Block k)
{
    return sqrt(-2 * log(1 - uniform_of(k.a))) * cos(6.283185307179586 * uniform_of(k.b));
}

Rng rng_new(uint64_t seed) { return (Rng){ .key = seed }; }

/* Depends on the key alone: epoch 7 shuffles alike whether or not epochs 1 to 6 ran in this process. */
Rng rng_stream(const Rng *r, uint64_t id) { return (Rng){ .key = block_at(r->key, id, 0, FOR_STREAMS).a }; }

uint32_t rng_u32(Rng *r) { return (uint32_t)block_at(r->key, r->counter++, 0, FOR_DRAWS).a; }
double rng_uniform(Rng *r) { return uniform_of(block_at(r->key, r->counter++, 0, FOR_DRAWS).a); }
double rng_normal(Rng *r) { return normal_of(block_at(r->key, r->counter++, 0, FOR_DRAWS)); }

/* Lemire 2019, arXiv:1805.10941: the upper half of bits x n, and a new try where the lower half falls into the part
 * that some values would get once more than others. */
int64_t rng_below(Rng *r, int64_t n)
{
    CHECK(n >= 1, "rng_below: no number is below %lld and at least 0", (long long)n);
    uint64_t counter = r->counter++, excess = -(uint64_t)n % (uint64_t)n;
    for (uint32_t try = 0;; try++) {
        u128 x = (u128)block_at(r->key, counter, try, FOR_DRAWS).a * (uint64_t)n;
        if ((uint64_t)x >= excess) return (int64_t)(x >> 64);
    }
}

void rng_shuffle(Rng *r, int32_t *items, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = rng_below(r, i + 1);
        int32_t t = items[i];
        items[i] = items[j];
        items[j] = t;
    }
}

/* Element i is what draw i would have given: the same for any number of threads, and for F32 as for F64, rounded. */
static void fill(Rng *r, Tensor *t, double shift, double factor, double (*draw)(uint64_t key, uint64_t counter))
{
    CHECK(t->dtype == F32 || t->dtype == F64, "rng_fill: %s is neither f32 nor f64", tensor_text(t).s);
    CHECK(t->device == DEV_CPU && tensor_contiguous(t), "rng_fill: %s is not contiguous on the CPU", tensor_text(t).s);
    int64_t n = tensor_count(t);
    uint64_t key = r->key, from = r->counter;
    float *f = t->data;
    double *d = t->data;
    bool wide = t->dtype == F64;
#pragma omp parallel for schedule(static) if (n > 4096)
    for (int64_t i = 0; i < n; i++) {
        double x = shift + factor * draw(key, from + (uint64_t)i);
        if (wide) d[i] = x;
        else f[i] = (float)x;
    }
    r->counter += (uint64_t)n;
    tensor_root(t)->version++;
}

static double uniform_at(uint64_t key, uint64_t counter) { return uniform_of(block_at(key, counter, 0, FOR_DRAWS).a); }
static double normal_at(uint64_t key, uint64_t counter) { return normal_of(block_at(key, counter, 0, FOR_DRAWS)); }

void rng_fill_uniform(Rng *r, Tensor *t, double low, double high) { fill(r, t, low, high - low, uniform_at); }
void rng_fill_normal(Rng *r, Tensor *t, double mean, double sd) { fill(r, t, mean, sd, normal_at); }
