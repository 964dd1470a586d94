/* attention.c -- y = softmax(scale q k^T + mask) v for each head, a tile of scores at a time. */
#include <string.h>
#include "gemm_library.h"
#include "rows.h"
#ifdef _OPENMP
#include <omp.h>
#endif

/* Query heads that read the same keys are rows of one matrix: row r is time r / G of head hk G + r % G. A tile is some
 * rows beside KEYS keys: large enough for the matrix product, small enough for the second-level cache. Where there are
 * few rows, half as many at a time: less of their tiles lies behind a causal mask. */
enum { ROWS = 128, KEYS = 256, FEW = 4 * ROWS };

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

typedef struct Problem {
    Tensor *q, *k, *v, *lengths, *slopes;
    int64_t B, T, S, H, HK, G, D, DV;
    int64_t block;                      /* rows of a tile */
    real    scale;
    bool    causal;
} Problem;

static Problem problem(Tensor *const in[], const AttentionArg *a)
{
    Problem p = { .q = in[0], .k = in[1], .v = in[2], .lengths = in[3], .slopes = in[4], .causal = a->causal };
    p.B = p.q->shape[0], p.T = p.q->shape[1], p.H = p.q->shape[2], p.D = p.q->shape[3];
    p.S = p.k->shape[1], p.HK = p.k->shape[2], p.DV = p.v->shape[3];
    p.G = p.HK > 0 ? p.H / p.HK : 0;
    p.block = least(p.T * p.G, p.T * p.G > FEW ? ROWS : ROWS / 2);
    p.scale = (real)(a->scale != 0 ? a->scale : 1 / sqrt((double)p.D));
    return p;
}

/* ---- A group: the rows of a batch's entry that read one key head ---- */

typedef struct Group { const Problem *p; int64_t b, hk, rows; } Group;

static Group group(const Problem *p, int64_t i)
{
    return (Group){ .p = p, .b = i / p->HK, .hk = i % p->HK, .rows = p->T * p->G };
}

static real *at(const Tensor *x, int64_t b, int64_t t, int64_t h)
{
    return (real *)x->data + b * x->stride[0] + t * x->stride[1] + h * x->stride[2];
}
static real *row(const Group *g, const Tensor *x, int64_t r)
{
    return at(x, g->b, r / g->p->G, g->hk * g->p->G + r % g->p->G);
}
static real *keys(const Group *g, const Tensor *x, int64_t j) { return at(x, g->b, j, g->hk); }

/* How many keys a row sees: the first so many. Later rows see no fewer. */
static int64_t seen(const Group *g, int64_t r)
{
    const Problem *p = g->p;
    int64_t n = p->S;
    if (p->lengths) n = least(n, ((const int32_t *)p->lengths->data)[g->b * p->lengths->stride[0]]);
    if (p->causal) n = least(n, r / p->G + 1 + p->S - p->T);
    return n > 0 ? n : 0;
}

static void gather(real *to, const Group *g, const Tensor *x, int64_t from, int64_t M, real factor)
{
    int64_t C = x->shape[3];
    for (int64_t r = 0; r < M; r++) {
        const real *a = row(g, x, from + r);
#pragma omp simd
        for (int64_t c = 0; c < C; c++) to[r * C + c] = factor * a[c];
    }
}

/* ---- A tile of scores, and what of it counts ---- */

typedef struct Span { int64_t from, to; } Span;
typedef struct Tile {
    int64_t from, M, j, N;              /* rows from .. from+M-1, keys j .. j+N-1 */
    bool    masked;
    Span    row[ROWS], key[KEYS];       /* a row's keys, a key's rows, counted from the tile's first */
} Tile;

static void tile(Tile *x, const Group *g, int64_t from, int64_t M, int64_t j, int64_t N)
{
    x->from = from, x->M = M, x->j = j, x->N = N;
    int64_t c = 0;
    for (int64_t r = 0; r < M; r++) {
        int64_t n = least(seen(g, from + r) - j, N);
        x->row[r] = (Span){ 0, n > 0 ? n : 0 };
        for (; c < n; c++) x->key[c] = (Span){ r, M };
    }
    for (; c < N; c++) x->key[c] = (Span){ M, M };
    x->masked = x->row[0].to < N;
}

