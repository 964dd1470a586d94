/* test_threads.c -- every op gives the same bits whatever the number of threads. With and without REAL64. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "gradcheck.h"
#include "optim.h"
#include "trap.h"
#ifdef _OPENMP
#include <omp.h>
#else
static void omp_set_num_threads(int n) { (void)n; }
#endif

TestSuite(threads, .timeout = 120);

static const int COUNTS[] = { 1, 2, 3, 5 };
enum { N_COUNTS = sizeof COUNTS / sizeof *COUNTS };

/* ---- Calls, on x (301,257) unless they make inputs of their own: more elements than any op does on one thread ---- */

enum { ROWS = 301, COLS = 257 };

static Tensor *indices(int64_t N, int64_t below) { return targets(N, below); } /* i32 (N) */
static Tensor *mask(void)                           /* u8 (301,257) */
{
    Tensor *m = tensor_new(model, DEV_CPU, U8, SHAPE(ROWS, COLS));
    for (int64_t i = 0; i < tensor_count(m); i++) tensor_set(m, i, uniform(0, 1) < 0.3);
    return m;
}
static Tensor *like_x(void) { return param(SHAPE(ROWS, COLS)); }
static Tensor *row(void) { return param(SHAPE(COLS)); }
static Tensor *positive(Tape *t, Tensor *x) { return op_mul(t, x, x); }
static Tensor *image(void) { return param(SHAPE(5, 12, 33, 35)); }

#define CALL(name, ...) static Tensor *call_##name(Tape *t, Tensor *x) { (void)x; return __VA_ARGS__; }
#define ONE(name) CALL(name, op_##name(t, x))
#define TWO(name) CALL(name, op_add(t, op_##name(t, x, row()), op_##name(t, x, like_x())))

CALL(matmul, op_matmul(t, op_transpose(t, x, 0, 1), like_x()))
CALL(linear, op_linear(t, x, param(SHAPE(391, COLS)), param(SHAPE(391))))
CALL(linear_act, op_linear_act(t, x, param(SHAPE(391, COLS)), param(SHAPE(391)), ACT_GELU))
TWO(add) TWO(sub) TWO(mul) TWO(div) TWO(maximum) TWO(minimum)
CALL(where, op_where(t, mask(), x, row()))
CALL(mask_fill, op_mask_fill(t, x, mask(), -1))
CALL(scale, op_scale(t, x, 0.7))
CALL(shift, op_shift(t, x, 0.7))
ONE(exp) ONE(square) ONE(abs) ONE(relu) ONE(gelu) ONE(gelu_tanh) ONE(silu) ONE(tanh) ONE(sigmoid) ONE(softplus)
CALL(log, op_log(t, positive(t, x)))
CALL(sqrt, op_sqrt(t, positive(t, x)))
CALL(pow, op_pow(t, positive(t, x), 1.7))
CALL(clamp, op_clamp(t, x, -0.5, 0.4))
CALL(leaky_relu, op_leaky_relu(t, x, 0.1))
CALL(elu, op_elu(t, x, 0.9))
static Tensor *call_dropout(Tape *t, Tensor *x)
{
    Rng rng = rng_new(3);
    return op_dropout(t, x, 0.3, &rng);
}
CALL(cast, op_cast(t, op_cast(t, x, BF16), REAL))
ONE(softmax) ONE(log_softmax)
CALL(cross_entropy, op_cross_entropy(t, x, indices(ROWS, COLS)))
CALL(cross_entropy_with, op_cross_entropy_with(t, x, indices(ROWS, COLS),
                                               (CrossEntropyArg){ .smoothing = 0.1, .ignore = 3, .ignores = true }))
CALL(bce_logits, op_bce_logits(t, x, op_scale(t, constant(SHAPE(ROWS, COLS)), 0.5)))
CALL(mse, op_mse(t, x, like_x()))
CALL(layernorm, op_layernorm(t, x, row(), row(), 1e-5))
CALL(rmsnorm, op_rmsnorm(t, x, row(), 1e-5))
CALL(groupnorm, op_groupnorm(t, image(), param(SHAPE(12)), param(SHAPE(12)), 3, 1e-5))
static Tensor *call_batchnorm(Tape *t, Tensor *x)
{
    Tensor *stat[2];
    (void)x;
    return op_batchnorm(t, image(), param(SHAPE(12)), param(SHAPE(12)), 1e-5, stat);
}
CALL(batchnorm_fixed, op_batchnorm_fixed(t, image(), param(SHAPE(12)), param(SHAPE(12)), constant(SHAPE(12)),
                                         positive(t, constant(SHAPE(12))), 1e-5))
