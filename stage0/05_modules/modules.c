/* modules.c -- layers as objects in C: a struct, a table of functions, and one visitor that knows every parameter. */
#include "modules.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Any layer --------------------------------------------------------------------------------------------------- */

void modules_forward(Layer *l, float *y, const float *x, int N) { l->kind->forward(l, y, x, N); }
void modules_backward(Layer *l, float *dx, const float *dy, int N) { l->kind->backward(l, dx, dy, N); }

void modules_visit(Layer *l, const char *prefix, ParamVisit *visit, void *ctx)
{
    if (l->kind->visit)
        l->kind->visit(l, prefix, visit, ctx);
}

void modules_train(Layer *l, bool on)
{
    l->training = on;
    if (l->kind->train)
        l->kind->train(l, on);
}

void modules_join(char *name, const char *prefix, const char *part)
{
    snprintf(name, MODULES_NAME, "%s%s%s", prefix, *prefix ? "." : "", part);
}

static int numbers(const Param *p) { return p->shape[0] * (p->ndim == 2 ? p->shape[1] : 1); }

static void add_count(void *ctx, const Param *p) { *(int *)ctx += numbers(p); }

int modules_count(Layer *l)
{
    int n = 0;
    modules_visit(l, "", add_count, &n);
    return n;
}

static void step_down(void *ctx, const Param *p)
{
    for (int i = 0; i < numbers(p); i++) {
        p->value[i] -= *(float *)ctx * p->gradient[i];
        p->gradient[i] = 0;
    }
}

void modules_descend(Layer *l, float rate) { modules_visit(l, "", step_down, &rate); }

/* ---- Linear: y = x w^T + b --------------------------------------------------------------------------------------- */

static void linear_forward(Layer *l, float *y, const float *x, int N)
{
    LinearLayer *self = (LinearLayer *)l;
    self->x = x;
    for (int n = 0; n < N; n++)
        for (int o = 0; o < l->out; o++) {
            double sum = self->b[o];
            for (int i = 0; i < l->in; i++)
                sum += (double)x[n * l->in + i] * self->w[o * l->in + i];
            y[n * l->out + o] = (float)sum;
        }
}

/* dx = dy w,  dw += dy^T x,  db += sum of dy's rows */
static void linear_backward(Layer *l, float *dx, const float *dy, int N)
{
    LinearLayer *self = (LinearLayer *)l;
    for (int k = 0; k < N * l->in; k++)
        dx[k] = 0;
    for (int n = 0; n < N; n++)
        for (int o = 0; o < l->out; o++) {
            float d = dy[n * l->out + o];
            self->db[o] += d;
            for (int i = 0; i < l->in; i++) {
                dx[n * l->in + i] += d * self->w[o * l->in + i];
                self->dw[o * l->in + i] += d * self->x[n * l->in + i];
            }
        }
}

static void visit_one(const char *prefix, const char *name, Param p, ParamVisit *visit, void *ctx)
{
    modules_join(p.name, prefix, name);
    visit(ctx, &p);
}

static void linear_visit(Layer *l, const char *prefix, ParamVisit *visit, void *ctx)
{
    LinearLayer *self = (LinearLayer *)l;
    Param        w = { .value = self->w, .gradient = self->dw, .ndim = 2, .shape = { l->out, l->in } };
    Param        b = { .value = self->b, .gradient = self->db, .ndim = 1, .shape = { l->out } };
    visit_one(prefix, "weight", w, visit, ctx);
    visit_one(prefix, "bias", b, visit, ctx);
}

void modules_linear(LinearLayer *self, float *memory, int in, int out)
{
    static const LayerKind kind = { "linear", linear_forward, linear_backward, linear_visit, NULL };
    *self = (LinearLayer){ .layer = { &kind, in, out, true }, .w = memory, .b = memory + out * in };
    self->dw = self->b + out;
    self->db = self->dw + out * in;
}

/* ---- PReLU: the new layer ---------------------------------------------------------------------------------------- */

void modules_prelu_forward(Layer *l, float *y, const float *x, int N)
{
    PreluLayer *self = (PreluLayer *)l;
    int         C = l->in;
    /* exercise: note x for the way back; positive numbers pass, the others are multiplied by their column's slope */
    self->x = x;
    for (int i = 0; i < N * C; i++)
        y[i] = x[i] > 0 ? x[i] : self->slope[i % C] * x[i];
    /* end */
}

