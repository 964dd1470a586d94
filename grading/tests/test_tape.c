/* test_tape.c -- what the tape promises: gradients, memory, refusals, replacement. Built with and without REAL64. */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "gradcheck.h"

TestSuite(tape, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 60);

static real *values(const Tensor *x) { return x->data; }
static Tensor *sum(Tape *t, Tensor *x) { return op_sum_to(t, x, SHAPE(1)); }

/* ---- Gradients through every kind of graph ---- */

static Tensor *views(Tape *t, Tensor **in, void *ctx) /* a strided view, read by an op that wants it contiguous */
{
    (void)ctx;
    Tensor *x = op_transpose(t, op_slice(t, in[0], 1, 1, 3), 0, 2); /* (2,3,4) -> (4,2,2) */
    Tensor *y = op_gelu(t, op_reshape(t, x, SHAPE(8, 2)));
    return op_add(t, y, op_reshape(t, x, SHAPE(8, 2)));
}

static Tensor *diamond(Tape *t, Tensor **in, void *ctx)
{
    (void)ctx;
    Tensor *h = op_gelu(t, in[0]), *g = op_add(t, h, h);
    return op_add(t, op_matmul(t, h, g), op_add(t, g, in[0]));
}

static Tensor *overlapping(Tape *t, Tensor **in, void *ctx) /* views of one tensor that share elements */
{
    (void)ctx;
    Tensor *h = op_gelu(t, in[0]);
    return op_mul(t, op_slice(t, h, 0, 0, 3), op_mul(t, op_slice(t, h, 0, 1, 4), op_slice(t, h, 0, 2, 5)));
}

static Tensor *written(Tape *t, Tensor **in, void *ctx) /* in place, with a backward: rows of a buffer */
{
    (void)ctx;
    Tensor *buffer = op_add(t, in[0], in[0]), *before = op_scale(t, buffer, 3);
    for (int i = 0; i < 2; i++) op_copy_into(t, op_slice(t, buffer, 0, i, i + 1), op_slice(t, in[1], 0, i, i + 1));
    return op_add(t, op_mul(t, before, buffer), op_gelu(t, buffer));
}

Test(tape, gradients_of_views_diamonds_and_writes)
{
    GRADCHECK(views, NULL, param(SHAPE(2, 3, 4)));
    GRADCHECK(diamond, NULL, param(SHAPE(3, 3)));
    GRADCHECK(overlapping, NULL, param(SHAPE(5, 2)));
    GRADCHECK(written, NULL, param(SHAPE(3, 4)), param(SHAPE(2, 4)));
}

/* An op from outside the library. Its backward hands one gradient on three times, though the first may take it. */
static void add3(Tape *t, Node *n)
{
    (void)t;
    for (int64_t i = 0; i < tensor_count(n->out[0]); i++)
        values(n->out[0])[i] = values(n->in[0])[i] + values(n->in[1])[i] + values(n->in[2])[i];
}
static void add3_backward(Tape *t, Node *n)
{
    for (int i = 0; i < 3; i++) tape_add_grad(t, n->in[i], n->out[0]->grad);
}

Test(tape, one_gradient_for_three_inputs)
{
    static const Op op = { .name = "add3", .dtypes = 1u << REAL, .shape = same_shape, .forward = { [DEV_CPU] = add3 },
                           .backward = add3_backward };
    Tensor *w = param(SHAPE(5)), *v = param(SHAPE(5)), *a = op_add(tape, w, w), *b = op_add(tape, v, v);
    tape_backward(tape, sum(tape, tape_run(tape, (Node){ .op = &op, IN(a, a, b) })));
    EXPECT_VALUES(w->grad, 4, 4, 4, 4, 4);
    EXPECT_VALUES(v->grad, 2, 2, 2, 2, 2);
}

