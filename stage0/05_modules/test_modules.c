/* test_modules.c -- the probes that grade modules.c, and the oracles that prove it right. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "modules.h"

enum { TEXT = 4096 };

/* ---- A layer of the tests' own: no step waits for another -------------------------------------------------------- */

/* y[n][o] = a x[n][o % in] + o: it can be narrower or wider than what it gets, and order matters. */
typedef struct PlainLayer { Layer layer; float a, da; } PlainLayer;

static void plain_forward(Layer *l, float *y, const float *x, int N)
{
    for (int n = 0; n < N; n++)
        for (int o = 0; o < l->out; o++)
            y[n * l->out + o] = ((PlainLayer *)l)->a * x[n * l->in + o % l->in] + (float)o;
}

static void plain_backward(Layer *l, float *dx, const float *dy, int N)
{
    for (int k = 0; k < N * l->in; k++) dx[k] = 0;
    for (int n = 0; n < N; n++)
        for (int o = 0; o < l->out; o++) dx[n * l->in + o % l->in] += ((PlainLayer *)l)->a * dy[n * l->out + o];
}

static void plain_visit(Layer *l, const char *prefix, ParamVisit *visit, void *ctx)
{
    PlainLayer *self = (PlainLayer *)l;
    Param       p = { .value = &self->a, .gradient = &self->da, .ndim = 1, .shape = { 1 } };
    snprintf(p.name, sizeof p.name, "%s%sa", prefix, *prefix ? "." : "");
    visit(ctx, &p);
}

static const LayerKind plain_kind = { "plain", plain_forward, plain_backward, plain_visit, NULL };
static const LayerKind mute_kind = { "mute", plain_forward, plain_backward, NULL, NULL };  /* nothing to learn */

static PlainLayer plain(const LayerKind *kind, int in, int out)
{
    return (PlainLayer){ .layer = { kind, in, out, true }, .a = (float)probe_real(.5, 1.5) };
}

/* A sequence of such layers, by the given constructor. */
typedef struct Made { PlainLayer plain[MODULES_MOST]; SequentialLayer s; } Made;

static void make(Made *m, int layers, int N, const LayerKind *second)
{
    Layer *inside[MODULES_MOST];
    int    in = probe_pick(3, 1, 5), widest = 1, out[] = { probe_int(1, 7), probe_int(1, 7), probe_int(1, 7) };
    for (int i = 0; i < layers; i++, in = out[(i - 1) % 3]) {
        m->plain[i] = plain(i == 1 ? second : &plain_kind, in, out[i % 3]);
        inside[i] = &m->plain[i].layer;
        widest = in > widest ? in : widest;
        widest = out[i % 3] > widest ? out[i % 3] : widest;
    }
    modules_sequential(&m->s, inside, layers, probe_output(layers * N * widest + 1), probe_output(2 * N * widest + 1));
}

/* ---- step modules_prelu_forward ---------------------------------------------------------------------------------- */

static void emit_prelu(const float *x, float *slope, int N, int C)
{
    PreluLayer p;
    float     *y = probe_output(N * C + 1);
    modules_prelu(&p, probe_inout(2 * C), C);
    p.slope = slope, p.x = NULL;
    probe_freeze();
    modules_prelu_forward(&p.layer, y, x, N);
    int noted = p.x == x;
    emit("y", y, N, C);
    emit_exact("x_is_noted", &noted, 1);
}

PROBE(modules_prelu_forward, by_pencil) { emit_prelu(probe_given(1, -2, -4, 0), probe_given(.25, .5), 2, 2); }

PROBE(modules_prelu_forward, awkward_sizes)
{
    int N = probe_pick(1, 3, 0, 7), C = probe_pick(5, 1, 33, 2);
    emit_prelu(probe_floats(N * C + 1), probe_normal(C, 0, 1), N, C);
}

/* ---- step modules_prelu_backward --------------------------------------------------------------------------------- */