void modules_prelu_backward(Layer *l, float *dx, const float *dy, int N)
{
    PreluLayer  *self = (PreluLayer *)l;
    const float *x = self->x;
    int          C = l->in;
    /* exercise: dx as the forward pass went; add to each column's dslope the sum of x dy where x was not positive */
    for (int c = 0; c < C; c++) {
        double sum = 0;
        for (int i = c; i < N * C; i += C) {
            dx[i] = x[i] > 0 ? dy[i] : self->slope[c] * dy[i];
            if (!(x[i] > 0))
                sum += (double)x[i] * dy[i];
        }
        self->dslope[c] += (float)sum;
    }
    /* end */
}

static void prelu_visit(Layer *l, const char *prefix, ParamVisit *visit, void *ctx)
{
    PreluLayer *self = (PreluLayer *)l;
    Param       slope = { .value = self->slope, .gradient = self->dslope, .ndim = 1, .shape = { l->in } };
    visit_one(prefix, "slope", slope, visit, ctx);
}

void modules_prelu(PreluLayer *self, float *memory, int C)
{
    static const LayerKind kind = { "prelu", modules_prelu_forward, modules_prelu_backward, prelu_visit, NULL };
    *self = (PreluLayer){ .layer = { &kind, C, C, true }, .slope = memory, .dslope = memory + C };
    for (int c = 0; c < C; c++) {
        self->slope[c] = 0.25f;
        self->dslope[c] = 0;
    }
}

/* ---- Dropout: what differs between training and use -------------------------------------------------------------- */

float modules_uniform(uint64_t *state)                  /* SplitMix64: Steele, Lea, Flood, 2014 */
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (float)((z ^ z >> 31) >> 40) * 0x1p-24f;
}

void modules_dropout_forward(Layer *l, float *y, const float *x, int N)
{
    DropoutLayer *self = (DropoutLayer *)l;
    /* exercise: number by number: in use everything is kept as it is; in training draw, then drop it or scale it up */
    for (int i = 0; i < N * l->in; i++) {
        self->kept[i] = !l->training || modules_uniform(&self->state) >= self->p;
        y[i] = !self->kept[i] ? 0 : l->training ? x[i] / (1 - self->p) : x[i];
    }
    /* end */
}

static void dropout_backward(Layer *l, float *dx, const float *dy, int N)
{
    DropoutLayer *self = (DropoutLayer *)l;
    for (int i = 0; i < N * l->in; i++)
        dx[i] = !self->kept[i] ? 0 : l->training ? dy[i] / (1 - self->p) : dy[i];
}

void modules_dropout(DropoutLayer *self, unsigned char *memory, int C, float p, uint64_t seed)
{
    static const LayerKind kind = { "dropout", modules_dropout_forward, dropout_backward, NULL, NULL };
    *self = (DropoutLayer){ .layer = { &kind, C, C, true }, .p = p, .state = seed, .kept = memory };
}

/* ---- One after the other ----------------------------------------------------------------------------------------- */

void modules_sequential_forward(Layer *l, float *y, const float *x, int N)
{
    SequentialLayer *self = (SequentialLayer *)l;
    /* exercise: each layer reads what the one before wrote and writes to its place in work, the last one to y */
    for (int i = 0; i < self->layers; i++) {
        float *to = i + 1 < self->layers ? self->work + i * N * self->widest : y;
        modules_forward(self->inside[i], to, x, N);
        x = to;
    }
    /* end */
}

void modules_sequential_backward(Layer *l, float *dx, const float *dy, int N)
{
    SequentialLayer *self = (SequentialLayer *)l;
    /* exercise: the same the other way round: the halves of dwork take turns, the first layer writes dx */
    for (int i = self->layers - 1; i >= 0; i--) {
        float *to = i > 0 ? self->dwork + i % 2 * N * self->widest : dx;
        modules_backward(self->inside[i], to, dy, N);
        dy = to;
    }
    /* end */
}

