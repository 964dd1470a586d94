/* main.c -- a GPT by hand beside the library's, step by step; then one learns a text, and writes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "checkpoint.h"
#include "data.h"
#include "gpt.h"
#include "little_gpt.h"
#include "optim.h"
#include "plug.h"
#include "program.h"

typedef struct Options {
    const char *text, *weights, *tokens;
    int    layers, heads, width, context, batch, steps, own, seeds, top, write;
    double rate, temperature, share;
} Options;

static const Flag flags[] = {
    { "text", FLAG_TEXT, offsetof(Options, text), "lessons", NULL, "tinyshakespeare",
      "lessons, tinyshakespeare, or a file; a token is a byte" },
    { "layers", FLAG_INT, offsetof(Options, layers), "2", "1", "4", "blocks" },
    { "heads", FLAG_INT, offsetof(Options, heads), "4", NULL, NULL, "heads of each; divides width" },
    { "width", FLAG_INT, offsetof(Options, width), "96", "32", "128", "numbers a token is" },
    { "context", FLAG_INT, offsetof(Options, context), "64", "32", NULL, "tokens that are seen at once" },
    { "batch", FLAG_INT, offsetof(Options, batch), "12", "8", NULL, "texts a step" },
    { "steps", FLAG_INT, offsetof(Options, steps), "600", "500", "2000", "of training, by the library's functions" },
    { "own", FLAG_INT, offsetof(Options, own), "40", "20", "20", "of these steps are done by hand, too" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "0.002", "0.008", "0.001", "after warming up; a cosine to a tenth" },
    { "seeds", FLAG_INT, offsetof(Options, seeds), "1", NULL, "3", "runs; the median counts" },
    { "temperature", FLAG_FLOAT, offsetof(Options, temperature), "0.8", NULL, NULL, "of what is written; 0: the best" },
    { "top", FLAG_INT, offsetof(Options, top), "0", NULL, NULL, "of what is written: from the top best; 0: all" },
    { "share", FLAG_FLOAT, offsetof(Options, share), "0.95", NULL, NULL, "of what is written: from the best, so much" },
    { "write", FLAG_INT, offsetof(Options, write), "240", "60", "480", "bytes to write" },
    { "weights", FLAG_TEXT, offsetof(Options, weights), "", NULL, NULL, "GPT-2's model.safetensors, to go on with" },
    { "tokens", FLAG_TEXT, offsetof(Options, tokens), "15496,11,616,1438,318", NULL, NULL, "what it goes on from" },
    { 0 }
};

static double seconds(void)
{
    struct timespec s;
    timespec_get(&s, TIME_UTC);
    return (double)s.tv_sec + 1e-9 * (double)s.tv_nsec;
}

static void *space(Arena *a, int64_t bytes, const char *what)
{
    return memset(arena_alloc(a, DEV_CPU, (size_t)bytes, what), 0, (size_t)bytes);
}

/* ---- What published models cost ---------------------------------------------------------------------------------- */

/* Returns how many of the formula's numbers of parameters are not the published ones. */
static int costs_part(void)
{
    static const struct { const char *name; LittleGptShape s; double published; } known[] = {
        { "GPT-2", { 50257, 1024, 768, 12, 12, 12, 3072, 0, 1, 1, 1 }, 124439808 },
        { "GPT-2 medium", { 50257, 1024, 1024, 24, 16, 16, 4096, 0, 1, 1, 1 }, 354823168 },
        { "GPT-2 large", { 50257, 1024, 1280, 36, 20, 20, 5120, 0, 1, 1, 1 }, 774030080 },
        { "GPT-2 XL", { 50257, 1024, 1600, 48, 25, 25, 6400, 0, 1, 1, 1 }, 1557611200 },
        { "LLaMA 7B", { 32000, 2048, 4096, 32, 32, 32, 11008, 1, 0, 0, 0 }, 6738415616 },
        { "LLaMA 13B", { 32000, 2048, 5120, 40, 40, 40, 13824, 1, 0, 0, 0 }, 13015864320 },
        { "LLaMA 33B", { 32000, 2048, 6656, 60, 52, 52, 17920, 1, 0, 0, 0 }, 32528943616 },
        { "LLaMA 65B", { 32000, 2048, 8192, 80, 64, 64, 22016, 1, 0, 0, 0 }, 65285660672 },
        { "LLaMA 2 70B", { 32000, 4096, 8192, 80, 64, 8, 28672, 1, 0, 0, 0 }, 68976648192 },
    };
    int wrong = 0;
    printf("\n%-14s%16s%12s%16s%10s%16s\n", "", "parameters", "to train", "flops a token", "over 6N", "cache a token");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        double cost[LITTLE_GPT_COSTS];
        little_gpt_costs(cost, &known[i].s);
        wrong += cost[LITTLE_GPT_PARAMETERS] != known[i].published;
        printf("%-14s%16.0f%9.1f GB%16.3g%10.2f%13.0f KB\n", known[i].name, cost[LITTLE_GPT_PARAMETERS],
               1e-9 * cost[LITTLE_GPT_TRAINING_BYTES], cost[LITTLE_GPT_TRAINING_FLOPS],
               cost[LITTLE_GPT_TRAINING_FLOPS] / 6 / cost[LITTLE_GPT_PARAMETERS],
               cost[LITTLE_GPT_CACHE_BYTES] / 1024);
    }
    return wrong;
}

