/* test_ops_conv.c -- convolution and pooling against plain loops over every index. With and without REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "gradcheck.h"
#ifdef _OPENMP
#include <omp.h>
#endif

TestSuite(conv, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 120);

/* ---- Convolution ---- */

static Tensor *conv(Tape *t, Tensor **in, void *ctx)
{
    const ConvArg *a = ctx;
    return op_conv2d(t, in[0], in[1], in[2], *a);
}

static Tensor *transposed(Tape *t, Tensor **in, void *ctx)
{
    const ConvArg *a = ctx;
    return op_conv2d_transpose(t, in[0], in[1], in[2], *a);
}

/* Every triple of a pixel of the larger side (what convolution reads, what its transpose writes), a weight, and a pixel
 * of the smaller side, as positions. */
typedef void Triple(void *to, int64_t large, int64_t weight, int64_t small);

static void triples(const ConvArg *a, const Tensor *large, const Tensor *w, const Tensor *small, Triple *f, void *to)
{
    const int64_t *L = large->shape, *S = small->shape, *K = w->shape;
    int64_t G = a->groups ? a->groups : 1, step[2], apart[2];
    for (int d = 0; d < 2; d++)
        step[d] = a->stride[d] ? a->stride[d] : 1, apart[d] = a->dilation[d] ? a->dilation[d] : 1;
    for (int64_t n = 0; n < S[0]; n++)
        for (int64_t o = 0; o < S[1]; o++)
            for (int64_t c = 0; c < K[1]; c++)
                for (int64_t i = 0; i < S[2]; i++)
                    for (int64_t j = 0; j < S[3]; j++)
                        for (int64_t k = 0; k < K[2]; k++)
                            for (int64_t l = 0; l < K[3]; l++) {
                                int64_t y = i * step[0] + k * apart[0] - a->pad[0];
                                int64_t x = j * step[1] + l * apart[1] - a->pad[1];
                                int64_t channel = o / (S[1] / G) * K[1] + c;
                                if (y < 0 || y >= L[2] || x < 0 || x >= L[3]) continue;
                                f(to, ((n * L[1] + channel) * L[2] + y) * L[3] + x,
                                  ((o * K[1] + c) * K[2] + k) * K[3] + l, ((n * S[1] + o) * S[2] + i) * S[3] + j);
                            }
}

typedef struct To { Sum *y, **dx; const double *dy; const Plain *p; } To;

static void at_forward(void *ctx, int64_t x, int64_t w, int64_t y)
{
    const To *to = ctx;
    add_term(&to->y[y], to->p->x[0][x] * to->p->x[1][w]);
}

static void at_backward(void *ctx, int64_t x, int64_t w, int64_t y)
{
    const To *to = ctx;
    if (to->dx[0]) add_term(&to->dx[0][x], to->dy[y] * to->p->x[1][w]);
    if (to->dx[1]) add_term(&to->dx[1][w], to->dy[y] * to->p->x[0][x]);
}

static void at_forward_transposed(void *ctx, int64_t y, int64_t w, int64_t x) { at_forward(ctx, x, w, y); }
static void at_backward_transposed(void *ctx, int64_t y, int64_t w, int64_t x) { at_backward(ctx, x, w, y); }

static int64_t channel_of(const Tensor *y, int64_t i) { return i / (y->shape[2] * y->shape[3]) % y->shape[1]; }

static void add_bias(Sum *y, const Plain *p)
{
    for (int64_t i = 0; p->x[2] && i < tensor_count(p->y); i++) add_term(&y[i], p->x[2][channel_of(p->y, i)]);
}

static void add_bias_gradient(Sum **dx, const double *dy, const Plain *p)
{
    for (int64_t i = 0; dx[2] && i < tensor_count(p->y); i++) add_term(&dx[2][channel_of(p->y, i)], dy[i]);
}

static void forward(Sum *y, const Plain *p)
{
    To to = { .y = y, .p = p };
    triples(p->ctx, p->in[0], p->in[1], p->y, at_forward, &to);
    add_bias(y, p);
}

