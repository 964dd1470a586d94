/* gradcheck.c -- is the value right, and is the gradient its slope? */
#define _GNU_SOURCE
#include "gradcheck.h"
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

Arena *model;
Tape  *tape;

/* ---- Inputs ---- */

static uint64_t seed(void)
{
    const char *s = getenv("SEED");
    return s && *s ? strtoull(s, NULL, 10) : 1;
}

static uint64_t state;

double uniform(double low, double high) /* SplitMix64: the library's own generator is tested elsewhere */
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return low + (high - low) * (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static void soil(Arena *a)
{
    enum { BYTES = 1 << 19 };
    memset(arena_alloc(a, DEV_CPU, BYTES, "soil"), 0xff, BYTES);
    arena_reset(a);
}

void gradcheck_begin(void)
{
    state = seed();
    model = arena_new("model");
    tape = tape_new("step");
    soil(model);
    soil(tape_arena(tape));
}

void gradcheck_end(void)
{
    tape_free(tape);
    arena_free(model);
}

Tensor *constant(int ndim, const int64_t *shape)
{
    Tensor *x = tensor_new(model, DEV_CPU, REAL, ndim, shape);
    for (int64_t i = 0; i < tensor_count(x); i++)
        tensor_set(x, i, uniform(0.1, 1) * (uniform(0, 1) < 0.5 ? -1 : 1)); /* away from 0: of kinks and poles */
    return x;
}

Tensor *param(int ndim, const int64_t *shape)
{
    Tensor *x = constant(ndim, shape);
    x->needs_grad = true;
    return x;
}

Tensor *targets(int64_t N, int64_t C)
{
    Tensor *x = tensor_new(model, DEV_CPU, I32, SHAPE(N));
    for (int64_t i = 0; i < N; i++) tensor_set(x, i, floor(uniform(0, (double)C)));
    return x;
}

Tensor *numbers(int n, const double *value)
{
    Tensor *x = tensor_new(model, DEV_CPU, REAL, SHAPE(n));
    for (int i = 0; i < n; i++) tensor_set(x, i, value[i]);
    return x;
}

Tensor *laid_out(int layout, int ndim, const int64_t *shape)
{
    int64_t s[MAX_DIMS];
    memcpy(s, shape, (size_t)ndim * sizeof *s);
    if (layout == 1 && ndim >= 2) {
        s[ndim - 1] = shape[ndim - 2], s[ndim - 2] = shape[ndim - 1];
        return op_transpose(tape, param(ndim, s), ndim - 1, ndim - 2);
    }
    if (layout == 2 && ndim >= 1) {
        s[ndim - 1] += 3;
        return op_slice(tape, param(ndim, s), ndim - 1, 1, 1 + shape[ndim - 1]);
    }
    return param(ndim, shape);
}

/* ---- Expectations ---- */

double epsilon(void) { return sizeof(real) == 8 ? DBL_EPSILON : FLT_EPSILON; }

void expect(const char *what, int64_t i, double got, double want, double tolerance)
{
    bool same = got == want || (got != got && want != want);
    cr_assert(same || fabs(got - want) <= tolerance,
              "%s, element %lld: got %.9g, want %.9g, at most %.2g apart. SEED=%llu", what, (long long)i, got, want,
              tolerance, (unsigned long long)seed());
}

void expect_shape(const Tensor *x, int ndim, const int64_t *shape)
{
    Tensor want = { .dtype = x->dtype };
    tensor_set_shape(&want, ndim, shape);
    cr_assert(tensor_same_shape(x, &want), "got %s, want %s", tensor_text(x).s, tensor_text(&want).s);
}

void expect_values(const char *what, const Tensor *x, int n, const double *want)
{
    cr_assert_eq(tensor_count(x), n, "%s: %lld elements, not %d", what, (long long)tensor_count(x), n);
    for (int i = 0; i < n; i++) expect(what, i, tensor_get(x, i), want[i], 0);
}

void expect_refusal(void (*f)(void), const char *says)
{
    char said[8192] = "";
    int fd[2], status;
    cr_assert_eq(pipe(fd), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(fd[1], STDERR_FILENO);
        close(fd[0]);
        f();
        _exit(0);
    }
    close(fd[1]);
    for (size_t n = 0; n < sizeof said - 1;) {
        ssize_t got = read(fd[0], said + n, sizeof said - 1 - n);
        if (got <= 0) break;
        n += (size_t)got;
    }
    close(fd[0]);
    waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "did not refuse; it said: %s", said);
    cr_assert(strstr(said, says), "wanted: %s\ngot: %s", says, said);
}

/* ---- A function against its own differences ---- */

/* A weight per output element: summing them alone would hide errors that cancel, as softmax's do. */
static double *weights(int64_t N)
{
    double *r = malloc((size_t)N * sizeof *r + 1);
    for (int64_t i = 0; i < N; i++) r[i] = (double)(real)uniform(-1, 1);
    return r;
}

/* Backward from y with gradient r. */
static void play(Tensor *y, const double *r)
{
    Tensor *root = tensor_root(y);
    root->grad = tensor_new(root->arena, DEV_CPU, REAL, root->ndim, root->shape);
    for (int64_t i = 0; i < tensor_count(root); i++) tensor_set(root->grad, i, 0);
    Tensor *g = tape_grad(tape, y);
    for (int64_t i = 0; i < tensor_count(y); i++) tensor_set(g, i, r[i]);
    tape_backward(tape, y);
}

