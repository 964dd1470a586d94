/* gpt.c -- GPT-2 out of the library's modules: learns from whole texts, goes on with one from a cache. */
#include "gpt.h"
#include <math.h>
#include <string.h>

const GptSize gpt2_small = { .V = 50257, .T = 1024, .C = 768, .layers = 12, .heads = 12 };

/* ---- The model ---- */

static Tensor *weight(Arena *a, Rng *rng, int out, int in, double sd)
{
    Tensor *w = tensor_new(a, DEV_CPU, REAL, SHAPE(out, in));
    if (rng) rng_fill_normal(rng, w, 0, sd);
    w->needs_grad = true;
    return w;
}

static Linear linear(Arena *a, Rng *rng, int in, int out, double sd)
{
    Linear l = { .w = weight(a, rng, out, in, sd), .b = tensor_new(a, DEV_CPU, REAL, SHAPE(out)) };
    memset(l.b->data, 0, tensor_bytes(l.b));
    l.b->needs_grad = true;
    return l;
}

Gpt *gpt_new(Arena *a, const Rng *seed, GptSize s, double dropout)
{
    CHECK(s.heads > 0 && s.C % s.heads == 0, "gpt_new: %d numbers cannot be shared by %d heads", s.C, s.heads);
    const double sd = .02, last = sd / sqrt(2.0 * s.layers); /* 2 layers' branches add up in what flows through */
    Rng  mine = seed ? *seed : rng_new(0), *rng = seed ? &mine : NULL;
    Gpt *m = arena_alloc(a, DEV_CPU, sizeof *m, "gpt");
    *m = (Gpt){ .size = s, .block = arena_alloc(a, DEV_CPU, (size_t)s.layers * sizeof *m->block, "gpt") };
    m->wte.w = weight(a, rng, s.V, s.C, sd);
    m->wpe.w = weight(a, rng, s.T, s.C, sd);
    for (int i = 0; i < s.layers; i++) {
        GptBlock *b = &m->block[i];
        *b = (GptBlock){ .ln_1 = nn_layernorm(a, s.C), .ln_2 = nn_layernorm(a, s.C) };
        b->attn = (Attention){ .heads = s.heads, .kv_heads = s.heads, .arg = { .causal = true } };
        b->attn.qkv = linear(a, rng, s.C, 3 * s.C, sd);
        b->attn.out = linear(a, rng, s.C, s.C, last);
        b->fc = linear(a, rng, s.C, 4 * s.C, sd);
        b->proj = linear(a, rng, 4 * s.C, s.C, last);
        for (int k = 0; k < 2; k++) b->drop[k] = nn_dropout(&mine, (uint64_t)(1 + 2 * i + k), dropout);
    }
    m->ln_f = nn_layernorm(a, s.C);
    m->drop = nn_dropout(&mine, 0, dropout);
    return m;
}

void gpt_visit(Gpt *m, const char *prefix, NnVisit *visit, void *ctx)
{
    nn_embedding_visit(&m->wte, nn_name(prefix, "wte").s, visit, ctx);
    nn_embedding_visit(&m->wpe, nn_name(prefix, "wpe").s, visit, ctx);
    for (int i = 0; i < m->size.layers; i++) {
        GptBlock *b = &m->block[i];
        char      number[16];
        snprintf(number, sizeof number, "h.%d", i);
        NnName at = nn_name(prefix, number), mlp = nn_name(at.s, "mlp");
        nn_layernorm_visit(&b->ln_1, nn_name(at.s, "ln_1").s, visit, ctx);
        nn_attention_visit(&b->attn, nn_name(at.s, "attn").s, visit, ctx);
        nn_layernorm_visit(&b->ln_2, nn_name(at.s, "ln_2").s, visit, ctx);
        nn_linear_visit(&b->fc, nn_name(mlp.s, "c_fc").s, visit, ctx);
        nn_linear_visit(&b->proj, nn_name(mlp.s, "c_proj").s, visit, ctx);
    }
    nn_layernorm_visit(&m->ln_f, nn_name(prefix, "ln_f").s, visit, ctx);
}