/* s = q k^T, q scaled already; ALiBi takes slope (i - j) off, i being where the row stands among the keys. */
static void scores(real *s, const Group *g, const Tile *x, const real *q)
{
    const Problem *p = g->p;
    const int64_t rows[] = { p->D, 1 }, columns[] = { 1, p->k->stride[1] };
    gemm_tile(s, x->M, x->N, p->D, q, rows, keys(g, p->k, x->j), columns, 0);
    for (int64_t r = 0; p->slopes && r < x->M; r++) {
        int64_t h = g->hk * p->G + (x->from + r) % p->G, i = (x->from + r) / p->G + p->S - p->T;
        real slope = ((const real *)p->slopes->data)[h * p->slopes->stride[0]], *a = s + r * x->N;
#pragma omp simd
        for (int64_t c = 0; c < x->row[r].to; c++) a[c] -= slope * (real)(i - x->j - c);
    }
}

static bool finite(const real *x, int64_t line, int64_t rows, int64_t cols)
{
    real sum = 0; /* x - x is 0, or NaN */
    for (int64_t r = 0; r < rows; r++)
#pragma omp simd reduction(+ : sum)
        for (int64_t c = 0; c < cols; c++) sum += x[r * line + c] - x[r * line + c];
    return sum == 0;
}

/* C (M,N) += A (M,K) B (K,N), A being 0 outside of its rows' spans. A zero leaves out everything but NaN and infinity:
 * a query must not hear of those in its future, so then it is row by row. */
static void product(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B,
                    int64_t line, const Span *span, bool masked)
{
    const int64_t sb[] = { line, 1 };
    if (!masked || finite(B, line, K, N)) {
        gemm_tile(C, M, N, K, A, sa, B, sb, 1);
        return;
    }
    for (int64_t m = 0; m < M; m++)
        gemm(C + m * N, 1, N, span[m].to - span[m].from, A + m * sa[0] + span[m].from * sa[1], sa,
             B + span[m].from * line, sb, 1);
}

/* ---- Work space: a piece for each thread ---- */

static int64_t padded(int64_t n) { return (n + 15) / 16 * 16; }

static real *take(real **from, int64_t n)
{
    real *x = *from;
    *from += padded(n);
    return x;
}

static int threads(bool many)
{
#ifdef _OPENMP
    return many ? omp_get_max_threads() : 1;
#else
    return (void)many, 1;
#endif
}