CALL(conv2d, op_conv2d(t, image(), param(SHAPE(16, 6, 3, 3)), param(SHAPE(16)),
                       (ConvArg){ .pad = { 1, 1 }, .stride = { 1, 2 }, .groups = 2 }))
CALL(conv2d_relu, op_conv2d_relu(t, image(), param(SHAPE(16, 12, 3, 3)), param(SHAPE(16)),
                                 (ConvArg){ .pad = { 1, 0 } }))
CALL(conv2d_transpose, op_conv2d_transpose(t, image(), param(SHAPE(12, 8, 3, 3)), param(SHAPE(8)),
                                           (ConvArg){ .pad = { 1, 1 }, .stride = { 2, 1 } }))
CALL(max_pool2d, op_max_pool2d(t, image(), (PoolArg){ .kernel = { 3, 3 }, .stride = { 2, 2 }, .pad = { 1, 1 } }))
CALL(avg_pool2d, op_avg_pool2d(t, image(), (PoolArg){ .kernel = { 3, 3 }, .stride = { 2, 2 }, .pad = { 1, 1 } }))
CALL(global_avg_pool2d, op_global_avg_pool2d(t, image()))
CALL(attention, op_attention(t, param(SHAPE(3, 70, 6, 16)), param(SHAPE(3, 90, 2, 16)), param(SHAPE(3, 90, 2, 16)),
                             indices(3, 91), param(SHAPE(6)), (AttentionArg){ .causal = true }))
CALL(lstm, op_lstm(t, param(SHAPE(9, 31, 40)), NULL, NULL, param(SHAPE(256, 40)), param(SHAPE(256, 64)),
                   param(SHAPE(256)), param(SHAPE(256))).y)
CALL(gru, op_gru(t, param(SHAPE(9, 31, 40)), NULL, param(SHAPE(192, 40)), param(SHAPE(192, 64)), param(SHAPE(192)),
                 param(SHAPE(192))).y)
#define REDUCED(name) CALL(name, op_add(t, op_sum(t, op_##name(t, x, 1u), 1u), op_sum(t, op_##name(t, x, 2u), 1u)))
CALL(sum, op_add(t, op_sum(t, x, 1u), op_sum(t, op_transpose(t, op_slice(t, x, 0, 0, COLS), 0, 1), 2u)))
REDUCED(mean) REDUCED(max) REDUCED(min)
CALL(var, op_add(t, op_sum(t, op_var(t, x, 1u, 1), 1u), op_sum(t, op_var(t, x, 2u, 0), 1u)))
CALL(sum_to, op_sum_to(t, x, SHAPE(ROWS, 1)))
ONE(argmax)
CALL(embedding, op_embedding(t, x, indices(700, ROWS)))
static Tensor *index_like_x(int64_t below)
{
    Tensor *i = tensor_new(model, DEV_CPU, I32, SHAPE(ROWS, COLS));
    for (int64_t k = 0; k < tensor_count(i); k++) tensor_set(i, k, (double)(int64_t)uniform(0, (double)below));
    return i;
}
CALL(gather, op_gather(t, x, 0, index_like_x(ROWS)))
CALL(scatter_add, op_scatter_add(t, x, 1, index_like_x(COLS), like_x()))
CALL(concat, op_concat(t, (Tensor *[]){ x, like_x(), x }, 3, 1))
CALL(reshape, op_reshape(t, op_transpose(t, x, 0, 1), SHAPE(ROWS * COLS)))
CALL(slice, op_slice(t, x, 1, 3, 250))
static Tensor *call_split(Tape *t, Tensor *x)
{
    Tensor *part[7];
    op_split(t, x, 0, 7, part);
    return op_mul(t, part[1], part[6]);
}
CALL(transpose, op_transpose(t, x, 0, 1))
CALL(expand, op_expand(t, x, SHAPE(3, ROWS, COLS)))
CALL(contiguous, op_contiguous(t, op_transpose(t, x, 0, 1)))
CALL(copy_into, op_copy_into(t, op_slice(t, op_scale(t, x, 2), 0, 1, 300), op_slice(t, like_x(), 0, 0, 299)))
CALL(accumulate, op_accumulate(t, constant(SHAPE(ROWS, COLS)), op_transpose(t, param(SHAPE(COLS, ROWS)), 0, 1)))
CALL(lerp_into, op_lerp_into(t, constant(SHAPE(ROWS, COLS)), x, 0.3))
CALL(fill, op_fill(t, constant(SHAPE(ROWS, COLS)), 3))