/* ---- Forward ---- */

/* Tokens that stand at places from, from + 1, ... */
static Tensor *embed(Tape *t, Gpt *m, Tensor *tokens, int64_t from)
{
    CHECK(tokens->ndim == 2 && from + tokens->shape[1] <= m->size.T, "gpt: needs tokens (B,T), T at most %d, not %s%s",
          m->size.T, tensor_text(tokens).s, from ? " more" : "");
    Tensor *places = op_slice(t, m->wpe.w, 0, from, from + tokens->shape[1]);
    Tensor *what = nn_embedding_forward(t, &m->wte, tokens), *x = op_add(t, what, places);
    tape_forget(t, what);
    return nn_dropout_forward(t, &m->drop, x);
}

/* (B,H,room,D) as (B,T,H,D): places from .. to-1 */
static Tensor *places(Tape *t, Tensor *cache, int64_t from, int64_t to)
{
    return op_slice(t, op_transpose(t, cache, 1, 2), 1, from, to);
}

static Tensor *attend(Tape *t, const Attention *m, Tensor *x, GptCache *c, int layer)
{
    Tensor *part[3], *k = c->k[layer], *v = c->v[layer];
    int64_t n = c->n, now = n + x->shape[1];
    nn_attention_split(t, m, x, part);
    op_copy_into(t, places(t, k, n, now), part[1]);
    op_copy_into(t, places(t, v, n, now), part[2]);
    return nn_attention_join(t, m, op_attention(t, part[0], places(t, k, 0, now), places(t, v, 0, now), NULL, NULL,
                                                m->arg));
}

/* y = proj(gelu(fc x)). GELU is forgotten: a hundredth of the step's time is a quarter of its memory. */
static Tensor *mlp(Tape *t, GptBlock *b, Tensor *x)
{
    Tensor *h = op_gelu_tanh(t, nn_linear_forward(t, &b->fc, x)), *y = nn_linear_forward(t, &b->proj, h);
    tape_forget(t, h);
    return y;
}

/* x + attention(norm x), and of that: x + mlp(norm x). A branch's output is nobody else's, so x is added to it in
 * place, and norms are forgotten: four activations a block fewer to keep. c NULL: the whole text is here. */
static Tensor *block(Tape *t, GptBlock *b, Tensor *x, GptCache *c, int layer)
{
    Tensor *h = nn_layernorm_forward(t, &b->ln_1, x);
    Tensor *y = c ? attend(t, &b->attn, h, c, layer) : nn_attention_forward(t, &b->attn, h, NULL);
    tape_forget(t, h);
    x = op_accumulate(t, nn_dropout_forward(t, &b->drop[0], y), x);
    h = nn_layernorm_forward(t, &b->ln_2, x);
    y = mlp(t, b, h);
    tape_forget(t, h);
    return op_accumulate(t, nn_dropout_forward(t, &b->drop[1], y), x);
}

static Tensor *head(Tape *t, Gpt *m, Tensor *x)
{
    return op_linear(t, nn_layernorm_forward(t, &m->ln_f, x), m->wte.w, NULL);
}

Tensor *gpt_scores(Tape *t, Gpt *m, Tensor *tokens)
{
    Tensor *x = embed(t, m, tokens, 0);
    for (int i = 0; i < m->size.layers; i++) x = block(t, &m->block[i], x, NULL, i);
    return head(t, m, x);
}

Tensor *gpt_loss(Tape *t, Gpt *m, Tensor *tokens, Tensor *targets)
{
    Tensor *scores = op_reshape(t, gpt_scores(t, m, tokens), SHAPE(tensor_count(tokens), m->size.V));
    return op_cross_entropy(t, scores, op_reshape(t, targets, SHAPE(tensor_count(targets))));
}

/* ---- Generation ---- */