/* Two outputs, one of which nobody uses: its gradient is NULL. */
static const char *halves_shape(Node *n)
{
    int64_t half = n->in[0]->shape[0] / 2;
    tensor_set_shape(n->out[0], SHAPE(half));
    tensor_set_shape(n->out[1], SHAPE(half));
    return NULL;
}
static void halves(Tape *t, Node *n)
{
    (void)t;
    size_t bytes = tensor_bytes(n->out[0]);
    memcpy(n->out[0]->data, n->in[0]->data, bytes);
    memcpy(n->out[1]->data, (char *)n->in[0]->data + bytes, bytes);
}
static void halves_backward(Tape *t, Node *n)
{
    int64_t half = n->in[0]->shape[0] / 2;
    for (int i = 0; i < 2; i++)
        if (n->out[i]->grad) tape_add_grad(t, op_slice(t, n->in[0], 0, i * half, (i + 1) * half), n->out[i]->grad);
}

Test(tape, an_output_that_nobody_uses)
{
    static const Op op = { .name = "halves", .dtypes = 1u << REAL, .shape = halves_shape,
                           .forward = { [DEV_CPU] = halves }, .backward = halves_backward };
    Tensor *x = param(SHAPE(4)), *out[2];
    tape_run_all(tape, (Node){ .op = &op, .n_out = 2, IN(x) }, out);
    tape_backward(tape, sum(tape, out[1]));
    EXPECT_VALUES(x->grad, 0, 0, 1, 1);
}

Test(tape, what_no_slice_reads_has_gradient_zero)
{
    Tensor *x = param(SHAPE(4, 3)), *h = op_add(tape, x, x);
    tape_backward(tape, sum(tape, op_slice(tape, h, 0, 1, 2)));
    EXPECT_VALUES(x->grad, 0, 0, 0, 2, 2, 2, 0, 0, 0, 0, 0, 0);
}

Test(tape, a_chain_of_100000_does_not_recurse)
{
    enum { N = 100000 };
    Tensor *x = param(SHAPE(1)), *y = x;
    for (int i = 0; i < N; i++) y = op_add(tape, y, x);
    tape_backward(tape, y);
    EXPECT_VALUES(x->grad, N + 1);
}

Test(tape, a_ladder_of_100000_diamonds) /* each rung is used twice, and what is shared is counted once */
{
    enum { N = 33333 };
    Tensor *x = param(SHAPE(1)), *y = x;
    for (int i = 0; i < N; i++) y = op_scale(tape, op_add(tape, y, op_scale(tape, y, 1)), 0.5);
    tape_backward(tape, y);
    EXPECT_VALUES(x->grad, 1);
}

Test(tape, one_tensor_used_by_100000_nodes)
{
    enum { N = 50000 };
    Tensor *x = param(SHAPE(1)), *sum_of = constant(SHAPE(1));
    for (int i = 0; i < N; i++) sum_of = op_add(tape, sum_of, op_scale(tape, x, 2));
    tape_backward(tape, sum_of);
    EXPECT_VALUES(x->grad, 2 * N);
}

static Tensor *shared(Tape *t, Tensor **in, void *ctx) /* one matrix in three layers, one of them turned */
{
    (void)ctx;
    Tensor *h = op_gelu(t, op_linear(t, in[0], in[1], in[2]));
    h = op_gelu(t, op_add(t, op_matmul(t, h, in[1]), in[2]));
    return op_linear(t, h, in[1], in[2]);
}

Test(tape, shared_parameters_get_the_sum_of_their_gradients)
{
    GRADCHECK(shared, NULL, param(SHAPE(3, 4)), param(SHAPE(4, 4)), param(SHAPE(4)));
}

Test(tape, gradients_of_parameters_outlive_the_step_and_add_up)
{
    Tensor *w = param(SHAPE(2, 2));
    for (int i = 1; i <= 2; i++, tape_reset(tape)) tape_backward(tape, sum(tape, w));
    EXPECT_VALUES(w->grad, 2, 2, 2, 2);
    tensor_drop_grad(w);
    tape_backward(tape, sum(tape, w));
    EXPECT_VALUES(w->grad, 1, 1, 1, 1);
}