static void backward(Sum **dx, const double *dy, const Plain *p)
{
    To to = { .dx = dx, .dy = dy, .p = p };
    triples(p->ctx, p->in[0], p->in[1], p->y, at_backward, &to);
    add_bias_gradient(dx, dy, p);
}

static void transposed_forward(Sum *y, const Plain *p)
{
    To to = { .y = y, .p = p };
    triples(p->ctx, p->y, p->in[1], p->in[0], at_forward_transposed, &to);
    add_bias(y, p);
}

static void transposed_backward(Sum **dx, const double *dy, const Plain *p)
{
    To to = { .dx = dx, .dy = dy, .p = p };
    triples(p->ctx, p->y, p->in[1], p->in[0], at_backward_transposed, &to);
    add_bias_gradient(dx, dy, p);
}

static const PlainOp plain_conv = { "conv2d", conv, forward, backward };
static const PlainOp plain_transposed = { "conv2d_transpose", transposed, transposed_forward, transposed_backward };

/* Few images and many take different ways; so do strides, and paddings wider than the kernel. */
typedef struct Case { int64_t N, C, H, W, OC, KH, KW; ConvArg arg; } Case;
static const Case cases[] = {
    { 1, 1, 1, 1, 1, 1, 1, { .groups = 1 } },
    { 2, 3, 5, 7, 4, 3, 3, { .pad = { 1, 1 } } },
    { 2, 4, 6, 5, 6, 3, 2, { .stride = { 2, 3 }, .pad = { 2, 1 } } },
    { 1, 4, 9, 8, 6, 3, 3, { .dilation = { 2, 3 }, .pad = { 1, 2 }, .groups = 2 } },
    { 3, 6, 7, 7, 6, 3, 3, { .pad = { 1, 1 }, .groups = 6 } },
    { 2, 2, 4, 4, 3, 2, 2, { .stride = { 2, 2 }, .pad = { 3, 4 } } },
    { 16, 1, 12, 12, 6, 5, 5, { .pad = { 2, 2 } } },
    { 16, 6, 8, 9, 17, 5, 5, { .groups = 1 } },
    { 14, 5, 6, 7, 7, 3, 3, { .pad = { 1, 1 } } },
    { 16, 4, 7, 9, 6, 3, 2, { .stride = { 2, 3 }, .dilation = { 2, 1 }, .pad = { 2, 1 }, .groups = 2 } },
    { 15, 3, 4, 5, 2, 1, 1, { .pad = { 2, 1 } } },
    { 16, 2, 3, 70, 3, 3, 3, { .pad = { 1, 1 } } },
    { 16, 8, 5, 6, 8, 3, 3, { .pad = { 1, 1 }, .groups = 8 } },
    { 16, 64, 3, 4, 64, 3, 3, { .pad = { 1, 1 } } },
    { 29, 3, 5, 5, 9, 2, 4, { .dilation = { 3, 1 }, .pad = { 0, 2 } } },
    { 11, 16, 5, 6, 16, 3, 3, { .stride = { 1, 2 }, .pad = { 1, 1 } } },
    { 37, 3, 4, 4, 16, 2, 3, { .pad = { 1, 1 } } },
    { 2, 16, 4, 3, 70, 3, 1, { .pad = { 1, 0 } } },
};
enum { CASES = sizeof cases / sizeof *cases };

static int64_t groups(const Case *c) { return c->arg.groups ? c->arg.groups : 1; }

Test(conv, forward_and_backward)
{
    for (int i = 0; i < CASES; i++)
        for (int layout = 0; layout < LAYOUTS; layout++) {
            const Case *c = &cases[i];
            if (layout && c->N > 3 && i != 6) continue;
            Tensor *w = laid_out(layout, SHAPE(c->OC, c->C / groups(c), c->KH, c->KW));
            PLAINCHECK(&plain_conv, (double)(c->N * c->H * c->W), &c->arg,
                       laid_out(layout, SHAPE(c->N, c->C, c->H, c->W)), w, layout < 2 ? param(SHAPE(c->OC)) : NULL);
        }
}