void modules_sequential_visit(Layer *l, const char *prefix, ParamVisit *visit, void *ctx)
{
    SequentialLayer *self = (SequentialLayer *)l;
    /* exercise: send the visitor into each layer, under the prefix and the layer's number */
    for (int i = 0; i < self->layers; i++) {
        char number[12], name[MODULES_NAME];
        snprintf(number, sizeof number, "%d", i);
        modules_join(name, prefix, number);
        modules_visit(self->inside[i], name, visit, ctx);
    }
    /* end */
}

static void sequential_train(Layer *l, bool on)
{
    SequentialLayer *self = (SequentialLayer *)l;
    for (int i = 0; i < self->layers; i++)
        modules_train(self->inside[i], on);
}

static int larger(int a, int b) { return a > b ? a : b; }

void modules_sequential(SequentialLayer *self, Layer *const *inside, int layers, float *work, float *dwork)
{
    static const LayerKind kind = { "sequential", modules_sequential_forward, modules_sequential_backward,
                                    modules_sequential_visit, sequential_train };
    *self = (SequentialLayer){ .layer = { &kind, inside[0]->in, inside[layers - 1]->out, true }, .layers = layers,
                               .work = work, .dwork = dwork };
    for (int i = 0; i < layers; i++) {
        self->inside[i] = inside[i];
        self->widest = larger(self->widest, larger(inside[i]->in, inside[i]->out));
    }
}

/* ---- Beside itself: y = x + inner(x) ----------------------------------------------------------------------------- */

static void residual_forward(Layer *l, float *y, const float *x, int N)
{
    modules_forward(((ResidualLayer *)l)->inner, y, x, N);
    for (int i = 0; i < N * l->in; i++)
        y[i] += x[i];
}

static void residual_backward(Layer *l, float *dx, const float *dy, int N)
{
    modules_backward(((ResidualLayer *)l)->inner, dx, dy, N);
    for (int i = 0; i < N * l->in; i++)
        dx[i] += dy[i];
}

static void residual_visit(Layer *l, const char *prefix, ParamVisit *visit, void *ctx)
{
    char name[MODULES_NAME];
    modules_join(name, prefix, "inner");
    modules_visit(((ResidualLayer *)l)->inner, name, visit, ctx);
}

static void residual_train(Layer *l, bool on) { modules_train(((ResidualLayer *)l)->inner, on); }

void modules_residual(ResidualLayer *self, Layer *inner)
{
    static const LayerKind kind = { "residual", residual_forward, residual_backward, residual_visit, residual_train };
    *self = (ResidualLayer){ .layer = { &kind, inner->in, inner->out, true }, .inner = inner };
}

/* ---- To a file --------------------------------------------------------------------------------------------------- */

enum { LENGTH = 8, ENTRY = 160 };           /* bytes of the length; of an entry at most, its name left out */

static void add_room(void *ctx, const Param *p)
{
    *(int *)ctx += ENTRY + MODULES_NAME + numbers(p) * (int)sizeof(float);
}

int modules_room(Layer *l)
{
    int bytes = LENGTH + ENTRY;
    modules_visit(l, "", add_room, &bytes);
    return bytes;
}

typedef struct Writer {
    char *header, *values;                              /* where the next bytes of each go; values NULL: not yet */
    int   bytes;                                        /* of values so far */
} Writer;

static void write_entry(void *ctx, const Param *p)
{
    Writer *w = ctx;
    int     bytes = numbers(p) * (int)sizeof(float);
    char    shape[32];
    snprintf(shape, sizeof shape, p->ndim == 2 ? "%d,%d" : "%d", p->shape[0], p->shape[1]);
    /* exercise: sprintf the entry to w->header, behind a comma unless it is the first; count its bytes in w->bytes */
    w->header += sprintf(w->header, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%d,%d]}",
                         w->bytes ? "," : "", p->name, shape, w->bytes, w->bytes + bytes);
    w->bytes += bytes;
    /* end */
}

static void write_values(void *ctx, const Param *p)
{
    Writer *w = ctx;
    size_t  bytes = (size_t)numbers(p) * sizeof(float);
    /* exercise: copy the values, and go on behind them */
    memcpy(w->values, p->value, bytes);
    w->values += bytes;
    /* end */
}

