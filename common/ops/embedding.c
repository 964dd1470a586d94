/* embedding.c -- rows of a table: y_i = table[index_i]. */
#include <string.h>
#include "loops.h"

static const char *shape(Node *n)
{
    const Tensor *table = n->in[0], *index = n->in[1];
    int64_t s[MAX_DIMS];
    if (table->ndim != 2) return "the table must be a matrix (V,C)";
    if (index->dtype != I32) return "the index must be i32";
    if (index->ndim >= MAX_DIMS) return "one dimension too many";
    memcpy(s, index->shape, sizeof s);
    s[index->ndim] = table->shape[1];
    tensor_set_shape(n->out[0], index->ndim + 1, s);
    return NULL;
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = tensor_count(n->in[1]), V = n->in[0]->shape[0], C = n->in[0]->shape[1];
    const real *table = n->in[0]->data;
    const int32_t *index = n->in[1]->data;
    real *y = n->out[0]->data;
    for (int64_t i = 0; i < N; i++)
        CHECK(index[i] >= 0 && index[i] < V, "embedding: index %d, number %lld of them, is not in 0..%lld", index[i],
              (long long)i, (long long)V - 1);
#pragma omp parallel for if (N * C > PARALLEL)
    for (int64_t i = 0; i < N; i++) memcpy(y + i * C, table + index[i] * C, (size_t)C * sizeof *y);
}

static const char *backward_shape(Node *n)
{
    const Tensor *table = n->in[0];
    tensor_set_shape(n->out[0], 2, table->shape);
    n->out[0]->arena = table->arena; /* a parameter's gradient, to be taken over */
    return NULL;
}

/* dtable_v = the sum of the dy_i where index_i = v. The table is cut into parts by rows: whoever has a part looks
 * through all of index and adds what falls into it, in order. So no two threads add to one row, and a sum does not
 * depend on how many parts there are. */
static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    enum { PARTS = 16 };
    int64_t N = tensor_count(n->in[1]), V = n->in[0]->shape[0], C = n->in[0]->shape[1];
    const int32_t *index = n->in[1]->data;
    const real *dy = n->in[2]->data;
    real *dtable = n->out[0]->data;
#pragma omp parallel for if ((N + V) * C > PARALLEL)
    for (int64_t part = 0; part < PARTS; part++) {
        int64_t from = V * part / PARTS, to = V * (part + 1) / PARTS;
        memset(dtable + from * C, 0, (size_t)((to - from) * C) * sizeof *dtable);
        for (int64_t i = 0; i < N; i++) {
            if (index[i] < from || index[i] >= to) continue;
            real *row = dtable + index[i] * C;
            const real *d = dy + i * C;
#pragma omp simd
            for (int64_t c = 0; c < C; c++) row[c] += d[c];
        }
    }
}

static const Op op_backward = { .name = "embedding_backward", .dtypes = 1u << REAL | 1u << I32,
                                .shape = backward_shape, .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n)
{
    Tensor *table = n->in[0], *index = n->in[1];
    tape_add_grad(t, table, tape_run(t, (Node){ .op = &op_backward, IN(table, index, n->out[0]->grad) }));
}

static const Op op = { .name = "embedding", .dtypes = 1u << REAL | 1u << I32, .shape = shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_embedding(Tape *t, Tensor *table, Tensor *index)
{
    return tape_run(t, (Node){ .op = &op, IN(table, index) });
}