static void emit_prelu_backward(const float *x, float *slope, const float *dy, int N, int C)
{
    PreluLayer p;
    float     *dx = probe_output(N * C + 1), *dslope = probe_inout(C);
    double     most = 0;
    modules_prelu(&p, probe_inout(2 * C), C);
    p.slope = slope, p.dslope = dslope, p.x = x;
    probe_freeze();
    for (int c = 0; c < C; c++) {
        double size = fabs((double)dslope[c]);
        for (int n = 0; n < N; n++) size += x[n * C + c] > 0 ? 0 : fabs((double)x[n * C + c] * dy[n * C + c]);
        most = fmax(most, size);
    }
    modules_prelu_backward(&p.layer, dx, dy, N);
    emit("dx", dx, N, C);
    probe_terms(N + 1), probe_scale(most);
    emit("dslope", dslope, C);
}

PROBE(modules_prelu_backward, by_pencil)
{
    emit_prelu_backward(probe_given(1, -2, -4, 0), probe_given(.25, .5), probe_given(1, 1, 2, 3), 2, 2);
}

PROBE(modules_prelu_backward, awkward_sizes)
{
    int N = probe_pick(1, 3, 0, 7, 64), C = probe_pick(5, 1, 33, 2);
    emit_prelu_backward(probe_floats(N * C + 1), probe_normal(C, 0, 1), probe_normal(N * C + 1, 0, 1), N, C);
}

/* ---- step modules_dropout_forward -------------------------------------------------------------------------------- */

static void emit_dropout(bool training, float p, int N, int C)
{
    DropoutLayer  d;
    unsigned char kept[512];
    int           as_int[512], state[2], n = N * C;
    float        *x = probe_floats(n + 1), *y = probe_output(n + 1);
    memset(kept, 9, sizeof kept);
    modules_dropout(&d, kept, C, p, (uint64_t)probe_int(0, 1000000));
    d.layer.training = training;
    probe_freeze();
    modules_dropout_forward(&d.layer, y, x, N);
    for (int i = 0; i < n; i++) as_int[i] = kept[i];
    state[0] = (int)(d.state & 0x7fffffff), state[1] = (int)(d.state >> 33);
    emit("y", y, N, C);
    emit_exact("kept", as_int, N, C);
    emit_exact("state", state, 2);
}

PROBE(modules_dropout_forward, training)
{
    emit_dropout(true, (float)probe_pick(50, 10, 90) / 100, probe_pick(1, 3, 0, 7), probe_pick(5, 1, 33));
}

PROBE(modules_dropout_forward, in_use) { emit_dropout(false, .5f, probe_pick(1, 3, 7), probe_pick(5, 1, 33)); }

PROBE(modules_dropout_forward, nothing_dropped) { emit_dropout(true, 0, probe_pick(1, 3), probe_pick(5, 33)); }

/* ---- step modules_sequential_forward ----------------------------------------------------------------------------- */

static void emit_sequence(int layers, int N)
{
    Made   m;
    make(&m, layers, N, &plain_kind);
    float *x = probe_normal(N * m.s.layer.in + 1, 0, 1), *y = probe_output(N * m.s.layer.out + 1);
    probe_freeze();
    modules_sequential_forward(&m.s.layer, y, x, N);
    probe_terms(layers);
    emit("y", y, N, m.s.layer.out);
    for (int i = 0; i + 1 < layers; i++)                /* what each layer left is where backward will look for it */
        emit("work", m.s.work + i * N * m.s.widest, N, m.plain[i].layer.out);
}

PROBE(modules_sequential_forward, two_layers) { emit_sequence(2, probe_pick(1, 2, 3)); }
PROBE(modules_sequential_forward, one_and_many) { emit_sequence(probe_pick(1, 5, 3, 16), probe_pick(2, 1, 0, 7)); }

/* ---- step modules_sequential_backward ---------------------------------------------------------------------------- */

static void emit_sequence_backward(int layers, int N)
{
    Made   m;
    make(&m, layers, N, &plain_kind);
    float *dy = probe_normal(N * m.s.layer.out + 1, 0, 1), *dx = probe_output(N * m.s.layer.in + 1);
    probe_freeze();
    modules_sequential_backward(&m.s.layer, dx, dy, N);
    probe_terms(8 * layers);
    emit("dx", dx, N, m.s.layer.in);
}

PROBE(modules_sequential_backward, two_layers) { emit_sequence_backward(2, probe_pick(1, 2, 3)); }
PROBE(modules_sequential_backward, one_and_many)
{
    emit_sequence_backward(probe_pick(1, 5, 3, 16), probe_pick(2, 1, 0, 7));
}