int modules_save(char *file, Layer *l)
{
    Writer w = { .header = file + LENGTH };
    *w.header++ = '{';
    modules_visit(l, "", write_entry, &w);
    *w.header++ = '}';
    /* exercise: blanks up to a multiple of 8; the length into the first 8 bytes, lowest first; the values; the size */
    while ((w.header - file) % 8)
        *w.header++ = ' ';
    for (int i = 0; i < LENGTH; i++)
        file[i] = (char)((uint64_t)(w.header - file - LENGTH) >> 8 * i);
    w.values = w.header;
    modules_visit(l, "", write_values, &w);
    return (int)(w.values - file);
    /* end */
}

/* ---- And back ---------------------------------------------------------------------------------------------------- */

typedef struct Entry { int ndim, shape[2]; int64_t from, to; } Entry;

typedef struct Reader {
    const char *header, *values;
    int64_t     header_bytes, value_bytes;
    int         wrong;                                  /* MODULES_LOADED as long as nothing is */
} Reader;

/* The numbers of a list, "[2,3]", at most two; *at goes behind it. How many, or -1. */
static int read_list(const char **at, const char *end, int64_t *number)
{
    int n = 0;
    for ((*at)++; *at < end && **at != ']'; n++) {
        int64_t v = 0;
        for (; *at < end && **at >= '0' && **at <= '9' && v < INT32_MAX; (*at)++)
            v = 10 * v + (**at - '0');
        if (n < 2)
            number[n] = v;
        if (*at < end && **at == ',')
            (*at)++;
        else if (*at < end && **at != ']')
            return -1;
    }
    return n <= 2 ? n : -1;
}

/* The entry of that name. False: it is not there, or no list of at most two numbers where one should be. */
static bool find(const Reader *r, const char *name, Entry *e)
{
    const char *end = r->header + r->header_bytes;
    char        start[MODULES_NAME + 40];
    int         n = snprintf(start, sizeof start, "\"%s\":{\"dtype\":\"F32\",\"shape\":[", name);
    int64_t     shape[2] = { 0 }, bytes[2] = { 0 };
    for (const char *at = r->header; end - at > n; at++) {
        if (memcmp(at, start, (size_t)n))
            continue;
        static const char next[] = ",\"data_offsets\":[";
        const int         k = (int)sizeof next - 1;
        at += n - 1;
        e->ndim = read_list(&at, end, shape);
        if (e->ndim < 0 || end - at <= k + 1 || memcmp(at + 1, next, (size_t)k))
            return false;
        at += k;
        if (read_list(&at, end, bytes) != 2)
            return false;
        e->shape[0] = (int)shape[0], e->shape[1] = (int)shape[1];
        e->from = bytes[0], e->to = bytes[1];
        return true;
    }
    return false;
}

static void check_entry(void *ctx, const Param *p)
{
    Reader *r = ctx;
    Entry   e;
    if (r->wrong)                                       /* the first one decides */
        return;
    /* exercise: is it there, has it the parameter's shape, do its bytes lie within the values and fit it? */
    if (!find(r, p->name, &e))
        r->wrong = MODULES_MISSING;
    else if (e.ndim != p->ndim || e.shape[0] != p->shape[0] || (p->ndim == 2 && e.shape[1] != p->shape[1]))
        r->wrong = MODULES_OTHER_SHAPE;
    else if (e.to > r->value_bytes || e.to - e.from != numbers(p) * (int64_t)sizeof(float))
        r->wrong = MODULES_TORN;
    /* end */
}

static void read_values(void *ctx, const Param *p)
{
    Reader *r = ctx;
    Entry   e;
    if (find(r, p->name, &e))
        memcpy(p->value, r->values + e.from, (size_t)(e.to - e.from));
}

int modules_load(Layer *l, const char *file, int size)
{
    Reader   r = { .wrong = MODULES_LOADED };
    uint64_t length = 0;
    if (size < LENGTH)
        return MODULES_TORN;
    /* exercise: the length, lowest byte first; is the file so long? Check all parameters, and only then read them */
    for (int i = LENGTH - 1; i >= 0; i--)
        length = length << 8 | (unsigned char)file[i];
    if (length > (uint64_t)size - LENGTH)
        return MODULES_TORN;
    r.header = file + LENGTH, r.header_bytes = (int64_t)length;
    r.values = r.header + length, r.value_bytes = size - LENGTH - (int64_t)length;
    modules_visit(l, "", check_entry, &r);
    if (!r.wrong)
        modules_visit(l, "", read_values, &r);
    return r.wrong;
    /* end */
}
