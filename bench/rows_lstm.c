/* rows_lstm.c -- an LSTM layer, forth and back; one training step of a character model: embedding, LSTM, linear,
 * cross-entropy, Adam. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "library.h"
#include "nn.h"
#include "optim.h"

/* ---- A layer: y, and the gradients of x and the parameters ------------------------------------------------------- */

static const int layers[][4] = { { 17, 3, 33, 65 }, { 100, 32, 2, 64 }, { 64, 32, 128, 128 } };    /* T, B, IN, H */

typedef struct Part { const char *name; int ndim; int64_t shape[3], n; } Part;
enum { PART_X, PART_W_IH, PART_W_HH, PART_B, PART_DY, PARTS };

static void parts_of(Part part[PARTS], const int *s)
{
    int64_t T = s[0], B = s[1], IN = s[2], G = 4 * (int64_t)s[3], H = s[3];
    part[PART_X] = (Part){ "x", 3, { T, B, IN }, T * B * IN };
    part[PART_W_IH] = (Part){ "w_ih", 2, { G, IN }, G * IN };
    part[PART_W_HH] = (Part){ "w_hh", 2, { G, H }, G * H };
    part[PART_B] = (Part){ "b", 1, { G }, G };
    part[PART_DY] = (Part){ "dy", 3, { T, B, H }, T * B * H };
}

/* Uniform in +-1/sqrt(H), as layers start: with normal weights every gate would be open or shut. */
static void layer_inputs(Bench *b, const int *s)
{
    Part   part[PARTS];
    Rng    rng = rng_new(16);
    double most = 1 / sqrt(s[3]);
    parts_of(part, s);
    for (int k = PART_W_IH; k <= PART_B; k++) {
        float *w = bench_given(b, part[k].name, part[k].n);
        for (int64_t i = 0; i < part[k].n; i++) w[i] = (float)(most * (2 * rng_uniform(&rng) - 1));
    }
}

static void layer_start(Bench *b, const int *s, bool step)
{
    static const char *const names[] = { "dx", "dw_ih", "dw_hh", "db" };
    Part     part[PARTS];
    Library *l = library_new(b, step);
    parts_of(part, s);
    bench_out(b, "y", part[PART_DY].n);
    for (int k = 0; k < PARTS - !step; k++) {
        Tensor *in = library_in(l, F32, part[k].ndim, part[k].shape, bench_in(b, part[k].name, part[k].n));
        in->needs_grad = step && k != PART_DY;
        if (in->needs_grad) bench_out(b, names[k], part[k].n);
    }
}

static void layer_setup(Bench *b, const int *s) { layer_start(b, s, false); }
static void layer_step_setup(Bench *b, const int *s) { layer_start(b, s, true); }

static Tensor *layer_of(Library *l)
{
    return op_lstm(l->tape, l->in[PART_X], NULL, NULL, l->in[PART_W_IH], l->in[PART_W_HH], l->in[PART_B], NULL).y;
}

static void layer(Bench *b, const int *s)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    bench_wrote(b, "y", layer_of(l)->data, (int64_t)s[0] * s[1] * s[3]);
}

static void layer_before(Bench *b, const int *s)
{
    (void)s;
    library_before_backward(bench_kept(b));
}

static void layer_step(Bench *b, const int *s)
{
    static const char *const names[] = { "dx", "dw_ih", "dw_hh", "db" };
    Library *l = bench_kept(b);
    Tensor  *y = layer_of(l);
    y->grad = l->in[PART_DY];
    tape_backward(l->tape, y);
    bench_wrote(b, "y", y->data, (int64_t)s[0] * s[1] * s[3]);
    for (int k = 0; k < PART_DY; k++)
        bench_wrote(b, names[k], l->in[k]->grad->data, tensor_count(l->in[k]));
}

#define LAYER .dims = "TBIH", SIZES(layers), .inputs = layer_inputs, .teardown = library_free, .tolerance = 1e-4,    \
    .contestant = "library", .memory = true

/* ---- The character model ----------------------------------------------------------------------------------------- */

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
    { "lstm_layer", layer, .flops = "8*T*B*H*(I + H)", .bytes = "4*(T*B*(I + H) + 4*H*(I + H))", LAYER,
      .setup = layer_setup },
    { "lstm_layer_step", layer_step, .flops = "24*T*B*H*(I + H)", .bytes = "8*(T*B*(I + H) + 4*H*(I + H))", LAYER,
      .setup = layer_step_setup, .before = layer_before,
      .note = "forth and back: y, and the gradients of x, weights and biases" },
    { "lstm_step", STEP, .contestant = "library", .setup = setup },
    { "lstm_step", STEP, .contestant = "library, reading", .setup = read_setup },
    { 0 }
};