Test(conv, transposed)
{
    for (int i = 0; i < CASES; i++)
        for (int more = 0; more < 2; more++) {
            const Case *c = &cases[i];
            ConvArg arg = c->arg;
            for (int d = 0; d < 2; d++) { /* less padding where nothing would be left */
                int64_t in = d ? c->W : c->H, K = d ? c->KW : c->KH, step = arg.stride[d] ? arg.stride[d] : 1;
                int64_t whole = (in - 1) * step + (arg.dilation[d] ? arg.dilation[d] : 1) * (K - 1) + 1;
                while (arg.pad[d] > 0 && 2 * arg.pad[d] >= whole) arg.pad[d]--;
                if (more && (step > 1 || arg.dilation[d] > 1)) arg.more[d] = 1;
            }
            PLAINCHECK(&plain_transposed, (double)(c->N * c->H * c->W), &arg,
                       laid_out(c->N > 3 ? 0 : more, SHAPE(c->N, c->OC, c->H, c->W)),
                       param(SHAPE(c->OC, c->C / groups(c), c->KH, c->KW)), more ? NULL : param(SHAPE(c->C)));
        }
}

/* Convolution and ReLU in one are the two one after the other, to the last bit, in values and gradients; a NaN too. */
Test(conv, relu_in_one_go)
{
    for (int i = 0; i < CASES; i++) {
        const Case *c = &cases[i];
        Tensor *in[] = { param(SHAPE(c->N, c->C, c->H, c->W)), param(SHAPE(c->OC, c->C / groups(c), c->KH, c->KW)),
                         i % 2 ? param(SHAPE(c->OC)) : NULL };
        Tensor *want[4] = { 0 }, *r = NULL;
        tensor_set(in[0], 0, NAN);
        for (int fused = 0; fused < 2; fused++) {
            for (int k = 0; k < 3; k++)
                if (in[k]) tensor_drop_grad(in[k]);
            Tensor *y = fused ? op_conv2d_relu(tape, in[0], in[1], in[2], c->arg)
                              : op_relu(tape, op_conv2d(tape, in[0], in[1], in[2], c->arg));
            tape_keep(y);
            if (!r) r = constant(SHAPE(y->shape[0], y->shape[1], y->shape[2], y->shape[3]));
            tape_backward(tape, op_sum(tape, op_mul(tape, y, r), 15));
            for (int k = 0; k < 4; k++) {
                Tensor *got = k == 3 ? y : in[k] ? in[k]->grad : NULL;
                if (fused && got) cr_assert_arr_eq(got->data, want[k]->data, tensor_bytes(got), "%d, tensor %d", i, k);
                else if (got) want[k] = k == 3 ? y : op_contiguous(tape, op_scale(tape, got, 1));
            }
        }
    }
}

/* Without a gradient wanted of the images, the weights' is the same; and the other way round. */
Test(conv, only_what_is_wanted)
{
    Tensor *x = param(SHAPE(3, 2, 6, 5)), *w = param(SHAPE(4, 2, 3, 3));
    tape_backward(tape, op_sum(tape, op_conv2d(tape, x, w, NULL, (ConvArg){ .pad = { 1, 1 } }), 15));
    Tensor *dx = op_contiguous(tape, x->grad), *dw = op_contiguous(tape, w->grad);
    for (int k = 0; k < 2; k++) {
        tensor_drop_grad(x), tensor_drop_grad(w);
        x->needs_grad = k, w->needs_grad = !k;
        tape_backward(tape, op_sum(tape, op_conv2d(tape, x, w, NULL, (ConvArg){ .pad = { 1, 1 } }), 15));
        Tensor *got = k ? x->grad : w->grad, *want = k ? dx : dw;
        cr_assert(!(k ? w : x)->grad);
        for (int64_t i = 0; i < tensor_count(want); i++)
            expect("gradient", i, tensor_get(got, i), tensor_get(want, i), 0);
    }
}