Test(tape, a_gradient_that_is_set_is_the_seed)
{
    Tensor *x = param(SHAPE(2, 3)), *y = op_transpose(tape, op_add(tape, x, x), 0, 1), *root = tensor_root(y);
    root->grad = constant(SHAPE(2, 3));
    tape_backward(tape, y);
    for (int i = 0; i < 6; i++) cr_assert_eq(values(x->grad)[i], 2 * values(root->grad)[i]);
}

Test(tape, kept_tensors_survive_backward)
{
    Tensor *x = param(SHAPE(3)), *lost = op_add(tape, x, x), *h = tape_keep(op_gelu(tape, lost)), *loss = sum(tape, h);
    tape_backward(tape, loss);
    cr_assert(!lost->data && !lost->grad, "what was not kept can still be reached");
    cr_assert(h->data && loss->data, "h or the loss was given back");
    EXPECT_VALUES(h->grad, 1, 1, 1);
}

Test(tape, kept_state_goes_on_as_a_constant) /* truncated backpropagation through time */
{
    Tensor *w = param(SHAPE(3)), *h = tape_keep(op_add(tape, w, w));
    tape_backward(tape, sum(tape, h));
    tape_backward(tape, sum(tape, op_add(tape, h, w)));
    EXPECT_VALUES(w->grad, 3, 3, 3);
    cr_assert_not(tensor_wants_grad(h), "a gradient for h would go nowhere");
}

Test(tape, evaluation_records_nothing)
{
    Tensor *x = param(SHAPE(3));
    cr_assert(tape_record(tape, false));
    cr_assert_not(tensor_wants_grad(op_gelu(tape, x)));
    cr_assert_not(tape_record(tape, true));
    cr_assert(tensor_wants_grad(op_gelu(tape, x)));
    cr_assert_null(tape_grad(tape, x));
}

Test(tape, empty_tensors_pass_through)
{
    Tensor *x = param(SHAPE(4, 3)), *none = op_gelu(tape, op_slice(tape, x, 0, 2, 2)), *w = param(SHAPE(3, 2));
    Tensor *y = op_add(tape, sum(tape, op_matmul(tape, none, w)), sum(tape, op_matmul(tape, x, w)));
    tape_backward(tape, y);
    expect("gradient", 9, tensor_get(x->grad, 9), tensor_get(w, 0) + tensor_get(w, 1), 4 * epsilon());
}

/* ---- Memory ---- */

Test(tape, fifty_gelus_peak_at_their_sum_and_repeat_addresses)
{
    enum { LAYERS = 50, STEPS = 4 };
    Tape *fresh = tape_new("fresh"); /* the common one has been soiled, which counts at its peak */
    Tensor *x = param(SHAPE(256, 256));
    void *seen[LAYERS], *grad = NULL;
    size_t reserved = 0;
    for (int s = 0; s < STEPS; s++) {
        Tensor *y = x;
        for (int i = 0; i < LAYERS; i++) {
            y = op_gelu(fresh, y);
            cr_assert(s == 0 || seen[i] == y->data, "step %d: activation %d has moved", s, i);
            seen[i] = y->data;
        }
        tape_backward(fresh, sum(fresh, y));
        cr_assert(s == 0 || grad == x->grad->data, "step %d: the gradient has moved", s);
        grad = x->grad->data;
        tensor_drop_grad(x);
        tape_reset(fresh);
        size_t now = arena_reserved(tape_arena(fresh)) + arena_reserved(model);
        cr_assert(s == 0 || now == reserved, "step %d asked the system for memory", s);
        reserved = now;
    }
    double ratio = (double)arena_peak(tape_arena(fresh)) / ((double)LAYERS * (double)tensor_bytes(x));
    cr_assert(ratio <= 1.2, "the peak is %g times the activations", ratio);
    tape_free(fresh);
}

Test(tape, slices_share_one_gradient)
{
    enum { T = 512, C = 512 };
    Tape *fresh = tape_new("fresh");
    Tensor *x = op_gelu(fresh, param(SHAPE(T, C))), *y = NULL;
    for (int i = 0; i < T; i++) {
        Tensor *row = op_gelu(fresh, op_slice(fresh, x, 0, i, i + 1));
        y = y ? op_add(fresh, y, row) : row;
    }
    tape_backward(fresh, sum(fresh, y));
    double ratio = (double)arena_peak(tape_arena(fresh)) / (double)tensor_bytes(x);
    cr_assert(ratio < 8, "the peak is %g times the whole", ratio);
    tape_free(fresh);
}