/* ---- The table: every op of ops.h, which a test below reads ---- */

typedef struct Call { const char *name; Tensor *(*run)(Tape *, Tensor *x); } Call;
#define ROW(name) { #name, call_##name }
static const Call CALLS[] = {
    ROW(matmul), ROW(linear), ROW(linear_act), ROW(add), ROW(sub), ROW(mul), ROW(div), ROW(maximum), ROW(minimum),
    ROW(where), ROW(mask_fill), ROW(scale), ROW(shift), ROW(exp), ROW(log), ROW(sqrt), ROW(square), ROW(abs), ROW(pow),
    ROW(clamp), ROW(relu), ROW(leaky_relu), ROW(elu), ROW(gelu), ROW(gelu_tanh), ROW(silu), ROW(tanh), ROW(sigmoid),
    ROW(softplus), ROW(dropout), ROW(cast), ROW(softmax), ROW(log_softmax), ROW(cross_entropy),
    ROW(cross_entropy_with), ROW(bce_logits), ROW(mse), ROW(layernorm), ROW(rmsnorm), ROW(groupnorm), ROW(batchnorm),
    ROW(batchnorm_fixed), ROW(conv2d), ROW(conv2d_relu), ROW(conv2d_transpose), ROW(max_pool2d), ROW(avg_pool2d),
    ROW(global_avg_pool2d), ROW(attention), ROW(lstm), ROW(gru), ROW(sum), ROW(mean), ROW(max), ROW(min), ROW(var),
    ROW(sum_to), ROW(argmax), ROW(embedding), ROW(gather), ROW(scatter_add), ROW(concat), ROW(reshape), ROW(slice),
    ROW(split), ROW(transpose), ROW(expand), ROW(contiguous), ROW(copy_into), ROW(accumulate), ROW(lerp_into),
    ROW(fill),
};
enum { N_CALLS = sizeof CALLS / sizeof *CALLS };

/* ---- Every number that a call leaves: its value, and the gradient of every parameter ---- */

typedef struct Numbers { double *v; int64_t n; } Numbers;

static void keep_numbers(Numbers *all, const Tensor *x)
{
    int64_t N = tensor_count(x);
    all->v = realloc(all->v, (size_t)(all->n + N + 1) * sizeof *all->v);
    for (int64_t i = 0; i < N; i++) all->v[all->n++] = tensor_get(x, i);
}

/* The parameters are found where they are needed: at the door. */
enum { MAX_PARAMS = 64 };
static Tensor *params[MAX_PARAMS];
static int     n_params;

static void note_params(void *ctx, Tape *t, const Node *n, const Node *playing)
{
    (void)ctx, (void)t;
    for (int i = 0; i < n->n_in && !playing; i++) {
        Tensor *x = n->in[i] ? tensor_root(n->in[i]) : NULL;
        bool known = !x || !x->needs_grad || x->arena != model;
        for (int k = 0; k < n_params && !known; k++) known = params[k] == x;
        if (!known && n_params < MAX_PARAMS) params[n_params++] = x;
    }
}

static Numbers run(const Call *c, int threads, Trap *trap)
{
    Numbers all = { 0 };
    omp_set_num_threads(threads);
    gradcheck_begin();
    if (trap) trap_watch(trap, tape);
    n_params = 0;
    tape_hook(tape, (TapeHook){ .before = note_params });
    Tensor *y = c->run(tape, like_x());
    keep_numbers(&all, y);
    if (tensor_wants_grad(y)) {
        Tensor *root = tensor_root(y);
        root->grad = tensor_new(root->arena, DEV_CPU, root->dtype, root->ndim, root->shape);
        for (int64_t i = 0; i < tensor_count(root); i++) tensor_set(root->grad, i, uniform(-1, 1));
        tape_backward(tape, y);
    }
    for (int i = 0; i < n_params; i++)
        if (params[i]->grad) keep_numbers(&all, params[i]->grad);
    gradcheck_end();
    return all;
}

