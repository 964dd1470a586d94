/* rows_gpt.c -- GPT-2 by the library: a step of training, reading a text, and one more token. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "gpt.h"
#include "library.h"
#include "optim.h"

static const GptSize small = { .V = 65, .T = 256, .C = 384, .layers = 6, .heads = 6 };
static const int batches[][1] = { { 3 }, { 8 }, { 12 } }, prefills[][1] = { { 37 }, { 128 } },
                 contexts[][1] = { { 33 }, { 128 }, { 1000 } };

/* Every matrix starts as numbers of N(0, .02) from one list, which repeats: one after the other, in the visitor's
 * order. A list of 124 million would have to be copied to every contestant. */
enum { NOISE = 1000003 };

static void noise_inputs(Bench *b)
{
    Tensor x = { .data = bench_given(b, "noise", NOISE), .dtype = F32, .ndim = 1, .shape = { NOISE }, .stride = { 1 } };
    Rng    rng = rng_new(7);
    rng_fill_normal(&rng, &x, 0, 0.02);
}

typedef struct Start { const float *noise; int64_t at; } Start;

static void start_one(void *ctx, const char *name, Tensor *x)
{
    Start *s = ctx;
    float *w = x->data;
    bool   scale = strstr(name, "ln_") && strstr(name, "weight");
    for (int64_t i = 0, n = tensor_count(x); i < n; i++)
        w[i] = x->ndim == 2 ? s->noise[(s->at + i) % NOISE] : scale ? 1.f : 0.f;
    if (x->ndim == 2) s->at += tensor_count(x);
}

static void start(Gpt *m, const float *noise) { gpt_visit(m, "", start_one, &(Start){ .noise = noise }); }

/* ---- A step of training ------------------------------------------------------------------------------------------ */

typedef struct Step { Gpt *model; NnParams params; Arena *of_optim; Optim *optim; float after; } Step;

static void step_inputs(Bench *b, const int *size)
{
    int64_t n = (int64_t)size[0] * small.T;
    noise_inputs(b);
    Rng  rng = rng_new(8);
    int *tokens = bench_given_ints(b, "tokens", n), *targets = bench_given_ints(b, "targets", n);
    for (int64_t i = 0; i < n; i++) tokens[i] = (int)rng_below(&rng, small.V);
    for (int64_t i = 0; i < n; i++) targets[i] = (tokens[i] + 1) % small.V; /* can be learned */
}

static void step_setup(Bench *b, const int *size)
{
    int64_t  n = (int64_t)size[0] * small.T;
    Library *l = library_new(b, true);
    Step    *s = l->more = calloc(1, sizeof *s);
    CHECK(s, "bench: no memory");
    s->of_optim = arena_new("optimizer");
    s->model = gpt_new(l->arena, NULL, small, 0);
    s->params = nn_params(l->arena);
    gpt_visit(s->model, "", nn_params_add, &s->params);
    bench_out(b, "loss", 1), bench_out(b, "after", 1);
    bench_in(b, "noise", NOISE);
    library_in(l, I32, SHAPE(size[0], small.T), bench_in_ints(b, "tokens", n, 0, small.V - 1));
    library_in(l, I32, SHAPE(size[0], small.T), bench_in_ints(b, "targets", n, 0, small.V - 1));
}

/* Back to the common start, with a new optimizer and no gradients. */
static void step_before(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Step    *s = l->more;
    (void)size;
    start(s->model, bench_in(b, "noise", NOISE));
    arena_reset(s->of_optim);
    s->optim = optim_adamw(s->of_optim, &s->params, (AdamwArg){ .rate = 1e-3, .weight_decay = 0.1 });
}

static void step(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Step    *s = l->more;
    (void)size;
    tape_reset(l->tape);
    Tensor *loss = gpt_loss(l->tape, s->model, l->in[0], l->in[1]);
    tape_backward(l->tape, loss);
    optim_step(s->optim, l->tape);
    bench_wrote(b, "loss", loss->data, 1);
}

/* The loss once more: it tells whether the step went the right way. */
static void step_after(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Step    *s = l->more;
    Tape    *t = tape_new("after");
    (void)size;
    tape_record(t, false);
    s->after = (float)tensor_get(gpt_loss(t, s->model, l->in[0], l->in[1]), 0);
    tape_free(t);
    bench_wrote(b, "after", &s->after, 1);
}

static void step_teardown(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Step    *s = l->more;
    arena_free(s->of_optim);
    free(s);
    library_free(b, size);
}

/* ---- Generation: what follows the last of `fresh` tokens, when n stand in the cache ------------------------------ */

typedef struct Generation { Gpt *model; GptCache *cache; Tensor *fresh; int64_t n; } Generation;

static void generation_inputs(Bench *b, int64_t tokens)
{
    noise_inputs(b);
    Rng  rng = rng_new(9);
    int *x = bench_given_ints(b, "tokens", tokens);
    for (int64_t i = 0; i < tokens; i++) x[i] = (int)rng_below(&rng, gpt2_small.V);
}
static void prefill_inputs(Bench *b, const int *size) { generation_inputs(b, size[0]); }
static void decode_inputs(Bench *b, const int *size) { generation_inputs(b, size[0] + 1); }