Test(tape, backward_gives_everything_back_but_what_is_kept)
{
    Tensor *x = param(SHAPE(64, 64)), *y = sum(tape, op_gelu(tape, op_matmul(tape, op_gelu(tape, x), x)));
    tape_backward(tape, y);
    size_t small = 16384; /* headers and the list of inputs stay until the reset; no (64,64) does */
    cr_assert(arena_in_use(tape_arena(tape)) < small, "%zu bytes are still held", arena_in_use(tape_arena(tape)));
}

/* ---- Recomputation ---- */

static Tensor *block(Tape *t, Tensor **in, void *ctx) /* in: x (N,C); ctx: w (C,C), b (C) */
{
    Tensor **p = ctx;
    return op_add(t, in[0], op_gelu(t, op_linear(t, op_softmax(t, in[0]), p[0], p[1])));
}
static Tensor *recomputed(Tape *t, Tensor **in, void *ctx) { return tape_recompute(t, block, in, 1, ctx); }
static Tensor *turned(Tape *t, Tensor **in, void *ctx) { return op_transpose(t, block(t, in, ctx), 0, 1); }
static Tensor *recomputed_view(Tape *t, Tensor **in, void *ctx) { return tape_recompute(t, turned, in, 1, ctx); }
static Tensor *recomputed_twice(Tape *t, Tensor **in, void *ctx) { return tape_recompute(t, recomputed, in, 1, ctx); }
static Tensor *first_row(Tape *t, Tensor **in, void *ctx) { return (void)ctx, op_slice(t, in[0], 0, 0, 1); }
static Tensor *recomputed_outside(Tape *t, Tensor **in, void *ctx) { return tape_recompute(t, first_row, in, 1, ctx); }

Test(tape, recomputation_has_the_right_gradient)
{
    Tensor *p[] = { param(SHAPE(4, 4)), param(SHAPE(4)) };
    GRADCHECK(recomputed, p, param(SHAPE(3, 4)));
    GRADCHECK(recomputed_twice, p, param(SHAPE(3, 4)));
    GRADCHECK(recomputed_view, p, param(SHAPE(3, 4)));
    GRADCHECK(recomputed_outside, p, param(SHAPE(3, 4)));
}

static Tensor *tower(Tape *t, Tensor *x, Tensor **p, bool again)
{
    enum { DEEP = 8 };
    for (int i = 0; i < DEEP; i++) x = again ? recomputed(t, &x, p) : block(t, &x, p);
    return sum(t, x);
}

Test(tape, recomputation_takes_less_memory_for_the_same_bits)
{
    Tensor *p[] = { param(SHAPE(64, 64)), param(SHAPE(64)) }, *x = param(SHAPE(256, 64));
    Tape *once = tape_new("once"), *twice = tape_new("twice");
    size_t bytes = tensor_bytes(p[0]);
    tape_backward(once, tower(once, x, p, false));
    real *want = memcpy(malloc(bytes), p[0]->grad->data, bytes);
    tensor_drop_grad(p[0]), tensor_drop_grad(p[1]), tensor_drop_grad(x);
    tape_backward(twice, tower(twice, x, p, true));
    cr_assert_arr_eq(want, p[0]->grad->data, bytes, "the gradients differ");
    size_t a = arena_peak(tape_arena(once)), b = arena_peak(tape_arena(twice));
    cr_assert(b < a / 2, "the peak is %zu, recomputed %zu", a, b);
    free(want);
    tape_free(once);
    tape_free(twice);
}

/* ---- Forgetting ---- */

