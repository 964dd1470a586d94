/* test_ops_picking.c -- embedding, gather, scatter_add, concat, and the views split and expand, against plain versions.
 * With and without REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include "gradcheck.h"

TestSuite(picking, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 120);

static Tensor *indices(int64_t below, int ndim, const int64_t *shape)
{
    Tensor *x = tensor_new(model, DEV_CPU, I32, ndim, shape);
    for (int64_t i = 0; i < tensor_count(x); i++) tensor_set(x, i, floor(uniform(0, (double)below)));
    return x;
}

/* ---- Moves: element i of y is the sum of some elements of the inputs. from() names them, one after another ---- */

typedef struct Move Move;
struct Move {
    Tensor *(*op)(Tape *, Tensor **in, const Move *);
    /* Calls add(ctx, i, k, j) for each element j of input k that goes into element i of y. */
    void (*each)(const Move *, const Plain *, void (*add)(void *ctx, int64_t i, int k, int64_t j), void *ctx);
    Tensor *index;
    int     dim, n, ndim;
    int64_t shape[MAX_DIMS];
};

static Tensor *move(Tape *t, Tensor **in, void *ctx) { return ((const Move *)ctx)->op(t, in, ctx); }

typedef struct { Sum *y; Sum **dx; const double *dy; const Plain *p; } Walk;

static void add_forward(void *ctx, int64_t i, int k, int64_t j)
{
    Walk *w = ctx;
    add_term(&w->y[i], w->p->x[k][j]);
}

static void add_backward(void *ctx, int64_t i, int k, int64_t j)
{
    Walk *w = ctx;
    if (w->dx[k]) add_term(&w->dx[k][j], w->dy[i]);
}

static void move_forward(Sum *y, const Plain *p)
{
    const Move *m = p->ctx;
    m->each(m, p, add_forward, &(Walk){ .y = y, .p = p });
}

static void move_backward(Sum **dx, const double *dy, const Plain *p)
{
    const Move *m = p->ctx;
    m->each(m, p, add_backward, &(Walk){ .dx = dx, .dy = dy, .p = p });
}

static const PlainOp plain_move = { "move", move, move_forward, move_backward };

/* Element i of a tensor of this shape, as a position in each dimension; and back. */
static void unravel(const Tensor *x, int64_t i, int64_t *at)
{
    for (int d = x->ndim - 1; d >= 0; d--) at[d] = i % x->shape[d], i /= x->shape[d];
}

static int64_t ravel(const Tensor *x, const int64_t *at)
{
    int64_t i = 0;
    for (int d = 0; d < x->ndim; d++) i = i * x->shape[d] + at[d];
    return i;
}

/* ---- embedding ---- */

static Tensor *embed(Tape *t, Tensor **in, const Move *m) { return op_embedding(t, in[0], m->index); }

static void embed_each(const Move *m, const Plain *p, void (*add)(void *, int64_t, int, int64_t), void *ctx)
{
    int64_t C = p->in[0]->shape[1];
    for (int64_t i = 0; i < tensor_count(p->y); i++)
        add(ctx, i, 0, (int64_t)tensor_get(m->index, i / C) * C + i % C);
}

Test(picking, embedding)
{
    Move m = { embed, embed_each, .index = indices(7, SHAPE(3, 5)) };
    for (int layout = 0; layout < LAYOUTS; layout++) {
        PLAINCHECK(&plain_move, 15, &m, laid_out(layout, SHAPE(7, 5)));
        PLAINCHECK(&plain_move, 15, &m, laid_out(layout, SHAPE(7, 1)));
    }
    m.index = indices(65, SHAPE(500));
    PLAINCHECK(&plain_move, 500, &m, param(SHAPE(65, 129)));
    expect_shape(op_embedding(tape, param(SHAPE(7, 5)), indices(7, 0, NULL)), SHAPE(5));
    expect_shape(op_embedding(tape, param(SHAPE(7, 5)), indices(7, SHAPE(2, 0))), SHAPE(2, 0, 5));
    Tensor *table = op_reshape(tape, NUMBERS(1, NAN, INFINITY), SHAPE(3, 1));
    EXPECT_VALUES(op_embedding(tape, table, indices(1, SHAPE(2))), 1, 1);
}

