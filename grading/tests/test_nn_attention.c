/* test_nn_attention.c -- the attention module: its projections, heads and names. With and without REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include "gradcheck.h"
#include "nn.h"

TestSuite(nn_attention, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 60);

enum { B = 2, T = 5, C = 12, HEADS = 6 };

static Attention made(int kv_heads, bool causal)
{
    Rng       rng = rng_new(3);
    Attention m = nn_attention(model, &rng, C, HEADS, kv_heads, causal);
    for (int64_t i = 0; i < tensor_count(m.qkv.b); i++) tensor_set(m.qkv.b, i, uniform(-1, 1)); /* else they are 0 */
    for (int64_t i = 0; i < C; i++) tensor_set(m.out.b, i, uniform(-1, 1));
    return m;
}

/* y (T) of one row: bias + w x */
static void apply(double *y, const Linear *l, const double *x)
{
    int64_t OUT = l->w->shape[0], IN = l->w->shape[1];
    for (int64_t o = 0; o < OUT; o++) {
        y[o] = tensor_get(l->b, o);
        for (int64_t i = 0; i < IN; i++) y[o] += tensor_get(l->w, o * IN + i) * x[i];
    }
}

/* One head at a time, all in double. */
static void plain(double *y, const Attention *m, const Tensor *x, int64_t b, int64_t seen_by_all)
{
    enum { D = C / HEADS, MOST = 3 * C };
    double qkv[T][MOST], row[C], joined[T][C] = { { 0 } };
    for (int t = 0; t < T; t++) {
        for (int c = 0; c < C; c++) row[c] = tensor_get(x, (b * T + t) * C + c);
        apply(qkv[t], &m->qkv, row);
    }
    for (int h = 0; h < HEADS; h++)
        for (int t = 0; t < T; t++) {
            const double *q = qkv[t] + h * D;
            int64_t       k = (HEADS + h / (HEADS / m->kv_heads)) * D, v = k + m->kv_heads * D;
            int64_t       n = m->arg.causal && t + 1 < seen_by_all ? t + 1 : seen_by_all;
            double        p[T], sum = 0;
            for (int j = 0; j < n; j++) {
                p[j] = 0;
                for (int d = 0; d < D; d++) p[j] += q[d] * qkv[j][k + d] / sqrt(D);
                sum += p[j] = exp(p[j]);
            }
            for (int j = 0; j < n; j++)
                for (int d = 0; d < D; d++) joined[t][h * D + d] += p[j] / sum * qkv[j][v + d];
        }
    for (int t = 0; t < T; t++) apply(y + t * C, &m->out, joined[t]);
}

Test(nn_attention, equals_one_head_at_a_time)
{
    const int shared[] = { 6, 3, 1 };
    for (int i = 0; i < 6; i++) {
        Attention m = made(shared[i / 2], i % 2);
        Tensor   *x = constant(SHAPE(B, T, C)), *lengths = tensor_new(model, DEV_CPU, I32, SHAPE(B));
        tensor_set(lengths, 0, T), tensor_set(lengths, 1, 3);
        for (int padded = 0; padded < 2; padded++) {
            Tensor *y = nn_attention_forward(tape, &m, x, padded ? lengths : NULL);
            expect_shape(y, SHAPE(B, T, C));
            for (int64_t b = 0; b < B; b++) {
                double want[T * C];
                plain(want, &m, x, b, padded && b == 1 ? 3 : T);
                for (int64_t j = 0; j < T * C; j++)
                    expect("y", j, tensor_get(y, b * T * C + j), want[j], 40 * epsilon() * (1 + fabs(want[j])));
            }
        }
    }
}

static Tensor *forward(Tape *t, Tensor **in, void *ctx)
{
    Attention m = *(Attention *)ctx;
    m.qkv = (Linear){ in[1], in[2] }, m.out = (Linear){ in[3], in[4] };
    return nn_attention_forward(t, &m, in[0], NULL);
}

Test(nn_attention, gradients)
{
    Attention m = made(2, true);
    GRADCHECK(forward, &m, param(SHAPE(B, T, C)), m.qkv.w, m.qkv.b, m.out.w, m.out.b);
}

/* As large as it came in: the variance of a projection of unit numbers is 1. */
Test(nn_attention, starts_at_unit_variance)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        Rng       rng = rng_new(seed);
        Attention m = nn_attention(model, &rng, 64, 4, 0, true);
        double    sum = 0;
        for (int64_t i = 0; i < tensor_count(m.qkv.w); i++) sum += pow(tensor_get(m.qkv.w, i), 2);
        expect("variance", 0, sum / (double)tensor_count(m.qkv.w), 1. / 64, 0.1 / 64);
        cr_assert_eq(m.kv_heads, 4);
    }
}

Test(nn_attention, names)
{
    static const char *const want[] = { "h.0.attn.c_attn.weight", "h.0.attn.c_attn.bias", "h.0.attn.c_proj.weight",
                                        "h.0.attn.c_proj.bias" };
    Attention m = made(2, true);
    NnParams  p = nn_params(model);
    nn_attention_visit(&m, "h.0.attn", nn_params_add, &p);
    cr_assert_eq(p.n, 4);
    for (int i = 0; i < p.n; i++) cr_assert_str_eq(p.item[i].name, want[i]);
    expect_shape(p.item[0].tensor, SHAPE((HEADS + 4) * 2, C));
}

static void refuse_heads(void) { nn_attention(model, &(Rng){ 0 }, 10, 4, 4, true); }
static void refuse_key_heads(void) { nn_attention(model, &(Rng){ 0 }, 12, 4, 3, true); }
static void refuse_rows(void)
{
    Attention m = made(2, true);
    nn_attention_forward(tape, &m, param(SHAPE(T, C)), NULL);
}

Test(nn_attention, refusals)
{
    expect_refusal(refuse_heads, "10 numbers cannot be shared by 4 heads");
    expect_refusal(refuse_key_heads, "4 heads cannot share 3 key heads");
    expect_refusal(refuse_rows, "needs (B,T,C), not ");
}