/* ---- step modules_sequential_visit ------------------------------------------------------------------------------- */

static void emit_text(const char *name, const char *text, int n)
{
    int *as_int = malloc((size_t)(n + 1) * sizeof *as_int);
    for (int i = 0; i < n; i++) as_int[i] = (unsigned char)text[i];
    emit_exact(name, as_int, n);
    free(as_int);
}

typedef struct Seen { char text[TEXT]; int n, numbers[64]; const float *value[64]; } Seen;

static void see(void *ctx, const Param *p)
{
    Seen *s = ctx;
    size_t n = strlen(s->text);
    if (n + MODULES_NAME + 2 < TEXT) snprintf(s->text + n, TEXT - n, "%.*s ", MODULES_NAME, p->name);
    if (s->n < 64) s->value[s->n] = p->value, s->numbers[s->n++] = p->shape[0];
}

static void emit_visit(Layer *l, const char *prefix, const Made *m, int layers)
{
    Seen s = { .text = "" };
    int  whose[64];
    probe_freeze();
    modules_sequential_visit(l, prefix, see, &s);
    for (int i = 0; i < s.n; i++) {
        whose[i] = -1;
        for (int k = 0; k < layers; k++)
            if (s.value[i] == &m->plain[k].a) whose[i] = k;
    }
    emit_text("names", s.text, (int)strlen(s.text));
    emit_exact("layer", whose, s.n);
}

PROBE(modules_sequential_visit, names)
{
    Made m;
    int  layers = probe_pick(2, 1, 12);
    make(&m, layers, 1, &plain_kind);
    emit_visit(&m.s.layer, probe_pick(0, 1) ? "net" : "", &m, layers);
}

PROBE(modules_sequential_visit, layers_without_parameters)
{
    Made m;
    make(&m, 4, 1, &mute_kind);
    emit_visit(&m.s.layer, "", &m, 4);
}

PROBE(modules_sequential_visit, a_sequence_in_a_sequence)
{
    Made   m;
    make(&m, 3, 1, &plain_kind);
    SequentialLayer outer;
    PlainLayer      first = plain(&plain_kind, 2, m.s.layer.in);
    modules_sequential(&outer, (Layer *[]){ &first.layer, &m.s.layer }, 2, probe_output(9), probe_output(99));
    emit_visit(&outer.layer, probe_pick(0, 1) ? "a.b" : "", &m, 3);
}

/* ---- Some layers with parameters of several shapes, by given constructors ---------------------------------------- */

typedef struct Net { LinearLayer a, c; PreluLayer b; SequentialLayer s; float *memory; int in, hidden, out; } Net;

typedef struct Sizes { int in, hidden, out; } Sizes;

static Sizes some_sizes(void) { return (Sizes){ probe_pick(2, 1, 5), probe_pick(3, 1, 4), probe_pick(2, 1, 3) }; }

static void net(Net *m, Sizes size)
{
    int in = size.in, hidden = size.hidden, out = size.out;
    int first = 2 * (hidden * in + hidden), second = 2 * hidden, third = 2 * (out * hidden + out);
    m->in = in, m->hidden = hidden, m->out = out;
    m->memory = probe_inout(first + second + third);
    float *values = probe_normal(first + second + third, 0, 1);
    modules_linear(&m->a, m->memory, in, hidden);
    modules_prelu(&m->b, m->memory + first, hidden);
    modules_linear(&m->c, m->memory + first + second, hidden, out);
    memcpy(m->memory, values, (size_t)(first + second + third) * sizeof *values);
    Layer *inside[] = { &m->a.layer, &m->b.layer, &m->c.layer };
    modules_sequential(&m->s, inside, 3, NULL, NULL);
}

/* The parameters of it in order, written down by hand: modules_sequential_visit may not be there yet. So saving and
 * loading are given a layer with a table of the tests' own. */