/* ---- gather and scatter_add ---- */

static Tensor *gather(Tape *t, Tensor **in, const Move *m) { return op_gather(t, in[0], m->dim, m->index); }

static void gather_each(const Move *m, const Plain *p, void (*add)(void *, int64_t, int, int64_t), void *ctx)
{
    for (int64_t i = 0; i < tensor_count(m->index); i++) {
        int64_t at[MAX_DIMS];
        unravel(m->index, i, at);
        at[m->dim] = (int64_t)tensor_get(m->index, i);
        add(ctx, i, 0, ravel(p->in[0], at));
    }
}

static Tensor *scatter(Tape *t, Tensor **in, const Move *m)
{
    return op_scatter_add(t, in[0], m->dim, m->index, in[1]);
}

static void scatter_each(const Move *m, const Plain *p, void (*add)(void *, int64_t, int, int64_t), void *ctx)
{
    for (int64_t i = 0; i < tensor_count(p->y); i++) add(ctx, i, 0, i);
    for (int64_t i = 0; i < tensor_count(m->index); i++) {
        int64_t at[MAX_DIMS];
        unravel(m->index, i, at);
        int64_t j = ravel(p->in[1], at);
        at[m->dim] = (int64_t)tensor_get(m->index, i);
        add(ctx, ravel(p->y, at), 1, j);
    }
}

Test(picking, gather_and_scatter_add)
{
    const int64_t x[] = { 4, 5, 6 }, indexed[][3] = { { 4, 5, 6 }, { 3, 5, 6 }, { 4, 2, 5 }, { 1, 1, 1 }, { 0, 5, 6 } };
    for (int dim = 0; dim < 3; dim++)
        for (size_t s = 0; s < sizeof indexed / sizeof *indexed; s++)
            for (int layout = 0; layout < LAYOUTS; layout++) {
                Move m = { gather, gather_each, .dim = dim };
                int64_t shape[3], src[3];
                for (int d = 0; d < 3; d++) shape[d] = d == dim ? indexed[s][d] + (d == dim) : indexed[s][d];
                for (int d = 0; d < 3; d++) src[d] = shape[d] + (s == 2);
                m.index = indices(x[dim], 3, shape);
                PLAINCHECK(&plain_move, 30, &m, laid_out(layout, 3, x));
                m.op = scatter, m.each = scatter_each;
                PLAINCHECK(&plain_move, 30, &m, laid_out(layout, 3, x), laid_out(2 - layout, 3, src));
            }
    Move m = { scatter, scatter_each, .index = indices(9, SHAPE(3000, 65)) };
    PLAINCHECK(&plain_move, 3000, &m, param(SHAPE(9, 65)), param(SHAPE(3000, 65)));
}

/* ---- concat and split ---- */

static Tensor *concat(Tape *t, Tensor **in, const Move *m) { return op_concat(t, in, m->n, m->dim); }

static void concat_each(const Move *m, const Plain *p, void (*add)(void *, int64_t, int, int64_t), void *ctx)
{
    int64_t from = 0;
    for (int k = 0; k < m->n; from += p->in[k++]->shape[m->dim])
        for (int64_t j = 0; j < tensor_count(p->in[k]); j++) {
            int64_t at[MAX_DIMS];
            unravel(p->in[k], j, at);
            at[m->dim] += from;
            add(ctx, ravel(p->y, at), k, j);
        }
}

Test(picking, concat)
{
    for (int dim = 0; dim < 3; dim++)
        for (int layout = 0; layout < LAYOUTS; layout++) {
            int64_t a[] = { 3, 4, 5 }, b[] = { 3, 4, 5 }, c[] = { 3, 4, 5 };
            a[dim] = 1, b[dim] = 7, c[dim] = layout;
            Move m = { concat, concat_each, .dim = dim, .n = 3 };
            PLAINCHECK(&plain_move, 1, &m, laid_out(layout, 3, a), laid_out(2 - layout, 3, b), laid_out(0, 3, c));
            m.n = 1;
            PLAINCHECK(&plain_move, 1, &m, laid_out(layout, 3, b));
        }
    Tensor *many[100];
    for (int i = 0; i < 100; i++) many[i] = NUMBERS(i, -i);
    Tensor *all = op_concat(tape, many, 100, 0);
    for (int i = 0; i < 200; i++) expect("concat", i, tensor_get(all, i), i % 2 ? -i / 2 : i / 2, 0);
}