GptCache *gpt_cache(Arena *a, const Gpt *m, int64_t B, int64_t room)
{
    int       layers = m->size.layers, D = m->size.C / m->size.heads;
    GptCache *c = arena_alloc(a, DEV_CPU, sizeof *c, "cache");
    *c = (GptCache){ .room = room };
    c->k = arena_alloc(a, DEV_CPU, (size_t)layers * sizeof *c->k, "cache");
    c->v = arena_alloc(a, DEV_CPU, (size_t)layers * sizeof *c->v, "cache");
    for (int i = 0; i < layers; i++) {
        c->k[i] = tensor_new(a, DEV_CPU, REAL, SHAPE(B, m->size.heads, room, D));
        c->v[i] = tensor_new(a, DEV_CPU, REAL, SHAPE(B, m->size.heads, room, D));
    }
    return c;
}

Tensor *gpt_continue(Tape *t, Gpt *m, GptCache *c, Tensor *tokens)
{
    bool was_recording = tape_record(t, false), was_training = tape_train(t, false);
    Tensor *x = embed(t, m, tokens, c->n);
    int64_t T = tokens->shape[1];
    CHECK(T > 0 && c->n + T <= c->room, "gpt_continue: %lld tokens after %lld, room for %lld", (long long)T,
          (long long)c->n, (long long)c->room);
    for (int i = 0; i < m->size.layers; i++) x = block(t, &m->block[i], x, c, i);
    c->n += T;
    Tensor *y = head(t, m, op_slice(t, x, 1, T - 1, T)); /* nobody asks what follows the others */
    tape_record(t, was_recording), tape_train(t, was_training);
    return op_reshape(t, y, SHAPE(tokens->shape[0], m->size.V));
}

/* The top-th best score: what is below it is not drawn. Halves the range of scores until it holds no other. */
static double threshold(const real *x, int64_t V, int top)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < V; i++)
        if (isfinite(x[i])) low = fmin(low, (double)x[i]), high = fmax(high, (double)x[i]);
    for (int step = 0; step < 64 && low < high; step++) {
        double  middle = low + (high - low) / 2;
        int64_t above = 0;
        if (middle <= low) break;
        for (int64_t i = 0; i < V; i++) above += (double)x[i] >= middle;
        if (above >= top) low = middle;
        else high = middle;
    }
    return low;
}

int32_t gpt_pick(const Tensor *scores, int64_t row, GptPick how, Rng *rng)
{
    int64_t     V = scores->shape[scores->ndim - 1], best = 0;
    const real *x = (const real *)scores->data + row * V;
    for (int64_t i = 1; i < V; i++) best = x[i] > x[best] ? i : best;
    if (how.temperature == 0) return (int32_t)best;
    double least = how.top > 0 && how.top < V ? threshold(x, V, how.top) : -INFINITY, sum = 0;
    for (int64_t i = 0; i < V; i++)
        if ((double)x[i] >= least) sum += exp((double)(x[i] - x[best]) / how.temperature);
    double left = rng_uniform(rng) * sum;
    for (int64_t i = 0; i < V; i++) {
        if (!((double)x[i] >= least)) continue;
        left -= exp((double)(x[i] - x[best]) / how.temperature);
        if (left < 0) return (int32_t)i;
    }
    return (int32_t)best; /* rounding left a little over */
}

void gpt_generate(Tape *t, Gpt *m, GptCache *c, int32_t *token, int64_t n, int64_t end, GptPick how, Rng *rng)
{
    CHECK(n > 0, "gpt_generate: needs a first token");
    for (int64_t fresh = n; n < end; n++, fresh = 1) {
        tape_reset(t);
        Tensor *tokens = tensor_new(tape_arena(t), DEV_CPU, I32, SHAPE(1, fresh));
        memcpy(tokens->data, token + n - fresh, tensor_bytes(tokens));
        token[n] = gpt_pick(gpt_continue(t, m, c, tokens), 0, how, rng);
    }
}