static int params(const Net *m, Param *p)
{
    Param all[] = { { "0.weight", m->a.w, m->a.dw, 2, { m->hidden, m->in } },
                    { "0.bias", m->a.b, m->a.db, 1, { m->hidden } },
                    { "1.slope", m->b.slope, m->b.dslope, 1, { m->hidden } },
                    { "2.weight", m->c.w, m->c.dw, 2, { m->out, m->hidden } },
                    { "2.bias", m->c.b, m->c.db, 1, { m->out } } };
    memcpy(p, all, sizeof all);
    return (int)(sizeof all / sizeof *all);
}

typedef struct Held { Layer layer; const Net *net; } Held;

static void held_visit(Layer *l, const char *prefix, ParamVisit *visit, void *ctx)
{
    Param p[8];
    (void)prefix;
    for (int i = 0, n = params(((Held *)l)->net, p); i < n; i++) visit(ctx, &p[i]);
}

static const LayerKind held_kind = { "held", NULL, NULL, held_visit, NULL };

static Held hold(const Net *m) { return (Held){ .layer = { &held_kind, m->in, m->out, true }, .net = m }; }

static int numbers(const Param *p) { return p->shape[0] * (p->ndim == 2 ? p->shape[1] : 1); }

/* ---- step modules_save ------------------------------------------------------------------------------------------- */

PROBE(modules_save, bytes)
{
    Net   m;
    net(&m, some_sizes());
    Held  h = hold(&m);
    int   room = modules_room(&h.layer);
    char *file = (char *)probe_output((room + 3) / 4);
    probe_freeze();
    int size = modules_save(file, &h.layer);
    emit_exact("size", &size, 1);
    emit_text("file", file, size >= 0 && size <= room ? size : 0);
}

PROBE(modules_save, one_layer)
{
    LinearLayer l;
    int         in = probe_pick(1, 2, 9), out = probe_pick(1, 12, 3);
    modules_linear(&l, probe_normal(2 * (in * out + out), 0, 1), in, out);
    char *file = (char *)probe_output((modules_room(&l.layer) + 3) / 4);
    probe_freeze();
    int size = modules_save(file, &l.layer);
    emit_exact("size", &size, 1);
    emit_text("file", file, size >= 0 && size <= modules_room(&l.layer) ? size : 0);
}

/* ---- step modules_load ------------------------------------------------------------------------------------------- */

/* A file of these parameters, written by the tests; its end is the end of what may be read. */
static char *write_file(const Param *p, int n, const char *extra, int *size)
{
    char text[TEXT];
    int  header = 8, values = 0, at = 0;
    header += sprintf(text + header, "{%s", extra);
    for (int i = 0; i < n; i++) {
        char shape[32];
        snprintf(shape, sizeof shape, p[i].ndim == 2 ? "%d,%d" : "%d", p[i].shape[0], p[i].shape[1]);
        header += sprintf(text + header, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%d,%d]}",
                          i || *extra ? "," : "", p[i].name, shape, values, values + 4 * numbers(&p[i]));
        values += 4 * numbers(&p[i]);
    }
    text[header++] = '}';
    while (header % 8) text[header++] = ' ';
    for (int i = 0; i < 8; i++) text[i] = (char)(i < 4 ? (unsigned)(header - 8) >> 8 * i : 0);
    *size = header + values;
    float *whole = probe_floats(*size / 4);
    memcpy(whole, text, (size_t)header);
    for (int i = 0; i < n; i++) {
        float *v = probe_normal(numbers(&p[i]), 0, 1);
        memcpy((char *)whole + header + at, v, (size_t)(4 * numbers(&p[i])));
        at += 4 * numbers(&p[i]);
    }
    return (char *)whole;
}

static void emit_load(const char *file, int size, Sizes sizes)
{
    Net  m;
    net(&m, sizes);
    Held h = hold(&m);
    int  n = 2 * (m.hidden * m.in + m.hidden) + 2 * m.hidden + 2 * (m.out * m.hidden + m.out);
    probe_freeze();
    int how = modules_load(&h.layer, file, size);
    emit_exact("how", &how, 1);
    emit_exact("values", m.memory, n);
}

enum { AS_SAVED, BACKWARDS, WITH_OTHERS, ONE_MISSING, OTHER_SHAPE, TOO_SHORT };