static Tensor *forgotten(Tape *t, Tensor **in, void *ctx) /* three users of one, two in a row, an op that reads its y */
{
    Tensor **p = ctx, *h = op_softmax(t, in[0]), *g = op_tanh(t, h), *y = op_mul(t, op_linear(t, g, p[0], p[1]), g);
    y = op_add(t, y, op_mul(t, h, g));
    tape_forget(t, h), tape_forget(t, g);
    return op_add(t, in[0], y);
}
static Tensor *forgotten_again(Tape *t, Tensor **in, void *ctx) { return tape_recompute(t, forgotten, in, 1, ctx); }

Test(tape, what_is_forgotten_has_the_right_gradient)
{
    Tensor *p[] = { param(SHAPE(4, 4)), param(SHAPE(4)) };
    GRADCHECK(forgotten, p, param(SHAPE(3, 4)));
    GRADCHECK(forgotten_again, p, param(SHAPE(3, 4)));
}

static Tensor *forgetful_tower(Tape *t, Tensor *x, Tensor *w, bool forget)
{
    for (int i = 0; i < 8; i++) {
        Tensor *h = op_gelu(t, op_matmul(t, x, w));
        x = op_matmul(t, h, w);
        if (forget) tape_forget(t, h);
    }
    return sum(t, x);
}

Test(tape, forgetting_takes_less_memory_for_the_same_bits)
{
    Tensor *w = param(SHAPE(64, 64)), *x = param(SHAPE(256, 64));
    size_t bytes = tensor_bytes(w), peak[2];
    real *want = malloc(bytes);
    for (int forget = 0; forget < 2; forget++) {
        Tape *t = tape_new("tower");
        tape_backward(t, forgetful_tower(t, x, w, forget));
        if (forget) cr_assert_arr_eq(want, w->grad->data, bytes, "the gradients differ");
        memcpy(want, w->grad->data, bytes);
        peak[forget] = arena_peak(tape_arena(t));
        tensor_drop_grad(w), tensor_drop_grad(x);
        tape_free(t);
    }
    cr_assert(peak[1] + 6 * tensor_bytes(x) <= peak[0], "the peak is %zu, forgetful %zu", peak[0], peak[1]);
    free(want);
}

Test(tape, what_cannot_be_made_again_stays)
{
    Tensor *c = constant(SHAPE(3)), *x = param(SHAPE(3)), *h = op_gelu(tape, c), *view = op_reshape(tape, x, SHAPE(3));
    Tensor *kept = tape_keep(op_gelu(tape, x));
    tape_forget(tape, c), tape_forget(tape, h), tape_forget(tape, x), tape_forget(tape, view), tape_forget(tape, kept);
    cr_assert(c->data && h->data && x->data && view->data && kept->data);
}

/* ---- In place ---- */

Test(tape, a_write_is_fine_where_nobody_needs_the_old_value) /* add needs neither input */
{
    Tensor *w = param(SHAPE(3)), *y = sum(tape, op_add(tape, w, w));
    op_fill(tape, w, 7);
    tape_backward(tape, y);
    EXPECT_VALUES(w->grad, 2, 2, 2);
}

static void write_what_backward_needs(void)
{
    Tensor *w = param(SHAPE(3)), *y = sum(tape, op_gelu(tape, w));
    op_fill(tape, w, 7);
    tape_backward(tape, y);
}
static void write_the_output_backward_needs(void)
{
    Tensor *y = op_softmax(tape, param(SHAPE(2, 3)));
    op_copy_into(tape, op_slice(tape, y, 0, 0, 1), constant(SHAPE(1, 3)));
    tape_backward(tape, sum(tape, y));
}
static const char *in_place(Node *n) { return n->out[0] = n->in[0], NULL; }
static void write_through_a_view(void) /* of a view the whole base counts */
{
    Tensor *x = op_add(tape, param(SHAPE(4, 3)), constant(SHAPE(4, 3))), *y = op_gelu(tape, op_slice(tape, x, 0, 0, 2));
    op_copy_into(tape, op_slice(tape, x, 0, 3, 4), constant(SHAPE(1, 3)));
    tape_backward(tape, sum(tape, y));
}
static void write_into_strided(void)
{
    static const Op op = { .name = "add3", .dtypes = 1u << REAL, .shape = in_place, .forward = { [DEV_CPU] = add3 } };
    Tensor *turned = op_transpose(tape, constant(SHAPE(3, 2)), 0, 1), *x = constant(SHAPE(2, 3));
    tape_run(tape, (Node){ .op = &op, IN(turned, x, x) });
}
static void write_without_backward(void) { op_fill(tape, op_gelu(tape, param(SHAPE(3))), 0); }