/* ---- A text, as tokens: its different bytes ---------------------------------------------------------------------- */

typedef struct Prose { char from[128]; int V; int32_t *token; int64_t n, train; unsigned char byte[256]; } Prose;

static Prose text_of(Program *p, Arena *a, const Options *o)
{
    Prose t = { .V = 0 };
    int  number[256];
    Tensor *x;
    bool named = !strcmp(o->text, "lessons") || !strcmp(o->text, "tinyshakespeare");
    program_try(p, named ? data_text(a, o->text, &x) : text_read(a, o->text, TEXT_BYTES, &x));
    const unsigned char *byte = x->data;
    snprintf(t.from, sizeof t.from, "%s", o->text);
    t.n = tensor_count(x), t.train = t.n * 9 / 10;
    for (int i = 0; i < 256; i++) number[i] = -1;
    for (int64_t i = 0; i < t.n; i++) number[byte[i]] = 0;
    for (int i = 0; i < 256; i++)
        if (!number[i]) number[i] = t.V, t.byte[t.V++] = (unsigned char)i;
    t.token = space(a, (t.n + 1) * (int64_t)sizeof *t.token, "tokens");
    for (int64_t i = 0; i < t.n; i++) t.token[i] = number[byte[i]];
    if (t.n - t.train < 2 * o->context + 2)
        program_try(p, sentence("%s: %lld bytes are too few for --context=%d", o->text, (long long)t.n, o->context));
    return t;
}

typedef struct Batch { Tensor *token, *target; } Batch;

/* Texts of `context` tokens from anywhere in the first part, and the same a token later. */
static Batch batch_of(Tape *t, const Prose *text, const Options *o, Rng *rng)
{
    Batch b = { tensor_new(tape_arena(t), DEV_CPU, I32, SHAPE(o->batch, o->context)),
                tensor_new(tape_arena(t), DEV_CPU, I32, SHAPE(o->batch, o->context)) };
    size_t bytes = (size_t)o->context * sizeof(int32_t);
    for (int i = 0; i < o->batch; i++) {
        int64_t at = (int64_t)rng_below(rng, text->train - o->context);
        memcpy((int32_t *)b.token->data + (int64_t)i * o->context, text->token + at, bytes);
        memcpy((int32_t *)b.target->data + (int64_t)i * o->context, text->token + at + 1, bytes);
    }
    return b;
}

/* ---- The model by hand ------------------------------------------------------------------------------------------- */

enum { ARRAYS = 12 };
typedef struct Own {
    const Options *o;
    int            V, C, T, N;              /* N: rows of a step */
    Tensor        *p;                       /* all weights: wte, wpe, the blocks' twelve arrays, the last norm's two */
    LittleGptKept *kept, d;
    float        **x, *final, *stat, *score;        /* x[l]: what enters block l; x[layers]: the last norm */
} Own;

static void array_sizes(int64_t size[ARRAYS], int64_t C)
{
    memcpy(size, (int64_t[]){ C, C, 3 * C * C, 3 * C, C * C, C, C, C, 4 * C * C, 4 * C, 4 * C * C, C },
           ARRAYS * sizeof *size);
}