static int me(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

/* ---- Forward ---- */

/* One more tile for a row. What was summed with the old maximum is worth exp(old - new) of it now:
 *   m' = max(m, max s),  f = exp(m - m'),  l' = f l + sum exp(s - m'),  o' = f o + exp(s - m') v */
static real soften(real *s, int64_t n, int64_t N, real *max, real *sum)
{
    real most = rows_max(s, n), l = 0;
    if (!(most > *max)) most = *max;
    real shift = most == -(real)INFINITY ? 0 : most, f = vexp(*max - shift);
#pragma omp simd reduction(+ : l)
    for (int64_t c = 0; c < n; c++) {
        s[c] = vexp(s[c] - shift);
        l += s[c];
    }
    for (int64_t c = n; c < N; c++) s[c] = 0;
    *max = most;
    *sum = f * *sum + l;
    return f;
}

static int64_t forward_space(const Problem *p)
{
    int64_t M = p->block;
    return padded(M * p->D) + padded(M * p->DV) + padded(M * KEYS) + 2 * padded(M);
}

static void forward_rows(const Group *g, Tensor *y, Tensor *lse, int64_t from, real *space)
{
    const Problem *p = g->p;
    int64_t M = least(p->block, g->rows - from), most = seen(g, from + M - 1), DV = p->DV;
    real *q = take(&space, M * p->D), *o = take(&space, M * DV), *s = take(&space, M * KEYS);
    real *max = take(&space, M), *sum = take(&space, M);
    gather(q, g, p->q, from, M, p->scale);
    memset(o, 0, (size_t)(M * DV) * sizeof *o);
    for (int64_t r = 0; r < M; r++) max[r] = -(real)INFINITY, sum[r] = 0;

    for (int64_t j = 0; j < most; j += KEYS) {
        Tile x;
        tile(&x, g, from, M, j, least(KEYS, most - j));
        scores(s, g, &x, q);
        for (int64_t r = 0; r < M; r++) {
            real f = soften(s + r * x.N, x.row[r].to, x.N, &max[r], &sum[r]);
            if (f == 1) continue;
#pragma omp simd
            for (int64_t c = 0; c < DV; c++) o[r * DV + c] *= f;
        }
        product(o, M, DV, x.N, s, (int64_t[]){ x.N, 1 }, keys(g, p->v, j), p->v->stride[1], x.row, x.masked);
    }
    for (int64_t r = 0; r < M; r++) {
        real scale = sum[r] > 0 ? 1 / sum[r] : sum[r], *to = row(g, y, from + r); /* no key: zeros. NaN stays NaN */
#pragma omp simd
        for (int64_t c = 0; c < DV; c++) to[c] = scale * o[r * DV + c];
        /* exp(s - lse) is then 0 again */
        *row(g, lse, from + r) = sum[r] == 0 ? (real)INFINITY : max[r] + (real)log((double)sum[r]);
    }
}

static const char *shape(Node *n)
{
    const Tensor *q = n->in[0], *k = n->in[1], *v = n->in[2], *lengths = n->in[3], *slopes = n->in[4];
    if (q->ndim != 4 || k->ndim != 4 || v->ndim != 4) return "needs q (B,T,H,D), k (B,S,HK,D) and v (B,S,HK,DV)";
    if (k->shape[0] != q->shape[0] || k->shape[3] != q->shape[3]) return "q and k must agree in B and D";
    if (memcmp(k->shape, v->shape, 3 * sizeof *k->shape)) return "k and v must agree in B, S and HK";
    if (k->shape[2] == 0 ? q->shape[2] != 0 : q->shape[2] % k->shape[2] != 0)
        return "the number of query heads must be a multiple of that of key heads";
    if (lengths && (lengths->dtype != I32 || lengths->ndim != 1 || lengths->shape[0] != q->shape[0]))
        return "lengths must be i32 (B)";
    if (slopes && (slopes->dtype != REAL || slopes->ndim != 1 || slopes->shape[0] != q->shape[2]))
        return "slopes must be (H)";
    for (int i = 0; i < 3; i++)
        if (n->in[i]->dtype != REAL) return "q, k and v must be floating";
    tensor_set_shape(n->out[0], SHAPE(q->shape[0], q->shape[1], q->shape[2], v->shape[3]));
    tensor_set_shape(n->out[1], SHAPE(q->shape[0], q->shape[1], q->shape[2], 1)); /* lse */
    n->out[1]->needs_grad = false;
    return NULL;
}

/* Scores that are worked out. */
static double pairs(const Node *n)
{
    const Problem p = problem(n->in, n->arg);
    double sum = 0;
    for (int64_t b = 0; b < p.B; b++) {
        Group g = { .p = &p, .b = b };
        for (int64_t t = 0; t < p.T; t++) sum += (double)(p.H * seen(&g, t * p.G));
    }
    return sum;
}

/* Two products, and a handful of operations for each exponential. */
static double flops(const Node *n)
{
    return pairs(n) * (2 * (double)(n->in[0]->shape[3] + n->in[2]->shape[3]) + 5);
}

static void forward(Tape *t, Node *n)
{
    const Problem p = problem(n->in, n->arg);
    int64_t blocks = p.block > 0 ? (p.T * p.G + p.block - 1) / p.block : 0, groups = p.B * p.HK;
    int64_t each = forward_space(&p);
    bool    many = blocks * groups > 1 && p.B * p.H * p.T * p.S * (p.D + p.DV) > PARALLEL;
    real   *space = tape_scratch(t, (size_t)(threads(many) * each) * sizeof *space);
    /* Under a causal mask the last blocks take longest: they begin. */
#pragma omp parallel for if (many) schedule(dynamic)
    for (int64_t i = 0; i < blocks * groups; i++) {
        Group g = group(&p, i % groups);
        forward_rows(&g, n->out[0], n->out[1], (blocks - 1 - i / groups) * p.block, space + me() * each);
    }
}

/* ---- Backward ---- */

enum { DY_Y = 3, DY_LSE, DY, DY_LENGTHS, DY_SLOPES };   /* the gradient's inputs after q, k, v */

static int64_t backward_space(const Problem *p)
{
    int64_t M = p->block;
    return padded(p->S * p->D) + padded(p->S * p->DV) + 2 * padded(M * p->D) + padded(M * p->DV) +
           2 * padded(M * KEYS) + 2 * padded(M);
}

/* With p = exp(s - lse), which softmax gave, and e = sum_c dy_c y_c:
 *   dv = p^T dy,  dp = dy v^T,  ds = p (dp - e),  dq = scale ds k,  dk = ds^T (scale q) */
static void backward_rows(const Group *g, const Node *n, Tensor *dq, real *dk, real *dv, int64_t from, real *space)
{
    const Problem *p = g->p;
    int64_t M = least(p->block, g->rows - from), most = seen(g, from + M - 1), D = p->D, DV = p->DV;
    real *q = take(&space, M * D), *dq_tile = take(&space, M * D), *dy = take(&space, M * DV);
    real *s = take(&space, M * KEYS), *ds = take(&space, M * KEYS), *e = take(&space, M), *lse = take(&space, M);
    gather(q, g, p->q, from, M, p->scale);
    gather(dy, g, n->in[DY], from, M, 1);
    memset(dq_tile, 0, (size_t)(M * D) * sizeof *dq_tile);
    for (int64_t r = 0; r < M; r++) {
        const real *y = row(g, n->in[DY_Y], from + r);
        real sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t c = 0; c < DV; c++) sum += y[c] * dy[r * DV + c];
        e[r] = sum, lse[r] = *row(g, n->in[DY_LSE], from + r);
    }
    for (int64_t j = 0; j < most; j += KEYS) {
        Tile x;
        tile(&x, g, from, M, j, least(KEYS, most - j));
        int64_t N = x.N, across[] = { N, 1 }, down[] = { 1, N };
        scores(s, g, &x, q);
        gemm_tile(ds, M, N, DV, dy, (int64_t[]){ DV, 1 }, keys(g, p->v, j), (int64_t[]){ 1, p->v->stride[1] }, 0);
        for (int64_t r = 0; r < M; r++) {
            real *a = s + r * N, *da = ds + r * N;
#pragma omp simd
            for (int64_t c = 0; c < x.row[r].to; c++) {
                a[c] = vexp(a[c] - lse[r]);
                da[c] = a[c] * (da[c] - e[r]);
            }
            for (int64_t c = x.row[r].to; c < N; c++) a[c] = da[c] = 0;
        }
        product(dv + j * DV, N, DV, M, s, down, dy, DV, x.key, x.masked);
        product(dk + j * D, N, D, M, ds, down, q, D, x.key, x.masked);
        product(dq_tile, M, D, N, ds, across, keys(g, p->k, j), p->k->stride[1], x.row, x.masked);
    }
    for (int64_t r = 0; r < M; r++) {
        real *to = row(g, dq, from + r);
#pragma omp simd
        for (int64_t c = 0; c < D; c++) to[c] = p->scale * dq_tile[r * D + c];
    }
}