/* The second of n parts. */
static Tensor *second(Tape *t, Tensor **in, const Move *m)
{
    Tensor *out[4];
    op_split(t, in[0], m->dim, m->n, out);
    cr_assert_eq(tensor_root(out[1]), tensor_root(in[0]), "split copies");
    return op_contiguous(t, out[1]);
}

static void second_each(const Move *m, const Plain *p, void (*add)(void *, int64_t, int, int64_t), void *ctx)
{
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        int64_t at[MAX_DIMS];
        unravel(p->y, i, at);
        at[m->dim] += p->y->shape[m->dim];
        add(ctx, i, 0, ravel(p->in[0], at));
    }
}

Test(picking, split)
{
    for (int dim = 0; dim < 2; dim++)
        for (int n = 2; n <= 4; n++)
            for (int layout = 0; layout < LAYOUTS; layout++) {
                Move m = { second, second_each, .dim = dim, .n = n };
                PLAINCHECK(&plain_move, 1, &m, laid_out(layout, SHAPE(12, 24)));
            }
}

/* ---- expand: its gradient is summed ---- */

static Tensor *expand(Tape *t, Tensor **in, const Move *m)
{
    Tensor *y = op_expand(t, in[0], m->ndim, m->shape);
    cr_assert_eq(y->data, in[0]->data, "expand copies");
    return op_scale(t, y, 1);
}

static void expand_each(const Move *m, const Plain *p, void (*add)(void *, int64_t, int, int64_t), void *ctx)
{
    (void)m;
    const Tensor *x = p->in[0];
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        int64_t at[MAX_DIMS], j = 0;
        unravel(p->y, i, at);
        for (int d = 0; d < x->ndim; d++) j = j * x->shape[d] + (x->shape[d] == 1 ? 0 : at[p->y->ndim - x->ndim + d]);
        add(ctx, i, 0, j);
    }
}

Test(picking, expand)
{
    const struct { int nx, ny; int64_t x[3], y[4]; } forms[] = {
        { 0, 0, { 0 }, { 0 } },          { 0, 2, { 0 }, { 3, 5 } },          { 1, 1, { 1 }, { 7 } },
        { 1, 2, { 5 }, { 3, 5 } },       { 2, 2, { 3, 1 }, { 3, 5 } },       { 2, 3, { 3, 1 }, { 2, 3, 5 } },
        { 3, 3, { 3, 5, 7 }, { 3, 5, 7 } }, { 3, 4, { 1, 5, 1 }, { 2, 3, 5, 7 } }, { 2, 2, { 1, 5 }, { 0, 5 } },
        { 2, 3, { 65, 1 }, { 33, 65, 129 } },
    };
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
        for (int layout = 0; layout < LAYOUTS; layout++) {
            Move m = { expand, expand_each, .ndim = forms[f].ny };
            memcpy(m.shape, forms[f].y, sizeof forms[f].y);
            PLAINCHECK(&plain_move, 33 * 129, &m, laid_out(layout, forms[f].nx, forms[f].x));
        }
}

/* A stretched view read twice, through another view of it, and beside its base: all that comes back is added up. */
static Tensor *expanded_often(Tape *t, Tensor **in, void *ctx)
{
    (void)ctx;
    Tensor *x = op_scale(t, in[0], 2), *wide = op_expand(t, x, SHAPE(4, 3, 5));
    Tensor *turned = op_transpose(t, op_slice(t, wide, 0, 1, 3), 1, 2);
    Tensor *sum = op_add(t, op_sum(t, op_mul(t, wide, in[1]), 3), op_sum(t, op_mul(t, turned, turned), 1 | 4));
    return op_add(t, sum, op_sum(t, op_mul(t, x, x), 3));
}

Test(picking, expanded_views_share_one_gradient)
{
    GRADCHECK(expanded_often, NULL, param(SHAPE(3, 1)), param(SHAPE(4, 3, 5)));
}

