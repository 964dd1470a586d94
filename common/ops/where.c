/* where.c -- y = a where cond is not 0, else b; and mask_fill, whose a is one number. cond is u8. */
#include "broadcast.h"

enum { COND, A, B };

static const char *check_cond(const Tensor *cond) { return cond->dtype == U8 ? NULL : "the condition must be u8"; }

/* ---- where ---- */

static const char *shape(Node *n)
{
    if (n->in[A]->dtype == U8 || n->in[B]->dtype == U8) return "chooses among floating numbers";
    n->out[0]->dtype = n->in[A]->dtype;
    const char *wrong = check_cond(n->in[COND]);
    return wrong ? wrong : broadcast_shape(n);
}

static void choose(real *y, const uint8_t *c, int64_t sc, const real *a, int64_t sa, const real *b, int64_t sb,
                   int64_t N)
{
    if (sc == 1 && sa == 1 && sb == 1)
        for (int64_t i = 0; i < N; i++) y[i] = c[i] ? a[i] : b[i];
    else
        for (int64_t i = 0; i < N; i++) y[i] = c[i * sc] ? a[i * sa] : b[i * sb];
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    const Tensor *y = n->out[0];
    Tensor in[3];
    for (int i = 0; i < 3; i++) in[i] = tensor_expanded(n->in[i], y->ndim, y->shape);
    Loops l = loops_new(4, (const Tensor *[]){ y, &in[COND], &in[A], &in[B] });
    real *out = y->data;
    const uint8_t *c = in[COND].data;
    const real *a = in[A].data, *b = in[B].data;
#pragma omp parallel for if (l.count > PARALLEL)
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[4], N = loops_piece(&l, i, at);
        choose(out + at[0], c + at[1], l.step[1], a + at[2], l.step[2], b + at[3], l.step[3], N);
    }
}

/* da = dy where cond is not 0, else 0; db the other way round */
static const char *backward_shape(Node *n)
{
    for (int i = 0; i < 2; i++) {
        tensor_set_shape(n->out[i], n->in[1]->ndim, n->in[1]->shape);
        n->out[i]->dtype = n->in[1]->dtype;
    }
    return NULL;
}

static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    const Tensor *dy = n->in[1];
    Tensor cond = tensor_expanded(n->in[COND], dy->ndim, dy->shape);
    Loops l = loops_new(4, (const Tensor *[]){ n->out[0], n->out[1], &cond, dy });
    real *da = n->out[0]->data, *db = n->out[1]->data;
    const uint8_t *c = cond.data;
    const real *g = dy->data;
#pragma omp parallel for if (l.count > PARALLEL)
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[4], N = loops_piece(&l, i, at);
        for (int64_t k = 0; k < N; k++) {
            bool yes = c[at[2] + k * l.step[2]];
            real d = g[at[3] + k * l.step[3]];
            da[at[0] + k * l.step[0]] = yes ? d : 0;
            db[at[1] + k * l.step[1]] = yes ? 0 : d;
        }
    }
}

static const Op op_backward = { .name = "where_backward", .dtypes = 1u << REAL | 1u << U8, .strided = true,
                                .shape = backward_shape, .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n)
{
    Tensor *d[2];
    tape_run_all(t, (Node){ .op = &op_backward, .n_out = 2, IN(n->in[COND], n->out[0]->grad) }, d);
    for (int i = 0; i < 2; i++)
        if (tensor_wants_grad(n->in[A + i])) broadcast_add_grad(t, n->in[A + i], d[i]);
}

static const Op op = { .name = "where", .dtypes = 1u << REAL | 1u << U8, .strided = true, .shape = shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_where(Tape *t, Tensor *cond, Tensor *a, Tensor *b)
{
    return tape_run(t, (Node){ .op = &op, IN(cond, a, b) });
}

/* ---- mask_fill ---- */

static const char *fill_shape(Node *n)
{
    const char *wrong = check_cond(n->in[1]);
    if (wrong) return wrong;
    if (n->in[0]->dtype == U8) return "fills floating numbers";
    wrong = broadcast_shape(n);
    if (wrong) return wrong;
    return tensor_same_shape(n->out[0], n->in[0]) ? NULL : "the mask must broadcast to the input's shape";
}

static void fill_forward(Tape *t, Node *n)
{
    (void)t;
    const Tensor *y = n->out[0], *x = n->in[0];
    Tensor mask = tensor_expanded(n->in[1], y->ndim, y->shape);
    Loops l = loops_new(3, (const Tensor *[]){ y, &mask, x });
    real *out = y->data, value = (real)((const MaskArg *)n->arg)->value;
    const uint8_t *m = mask.data;
    const real *in = x->data;
#pragma omp parallel for if (l.count > PARALLEL)
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[4], N = loops_piece(&l, i, at);
        choose(out + at[0], m + at[1], l.step[1], &value, 0, in + at[2], l.step[2], N);
    }
}

/* dx = dy, and 0 where x was not looked at */
static void fill_backward(Tape *t, Node *n)
{
    tape_add_grad(t, n->in[0], op_mask_fill(t, n->out[0]->grad, n->in[1], 0));
}

static const Op op_of_fill = { .name = "mask_fill", .dtypes = 1u << REAL | 1u << U8, .strided = true,
                               .shape = fill_shape, .forward = { [DEV_CPU] = fill_forward },
                               .backward = fill_backward };

Tensor *op_mask_fill(Tape *t, Tensor *x, Tensor *mask, double value)
{
    return tape_run(t, (Node){ .op = &op_of_fill, IN(x, mask), ARG(MaskArg, value) });
}