static void scatter(const Group *g, Tensor *x, const real *from, int64_t C)
{
    for (int64_t j = 0; j < g->p->S; j++) memcpy(keys(g, x, j), from + j * C, (size_t)C * sizeof *from);
}

/* Are q, k, v the parts of one projection, (B,T,H+HK+HK,D)? Then their gradients are written as one tensor. */
static bool one_projection(Tensor **in)
{
    const Tensor *q = in[0], *k = in[1], *v = in[2], *whole = q->base;
    if (!whole || k->base != whole || v->base != whole || q->shape[1] != k->shape[1]) return false;
    if (q->shape[3] != v->shape[3]) return false;
    int64_t D = q->shape[3], line = (q->shape[2] + 2 * k->shape[2]) * D;
    for (int i = 0; i < 3; i++)
        if (in[i]->stride[0] != q->shape[1] * line || in[i]->stride[1] != line || in[i]->stride[2] != D) return false;
    const real *first = whole->data, *second = first + q->shape[2] * D, *third = second + k->shape[2] * D;
    return q->data == first && k->data == second && v->data == third &&
           tensor_count(whole) == q->shape[0] * q->shape[1] * line;
}

static const char *backward_shape(Node *n)
{
    if (n->n_out == 1) {
        tensor_set_shape(n->out[0], n->in[0]->base->ndim, n->in[0]->base->shape);
        return NULL;
    }
    for (int i = 0; i < 3; i++) tensor_set_shape(n->out[i], 4, n->in[i]->shape);
    return NULL;
}

