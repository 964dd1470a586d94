/* columns.c -- an honest variant: column by column, recursion over layers, names by hand, one pass over the bytes. */
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
    for (int c = 0; c < l->out; c++)
        for (int n = N; n-- > 0;) {
            float v = x[n * l->out + c];
            y[n * l->out + c] = v;
            if (!(v > 0)) y[n * l->out + c] *= p->slope[c];
        }
    p->x = x;
}

void modules_prelu_backward(Layer *l, float *dx, const float *dy, int N)
{
    PreluLayer *p = (PreluLayer *)l;
    for (int n = 0; n < N; n++)
        for (int c = 0; c < l->in; c++) {
            int i = n * l->in + c, negative = !(p->x[i] > 0);
            dx[i] = dy[i];
            if (negative) dx[i] *= p->slope[c], p->dslope[c] += p->x[i] * dy[i];
        }
}

void modules_dropout_forward(Layer *l, float *y, const float *x, int N)
{
    DropoutLayer *d = (DropoutLayer *)l;
    float         up = 1 / (1 - d->p);
    if (!l->training) {
        memcpy(y, x, (size_t)(N * l->in) * sizeof *y);
        memset(d->kept, 1, (size_t)(N * l->in));
        return;
    }
    for (int i = 0; i < N * l->in; i++) {
        int dropped = modules_uniform(&d->state) < d->p;
        d->kept[i] = dropped ? 0 : 1;
        y[i] = dropped ? 0 : up * x[i];
    }
}

static void from(SequentialLayer *s, int i, float *y, const float *x, int N)
{
    if (i == s->layers - 1) {
        s->inside[i]->kind->forward(s->inside[i], y, x, N);
        return;
    }
    float *to = s->work + i * N * s->widest;
    s->inside[i]->kind->forward(s->inside[i], to, x, N);
    from(s, i + 1, y, to, N);
}

void modules_sequential_forward(Layer *l, float *y, const float *x, int N) { from((SequentialLayer *)l, 0, y, x, N); }

static const float *back(SequentialLayer *s, int i, float *dx, const float *dy, int N)
{
    const float *d = i + 1 < s->layers ? back(s, i + 1, dx, dy, N) : dy;
    float       *to = i ? s->dwork + (i + 1) % 2 * N * s->widest : dx;
    s->inside[i]->kind->backward(s->inside[i], to, d, N);
    return to;
}

void modules_sequential_backward(Layer *l, float *dx, const float *dy, int N)
{
    back((SequentialLayer *)l, 0, dx, dy, N);
}

void modules_sequential_visit(Layer *l, const char *prefix, ParamVisit *visit, void *ctx)
{
    SequentialLayer *s = (SequentialLayer *)l;
    for (int i = 0; i < s->layers; i++) {
        char name[MODULES_NAME];
        if (!s->inside[i]->kind->visit) continue;
        if (prefix[0]) snprintf(name, sizeof name, "%s.%d", prefix, i);
        else snprintf(name, sizeof name, "%d", i);
        s->inside[i]->kind->visit(s->inside[i], name, visit, ctx);
    }
}

/* ---- All parameters in a list, then bytes ------------------------------------------------------------------------ */

typedef struct List { Param p[64]; int n; } List;

static void note(void *ctx, const Param *p)
{
    List *l = ctx;
    if (l->n < 64) l->p[l->n++] = *p;
}

static int bytes_of(const Param *p) { return 4 * p->shape[0] * (p->ndim == 2 ? p->shape[1] : 1); }

int modules_save(char *file, Layer *l)
{
    List list = { .n = 0 };
    int  at = 8, values = 0;
    modules_visit(l, "", note, &list);
    for (int i = 0; i < list.n; i++) {
        Param *p = &list.p[i];
        at += sprintf(file + at, "%c\"%s\":{\"dtype\":\"F32\",\"shape\":[%d", i ? ',' : '{', p->name, p->shape[0]);
        if (p->ndim == 2) at += sprintf(file + at, ",%d", p->shape[1]);
        at += sprintf(file + at, "],\"data_offsets\":[%d,%d]}", values, values + bytes_of(p));
        values += bytes_of(p);
    }
    if (!list.n) file[at++] = '{';
    for (file[at++] = '}'; at & 7; at++) file[at] = ' ';
    uint64_t header = (uint64_t)at - 8;
    memcpy(file, &header, 8);
    for (int i = 0; i < list.n; i++) {
        memcpy(file + at, list.p[i].value, (size_t)bytes_of(&list.p[i]));
        at += bytes_of(&list.p[i]);
    }
    return at;
}

/* An entry as it must be is written, and looked for; only its offsets are read. */
int modules_load(Layer *l, const char *file, int size)
{
    List     list = { .n = 0 };
    long     from_byte[64];
    uint64_t header;
    if (size < 8) return MODULES_TORN;
    memcpy(&header, file, 8);
    if (header > (uint64_t)(size - 8)) return MODULES_TORN;
    char *text = malloc(header + 1);
    memcpy(text, file + 8, header);
    text[header] = 0;
    modules_visit(l, "", note, &list);
    int wrong = MODULES_LOADED;
    for (int i = 0; i < list.n && !wrong; i++) {
        char  start[128], shape[40];
        long  to;
        Param *p = &list.p[i];
        snprintf(start, sizeof start, "\"%s\":{", p->name);
        snprintf(shape, sizeof shape, p->ndim == 2 ? "\"shape\":[%d,%d]," : "\"shape\":[%d],", p->shape[0],
                 p->shape[1]);
        char *at = strstr(text, start), *end = at ? strchr(at, '}') : NULL;
        if (!end) { wrong = MODULES_MISSING; break; }
        char *s = strstr(at, shape), *o = strstr(at, "data_offsets\":[");
        if (!s || s > end) { wrong = MODULES_OTHER_SHAPE; break; }
        if (!o || sscanf(o, "data_offsets\":[%ld,%ld]", &from_byte[i], &to) != 2 || to > size - 8 - (long)header ||
            to - from_byte[i] != bytes_of(p))
            wrong = MODULES_TORN;
    }
    for (int i = 0; i < list.n && !wrong; i++)
        memcpy(list.p[i].value, file + 8 + header + from_byte[i], (size_t)bytes_of(&list.p[i]));
    free(text);
    return wrong;
}