/* Another net of the same sizes is written, changed in one way; then it is read. */
static void emit_file(int kind)
{
    Net   m;
    Param p[9];
    Sizes sizes = some_sizes();
    int   size, which = probe_int(0, 4);
    net(&m, sizes);
    int n = params(&m, p);
    if (kind == BACKWARDS)
        for (int i = 0; i < n / 2; i++) {
            Param q = p[i];
            p[i] = p[n - 1 - i], p[n - 1 - i] = q;
        }
    if (kind == WITH_OTHERS)
        for (int i = n++; i >= 0; i--)
            p[i] = i ? p[i - 1] : (Param){ .name = "10.weight", .ndim = 1, .shape = { 3 } };
    if (kind == ONE_MISSING) p[which].name[0] = '7';
    if (kind == OTHER_SHAPE) p[which].shape[0]++;
    char *file = write_file(p, n, kind == WITH_OTHERS ? "\"__metadata__\":{\"note\":\"1.slope\"}" : "", &size);
    if (kind == TOO_SHORT) {                            /* what is left ends where the memory does */
        int lost = probe_pick(4, 200, size - 7, size, size - 8, 300);
        lost = lost > size ? size : lost;
        memmove(file + lost, file, (size_t)(size - lost));
        file += lost, size -= lost;
    }
    emit_load(file, size, sizes);
}

PROBE(modules_load, as_saved) { emit_file(AS_SAVED); }
PROBE(modules_load, in_another_order) { emit_file(BACKWARDS); }
PROBE(modules_load, with_others) { emit_file(WITH_OTHERS); }
PROBE(modules_load, one_missing) { emit_file(ONE_MISSING); }
PROBE(modules_load, of_another_shape) { emit_file(OTHER_SHAPE); }
PROBE(modules_load, torn) { emit_file(TOO_SHORT); }

/* ---- oracles ----------------------------------------------------------------------------------------------------- */

static void close_to(const char *what, int i, double got, double want, double within)
{
    expect(fabs(got - want) <= within, "%s[%d]: got %.8g, want %.8g", what, i, got, want);
}

/* The loss sum of c y, by central differences in each parameter and input: linear, PReLU, a residual with a sequence
 * inside, linear. */
typedef struct Deep {
    LinearLayer     a, inner, c;
    PreluLayer      b, d;
    SequentialLayer inside, s;
    ResidualLayer   r;
    float          *m;
} Deep;
enum { DEEP_IN = 3, DEEP = 4, DEEP_OUT = 2, DEEP_N = 3 };

static void deep(Deep *d)
{
    int first = 2 * (DEEP * DEEP_IN + DEEP), inner = 2 * (DEEP * DEEP + DEEP), last = 2 * (DEEP_OUT * DEEP + DEEP_OUT);
    d->m = probe_inout(first + inner + last + 4 * DEEP);
    float *random = probe_normal(first + inner + last, 0, .7);
    modules_linear(&d->a, d->m, DEEP_IN, DEEP);
    modules_linear(&d->inner, d->m + first, DEEP, DEEP);
    modules_linear(&d->c, d->m + first + inner, DEEP, DEEP_OUT);
    memcpy(d->m, random, (size_t)(first + inner + last) * sizeof *random);
    modules_prelu(&d->b, d->m + first + inner + last, DEEP);
    modules_prelu(&d->d, d->m + first + inner + last + 2 * DEEP, DEEP);
    float *work = probe_output(4 * DEEP_N * DEEP), *dwork = probe_output(2 * DEEP_N * DEEP);
    modules_sequential(&d->inside, (Layer *[]){ &d->inner.layer, &d->d.layer }, 2, work, dwork);
    modules_residual(&d->r, &d->inside.layer);
    work = probe_output(4 * DEEP_N * DEEP), dwork = probe_output(2 * DEEP_N * DEEP);
    modules_sequential(&d->s, (Layer *[]){ &d->a.layer, &d->b.layer, &d->r.layer, &d->c.layer }, 4, work, dwork);
}

static double deep_loss(Deep *d, const float *x, const float *c)
{
    float  y[DEEP_N * DEEP_OUT];
    double sum = 0;
    modules_forward(&d->s.layer, y, x, DEEP_N);
    for (int i = 0; i < DEEP_N * DEEP_OUT; i++) sum += (double)y[i] * c[i];
    return sum;
}