/* Three more products: scores again, dp, dv, dq, dk. */
static double backward_flops(const Node *n)
{
    Node forward = *n;
    forward.in = (Tensor *[]){ n->in[0], n->in[1], n->in[2], n->in[DY_LENGTHS], n->in[DY_SLOPES] };
    return pairs(&forward) * (6 * (double)n->in[0]->shape[3] + 4 * (double)n->in[2]->shape[3] + 7);
}

/* A group is one thread's: dk and dv are sums over all its rows, and must come out the same whoever works. */
static void forward_of_backward(Tape *t, Node *n)
{
    Tensor *const of_forward[] = { n->in[0], n->in[1], n->in[2], n->in[DY_LENGTHS], n->in[DY_SLOPES] };
    const Problem p = problem(of_forward, n->arg);
    Tensor d[3];
    for (int i = 0; i < 3; i++) {
        d[i] = n->n_out == 1 ? *n->in[i] : *n->out[i];
        if (n->n_out == 1)
            d[i].data = (real *)n->out[0]->data + ((real *)n->in[i]->data - (real *)n->in[0]->base->data);
    }
    int64_t groups = p.B * p.HK, each = backward_space(&p);
    bool    many = groups > 1 && p.B * p.H * p.T * p.S * (p.D + p.DV) > PARALLEL;
    real   *space = tape_scratch(t, (size_t)(threads(many) * each) * sizeof *space);
#pragma omp parallel for if (many) schedule(dynamic)
    for (int64_t i = 0; i < groups; i++) {
        Group g = group(&p, i);
        real *mine = space + me() * each, *dk = take(&mine, p.S * p.D), *dv = take(&mine, p.S * p.DV);
        memset(dk, 0, (size_t)(p.S * p.D) * sizeof *dk);
        memset(dv, 0, (size_t)(p.S * p.DV) * sizeof *dv);
        for (int64_t from = 0; from < g.rows; from += p.block) backward_rows(&g, n, &d[0], dk, dv, from, mine);
        scatter(&g, &d[1], dk, p.D);
        scatter(&g, &d[2], dv, p.DV);
    }
}

static const Op op_backward = { .name = "attention_backward", .dtypes = 1u << REAL | 1u << I32, .strided = true,
                                .shape = backward_shape, .forward = { [DEV_CPU] = forward_of_backward },
                                .flops = backward_flops };

static void backward(Tape *t, Node *n)
{
    Tensor **in = n->in, *d[3];
    bool one = one_projection(in);
    Node run = { .op = &op_backward, .n_out = one ? 1 : 3, .arg = n->arg, .arg_size = n->arg_size,
                 IN(in[0], in[1], in[2], n->out[0], n->out[1], n->out[0]->grad, in[3], in[4]) };
    tape_run_all(t, run, d);
    if (one) tape_add_grad(t, tensor_root(in[0]), d[0]);
    for (int i = 0; !one && i < 3; i++) tape_add_grad(t, in[i], d[i]);
}

static const Op op = { .name = "attention", .dtypes = 1u << REAL | 1u << I32, .strided = true, .shape = shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward, .flops = flops };

/* A head's numbers must lie side by side: else a copy is made. */
static Tensor *packed(Tape *t, Tensor *x)
{
    return x->ndim == 4 && x->shape[3] > 1 && x->stride[3] != 1 ? op_contiguous(t, x) : x;
}

Tensor *op_attention(Tape *t, Tensor *q, Tensor *k, Tensor *v, Tensor *lengths, Tensor *slopes, AttentionArg arg)
{
    Tensor *out[2];
    Node n = { .op = &op, .n_out = 2, IN(packed(t, q), packed(t, k), packed(t, v), lengths, slopes), .arg = &arg,
               .arg_size = sizeof arg };
    tape_run_all(t, n, out);
    return out[0];
}
