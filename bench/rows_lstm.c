/* rows_lstm.c -- one training step of a character model: embedding, LSTM, linear, cross-entropy, Adam. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "library.h"
#include "nn.h"
#include "optim.h"

enum { V = 65 };                        /* characters, as many as Shakespeare's plays have */
static const int steps[][4] = { { 65, 2, 17, 3 }, { 256, 1, 64, 32 }, { 512, 2, 128, 32 } }; /* H, L, S, B */

typedef struct Model {
    Embedding embedding;
    Lstm      lstm;
    Linear    out;
    NnParams  params;
    Optim    *optim;
    Arena    *arena;
    bool      read;                     /* by nn_lstm_read */
    float     loss[2];                  /* before the step and after it */
} Model;

static int64_t count(const int *size)
{
    int64_t H = size[0], L = size[1];
    return V * H + L * (8 * H * H + 8 * H) + V * H + V;
}

/* Everybody starts at the same weights: uniform in +-1/sqrt(H), one after the other in the visitor's order. */
static void inputs(Bench *b, const int *size)
{
    Rng    rng = rng_new(6);
    double most = 1 / sqrt(size[0]);
    float *start = bench_given(b, "start", count(size));
    for (int64_t i = 0; i < count(size); i++) start[i] = (float)(most * (2 * rng_uniform(&rng) - 1));
}

static void setup(Bench *b, const int *size)
{
    Library *l = library_new(b, true);
    int64_t  S = size[2], B = size[3];
    l->more = calloc(1, sizeof(Model));
    CHECK(l->more, "bench: no memory");
    bench_out(b, "loss", 2);
    library_in(l, I32, SHAPE(S, B), bench_in_ints(b, "x", S * B, 0, V - 1));
    library_in(l, I32, SHAPE(S * B), bench_in_ints(b, "target", S * B, 0, V - 1));
}

static void read_setup(Bench *b, const int *size)
{
    setup(b, size);
    ((Model *)((Library *)bench_kept(b))->more)->read = true;
}

static void teardown(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Model   *m = l->more;
    if (m->arena) arena_free(m->arena);
    free(m);
    library_free(b, size);
}

/* A new model and optimizer at the common start. */
static void before(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Model   *m = l->more;
    Rng      rng = rng_new(0);
    int64_t  at = 0;
    tape_reset(l->tape);
    if (!m->arena) m->arena = arena_new("model");
    arena_reset(m->arena);
    m->embedding = nn_embedding(m->arena, &rng, V, size[0]);
    m->lstm = nn_lstm(m->arena, &rng, size[0], size[0], size[1]);
    m->out = nn_linear(m->arena, &rng, size[0], V);
    m->params = nn_params(m->arena);
    nn_embedding_visit(&m->embedding, "embedding", nn_params_add, &m->params);
    nn_lstm_visit(&m->lstm, "lstm", nn_params_add, &m->params);
    nn_linear_visit(&m->out, "out", nn_params_add, &m->params);
    const float *start = bench_in(b, "start", count(size));
    for (int i = 0; i < m->params.n; i++) {
        Tensor *p = m->params.item[i].tensor;
        memcpy(p->data, start + at, tensor_bytes(p));
        at += tensor_count(p);
    }
    m->optim = optim_adam(m->arena, &m->params, (AdamArg){ .rate = 2e-3 });
}

static Tensor *loss(Library *l)
{
    Model  *m = l->more;
    Tensor *h = m->read ? nn_lstm_read(l->tape, &m->lstm, &m->embedding, l->in[0], NULL, NULL)
                        : nn_lstm_forward(l->tape, &m->lstm, nn_embedding_forward(l->tape, &m->embedding, l->in[0]),
                                          NULL, NULL);
    Tensor *scores = nn_linear_forward(l->tape, &m->out, h);
    return op_cross_entropy(l->tape, op_reshape(l->tape, scores, SHAPE(-1, V)), l->in[1]);
}

static void step(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Model   *m = l->more;
    (void)size;
    Tensor *y = loss(l);
    m->loss[0] = *(float *)y->data;
    tape_backward(l->tape, y);
    optim_step(m->optim, l->tape);
    tape_reset(l->tape);
}

static void after(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Model   *m = l->more;
    (void)size;
    bool was = tape_record(l->tape, false);
    m->loss[1] = *(float *)loss(l)->data;
    tape_reset(l->tape);
    tape_record(l->tape, was);
    bench_wrote(b, "loss", m->loss, 2);
}

#define STEP step, .flops = "6*B*S*(8*L*H*H + 65*H)", .dims = "HLSB", SIZES(steps), .inputs = inputs, \
    .before = before, .after = after, .teardown = teardown, .tolerance = 1e-3, .memory = true, \
    .note = "a character model's step: embedding, LSTM of L layers, linear, cross-entropy, Adam. The rate counts\n" \
            "  the first layer's product for every character read; nn_lstm_read needs one for each of the 65"

BENCH_OF(lstm_model, lstm) = {
    { "lstm_step", STEP, .contestant = "library", .setup = setup },
    { "lstm_step", STEP, .contestant = "library, reading", .setup = read_setup },
    { 0 }
};