typedef struct Slopes { Param p[16]; int n; } Slopes;
static void list(void *ctx, const Param *p)
{
    Slopes *s = ctx;
    s->p[s->n++] = *p;
    memset(p->gradient, 0, (size_t)numbers(p) * sizeof(float));
}

ORACLE(modules_sequential_backward, by_central_differences)
{
    Deep   d;
    Slopes s = { .n = 0 };
    deep(&d);
    float *x = probe_inout(DEEP_N * DEEP_IN), *c = probe_normal(DEEP_N * DEEP_OUT, 0, 1), dx[DEEP_N * DEEP_IN];
    float *given = probe_normal(DEEP_N * DEEP_IN, 0, 1), h = 2e-3f;
    memcpy(x, given, DEEP_N * DEEP_IN * sizeof *x);
    modules_visit(&d.s.layer, "", list, &s);
    expect(s.n == 8, "%d parameters, want 8", s.n);
    expect(!strcmp(s.p[4].name, "2.inner.0.bias"), "the fifth is called %s", s.p[4].name);
    deep_loss(&d, x, c);
    modules_backward(&d.s.layer, dx, c, DEEP_N);
    for (int i = 0; i < DEEP_N * DEEP; i++)             /* near a kink a difference is no slope */
        if (fabsf(d.b.x[i]) < .05f || fabsf(d.d.x[i]) < .05f) return;
    for (int k = -1; k < s.n; k++) {                    /* -1: the input */
        float *v = k < 0 ? x : s.p[k].value, *g = k < 0 ? dx : s.p[k].gradient;
        int    n = k < 0 ? DEEP_N * DEEP_IN : numbers(&s.p[k]);
        for (int i = 0; i < n; i++) {
            float was = v[i];
            v[i] = was + h;
            double up = deep_loss(&d, x, c);
            v[i] = was - h;
            double down = deep_loss(&d, x, c);
            v[i] = was;
            close_to(k < 0 ? "input" : s.p[k].name, i, (up - down) / (2 * h), g[i], 4e-3 * (1 + fabs(g[i])));
        }
    }
}

ORACLE(modules_prelu_backward, worked_example)
{
    PreluLayer  p;
    float       memory[4], y[4], dx[4];
    const float x[] = { 1, -2, -4, 0 }, dy[] = { 1, 1, 2, 3 };
    modules_prelu(&p, memory, 2);
    p.slope[1] = .5f;
    modules_forward(&p.layer, y, x, 2);
    modules_backward(&p.layer, dx, dy, 2);
    const float want_y[] = { 1, -1, -1, 0 }, want_dx[] = { 1, .5f, .5f, 1.5f }, want_dslope[] = { -8, -2 };
    for (int i = 0; i < 4; i++) close_to("y", i, y[i], want_y[i], 0), close_to("dx", i, dx[i], want_dx[i], 0);
    for (int c = 0; c < 2; c++) close_to("dslope", c, p.dslope[c], want_dslope[c], 0);
}

/* A slope of 0 is ReLU, of 1 is nothing at all. */
ORACLE(modules_prelu_forward, between_relu_and_nothing)
{
    PreluLayer p;
    int        N = probe_pick(1, 7), C = probe_pick(1, 5), one = probe_pick(0, 1);
    float     *x = probe_floats(N * C), *y = probe_output(N * C);
    modules_prelu(&p, probe_inout(2 * C), C);
    for (int c = 0; c < C; c++) p.slope[c] = (float)one;
    modules_forward(&p.layer, y, x, N);
    for (int i = 0; i < N * C; i++)
        if (isfinite(x[i])) close_to("y", i, y[i], one || x[i] > 0 ? x[i] : 0, 0);
}