static int64_t own_count(const Options *o, int V)
{
    int64_t size[ARRAYS], block = 0, C = o->width;
    array_sizes(size, C);
    for (int k = 0; k < ARRAYS; k++) block += size[k];
    return (V + o->context + 2) * C + o->layers * block;
}

/* Block l of an array laid out as p is; l = layers: where the last norm is, its norm1 and bias1. */
static LittleGptBlock own_block(const Own *m, float *p, int l)
{
    LittleGptBlock b;
    int64_t size[ARRAYS], C = m->C;
    float **array = (float **)&b;
    array_sizes(size, C);
    p += (m->V + m->T) * C;
    for (int k = 0; k < ARRAYS; k++) p += l * size[k];
    for (int k = 0; k < ARRAYS; k++) array[k] = p, p += size[k];
    return b;
}

static LittleGptKept kept_new(Arena *a, int64_t N, int64_t C, int64_t H)
{
    int64_t all = 4 * N * C;
    const char *what = "activations";
    return (LittleGptKept){ space(a, all, what), space(a, 8 * N, what), space(a, 3 * all, what), space(a, all, what),
                            space(a, all, what), space(a, all, what), space(a, all, what), space(a, 4 * N * H, what),
                            space(a, all, what), space(a, all, what), space(a, all, what), space(a, 8 * N, what),
                            space(a, 4 * all, what), space(a, 4 * all, what), space(a, 4 * N * H, what) };
}

static Own own_new(Arena *a, const Options *o, int V, Rng *rng)
{
    Own m = { .o = o, .V = V, .C = o->width, .T = o->context, .N = o->batch * o->context };
    int64_t size[ARRAYS], C = m.C, rows = 4 * m.N * C;
    double  sd[ARRAYS];
    m.p = tensor_new(a, DEV_CPU, F32, SHAPE(own_count(o, V)));
    m.p->needs_grad = true;
    rng_fill_normal(rng, m.p, 0, 1);
    float *p = m.p->data;
    little_gpt_start(sd, o->layers);
    array_sizes(size, C);
    for (int64_t i = 0; i < (V + m.T) * C; i++) p[i] *= 0.02f;
    for (int l = 0; l <= o->layers; l++) {
        LittleGptBlock b = own_block(&m, p, l);
        float **array = (float **)&b;
        for (int k = 0; k < (l < o->layers ? ARRAYS : 2); k++)
            for (int64_t i = 0; i < size[k]; i++) array[k][i] = sd[k] < 0 ? 1 : array[k][i] * (float)sd[k];
    }
    m.kept = space(a, (int64_t)sizeof *m.kept * o->layers, "net"), m.x = space(a, 8 * (o->layers + 1), "net");
    for (int l = 0; l < o->layers; l++) m.kept[l] = kept_new(a, m.N, C, o->heads);
    for (int l = 0; l <= o->layers; l++) m.x[l] = space(a, rows, "activations");
    m.d = kept_new(a, m.N, C, o->heads);
    m.final = space(a, rows, "activations"), m.stat = space(a, 8 * m.N, "activations");
    m.score = space(a, 4 * V, "activations");
    return m;
}

/* The whole of it: there, and back to every weight. dp is added to. Returns the loss. */
static double own_gradient(Own *m, float *dp, const Batch *b, float *room)
{
    int    L = m->o->layers, H = m->o->heads, B = m->o->batch, C = m->C, T = m->T;
    float *p = m->p->data, *wte = p, *wpe = p + m->V * C, *dwte = dp, *dwpe = dp + m->V * C, *dx = room;
    float *dy = room + m->N * C;
    LittleGptBlock last = own_block(m, p, L), dlast = own_block(m, dp, L);
    little_gpt_embed(m->x[0], b->token->data, wte, wpe, B, T, C);
    for (int l = 0; l < L; l++) {
        LittleGptBlock w = own_block(m, p, l);
        little_gpt_block(m->x[l + 1], &m->kept[l], m->x[l], &w, B, T, C, H);
    }
    little_gpt_norm(m->final, m->stat, m->x[L], last.norm1, last.bias1, m->N, C);
    double loss = little_gpt_head(dx, dwte, m->score, m->final, wte, b->target->data, m->N, C, m->V);
    little_gpt_norm_backward(dy, dlast.norm1, dlast.bias1, m->x[L], m->stat, last.norm1, dx, m->N, C);
    for (int l = L - 1; l >= 0; l--) {
        LittleGptBlock w = own_block(m, p, l), dw = own_block(m, dp, l);
        little_gpt_block_backward(dx, &dw, &m->d, m->x[l], &w, &m->kept[l], dy, B, T, C, H);
        float *other = dx;
        dx = dy, dy = other;
    }
    little_gpt_embed_backward(dwte, dwpe, b->token->data, dy, B, T, C);
    return loss;
}