static void generation_setup(Bench *b, int64_t n, int64_t fresh)
{
    Library    *l = library_new(b, false);
    Generation *g = l->more = arena_alloc(l->arena, DEV_CPU, sizeof *g, "bench");
    bench_out(b, "scores", gpt2_small.V);
    const float *noise = bench_in(b, "noise", NOISE);
    const int   *tokens = bench_in_ints(b, "tokens", n + fresh, 0, gpt2_small.V - 1);
    *g = (Generation){ .model = gpt_new(l->arena, NULL, gpt2_small, 0), .n = n };
    start(g->model, noise);
    g->cache = gpt_cache(l->arena, g->model, 1, n + fresh);
    g->fresh = library_in(l, I32, SHAPE(1, fresh), tokens + n);
    if (n) gpt_continue(l->tape, g->model, g->cache, library_in(l, I32, SHAPE(1, n), tokens));
}
static void prefill_setup(Bench *b, const int *size) { generation_setup(b, 0, size[0]); }
static void decode_setup(Bench *b, const int *size) { generation_setup(b, size[0], 1); }

static void generation(Bench *b, const int *size)
{
    Library    *l = bench_kept(b);
    Generation *g = l->more;
    (void)size;
    tape_reset(l->tape);
    g->cache->n = g->n;
    bench_wrote(b, "scores", gpt_continue(l->tape, g->model, g->cache, g->fresh)->data, gpt2_small.V);
}

/* ---- What no decoding goes below: the same matrices and cache, row after row, each number read once. It gives
 * the scores that setup computed; its column "against the fastest peer" is what is to be had at most ---- */

typedef struct Floor { Generation of; Tensor *right, *scores; float sum; } Floor;

static float total(const float *x, int64_t rows, int64_t C)
{
    float all = 0;
#pragma omp parallel for reduction(+ : all)
    for (int64_t r = 0; r < rows; r++) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t c = 0; c < C; c++) sum += x[r * C + c];
        all += sum;
    }
    return all;
}

static void read_one(void *ctx, const char *name, Tensor *x)
{
    Floor *f = ctx;
    bool   matrix = x->ndim == 2 && !strstr(name, "wpe");
    f->sum += matrix ? total(x->data, x->shape[0], x->shape[1]) : 0;
}

static void floor_setup(Bench *b, const int *size)
{
    generation_setup(b, size[0], 1);
    Library *l = bench_kept(b);
    Floor   *f = arena_alloc(l->arena, DEV_CPU, sizeof *f, "bench");
    *f = (Floor){ .of = *(Generation *)l->more };
    Tensor *y = gpt_continue(l->tape, f->of.model, f->of.cache, f->of.fresh);
    f->right = tensor_new(l->arena, DEV_CPU, F32, SHAPE(tensor_count(y)));
    f->scores = tensor_new(l->arena, DEV_CPU, F32, SHAPE(tensor_count(y)));
    memcpy(f->right->data, y->data, tensor_bytes(y));
    l->more = f;
}

static void read_once(Bench *b, const int *size)
{
    Library  *l = bench_kept(b);
    Floor    *f = l->more;
    GptCache *c = f->of.cache;
    f->sum = 0;
    gpt_visit(f->of.model, "", read_one, f);
    for (int i = 0; i < gpt2_small.layers; i++)
        for (int64_t h = 0, D = c->k[i]->shape[3]; h < gpt2_small.heads; h++)
            f->sum += total((const float *)c->k[i]->data + h * c->room * D, size[0], D) +
                      total((const float *)c->v[i]->data + h * c->room * D, size[0], D);
    memcpy(f->scores->data, f->right->data, tensor_bytes(f->right));
    bench_wrote(b, "scores", f->scores->data, gpt2_small.V);
}

/* Flops: two for a weight and token, three times that with backward, and half of attention's square. A matrix that is
 * read once a token costs its bytes. */
BENCH_OF(gpt_others, gpt) = {
    { "gpt_step", step, .flops = "6*256*B*(6*12*384*384 + 65*384) + 3*6*2*B*256*256*384", .dims = "B", SIZES(batches),
      .contestant = "library", .inputs = step_inputs, .setup = step_setup, .before = step_before, .after = step_after,
      .teardown = step_teardown, .tolerance = 1e-3, .memory = true,
      .note = "6 layers of 384, 256 tokens of 65, AdamW; the loss before and after the step must agree" },
    { "gpt_prefill", generation, .flops = "2*T*12*12*768*768 + 2*12*T*T*768 + 2*50257*768", .dims = "T",
      SIZES(prefills), .contestant = "library", .inputs = prefill_inputs, .setup = prefill_setup,
      .teardown = library_free, .tolerance = 1e-4, .note = "GPT-2 of 124 million: T tokens, scores of the next" },
    { "gpt_decode", generation, .flops = "2*12*12*768*768 + 2*50257*768 + 4*12*n*768",
      .bytes = "4*(12*12*768*768 + 50257*768) + 8*12*n*768", .dims = "n", SIZES(contexts), .contestant = "library",
      .inputs = decode_inputs, .setup = decode_setup, .teardown = library_free, .tolerance = 1e-4,
      .note = "GPT-2 of 124 million: one token more, after n in the cache" },
    { "gpt_decode", read_once, .contestant = "reading alone", .setup = floor_setup, .teardown = library_free },
    { 0 }
};