static void expect_same_numbers(const char *name, int threads, Numbers one, Numbers more)
{
    cr_assert_eq(one.n, more.n, "%s: %lld numbers with one thread, %lld with %d", name, (long long)one.n,
                 (long long)more.n, threads);
    for (int64_t i = 0; i < one.n; i++)
        cr_assert(!memcmp(&one.v[i], &more.v[i], sizeof *one.v),
                  "%s, number %lld: %.17g with one thread, %.17g with %d", name, (long long)i, one.v[i], more.v[i],
                  threads);
}

Test(threads, every_op_gives_the_same_bits)
{
    for (int i = 0; i < N_CALLS; i++) {
        Numbers one = run(&CALLS[i], 1, NULL);
        for (int k = 1; k < N_COUNTS; k++) {
            Numbers more = run(&CALLS[i], COUNTS[k], NULL);
            expect_same_numbers(CALLS[i].name, COUNTS[k], one, more);
            free(more.v);
        }
        free(one.v);
    }
}

/* On honest numbers the trap stays open, also where an op leaves outputs that nobody wants as they were. */
Test(threads, the_nan_trap_has_nothing_against_any_op)
{
    for (int i = 0; i < N_CALLS; i++) {
        Trap *trap = trap_new();
        free(run(&CALLS[i], 1, trap).v);
        trap_free(trap);
    }
}

Test(threads, no_op_of_ops_h_is_left_out)
{
    char path[1100], line[256];
    int found = 0;
    snprintf(path, sizeof path, "%s/common/ops.h", data_root());
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f, "no %s", path);
    while (fgets(line, sizeof line, f)) {
        char *name = strstr(line, "op_"), *bracket = name ? strchr(name, '(') : NULL;
        bool prototype = bracket && (!strncmp(line, "Tensor *op_", 11) || !strncmp(line, "Recurrent op_", 13) ||
                                     !strncmp(line, "void    op_", 11));
        if (!prototype) continue;
        *bracket = 0;
        bool listed = false;
        for (int i = 0; i < N_CALLS; i++) listed |= !strcmp(CALLS[i].name, name + 3);
        cr_expect(listed, "%s has no row in this table", name);
        found++;
    }
    fclose(f);
    cr_expect_geq(found, 60, "%d prototypes were recognised in %s", found, path);
}

/* ---- Training: gradients that meet, optimizers, clipping ---- */

typedef Optim *MakeOptim(Arena *, const NnParams *);
static Optim *sgd(Arena *a, const NnParams *p) { return optim_sgd(a, p, (SgdArg){ .rate = 0.1, .momentum = 0.9 }); }
static Optim *adamw(Arena *a, const NnParams *p) { return optim_adamw(a, p, (AdamwArg){ .rate = 0.01 }); }
static Optim *rmsprop(Arena *a, const NnParams *p) { return optim_rmsprop(a, p, (RmspropArg){ .rate = 0.01 }); }
static Optim *lion(Arena *a, const NnParams *p) { return optim_lion(a, p, (LionArg){ .rate = 0.001 }); }

static Numbers trained(MakeOptim *make, int threads)
{
    enum { STEPS = 3, N = 300 };
    static const int sizes[] = { COLS, 400, 10 };
    Numbers all = { 0 };
    Rng rng = rng_new(5);
    omp_set_num_threads(threads);
    gradcheck_begin();
    Mlp net = nn_mlp(model, &rng, 2, sizes);
    NnParams p = nn_params(model);
    nn_mlp_visit(&net, "", nn_params_add, &p);
    Optim *optim = make(model, &p);
    for (int s = 0; s < STEPS; s++, tape_reset(tape)) {
        Tensor *loss = op_cross_entropy(tape, nn_mlp_forward(tape, &net, constant(SHAPE(N, COLS))), targets(N, 10));
        tape_backward(tape, loss);
        optim_clip(tape, &p, 0.5);
        optim_step(optim, tape);
        keep_numbers(&all, loss);
    }
    for (int i = 0; i < p.n; i++) keep_numbers(&all, p.item[i].tensor);
    gradcheck_end();
    return all;
}

Test(threads, training_gives_the_same_bits)
{
    static const struct { const char *name; MakeOptim *make; } ALL[] = {
        { "sgd", sgd }, { "adamw", adamw }, { "rmsprop", rmsprop }, { "lion", lion }
    };
    for (int i = 0; i < 4; i++) {
        Numbers one = trained(ALL[i].make, 1);
        for (int k = 1; k < N_COUNTS; k++) {
            Numbers more = trained(ALL[i].make, COUNTS[k]);
            expect_same_numbers(ALL[i].name, COUNTS[k], one, more);
            free(more.v);
        }
        free(one.v);
    }
}