/* The library's model gets the same weights: matrices the other way round, (OUT,IN). */
static void copy_array(Tensor *to, const float *from)
{
    float  *x = to->data;
    int64_t OUT = to->shape[0], IN = to->ndim == 2 ? to->shape[1] : 1;
    for (int64_t i = 0; i < OUT * IN; i++) x[i] = from[i % IN * OUT + i / IN];
}

static void copy_to_library(const Own *m, Gpt *g)
{
    float *p = m->p->data;
    memcpy(g->wte.w->data, p, tensor_bytes(g->wte.w));
    memcpy(g->wpe.w->data, p + m->V * m->C, tensor_bytes(g->wpe.w));
    for (int l = 0; l < m->o->layers; l++) {
        LittleGptBlock w = own_block(m, p, l);
        GptBlock *b = &g->block[l];
        Tensor *to[ARRAYS] = { b->ln_1.w, b->ln_1.b, b->attn.qkv.w, b->attn.qkv.b, b->attn.out.w, b->attn.out.b,
                               b->ln_2.w, b->ln_2.b, b->fc.w, b->fc.b, b->proj.w, b->proj.b };
        for (int k = 0; k < ARRAYS; k++) copy_array(to[k], ((float **)&w)[k]);
    }
}

/* ---- Training ---------------------------------------------------------------------------------------------------- */

typedef struct Net {
    Arena   *arena;
    Tape    *tape;
    Gpt     *gpt;
    NnParams params, state;
    Optim   *optim;
    Rng      rng;
    int64_t *clock;                         /* (3): steps done, seed, steps */
} Net;

static AdamwArg adamw(const Options *o) { return (AdamwArg){ .rate = o->rate, .beta2 = 0.99, .weight_decay = 0.1 }; }

static Net net_new(const Options *o, const Prose *text, Tape *t, uint64_t seed)
{
    Net n = { .arena = arena_new("net"), .tape = t, .rng = rng_new(seed) };
    Rng weights = rng_stream(&n.rng, 1);
    n.gpt = gpt_new(n.arena, &weights, (GptSize){ text->V, o->context, o->width, o->layers, o->heads }, 0);
    n.params = nn_params(n.arena), n.state = nn_params(n.arena);
    gpt_visit(n.gpt, "", nn_params_add, &n.params);
    n.optim = optim_adamw(n.arena, &n.params, adamw(o));
    Tensor *clock = tensor_new(n.arena, DEV_CPU, I64, SHAPE(3));
    n.clock = clock->data;
    memcpy(n.clock, (int64_t[]){ 0, (int64_t)seed, o->steps }, 3 * sizeof *n.clock);
    gpt_visit(n.gpt, "", nn_params_add, &n.state);
    optim_visit(n.optim, "optim", nn_params_add, &n.state);
    nn_params_add(&n.state, "clock", clock);
    return n;
}

static double rate_at(const Options *o, int64_t step)
{
    return optim_schedule(&(Schedule){ .kind = RATE_COSINE, .rate = o->rate, .least = 0.1,
                                       .warm = o->steps / 20, .steps = o->steps }, step);
}

static double net_step(Net *n, const Options *o, const Prose *text, int64_t step)
{
    Rng here = rng_stream(&n->rng, 1000 + (uint64_t)step);     /* a resumed run reads the same texts */
    Batch b = batch_of(n->tape, text, o, &here);
    Tensor *loss = gpt_loss(n->tape, n->gpt, b.token, b.target);
    tape_backward(n->tape, loss);
    double value = *(float *)loss->data;
    optim_clip(n->tape, &n->params, 1);
    optim_set_rate(n->optim, rate_at(o, step));
    optim_step(n->optim, n->tape);
    tape_reset(n->tape);
    return value;
}

