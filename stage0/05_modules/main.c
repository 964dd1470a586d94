/* main.c -- a net of layers as objects learns digits, is saved, and comes back from the file, by two readers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "checkpoint.h"
#include "data.h"
#include "file.h"
#include "modules.h"
#include "program.h"
#include "rng.h"

typedef struct Options { int epochs, batch; double rate; } Options;

static const Flag flags[] = {
    { "epochs", FLAG_INT, offsetof(Options, epochs), "60", "12", "200", "passes over the pictures" },
    { "batch", FLAG_INT, offsetof(Options, batch), "32", NULL, NULL, "pictures a step" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "0.05", NULL, NULL, "of gradient descent" },
    { 0 },
};

enum { HIDDEN = 32, CLASSES = 10, MOST = 1024 };

/* ---- The net: linear, PReLU, a residual with linear, PReLU and dropout inside, linear ---------------------------- */

typedef struct Net {
    LinearLayer     first, inner, last;
    PreluLayer      bend, inner_bend;
    DropoutLayer    drop;
    SequentialLayer inside, whole;
    ResidualLayer   residual;
} Net;

static float *numbers(Arena *a, int64_t n)
{
    float *p = arena_alloc(a, DEV_CPU, (size_t)n * sizeof *p, "net");
    memset(p, 0, (size_t)n * sizeof *p);
    return p;
}

static void linear(LinearLayer *l, Arena *a, Rng *rng, int in, int out)
{
    modules_linear(l, numbers(a, 2 * ((int64_t)out * in + out)), in, out);
    for (int i = 0; i < out * in; i++) l->w[i] = (float)(rng_normal(rng) * sqrt(2.0 / in));
}

static Net *build(Arena *a, Rng *rng, int in)
{
    Net *n = arena_alloc(a, DEV_CPU, sizeof *n, "net");
    linear(&n->first, a, rng, in, HIDDEN), linear(&n->inner, a, rng, HIDDEN, HIDDEN);
    linear(&n->last, a, rng, HIDDEN, CLASSES);
    modules_prelu(&n->bend, numbers(a, 2 * HIDDEN), HIDDEN);
    modules_prelu(&n->inner_bend, numbers(a, 2 * HIDDEN), HIDDEN);
    modules_dropout(&n->drop, arena_alloc(a, DEV_CPU, MOST * HIDDEN, "net"), HIDDEN, 0.3f, rng_u32(rng));
    Layer *inside[] = { &n->inner.layer, &n->inner_bend.layer, &n->drop.layer };
    modules_sequential(&n->inside, inside, 3, numbers(a, 2 * MOST * HIDDEN), numbers(a, 2 * MOST * HIDDEN));
    modules_residual(&n->residual, &n->inside.layer);
    Layer  *whole[] = { &n->first.layer, &n->bend.layer, &n->residual.layer, &n->last.layer };
    int64_t widest = in > HIDDEN ? in : HIDDEN;
    modules_sequential(&n->whole, whole, 4, numbers(a, 3 * MOST * widest), numbers(a, 2 * MOST * widest));
    return n;
}

/* ---- Learning ---------------------------------------------------------------------------------------------------- */

/* Cross-entropy's mean over the rows, and how many are right; dy, unless NULL, becomes its gradient. */
static double judge(float *dy, const float *y, const int32_t *label, int N, int *right)
{
    double loss = 0;
    for (int n = 0; n < N; n++) {
        const float *row = y + n * CLASSES;
        int          best = 0;
        double       sum = 0;
        for (int k = 1; k < CLASSES; k++)
            if (row[k] > row[best]) best = k;
        for (int k = 0; k < CLASSES; k++) sum += exp((double)row[k] - row[best]);
        for (int k = 0; k < CLASSES && dy; k++)
            dy[n * CLASSES + k] = (float)((exp((double)row[k] - row[best]) / sum - (k == label[n])) / N);
        loss += log(sum) + row[best] - row[label[n]];
        *right += best == label[n];
    }
    return loss / N;
}

/* The loss over rows from .. to - 1, as the net is: training or in use. */
static double measure(Net *net, const Dataset *d, int64_t from, int64_t to, int *right)
{
    static float y[MOST * CLASSES];
    double       loss = 0;
    *right = 0;
    for (int64_t i = from; i < to; i += MOST) {
        int N = (int)(to - i < MOST ? to - i : MOST);
        modules_forward(&net->whole.layer, y, (const float *)d->x->data + i * d->x->shape[1], N);
        loss += N * judge(NULL, y, (const int32_t *)d->y->data + i, N, right);
    }
    return loss / (double)(to - from);
}

static void learn(Net *net, const Dataset *d, Rng *rng, Arena *a, const Options *o)
{
    static float y[MOST * CLASSES], dy[MOST * CLASSES];
    int          in = (int)d->x->shape[1], N = (int)d->train, right = 0;
    float       *x = numbers(a, (int64_t)o->batch * in), *dx = numbers(a, (int64_t)o->batch * in);
    int32_t      label[MOST];
    for (int step = 0; step < N / o->batch; step++) {
        for (int b = 0; b < o->batch; b++) {
            int64_t i = rng_below(rng, N);
            memcpy(x + b * in, (const float *)d->x->data + i * in, (size_t)in * sizeof *x);
            label[b] = ((const int32_t *)d->y->data)[i];
        }
        modules_forward(&net->whole.layer, y, x, o->batch);
        judge(dy, y, label, o->batch, &right);
        modules_backward(&net->whole.layer, dx, dy, o->batch);
        modules_descend(&net->whole.layer, (float)o->rate);
    }
}