/* In the mean nothing changes; in use nothing changes at all. */
ORACLE(modules_dropout_forward, mean_is_kept)
{
    enum { N = 4000 };
    DropoutLayer  d;
    unsigned char kept[N];
    float         x[N], y[N], dx[N];
    double        sum = 0, p = probe_pick(1, 5, 8) / 10.0;
    int           many = 0;
    for (int i = 0; i < N; i++) x[i] = 1;
    modules_dropout(&d, kept, 1, (float)p, (uint64_t)probe_int(0, 1000000));
    modules_forward(&d.layer, y, x, N);
    modules_backward(&d.layer, dx, x, N);
    for (int i = 0; i < N; i++) {
        sum += y[i], many += kept[i];
        expect(y[i] == dx[i] && (kept[i] ? y[i] > 1 : y[i] == 0), "%d: %g forwards, %g backwards", i, y[i], dx[i]);
    }
    close_to("share kept", 0, (double)many / N, 1 - p, 6 * sqrt(p * (1 - p) / N));
    close_to("mean", 0, sum / N, 1, 6 * sqrt(p / (1 - p) / N));
    modules_train(&d.layer, false);
    uint64_t before = d.state;
    modules_forward(&d.layer, y, x, N);
    for (int i = 0; i < N; i++) close_to("in use", i, y[i], x[i], 0);
    expect(d.state == before, "numbers are drawn in use");
}

/* Layers one by one, by hand. */
ORACLE(modules_sequential_forward, by_hand)
{
    Made  m;
    int   layers = probe_pick(1, 2, 4), N = probe_pick(1, 3);
    make(&m, layers, N, &plain_kind);
    float *x = probe_normal(N * m.s.layer.in, 0, 1), y[64], a[64], b[64];
    memcpy(a, x, (size_t)(N * m.s.layer.in) * sizeof *x);
    for (int i = 0; i < layers; i++) {
        plain_forward(&m.plain[i].layer, b, a, N);
        memcpy(a, b, sizeof a);
    }
    modules_forward(&m.s.layer, y, x, N);
    for (int i = 0; i < N * m.s.layer.out; i++) close_to("y", i, y[i], a[i], 0);
}

ORACLE(modules_sequential_visit, reaches_all)
{
    Deep d;
    deep(&d);
    int count = DEEP * DEEP_IN + DEEP + DEEP + DEEP * DEEP + DEEP + DEEP + DEEP_OUT * DEEP + DEEP_OUT;
    expect(modules_count(&d.s.layer) == count, "%d numbers, want %d", modules_count(&d.s.layer), count);
    d.s.layer.training = true;
    modules_train(&d.s.layer, false);
    expect(!d.inner.layer.training && !d.d.layer.training && !d.s.layer.training, "an inner layer is still training");
}

/* Counted by hand; Python's safetensors reads them as {"0.weight": [[1, -2]], "0.bias": [0.5]}. */
ORACLE(modules_save, known_bytes)
{
    static const char want[] =
        "\x80\0\0\0\0\0\0\0{\"0.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
        "\"0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}      "
        "\0\0\x80\x3f\0\0\0\xc0\0\0\0\x3f";
    LinearLayer     l;
    SequentialLayer s;
    float           memory[] = { 1, -2, .5f, 0, 0, 0 };
    char            file[1024];
    modules_linear(&l, memory, 2, 1);
    modules_sequential(&s, (Layer *[]){ &l.layer }, 1, NULL, NULL);
    int size = modules_save(file, &s.layer);
    expect(size == (int)sizeof want - 1, "%d bytes, want %d", size, (int)sizeof want - 1);
    expect(!memcmp(file, want, (size_t)size), "other bytes: %.*s", 130, file + 8);
}

ORACLE(modules_load, what_was_saved_comes_back)
{
    Deep a, b;
    char file[8192], before[2048];
    deep(&a), deep(&b);
    int size = modules_save(file, &a.s.layer), n = (int)(b.d.slope + DEEP - b.m);
    expect(size <= modules_room(&a.s.layer), "%d bytes in a room of %d", size, modules_room(&a.s.layer));
    memcpy(before, b.m, (size_t)n * sizeof(float));
    for (int cut = 0; cut < size; cut += 1 + size / 97) {
        expect(modules_load(&b.s.layer, file, cut) != MODULES_LOADED, "%d of %d bytes do", cut, size);
        expect(!memcmp(before, b.m, (size_t)n * sizeof(float)), "a torn file changed something");
    }
    expect(modules_load(&b.s.layer, file, size) == MODULES_LOADED, "not loaded");
    float *x = probe_normal(DEEP_N * DEEP_IN, 0, 1), *c = probe_normal(DEEP_N * DEEP_OUT, 0, 1);
    expect(deep_loss(&a, x, c) == deep_loss(&b, x, c), "another loss");
}