Test(tape, refuses_writes_that_would_falsify_a_gradient)
{
    expect_refusal(write_what_backward_needs, "the backward of gelu needs f");
    expect_refusal(write_what_backward_needs, "but it has been written in place since: write to a copy: f");
    expect_refusal(write_the_output_backward_needs, "the backward of softmax needs f");
    expect_refusal(write_through_a_view, "the backward of gelu needs f");
    expect_refusal(write_into_strided, "add3: writes in place, but not into a strided view: f");
    expect_refusal(write_without_backward, "fill: writes in place without a backward, so the");
}

/* ---- Other refusals ---- */

static void two_dtypes(void)
{
    Dtype other = REAL == F32 ? F64 : F32;
    op_add(tape, param(SHAPE(2)), tensor_new(model, DEV_CPU, other, SHAPE(2)));
}
static void wrong_dtype(void) { op_gelu(tape, tensor_new(model, DEV_CPU, BF16, SHAPE(2))); }
static void given_back(void)
{
    Tensor *h = op_gelu(tape, param(SHAPE(3)));
    tape_backward(tape, sum(tape, h));
    op_gelu(tape, h);
}
static void no_scalar(void) { tape_backward(tape, op_gelu(tape, param(SHAPE(3)))); }
static void nothing_to_learn(void) { tape_backward(tape, sum(tape, constant(SHAPE(3)))); }
static void wrong_gradient(void)
{
    Tensor *x = param(SHAPE(3));
    tape_add_grad(tape, x, constant(SHAPE(4)));
}
static void no_kernel(void)
{
    static const Op op = { .name = "ghost", .dtypes = 1u << REAL, .shape = same_shape };
    tape_run(tape, (Node){ .op = &op, IN(param(SHAPE(3))) });
}
static void no_input(void)
{
    static const Op op = { .name = "ghost", .dtypes = 1u << REAL, .shape = same_shape };
    tape_run(tape, (Node){ .op = &op, IN(NULL) });
}
static void two_pieces(Tape *t, Node *n) { (void)n, tape_scratch(t, 8), tape_scratch(t, 8); }
static void scratch_twice(void)
{
    static const Op op = { .name = "greedy", .dtypes = 1u << REAL, .shape = same_shape,
                           .forward = { [DEV_CPU] = two_pieces } };
    tape_run(tape, (Node){ .op = &op, IN(param(SHAPE(3))) });
}
static void forget_viewed(void)
{
    Tensor *h = op_gelu(tape, param(SHAPE(4)));
    op_gelu(tape, op_reshape(tape, h, SHAPE(2, 2)));
    tape_forget(tape, h);
}
static void forget_written(void)
{
    Tensor *h = op_gelu(tape, param(SHAPE(4)));
    tape_forget(tape, op_copy_into(tape, h, param(SHAPE(4))));
}
static void forget_read(void)
{
    Tensor *h = op_gelu(tape, param(SHAPE(4)));
    tape_forget(tape, h);
    op_gelu(tape, h);
}
static void forget_changed(void)
{
    Tensor *x = op_add(tape, param(SHAPE(4)), param(SHAPE(4))), *h = op_softmax(tape, x), *y = op_mul(tape, h, h);
    tape_forget(tape, h);
    op_copy_into(tape, x, param(SHAPE(4)));
    tape_backward(tape, sum(tape, y));
}
static Tensor *resets(Tape *t, Tensor **in, void *ctx) { return (void)ctx, tape_reset(t), in[0]; }
static void reset_within(void) { tape_recompute(tape, resets, (Tensor *[]){ param(SHAPE(3)) }, 1, NULL); }

