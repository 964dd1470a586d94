/* nn_attention.c -- multi-head self-attention: one projection to queries, keys and values, one back. */
#include <math.h>
#include <string.h>
#include "nn.h"

/* w ~ N(0, 1/IN), b = 0: what comes out is about as large as what went in. */
static Linear projection(Arena *a, Rng *rng, int in, int out)
{
    Linear l = { .w = tensor_new(a, DEV_CPU, REAL, SHAPE(out, in)), .b = tensor_new(a, DEV_CPU, REAL, SHAPE(out)) };
    rng_fill_normal(rng, l.w, 0, sqrt(1.0 / in));
    memset(l.b->data, 0, tensor_bytes(l.b));
    l.w->needs_grad = l.b->needs_grad = true;
    return l;
}

Attention nn_attention(Arena *a, Rng *rng, int C, int heads, int kv_heads, bool causal)
{
    if (kv_heads == 0) kv_heads = heads;
    CHECK(heads > 0 && C % heads == 0, "nn_attention: %d numbers cannot be shared by %d heads", C, heads);
    CHECK(kv_heads > 0 && heads % kv_heads == 0, "nn_attention: %d heads cannot share %d key heads", heads, kv_heads);
    Attention m = { .heads = heads, .kv_heads = kv_heads, .arg = { .causal = causal } };
    m.qkv = projection(a, rng, C, C / heads * (heads + 2 * kv_heads));
    m.out = projection(a, rng, C, C);
    return m;
}

/* Views of one tensor (B,T,H+HK+HK,D): nothing is copied, and their gradients are written as one. */
void nn_attention_split(Tape *t, const Attention *m, Tensor *x, Tensor *part[3])
{
    CHECK(x->ndim == 3, "nn_attention: needs (B,T,C), not %s", tensor_text(x).s);
    int64_t H = m->heads, HK = m->kv_heads, D = m->out.w->shape[1] / H;
    Tensor *all = op_reshape(t, nn_linear_forward(t, &m->qkv, x), SHAPE(x->shape[0], x->shape[1], H + 2 * HK, D));
    part[0] = op_slice(t, all, 2, 0, H);
    part[1] = op_slice(t, all, 2, H, H + HK);
    part[2] = op_slice(t, all, 2, H + HK, H + 2 * HK);
}

Tensor *nn_attention_join(Tape *t, const Attention *m, Tensor *y)
{
    return nn_linear_forward(t, &m->out, op_reshape(t, y, SHAPE(y->shape[0], y->shape[1], y->shape[2] * y->shape[3])));
}

Tensor *nn_attention_forward(Tape *t, const Attention *m, Tensor *x, Tensor *lengths)
{
    Tensor *part[3];
    nn_attention_split(t, m, x, part);
    return nn_attention_join(t, m, op_attention(t, part[0], part[1], part[2], lengths, NULL, m->arg));
}

void nn_attention_visit(Attention *m, const char *prefix, NnVisit *visit, void *ctx)
{
    nn_linear_visit(&m->qkv, nn_name(prefix, "c_attn").s, visit, ctx);
    nn_linear_visit(&m->out, nn_name(prefix, "c_proj").s, visit, ctx);
}
