/* other_ways.c -- an honest variant: factors, a mask first, buffers by pointers, bytes one by one. */
#define modules_prelu_forward given_prelu_forward
#define modules_prelu_backward given_prelu_backward
#define modules_dropout_forward given_dropout_forward
#define modules_sequential_forward given_sequential_forward
#define modules_sequential_backward given_sequential_backward
#define modules_sequential_visit given_sequential_visit
#define modules_save given_save
#define modules_load given_load
#include "modules.c"                                  /* for what is given there */
#undef modules_prelu_forward
#undef modules_prelu_backward
#undef modules_dropout_forward
#undef modules_sequential_forward
#undef modules_sequential_backward
#undef modules_sequential_visit
#undef modules_save
#undef modules_load

void modules_prelu_forward(Layer *l, float *y, const float *x, int N)
{
    PreluLayer *p = (PreluLayer *)l;
    p->x = x;
    for (int n = 0; n < N; n++, x += l->in, y += l->in)
        for (int c = 0; c < l->in; c++) y[c] = (x[c] > 0 ? 1.0f : p->slope[c]) * x[c];
}

void modules_prelu_backward(Layer *l, float *dx, const float *dy, int N)
{
    PreluLayer  *p = (PreluLayer *)l;
    const float *x = p->x;
    for (int i = 0; i < N * l->in; i++) {
        float factor = x[i] > 0 ? 1.0f : p->slope[i % l->in];
        dx[i] = factor * dy[i];
    }
    for (int c = 0; c < l->in; c++) {                       /* two sums, even rows and odd */
        float sum[2] = { 0, 0 };
        for (int n = 0; n < N; n++)
            if (!(x[n * l->in + c] > 0)) sum[n & 1] += x[n * l->in + c] * dy[n * l->in + c];
        p->dslope[c] += sum[0] + sum[1];
    }
}

void modules_dropout_forward(Layer *l, float *y, const float *x, int N)
{
    DropoutLayer *d = (DropoutLayer *)l;
    for (int i = 0; i < N * l->in; i++) d->kept[i] = 1;
    if (l->training)
        for (int i = 0; i < N * l->in; i++)
            if (modules_uniform(&d->state) < d->p) d->kept[i] = 0;
    double scale = l->training ? 1.0 / (1.0 - (double)d->p) : 1;
    for (int i = 0; i < N * l->in; i++) y[i] = d->kept[i] ? (float)(x[i] * scale) : 0;
}

void modules_sequential_forward(Layer *l, float *y, const float *x, int N)
{
    SequentialLayer *s = (SequentialLayer *)l;
    Layer          **at = s->inside, **last = at + s->layers - 1;
    for (float *to = s->work; at < last; at++, x = to, to += N * s->widest) modules_forward(*at, to, x, N);
    modules_forward(*last, y, x, N);
}

void modules_sequential_backward(Layer *l, float *dx, const float *dy, int N)
{
    SequentialLayer *s = (SequentialLayer *)l;
    float           *to = s->dwork, *other = s->dwork + N * s->widest;
    int              i = s->layers;
    while (--i > 0) {
        modules_backward(s->inside[i], to, dy, N);
        dy = to, to = other, other = (float *)dy;
    }
    modules_backward(s->inside[0], dx, dy, N);
}

static void each(SequentialLayer *s, int i, const char *prefix, ParamVisit *visit, void *ctx)
{
    char name[MODULES_NAME] = "", digits[12];
    if (i < 0) return;
    each(s, i - 1, prefix, visit, ctx);
    if (*prefix) strcat(strcpy(name, prefix), ".");
    snprintf(digits, sizeof digits, "%d", i);
    modules_visit(s->inside[i], strcat(name, digits), visit, ctx);
}

void modules_sequential_visit(Layer *l, const char *prefix, ParamVisit *visit, void *ctx)
{
    each((SequentialLayer *)l, ((SequentialLayer *)l)->layers - 1, prefix, visit, ctx);
}

/* ---- Byte by byte ------------------------------------------------------------------------------------------------ */

typedef struct Bytes { char *at; int offset; } Bytes;

static void put(Bytes *b, const char *text)
{
    while (*text) *b->at++ = *text++;
}

static void put_number(Bytes *b, int v)
{
    if (v > 9) put_number(b, v / 10);
    *b->at++ = (char)('0' + v % 10);
}

static void put_entry(void *ctx, const Param *p)
{
    Bytes *b = ctx;
    int    n = 1;
    put(b, b->offset ? ",\"" : "\""), put(b, p->name), put(b, "\":{\"dtype\":\"F32\",\"shape\":[");
    for (int d = 0; d < p->ndim; d++) {
        if (d) put(b, ",");
        put_number(b, p->shape[d]);
        n *= p->shape[d];
    }
    put(b, "],\"data_offsets\":["), put_number(b, b->offset), put(b, ","), put_number(b, b->offset += 4 * n);
    put(b, "]}");
}

static void put_values(void *ctx, const Param *p)
{
    Bytes *b = ctx;
    for (int i = 0; i < p->shape[0] * (p->ndim > 1 ? p->shape[1] : 1); i++)
        for (int k = 0; k < 4; k++) *b->at++ = ((const char *)&p->value[i])[k];
}

int modules_save(char *file, Layer *l)
{
    Bytes b = { .at = file + 8 };
    put(&b, "{");
    modules_visit(l, "", put_entry, &b);
    put(&b, "}");
    while ((b.at - file) & 7) put(&b, " ");
    int header = (int)(b.at - file - 8);
    for (int i = 0; i < 8; i++, header /= 256) file[i] = (char)(header % 256);
    modules_visit(l, "", put_values, &b);
    return (int)(b.at - file);
}

/* The given reader's entries; the checks in another order, values copied number by number. */
typedef struct Load { Reader r; bool copy; } Load;

static void one(void *ctx, const Param *p)
{
    Load *load = ctx;
    Entry e = { 0 };
    int   n = p->shape[0];
    if (load->r.wrong) return;
    bool there = find(&load->r, p->name, &e), fits = there && e.ndim == p->ndim;
    for (int d = 0; d < p->ndim; d++) fits = fits && e.shape[d] == p->shape[d];
    if (p->ndim == 2) n *= p->shape[1];
    bool whole = fits && e.from + 4 * n == e.to && e.to <= load->r.value_bytes;
    if (!whole) load->r.wrong = fits ? MODULES_TORN : there ? MODULES_OTHER_SHAPE : MODULES_MISSING;
    else if (load->copy)
        for (int i = 0; i < n; i++) memcpy(p->value + i, load->r.values + e.from + 4 * i, 4);
}

int modules_load(Layer *l, const char *file, int size)
{
    int64_t header = 0, left = (int64_t)size - 8;
    if (left < 0) return MODULES_TORN;
    for (int i = 0; i < 8; i++) {
        if (i > 3 && file[i]) return MODULES_TORN;          /* longer than any file here */
        if (i < 4) header += (int64_t)(unsigned char)file[i] << 8 * i;
    }
    if (header > left) return MODULES_TORN;
    Load load = { .r = { file + 8, file + 8 + header, header, left - header, MODULES_LOADED } };
    modules_visit(l, "", one, &load);
    load.copy = true;
    modules_visit(l, "", one, &load);
    return load.r.wrong;
}