/* One NaN reaches the nine pixels around it, in its own image, and nothing else; many images and few. */
Test(conv, nan_goes_as_far_as_the_kernel)
{
    for (int N = 2; N < 40; N += 30) {
        Tensor *x = constant(SHAPE(N, 2, 6, 6)), *w = constant(SHAPE(3, 2, 3, 3));
        tensor_set(x, (1 * 2 + 1) * 36 + 2 * 6 + 3, NAN);
        Tensor *y = op_conv2d(tape, x, w, NULL, (ConvArg){ .pad = { 1, 1 } });
        for (int64_t i = 0; i < tensor_count(y); i++) {
            int64_t n = i / 108, row = i / 6 % 6, column = i % 6;
            bool near = n == 1 && row >= 1 && row <= 3 && column >= 2 && column <= 4;
            cr_assert_eq((bool)isnan(tensor_get(y, i)), near, "of %d images, pixel %lld", N, (long long)i);
        }
    }
}

Test(conv, no_images)
{
    Tensor *x = param(SHAPE(0, 2, 6, 6)), *w = param(SHAPE(3, 2, 3, 3));
    Tensor *y = op_conv2d(tape, x, w, NULL, (ConvArg){ 0 });
    expect_shape(y, SHAPE(0, 3, 4, 4));
    tape_backward(tape, op_sum(tape, y, 15));
    for (int64_t i = 0; i < tensor_count(w); i++) expect("dw", i, tensor_get(w->grad, i), 0, 0);
}

/* ---- Pools ---- */

typedef struct Pool { PoolArg arg; bool max; } Pool;

static Tensor *pool(Tape *t, Tensor **in, void *ctx)
{
    const Pool *p = ctx;
    return p->max ? op_max_pool2d(t, in[0], p->arg) : op_avg_pool2d(t, in[0], p->arg);
}

static int64_t best_of(const Pool *pool, const Tensor *x, const Tensor *y, const double *v, int64_t at, Sum *sum,
                       Sum *dx, double dy)
{
    const int *K = pool->arg.kernel, *P = pool->arg.pad;
    int64_t image = at / (y->shape[2] * y->shape[3]), best = -1;
    for (int k = 0; k < K[0]; k++)
        for (int l = 0; l < K[1]; l++) {
            int64_t i = at / y->shape[3] % y->shape[2] * (pool->arg.stride[0] ? pool->arg.stride[0] : K[0]) + k - P[0];
            int64_t j = at % y->shape[3] * (pool->arg.stride[1] ? pool->arg.stride[1] : K[1]) + l - P[1];
            if (i < 0 || i >= x->shape[2] || j < 0 || j >= x->shape[3]) continue;
            int64_t in = (image * x->shape[2] + i) * x->shape[3] + j;
            if (best < 0 || v[in] > v[best]) best = in;
            if (sum) add_term(sum, v[in] / (K[0] * K[1]));
            if (dx) add_term(&dx[in], dy / (K[0] * K[1]));
        }
    return best;
}

static void pool_forward(Sum *y, const Plain *p)
{
    const Pool *pool = p->ctx;
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        int64_t best = best_of(pool, p->in[0], p->y, p->x[0], i, pool->max ? NULL : &y[i], NULL, 0);
        if (pool->max) y[i].value = p->x[0][best]; /* of size 0: exactly */
    }
}

static void pool_backward(Sum **dx, const double *dy, const Plain *p)
{
    const Pool *pool = p->ctx;
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        int64_t best = best_of(pool, p->in[0], p->y, p->x[0], i, NULL, pool->max ? NULL : dx[0], dy[i]);
        if (pool->max) add_term(&dx[0][best], dy[i]);
    }
}

static const PlainOp plain_pool = { "pool2d", pool, pool_forward, pool_backward };

Test(conv, pools)
{
    const PoolArg args[] = { { .kernel = { 2, 2 } }, { .kernel = { 3, 2 }, .stride = { 1, 2 } },
                             { .kernel = { 3, 3 }, .stride = { 2, 2 }, .pad = { 1, 1 } }, { .kernel = { 1, 1 } },
                             { .kernel = { 4, 5 }, .stride = { 3, 1 }, .pad = { 2, 1 } } };
    for (size_t a = 0; a < sizeof args / sizeof *args; a++)
        for (int max = 0; max < 2; max++)
            for (int layout = 0; layout < LAYOUTS; layout++) {
                Pool p = { args[a], max };
                PLAINCHECK(&plain_pool, 20, &p, laid_out(layout, SHAPE(2, 3, 7, 9)));
                PLAINCHECK(&plain_pool, 20, &p, laid_out(layout, SHAPE(1, 1, 28, 37)));
            }
}