/* ---- lerp_into ---- */

Test(picking, lerp_into)
{
    for (int layout = 0; layout < LAYOUTS; layout++)
        for (double w = 0; w <= 1; w += 0.25) {
            Tensor *x = laid_out(layout, SHAPE(33, 65)), *y = laid_out(2 - layout, SHAPE(33, 65));
            tensor_root(x)->needs_grad = tensor_root(y)->needs_grad = false;
            Tensor *was = op_contiguous(tape, x);
            cr_assert_eq(op_lerp_into(tape, x, y, w), x);
            for (int64_t i = 0; i < 33 * 65; i++) {
                double a = tensor_get(was, i), b = tensor_get(y, i);
                expect("lerp", i, tensor_get(x, i), w == 1 ? b : a + w * (b - a), w == 0 || w == 1 ? 0 : 4 * epsilon());
            }
        }
    Tensor *x = NUMBERS(1, NAN, 3);
    EXPECT_VALUES(op_lerp_into(tape, x, NUMBERS(INFINITY, 1, 5), 0.5), INFINITY, NAN, 4);
}

/* ---- Refusals ---- */

static void embedding_outside(void)
{
    Tensor *index = indices(3, SHAPE(4));
    tensor_set(index, 2, 3);
    op_embedding(tape, param(SHAPE(3, 5)), index);
}
static void embedding_of_reals(void) { op_embedding(tape, param(SHAPE(3, 5)), constant(SHAPE(4))); }
static void gather_outside(void)
{
    Tensor *index = indices(3, SHAPE(2, 2));
    tensor_set(index, 3, -1);
    op_gather(tape, param(SHAPE(3, 5)), 0, index);
}
static void gather_too_wide(void) { op_gather(tape, param(SHAPE(3, 5)), 0, indices(3, SHAPE(3, 6))); }
static void gather_no_dim(void) { op_gather(tape, param(SHAPE(3, 5)), 2, indices(3, SHAPE(3, 5))); }
static void scatter_short(void)
{
    op_scatter_add(tape, param(SHAPE(3, 5)), 0, indices(3, SHAPE(3, 5)), param(SHAPE(2, 5)));
}
static void concat_of_two_kinds(void)
{
    op_concat(tape, (Tensor *[]){ param(SHAPE(3, 5)), param(SHAPE(3)) }, 2, 0);
}
static void concat_of_two_widths(void)
{
    op_concat(tape, (Tensor *[]){ param(SHAPE(3, 5)), param(SHAPE(3, 4)) }, 2, 0);
}
static void split_unequal(void)
{
    Tensor *out[2];
    op_split(tape, param(SHAPE(3, 5)), 1, 2, out);
}
static void expand_to_less(void) { op_expand(tape, param(SHAPE(3, 5)), SHAPE(5)); }
static void expand_other(void) { op_expand(tape, param(SHAPE(3, 5)), SHAPE(3, 6)); }
static void write_into_expanded(void)
{
    op_fill(tape, op_expand(tape, constant(SHAPE(3, 1)), SHAPE(3, 5)), 1);
}

Test(picking, refusals)
{
    expect_refusal(embedding_outside, "embedding: index 3, number 2 of them, is not in 0..2");
    expect_refusal(embedding_of_reals, "embedding: the index must be i32: f");
    expect_refusal(gather_outside, "gather: index -1, number 3 of them, is not in 0..2");
    expect_refusal(gather_too_wide, "gather: the index is longer in dimension 1: f");
    expect_refusal(gather_no_dim, "gather: no dimension 2: f");
    expect_refusal(scatter_short, "scatter_add: the source is smaller than the index: f");
    expect_refusal(concat_of_two_kinds, "concat: needs tensors of one kind: f");
    expect_refusal(concat_of_two_widths, "concat: shapes may differ in dimension 0 only: f");
    expect_refusal(split_unequal, "split: dimension 1 makes no 2 equal parts: f");
    expect_refusal(expand_to_less, "expand: cannot expand to fewer dimensions: f");
    expect_refusal(expand_other, "expand: the shape does not broadcast to the new one: f");
    expect_refusal(write_into_expanded, "fill: writes in place into a view whose elements are one and the same: f");
}