static const char *draw(Program *program, Net *net, const Dataset *d, Rng *rng, const Options *o)
{
    Plot *plot = program_plot(program, "modes",
                              (PlotArg){ .title = "the same weights, training and in use",
                                         .x = "epoch",
                                         .y = "loss over the pictures to learn from",
                                         .log_y = true,
                                         .caption = "While training, dropout removes three of ten numbers: that is not "
                                                    "the loss of the net in use." });
    int right;
    for (int e = 1; e <= o->epochs && !program->stopped; e++) {
        Arena *step = arena_new("an epoch");
        modules_train(&net->whole.layer, true);
        learn(net, d, rng, step, o);
        plot_point(plot, "training", e, measure(net, d, 0, d->train, &right));
        modules_train(&net->whole.layer, false);
        plot_point(plot, "in use", e, measure(net, d, 0, d->train, &right));
        arena_free(step);
        program_progress(program, e, o->epochs, "epochs");
    }
    return plot_done(plot);
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static void print_param(void *ctx, const Param *p)
{
    (void)ctx;
    printf("  %-26s", p->name);
    if (p->ndim == 2) printf("(%d,%d)\n", p->shape[0], p->shape[1]);
    else printf("(%d)\n", p->shape[0]);
}

static const char *write_whole(const char *path, const char *file, int size)
{
    FileWriter  w;
    const char *wrong = file_open(&w, path);
    if (wrong) return wrong;
    fwrite(file, 1, (size_t)size, w.f);
    return file_close(&w, true);
}

typedef struct Compared { const NnParams *read; int differ; } Compared;

/* What the library's reader found under that name. */
static void compare(void *ctx, const Param *p)
{
    Compared *c = ctx;
    for (int i = 0; i < c->read->n; i++) {
        const Tensor *t = c->read->item[i].tensor;
        if (strcmp(c->read->item[i].name, p->name)) continue;
        c->differ += t->ndim != p->ndim || memcmp(t->data, p->value, tensor_bytes(t)) != 0;
        return;
    }
    c->differ++;
}

int main(int argc, char **argv)
{
    Options  o;
    Dataset  d;
    int      right, again;
    Program *program = program_start(argc, argv, "modules", "a net of layers as objects learns digits", flags, &o);
    Arena   *a = arena_new("modules");
    Rng      rng = rng_new(program->seed);
    if (o.batch < 1 || o.batch > MOST) program_try(program, sentence("--batch is 1 to %d", MOST));
    program_try(program, data_load(a, "digits", F32, &d));
    Net *net = build(a, &rng, (int)d.x->shape[1]), *other = build(a, &rng, (int)d.x->shape[1]);
    printf("%s; %d numbers to learn:\n", d.from, modules_count(&net->whole.layer));
    modules_visit(&net->whole.layer, "", print_param, NULL);
    program_try(program, draw(program, net, &d, &rng, &o));

    modules_train(&net->whole.layer, true);
    double training = measure(net, &d, d.train, d.x->shape[0], &right);
    modules_train(&net->whole.layer, false);
    double use = measure(net, &d, d.train, d.x->shape[0], &right);
    double share = (double)right / (double)(d.x->shape[0] - d.train);
    printf("\nunseen pictures: loss %.3f while training, %.3f in use; %d of %lld right\n", training, use, right,
           (long long)(d.x->shape[0] - d.train));

    char       *file = arena_alloc(a, DEV_CPU, (size_t)modules_room(&net->whole.layer), "file");
    int         size = modules_save(file, &net->whole.layer);
    const char *path = sentence("%s/digits.safetensors", program->out);
    FileBytes   read;
    NnParams    found;
    program_try(program, write_whole(path, file, size));
    program_try(program, file_read(path, &read));
    int how = modules_load(&other->whole.layer, (const char *)read.data, (int)read.size);
    modules_train(&other->whole.layer, false);
    double loaded = measure(other, &d, d.train, d.x->shape[0], &again);
    printf("%s: %d bytes; read into a new net: code %d, loss %.3f, %d right\n", path, size, how, loaded, again);
    program_try(program, checkpoint_read(a, path, &found));
    Compared c = { .read = &found };
    modules_visit(&net->whole.layer, "", compare, &c);
    printf("read by the library: %d tensors, %d differ\n\n", found.n, c.differ);
    free(read.data);
    program_promise(program, "share of unseen digits right", share, ">=", program->quick ? 0.90 : 0.93);
    program_promise(program, "loss after loading, off by", fabs(loaded - use), "<=", 0);
    program_promise(program, "tensors that the library reads otherwise", c.differ + (found.n != 8), "<=", 0);
    arena_free(a);
    return program_end(program);
}