/* The mean loss of the part that is not learnt from, in nats a token: text after text, at most so many. */
static double unseen_loss(Net *n, const Options *o, const Prose *text, int64_t most)
{
    enum { AT_ONCE = 16 };
    double  sum = 0;
    int64_t T = o->context, texts = (text->n - text->train - 1) / T, done = 0;
    bool    was = tape_record(n->tape, false);
    if (texts > most) texts = most;
    for (int64_t B; done < texts; done += B) {
        B = texts - done < AT_ONCE ? texts - done : AT_ONCE;
        const int32_t *from = text->token + text->train + done * T;
        Tensor *x = tensor_new(tape_arena(n->tape), DEV_CPU, I32, SHAPE(B, T));
        Tensor *y = tensor_new(tape_arena(n->tape), DEV_CPU, I32, SHAPE(B, T));
        memcpy(x->data, from, tensor_bytes(x)), memcpy(y->data, from + 1, tensor_bytes(y));
        sum += *(float *)gpt_loss(n->tape, n->gpt, x, y)->data * (double)B;
        tape_reset(n->tape);
    }
    tape_record(n->tape, was);
    return sum / (double)texts;
}

/* A gradient where the tape would have put it: optim_step() gives it back. */
static Tensor *zeros_like(const Tensor *x)
{
    Tensor *g = arena_alloc(x->arena, DEV_CPU, sizeof *g, "headers");
    *g = *x;
    g->needs_grad = false, g->grad = NULL;
    g->data = space(x->arena, (int64_t)tensor_bytes(x), "gradients");
    return g;
}

/* The first steps by hand and by the library, from the same weights, on the same texts. Returns the largest difference
 * of the losses; the last loss by hand goes to *last. */
static double same_part(Program *p, const Options *o, const Prose *text, double *last)
{
    Arena   *a = arena_new("by hand");
    Tape    *t = tape_new("library"), *own_tape = tape_new("by hand");
    Net      n = net_new(o, text, t, p->seed);
    Rng      rng = rng_new(p->seed), weights = rng_stream(&rng, 2);
    Own      m = own_new(a, o, text->V, &weights);
    NnParams params = nn_params(a);
    nn_params_add(&params, "p", m.p);
    Optim   *optim = optim_adamw(a, &params, adamw(o));
    float   *room = space(a, 8ll * m.N * m.C, "activations");
    double   apart = 0, by_hand = 0, library = 0, first = NAN;
    copy_to_library(&m, n.gpt);
    for (int step = 0; step < o->own && !p->stopped; step++) {
        double start = seconds();
        Rng    here = rng_stream(&n.rng, 1000 + (uint64_t)step);
        Batch  b = batch_of(own_tape, text, o, &here);
        m.p->grad = zeros_like(m.p);
        double loss = own_gradient(&m, m.p->grad->data, &b, room);
        optim_clip(own_tape, &params, 1);
        optim_set_rate(optim, rate_at(o, step));
        optim_step(optim, own_tape);
        tape_reset(own_tape);
        by_hand += seconds() - start, start = seconds();
        double other = net_step(&n, o, text, step);
        library += seconds() - start;
        apart = isnan(loss) || isnan(apart) ? NAN : fmax(apart, fabs(loss - other));
        if (step == 0) first = loss;
        *last = loss;
    }
    double tokens = (double)o->own * m.N;
    printf("\n%lld parameters; %d steps by hand: loss %.3f, then %.3f; the library's losses are %.0e apart\n",
           (long long)tensor_count(m.p), o->own, first, *last, apart);
    printf("tokens a second: %.0f by hand, %.0f by the library\n", tokens / by_hand, tokens / library);
    tape_free(t), tape_free(own_tape);
    arena_free(n.arena), arena_free(a);
    return apart;
}

/* ---- GPT-2's file: four of its matrices are (IN,OUT) ------------------------------------------------------------- */