static Tensor *global_pool(Tape *t, Tensor **in, void *ctx) { return (void)ctx, op_global_avg_pool2d(t, in[0]); }

static void global_forward(Sum *y, const Plain *p)
{
    int64_t S = p->in[0]->shape[2] * p->in[0]->shape[3];
    for (int64_t i = 0; i < tensor_count(p->in[0]); i++) add_term(&y[i / S], p->x[0][i] / (double)S);
}

static void global_backward(Sum **dx, const double *dy, const Plain *p)
{
    int64_t S = p->in[0]->shape[2] * p->in[0]->shape[3];
    for (int64_t i = 0; i < tensor_count(p->in[0]); i++) add_term(&dx[0][i], dy[i / S] / (double)S);
}

static const PlainOp plain_global = { "global_avg_pool2d", global_pool, global_forward, global_backward };

Test(conv, global_average)
{
    for (int layout = 0; layout < LAYOUTS; layout++) {
        PLAINCHECK(&plain_global, 63, NULL, laid_out(layout, SHAPE(2, 3, 7, 9)));
        PLAINCHECK(&plain_global, 1, NULL, laid_out(layout, SHAPE(2, 3, 1, 1)));
    }
}

/* The first of equals has the gradient; NaN wins, and has the gradient too. */
Test(conv, which_maximum)
{
    Tensor *x = op_reshape(tape, NUMBERS(1, 1, 3, NAN, /**/ 1, 1, 5, 9), SHAPE(1, 1, 2, 4));
    x->needs_grad = tensor_root(x)->needs_grad = true;
    Tensor *y = tape_keep(op_max_pool2d(tape, x, (PoolArg){ .kernel = { 2, 2 } }));
    tape_backward(tape, op_sum(tape, y, 15));
    EXPECT_VALUES(y, 1, NAN);
    Tensor *dx = tape_grad(tape, x);
    EXPECT_VALUES(dx, 1, 0, 0, 1, 0, 0, 0, 0);
    Tensor *low = op_fill(tape, constant(SHAPE(1, 1, 2, 2)), -INFINITY);
    Tensor *padded = op_max_pool2d(tape, low, (PoolArg){ .kernel = { 2, 2 }, .stride = { 1, 1 }, .pad = { 1, 1 } });
    for (int i = 0; i < 9; i++) expect("all -inf", i, tensor_get(padded, i), -INFINITY, 0);
}

#ifdef _OPENMP
Test(conv, the_number_of_threads_changes_nothing)
{
    const ConvArg arg = { .pad = { 1, 1 } };
    const Case sizes[] = { { 3, 6, 30, 33, 20, 3, 3, arg }, { 48, 6, 30, 33, 20, 3, 3, arg },
                           { 1, 16, 32, 32, 64, 3, 3, arg }, { 27, 16, 16, 14, 32, 3, 3, arg } };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const Case *c = &sizes[s];
        Tensor *x = param(SHAPE(c->N, c->C, c->H, c->W));
        Tensor *w = param(SHAPE(c->OC, c->C, 3, 3)), *b = param(SHAPE(c->OC));
        Tensor *r = constant(SHAPE(c->N, c->OC, c->H / 2, c->W / 2)), *last[5] = { 0 };
        for (int threads = 1; threads <= 3; threads++) {
            omp_set_num_threads(threads);
            tensor_drop_grad(x), tensor_drop_grad(w), tensor_drop_grad(b);
            Tensor *y = tape_keep(op_conv2d(tape, x, w, b, arg));
            Tensor *z = tape_keep(op_max_pool2d(tape, y, (PoolArg){ .kernel = { 2, 2 } }));
            tape_backward(tape, op_sum(tape, op_mul(tape, z, r), 15));
            Tensor *now[] = { y, z, x->grad, w->grad, b->grad };
            for (int i = 0; i < 5; i++) {
                if (last[i])
                    cr_assert_arr_eq(now[i]->data, last[i]->data, tensor_bytes(now[i]), "case %zu, tensor %d", s, i);
                last[i] = i < 2 ? now[i] : op_contiguous(tape, now[i]);
            }
        }
    }
}
#endif