Test(tape, refusals)
{
    expect_refusal(two_dtypes, "add: inputs of two dtypes: f");
    expect_refusal(wrong_dtype, "gelu: does not take this dtype: bf16(2)");
    expect_refusal(given_back, "gelu: tape_backward or tape_forget gave an input back: tape_keep() it, or read it");
    expect_refusal(no_scalar, "(3) is no scalar and has no gradient set");
    expect_refusal(nothing_to_learn, "needs a gradient");
    expect_refusal(wrong_gradient, "(4) for a tensor f");
    expect_refusal(no_kernel, "ghost: no kernel for this device: f");
    expect_refusal(no_input, "ghost: needs a first input");
    expect_refusal(scratch_twice, "tape_scratch: one piece a kernel");
    expect_refusal(forget_viewed, "gelu: has seen a view of what is to be forgotten");
    expect_refusal(forget_written, "copy_into: has written in place what is to be forgotten");
    expect_refusal(forget_read, "gelu: tape_backward or tape_forget gave an input back");
    expect_refusal(forget_changed, "softmax: is to make again what was forgotten, but an input has been written");
    expect_refusal(reset_within, "tape_reset: within tape_backward or tape_recompute");
}

/* ---- Replacement ---- */

static int64_t my_strides;
static void my_gelu(Tape *t, Node *n) /* a learner's, and wrong: the identity */
{
    (void)t;
    my_strides = n->in[0]->stride[0];
    memcpy(n->out[0]->data, n->in[0]->data, tensor_bytes(n->in[0]));
}
static void my_gelu_backward(Tape *t, Node *n) { (void)t, memset(n->out[0]->data, 0, tensor_bytes(n->out[0])); }

Test(tape, a_replaced_kernel_keeps_the_library_backward)
{
    static const Op row = { .forward = { [DEV_CPU] = my_gelu } };
    Tensor *x = NUMBERS(0, 3, -3);
    x->needs_grad = true;
    tape_replace(tape, "gelu", &row);
    Tensor *y = tape_keep(op_gelu(tape, x));
    tape_backward(tape, sum(tape, y));
    EXPECT_VALUES(y, 0, 3, -3);
    expect("gradient", 0, tensor_get(x->grad, 0), 0.5, epsilon());
}

Test(tape, a_backward_kernel_is_replaced_by_its_own_name)
{
    static const Op row = { .forward = { [DEV_CPU] = my_gelu_backward } };
    Tensor *x = NUMBERS(0, 3, -3);
    x->needs_grad = true;
    tape_replace(tape, "gelu_backward", &row);
    tape_backward(tape, sum(tape, op_gelu(tape, x)));
    EXPECT_VALUES(x->grad, 0, 0, 0);
}

Test(tape, a_replaced_kernel_sees_contiguous_inputs_only)
{
    static const Op row = { .forward = { [DEV_CPU] = my_gelu } };
    Tensor *x = op_reshape(tape, NUMBERS(1, 2, 3, 4, 5, 6), SHAPE(2, 3));
    tape_replace(tape, "scale", &row);
    EXPECT_VALUES(op_scale(tape, op_transpose(tape, x, 0, 1), 2), 1, 4, 2, 5, 3, 6);
    cr_assert_eq(my_strides, 2);
    tape_replace(tape, "add", &row); /* the library's add takes views; whose forward it is decides */
    EXPECT_VALUES(op_add(tape, op_transpose(tape, x, 0, 1), op_transpose(tape, x, 0, 1)), 1, 4, 2, 5, 3, 6);
}

Test(tape, replacements_are_counted)
{
    static const Op row = { .forward = { [DEV_CPU] = my_gelu } };
    char *text = NULL;
    size_t length;
    tape_replace(tape, "gelu", &row);
    tape_replace(tape, "gleu", &row);
    op_gelu(tape, op_gelu(tape, NUMBERS(1)));
    FILE *f = open_memstream(&text, &length);
    tape_replaced(tape, f);
    fclose(f);
    cr_assert_str_eq(text, "gelu: the plugged-in code ran 2 times\ngleu: the plugged-in code ran 0 times\n");
    free(text);
}

Test(tape, there_is_no_stream_on_the_cpu) { cr_assert_null(tape_stream(tape)); }