static bool turned(const char *name)
{
    static const char *const end[] = { "attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight",
                                       "mlp.c_proj.weight" };
    for (int i = 0; i < 4; i++)
        if (strlen(name) >= strlen(end[i]) && !strcmp(name + strlen(name) - strlen(end[i]), end[i])) return true;
    return false;
}

static const Tensor *find(const NnParams *file, const char *name)
{
    char longer[80];
    snprintf(longer, sizeof longer, "transformer.%s", name);
    for (int i = 0; i < file->n; i++)
        if (!strcmp(file->item[i].name, name) || !strcmp(file->item[i].name, longer)) return file->item[i].tensor;
    return NULL;
}

/* NULL, or what the file lacks. */
static const char *gpt2_read(const char *path, const NnParams *model)
{
    Arena   *a = arena_new("file");
    NnParams file = nn_params(a);
    const char *wrong = checkpoint_read(a, path, &file);
    for (int i = 0; i < model->n && !wrong; i++) {
        const NnParam *want = &model->item[i];
        const Tensor  *have = find(&file, want->name);
        bool turn = turned(want->name);
        const int64_t *shape = want->tensor->shape;
        if (!have || have->dtype != F32 || have->ndim != want->tensor->ndim || have->shape[0] != shape[turn] ||
            (have->ndim == 2 && have->shape[1] != shape[!turn]))
            wrong = sentence("%s: no %s of that shape in F32", path, want->name);
        else if (turn) copy_array(want->tensor, have->data);
        else memcpy(want->tensor->data, have->data, tensor_bytes(want->tensor));
    }
    arena_free(a);
    return wrong;
}