static double weighed(Function *f, Tensor **in, void *ctx, const double *r, const double *from, double *keep)
{
    bool was = tape_record(tape, false);
    Tensor *y = f(tape, in, ctx);
    double sum = 0;
    for (int64_t i = 0; i < tensor_count(y); i++) {
        double v = tensor_get(y, i);
        if (keep) keep[i] = v;
        if (from) sum += r[i] * (v - from[i]);
    }
    tape_record(tape, was);
    return sum;
}

void gradcheck(Function *f, Tensor **in, int n_in, void *ctx)
{
    const double h = cbrt(epsilon()), tolerance = 100 * h * h; /* where h^2 meets epsilon / h */
    Tensor *y = f(tape, in, ctx);
    int64_t N = tensor_count(y);
    double *r = weights(N), *up = malloc((size_t)N * sizeof *up + 1);
    for (int i = 0; i < n_in; i++)
        if (in[i]) tensor_drop_grad(in[i]);
    play(y, r);
    for (int i = 0; i < n_in; i++) {
        if (!tensor_wants_grad(in[i])) continue;
        cr_assert(in[i]->grad, "no gradient reached input %d, %s", i, tensor_text(in[i]).s);
        for (int64_t j = 0; j < tensor_count(in[i]); j++) {
            double was = tensor_get(in[i], j);
            tensor_set(in[i], j, was - h);
            double below = tensor_get(in[i], j); /* as it was rounded */
            weighed(f, in, ctx, r, NULL, up);
            tensor_set(in[i], j, was + h);
            double slope = weighed(f, in, ctx, r, up, NULL) / (tensor_get(in[i], j) - below);
            tensor_set(in[i], j, was);
            expect("gradient", j, tensor_get(in[i]->grad, j), slope, tolerance * (1 + fabs(slope)));
        }
    }
    free(r), free(up);
}

/* ---- An op against a plain version in double ---- */

void add_sized(Sum *s, double term, double size)
{
    s->value += term;
    size = fmax(size, fabs(s->value)); /* every partial sum is rounded too */
    if (!(size <= s->size)) s->size = size;
}

void add_term(Sum *s, double term) { add_sized(s, term, fabs(term)); }

static Sum *sums(int64_t n) { return calloc((size_t)n + 1, sizeof(Sum)); }

/* The plain backward against central differences of the plain forward, at a few elements of each input. */
static void check_plain(const PlainOp *op, const Plain *p, Sum *const *dx, const double *r)
{
    int64_t N = tensor_count(p->y), few = N < 1000 ? 12 : 1;
    const double h = cbrt(DBL_EPSILON);
    for (int i = 0; i < p->n_in; i++) {
        int64_t M = dx[i] ? tensor_count(p->in[i]) : 0;
        for (int64_t k = 0; k < M && k < few; k++) {
            int64_t j = M <= few ? k : (int64_t)uniform(0, (double)M);
            Sum *up = sums(N), *down = sums(N);
            double was = p->x[i][j], slope = 0;
            p->x[i][j] = was + h, op->forward(up, p);
            p->x[i][j] = was - h, op->forward(down, p);
            p->x[i][j] = was;
            for (int64_t n = 0; n < N; n++) slope += r[n] * (up[n].value - down[n].value) / (2 * h);
            expect(op->name, j, dx[i][j].value, slope, 1e-6 * (1 + fabs(slope)));
            free(up), free(down);
        }
    }
}

void plaincheck(const PlainOp *op, double K, Tensor **in, int n_in, const void *ctx)
{
    /* In double the plain version rounds as much as the op. */
    const double unit = 4 * sqrt(K) * epsilon() * (sizeof(real) == 8 ? 2 : 1);
    const double smallest = 4 * (sizeof(real) == 8 ? DBL_TRUE_MIN : FLT_TRUE_MIN);
    Plain p = { .in = in, .n_in = n_in, .ctx = ctx };
    Sum *dx[MAX_IN] = { 0 };
    char what[160];
    for (int i = 0; i < n_in; i++) {
        if (!in[i]) continue;
        int64_t M = tensor_count(in[i]);
        p.x[i] = malloc((size_t)M * sizeof(double) + 1);
        for (int64_t j = 0; j < M; j++) p.x[i][j] = tensor_get(in[i], j);
        if (tensor_wants_grad(in[i])) dx[i] = sums(M), tensor_drop_grad(in[i]);
    }
    p.y = tape_keep(op->op(tape, in, (void *)(uintptr_t)ctx));
    int64_t N = tensor_count(p.y);
    Sum *y = sums(N);
    double *r = weights(N);
    op->forward(y, &p);
    snprintf(what, sizeof what, "%s%s", op->name, tensor_text(in[0]).s);
    for (int64_t n = 0; n < N; n++) expect(what, n, tensor_get(p.y, n), y[n].value, unit * y[n].size + smallest);

    op->backward(dx, r, &p);
    check_plain(op, &p, dx, r);
    play(p.y, r);
    for (int i = 0; i < n_in; i++) {
        Tensor *g = dx[i] ? tape_grad(tape, in[i]) : NULL;
        cr_assert(!dx[i] || g || N == 0, "%s: no gradient reached input %d", op->name, i);
        snprintf(what, sizeof what, "%s: gradient of input %d, %s", op->name, i, in[i] ? tensor_text(in[i]).s : "none");
        for (int64_t j = 0; g && j < tensor_count(g); j++)
            expect(what, j, tensor_get(g, j), dx[i][j].value, unit * dx[i][j].size + smallest);
        free(dx[i]);
        free(p.x[i]);
    }
    free(y), free(r);
}