/* ---- Refusals ---- */

static void conv_of_other_channels(void)
{
    op_conv2d(tape, param(SHAPE(1, 3, 4, 4)), param(SHAPE(2, 4, 3, 3)), NULL, (ConvArg){ 0 });
}
static void conv_in_odd_groups(void)
{
    op_conv2d(tape, param(SHAPE(1, 4, 4, 4)), param(SHAPE(3, 2, 3, 3)), NULL, (ConvArg){ .groups = 2 });
}
static void conv_of_a_row(void) { op_conv2d(tape, param(SHAPE(3, 4)), param(SHAPE(2, 4, 3, 3)), NULL, (ConvArg){ 0 }); }
static void conv_beyond(void)
{
    op_conv2d(tape, param(SHAPE(1, 3, 4, 2)), param(SHAPE(2, 3, 3, 3)), NULL, (ConvArg){ 0 });
}
static void conv_with_wrong_bias(void)
{
    op_conv2d(tape, param(SHAPE(1, 3, 4, 4)), param(SHAPE(2, 3, 3, 3)), param(SHAPE(3)), (ConvArg){ 0 });
}
static void conv_backwards(void)
{
    op_conv2d(tape, param(SHAPE(1, 3, 4, 4)), param(SHAPE(2, 3, 3, 3)), NULL, (ConvArg){ .stride = { -1, 1 } });
}
static void transpose_with_more(void)
{
    op_conv2d_transpose(tape, param(SHAPE(1, 2, 4, 4)), param(SHAPE(2, 3, 3, 3)), NULL, (ConvArg){ .more = { 1, 0 } });
}
static void transpose_to_nothing(void)
{
    op_conv2d_transpose(tape, param(SHAPE(1, 2, 1, 1)), param(SHAPE(2, 3, 1, 1)), NULL, (ConvArg){ .pad = { 1, 1 } });
}
static void pool_beyond(void) { op_max_pool2d(tape, param(SHAPE(1, 1, 3, 3)), (PoolArg){ .kernel = { 4, 2 } }); }
static void pool_padded_out(void)
{
    op_max_pool2d(tape, param(SHAPE(1, 1, 3, 3)), (PoolArg){ .kernel = { 2, 2 }, .pad = { 2, 0 } });
}
static void pool_of_nothing(void) { op_avg_pool2d(tape, param(SHAPE(1, 1, 3, 3)), (PoolArg){ .stride = { 1, 1 } }); }
static void global_of_rows(void) { op_global_avg_pool2d(tape, param(SHAPE(3, 3))); }

Test(conv, refusals)
{
    expect_refusal(conv_of_other_channels, "conv2d: 3 channels in 1 groups do not go with the weight: f");
    expect_refusal(conv_in_odd_groups, "conv2d: 4 channels in 2 groups do not go with the weight: f");
    expect_refusal(conv_of_a_row, "conv2d: needs images (N,C,H,W) and a weight (OC,C/groups,KH,KW): f");
    expect_refusal(conv_beyond, "conv2d: the kernel reaches beyond the image: f");
    expect_refusal(conv_with_wrong_bias, "conv2d: the bias must have one number a channel of the output: f");
    expect_refusal(conv_backwards, "conv2d: stride and dilation must be 1 or more, padding 0 or more");
    expect_refusal(transpose_with_more, "conv2d_transpose: `more` must be less than the stride or the dilation: f");
    expect_refusal(transpose_to_nothing, "conv2d_transpose: nothing is left of the image: f");
    expect_refusal(pool_beyond, "max_pool2d: the kernel reaches beyond the image: f");
    expect_refusal(pool_padded_out, "max_pool2d: padding must be at most half the kernel: f");
    expect_refusal(pool_of_nothing, "avg_pool2d: the kernel must have a pixel, strides and padding no less than 0: f");
    expect_refusal(global_of_rows, "global_avg_pool2d: needs images (N,C,H,W): f");
}