/* A model as GPT-2's file has it, written, read into another: are all weights the same? Returns how many are not. */
static double file_part(Program *p, Net *n)
{
    char path[512];
    Arena *a = arena_new("as GPT-2");
    NnParams out = nn_params(a), other = nn_params(a);
    Gpt *read = gpt_new(a, NULL, n->gpt->size, 0);
    int64_t wrong = 0;
    gpt_visit(read, "", nn_params_add, &other);
    for (int i = 0; i < n->params.n; i++) {
        Tensor *x = n->params.item[i].tensor, *y = x;
        if (turned(n->params.item[i].name)) {
            y = tensor_new(a, DEV_CPU, F32, SHAPE(x->shape[1], x->shape[0]));
            for (int64_t k = 0; k < tensor_count(x); k++)
                ((float *)y->data)[k % x->shape[1] * x->shape[0] + k / x->shape[1]] = ((float *)x->data)[k];
        }
        nn_params_add(&out, n->params.item[i].name, y);
    }
    snprintf(path, sizeof path, "%s/as_gpt2.safetensors", p->out);
    program_try(p, checkpoint_save(path, &out, NULL));
    program_try(p, gpt2_read(path, &other));
    for (int i = 0; i < other.n; i++) {
        const Tensor *x = n->params.item[i].tensor, *y = other.item[i].tensor;
        wrong += memcmp(x->data, y->data, tensor_bytes(x)) != 0;
    }
    arena_free(a);
    return (double)wrong;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* token[n .. end-1] by little_gpt_pick, from scores that the library's cache gives. */
static void write_on(Net *n, const Options *o, int32_t *token, int64_t at, int64_t end, Rng *rng)
{
    Arena    *a = arena_new("cache");
    int       V = n->gpt->size.V, *order = space(a, 4 * V, "order");
    GptCache *c = gpt_cache(a, n->gpt, 1, n->gpt->size.T);
    for (int64_t fresh = 0; at < end; at++) {
        if (c->n + 1 >= c->room || !fresh)                  /* full: begin again with the last half of the context */
            c->n = 0, fresh = at < c->room / 2 ? at : c->room / 2;
        tape_reset(n->tape);
        Tensor *x = tensor_new(tape_arena(n->tape), DEV_CPU, I32, SHAPE(1, fresh));
        memcpy(x->data, token + at - fresh, tensor_bytes(x));
        Tensor *score = gpt_continue(n->tape, n->gpt, c, x);
        token[at] = little_gpt_pick(order, score->data, V, o->temperature, o->top, o->share, rng_uniform(rng));
        fresh = 1;
    }
    arena_free(a);
}

static void sample_part(Program *p, Net *n, const Options *o, const Prose *text)
{
    int32_t *token = calloc((size_t)o->write + 1, sizeof *token);
    Rng      rng = rng_new(p->seed + 5);
    token[0] = text->token[text->train];
    write_on(n, o, token, 1, o->write + 1, &rng);
    printf("  it writes (temperature %g, top %d, share %g):\n    ", o->temperature, o->top, o->share);
    for (int i = 1; i <= o->write; i++) {
        putchar(text->byte[token[i]]);
        if (text->byte[token[i]] == '\n') printf("    ");
    }
    printf("\n");
    free(token);
}

/* The tokens that the published model goes on with; which words they are GPT-2's vocabulary knows. */
static void weights_part(Program *p, const Options *o)
{
    Net n = { .arena = arena_new("GPT-2"), .tape = tape_new("GPT-2") };
    int32_t token[1024] = { 0 };
    int64_t given = 0;
    Rng rng = rng_new(p->seed);
    n.gpt = gpt_new(n.arena, NULL, gpt2_small, 0), n.params = nn_params(n.arena);
    gpt_visit(n.gpt, "", nn_params_add, &n.params);
    program_try(p, gpt2_read(o->weights, &n.params));
    for (const char *at = o->tokens; *at && given < 512;) {
        char *end;
        long  id = strtol(at, &end, 10);
        if (end == at || id < 0 || id >= gpt2_small.V || (*end && *end != ','))
            program_try(p, sentence("--tokens=%s: numbers below %d, with commas", o->tokens, gpt2_small.V));
        token[given++] = (int32_t)id;
        at = *end ? end + 1 : end;
    }
    write_on(&n, o, token, given, given + 20, &rng);
    printf("\n%s goes on:", o->weights);
    for (int i = 0; i < given + 20; i++) printf("%s%d", i == given ? " | " : " ", token[i]);
    printf("\n");
    tape_free(n.tape), arena_free(n.arena);
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static void resume(Program *p, Net *n)
{
    int64_t now[3];
    if (!p->resume) return;
    memcpy(now, n->clock, sizeof now);
    program_try(p, checkpoint_load(n->arena, p->resume, &n->state, NULL));
    if (memcmp(now + 1, n->clock + 1, 2 * sizeof *now) || n->clock[0] < 0)
        program_try(p, sentence("%s was saved with --seed=%lld --steps=%lld: give the same", p->resume,
                                (long long)n->clock[1], (long long)n->clock[2]));
}

static double train(Program *p, const Options *o, const Prose *text, int index, double *wrong)
{
    Tape *t = tape_new("step");
    if (!index) program_tape(p, t);
    plug_all(t);
    Net   n = net_new(o, text, t, p->seed + (uint64_t)index);
    Plot *plot = index ? NULL : program_plot(p, "loss", (PlotArg){ .title = "A GPT learns a text", .x = "step",
        .y = "nats a byte", .kind = PLOT_LINES, .caption = "Dashed: a part of the text that it does not learn from." });
    int64_t every = o->steps / 10 > 0 ? o->steps / 10 : 1, most = p->full ? 100000 : 200;
    double  sum = 0, start = seconds();
    if (!index) resume(p, &n);
    int64_t from = n.clock[0], drawn = from;
    for (int64_t step = from; step < o->steps && !p->stopped; step++) {
        sum += net_step(&n, o, text, step);
        n.clock[0] = step + 1;
        program_progress(p, step + 1, o->steps, "steps");
        if ((step + 1) % every) continue;
        if (plot) plot_point(plot, "learnt from", (double)(step + 1), sum / (double)(step + 1 - drawn));
        if (plot) plot_point(plot, "unseen", (double)(step + 1), unseen_loss(&n, o, text, 64));
        sum = 0, drawn = step + 1;
    }
    if (plot) program_try(p, plot_done(plot));
    if (!index && p->save) program_try(p, checkpoint_save(p->save, &n.state, "a little GPT"));
    double loss = unseen_loss(&n, o, text, most), speed = (double)(o->steps - from) * o->batch * o->context;
    printf("  seed %lld: %.0f tokens a second; unseen: %.4f nats, %.3f bits a byte, perplexity %.2f\n",
           (long long)p->seed + index, speed / (seconds() - start), loss, loss / log(2), exp(loss));
    if (!index) {
        *wrong = file_part(p, &n);
        sample_part(p, &n, o, text);
    }
    arena_free(n.arena), tape_free(t);
    return loss;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The loss of who knows only how frequent each byte is, and of who knows the byte before, add-one: both from the first
 * part, on the rest. */
static void counted(const Prose *text, double *one, double *two)
{
    int64_t V = text->V, *pair = calloc((size_t)(V * V), sizeof *pair), *single = calloc((size_t)V, sizeof *single);
    *one = *two = 0;
    for (int64_t i = 1; i < text->train; i++) {
        single[text->token[i - 1]]++;
        pair[text->token[i - 1] * V + text->token[i]]++;
    }
    double rest = (double)(text->n - text->train - 1);
    for (int64_t i = text->train + 1; i < text->n; i++) {
        int32_t now = text->token[i], before = text->token[i - 1];
        *one -= log((double)(single[now] + 1) / (double)(text->train + V)) / rest;
        *two -= log((double)(pair[before * V + now] + 1) / (double)(single[before] + V)) / rest;
    }
    free(pair), free(single);
}

enum { MAX_SEEDS = 16 };
static void check_options(Program *p, const Options *o)
{
    if (o->layers < 1 || o->heads < 1 || o->width < 1 || o->width % o->heads || o->context < 2 || o->batch < 1)
        program_try(p, sentence("--layers=%d --heads=%d --width=%d --context=%d --batch=%d: at least 1 (context 2), "
                                "and heads divides width", o->layers, o->heads, o->width, o->context, o->batch));
    if (o->steps < 1 || o->own < 1 || o->own > o->steps || o->write < 1)
        program_try(p, sentence("--steps=%d --own=%d --write=%d: at least 1, own at most steps", o->steps, o->own,
                                o->write));
    if (o->seeds < 1 || o->seeds > MAX_SEEDS) program_try(p, sentence("--seeds=%d: from 1 to %d", o->seeds, MAX_SEEDS));
    if (!(o->temperature >= 0) || o->top < 0 || !(o->share > 0 && o->share <= 1))
        program_try(p, sentence("--temperature=%g --top=%d --share=%g: not negative, and share above 0, at most 1",
                                o->temperature, o->top, o->share));
}

int main(int argc, char **argv)
{
    Options o;
    Program *p = program_start(argc, argv, "little_gpt",
        "A GPT by hand beside the library's; then one learns a text, byte by byte, and writes.", flags, &o);
    check_options(p, &o);
    Arena *a = arena_new("text");
    Prose   text = text_of(p, a, &o);
    int    off = costs_part(), runs = p->save || p->resume ? 1 : o.seeds, done = 0;
    double one, two, last = NAN, wrong = NAN, result[MAX_SEEDS] = { 0 };
    if (*o.weights) weights_part(p, &o);
    counted(&text, &one, &two);
    double apart = same_part(p, &o, &text, &last);
    printf("\n%s: %lld bytes, %d different ones, the last tenth unseen; counting bytes gives %.3f nats, pairs %.3f\n",
           text.from, (long long)text.n, text.V, one, two);
    for (; done < runs && !p->stopped; done++) result[done] = train(p, &o, &text, done, &wrong);
    printf("\n");
    if (!p->stopped) {
        qsort(result, (size_t)done, sizeof *result, by_size);
        bool plays = !strcmp(o.text, "tinyshakespeare") && p->full;
        program_promise(p, "published models whose parameters are not met", off, "<=", 0);
        program_promise(p, "largest difference of a loss, by hand and by the library", apart, "<=", 2e-3);
        program_promise(p, "loss by hand, over that of counting bytes", last / one, "<=",
                        p->quick || p->full ? 1.15 : 1);
        program_promise(p, "arrays that GPT-2's layout brings back changed", wrong, "<=", 0);
        program_promise(p, "loss on what was not seen, nats a byte", result[done / 2], "<=",
                        plays ? 1.95 : p->quick ? 0.9 * one : 0.95 * two);
    }
    arena_free(a);
    return program_end(p);
}
