/* test_pathsim.c -- the probes that grade pathsim.c, and the oracles that prove it right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "pathsim.h"

enum { MAX_ROWS = 40, MAX_ENTRIES = MAX_ROWS * MAX_ROWS };

/* ---- Made here: no step waits for another ------------------------------------------------------------------------ */

/* Room for so many entries, poisoned. */
static Links room(int rows, int columns, int entries)
{
    return (Links){ .rows = rows, .columns = columns, .first = probe_output_ints(rows + 1),
                    .to = probe_output_ints(entries), .times = probe_output_doubles(entries) };
}

/* The entries of a full matrix that are not 0. */
static Links links_of(const double *full, int rows, int columns)
{
    int n = 0;
    for (int i = 0; i < rows * columns; i++) n += full[i] != 0;
    Links m = room(rows, columns, n);
    m.first[0] = n = 0;
    for (int r = 0; r < rows; m.first[++r] = n)
        for (int c = 0; c < columns; c++)
            if (full[r * columns + c] != 0) m.to[n] = c, m.times[n++] = full[r * columns + c];
    return m;
}

/* Few links or many, some of them several times; whole rows and columns may be empty. */
static double *counts(int rows, int columns)
{
    double *full = probe_inout_doubles(rows * columns);
    int     dense = probe_pick(1, 2, 6);
    for (int i = 0; i < rows * columns; i++) full[i] = probe_int(0, 8) < dense ? probe_int(1, 3) : 0;
    if (rows > 2)
        for (int c = 0, r = probe_int(0, rows - 1); c < columns; c++) full[r * columns + c] = 0;
    return full;
}

static Links some_links(int rows, int columns) { return links_of(counts(rows, columns), rows, columns); }

static void emit_links(const Links *m, int entries)
{
    emit_exact("first", m->first, m->rows + 1);
    emit_exact("to", m->to, entries);
    emit_exact("times", m->times, entries);
}

/* The lesson's network. Authors A1 A2 A3, papers P1 .. P4, venues C1 C2: A1 wrote P1 and P2, A2 P3, A3 P4; P1 and P3
 * appeared in C1, P2 and P4 in C2. */
static const double AP[] = { 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 }, PC[] = { 1, 0, 0, 1, 1, 0, 0, 1 };
static const double AC[] = { 1, 1, 1, 0, 0, 1 };

/* Sun and others, table 1: how often Mike, Jim, Mary, Bob and Ann published in four venues. */
static const double VENUES[] = { 2, 1, 0, 0, 50, 20, 0, 0, 2, 0, 1, 0, 2, 1, 0, 0, 0, 0, 1, 1 };

/* ---- step pathsim_links ------------------------------------------------------------------------------------------ */

PROBE(pathsim_links, by_pencil)
{
    int  *from = probe_given_ints(2, 0, 1, 0), *to = probe_given_ints(3, 1, 2, 0);
    int  *order = probe_output_ints(4), *count = probe_output_ints(5);
    Links m = room(3, 4, 4);
    probe_freeze();
    pathsim_links(&m, order, count, from, to, 4);
    emit_links(&m, 4);
}

PROBE(pathsim_links, any_order_and_twice)
{
    int    rows = probe_pick(1, 2, 7, 40), columns = probe_pick(1, 5, 17), n = probe_pick(1, 2, 30, 300), entries = 0;
    int   *from = probe_ints(n, 0, rows - 1), *to = probe_ints(n, 0, columns - 1);
    int   *order = probe_output_ints(n), *count = probe_output_ints((rows > columns ? rows : columns) + 1);
    Links  m = room(rows, columns, n);
    double seen[MAX_ENTRIES] = { 0 };
    for (int i = 0; i < n; i++) entries += seen[from[i] * columns + to[i]]++ == 0;
    probe_freeze();
    pathsim_links(&m, order, count, from, to, n);
    emit_links(&m, entries);
}

PROBE(pathsim_links, empty_rows)                        /* before, between and after */
{
    int  *from = probe_given_ints(5, 2, 2, 5), *to = probe_given_ints(1, 0, 2, 1);
    int  *order = probe_output_ints(4), *count = probe_output_ints(10);
    Links m = room(9, 3, 4);
    probe_freeze();
    pathsim_links(&m, order, count, from, to, 4);
    emit_links(&m, 3);
}

/* ---- step pathsim_transpose -------------------------------------------------------------------------------------- */

PROBE(pathsim_transpose, by_pencil)
{
    Links m = links_of(AC, 3, 2), t = room(2, 3, 4);
    t.rows = t.columns = -1;
    probe_freeze();
    pathsim_transpose(&t, &m);
    emit_exact("rows", &t.rows, 1);
    emit_exact("columns", &t.columns, 1);
    t.rows = 2;
    emit_links(&t, 4);
}

PROBE(pathsim_transpose, awkward_sizes)
{
    int   rows = probe_pick(1, 2, 7, 40), columns = probe_pick(1, 5, 17);
    Links m = some_links(rows, columns), t = room(columns, rows, m.first[rows]);
    probe_freeze();
    pathsim_transpose(&t, &m);
    t.rows = columns;
    emit_links(&t, m.first[rows]);
}

/* ---- step pathsim_product_size ----------------------------------------------------------------------------------- */

PROBE(pathsim_product_size, by_pencil)
{
    Links A = links_of(AP, 3, 4), B = links_of(PC, 4, 2);
    int  *first = probe_output_ints(4), *mark = probe_output_ints(2);
    probe_freeze();
    int entries = pathsim_product_size(first, mark, &A, &B);
    emit_exact("entries", &entries, 1);
    emit_exact("first", first, 4);
}

PROBE(pathsim_product_size, awkward_sizes)
{
    int   rows = probe_pick(1, 2, 7, 40), inner = probe_pick(1, 5, 17), columns = probe_pick(1, 3, 33, 40, 8);
    Links A = some_links(rows, inner), B = some_links(inner, columns);
    int  *first = probe_output_ints(rows + 1), *mark = probe_output_ints(columns);
    probe_freeze();
    int entries = pathsim_product_size(first, mark, &A, &B);
    emit_exact("entries", &entries, 1);
    emit_exact("first", first, rows + 1);
}

/* ---- step pathsim_product ---------------------------------------------------------------------------------------- */

/* The place of each row, from the full product. */
static Links product_room(const Links *A, const Links *B)
{
    double *full = probe_inout_doubles(A->rows * B->columns);
    memset(full, 0, (size_t)(A->rows * B->columns) * sizeof *full);
    for (int i = 0; i < A->rows; i++)
        for (int a = A->first[i]; a < A->first[i + 1]; a++)
            for (int b = B->first[A->to[a]]; b < B->first[A->to[a] + 1]; b++)
                full[i * B->columns + B->to[b]] += A->times[a] * B->times[b];
    Links want = links_of(full, A->rows, B->columns), C = room(A->rows, B->columns, want.first[A->rows]);
    memcpy(C.first, want.first, (size_t)(A->rows + 1) * sizeof(int));
    return C;
}

static void multiply(const Links *A, const Links *B)
{
    Links   C = product_room(A, B);
    double *sum = probe_inout_doubles(B->columns);
    int     entries = C.first[A->rows];
    memset(sum, 0, (size_t)B->columns * sizeof *sum);
    probe_freeze();
    pathsim_product(&C, sum, A, B);
    emit_links(&C, entries);
    emit_exact("sum", sum, B->columns);
}

PROBE(pathsim_product, by_pencil)
{
    Links A = links_of(AP, 3, 4), B = links_of(PC, 4, 2);
    multiply(&A, &B);
}

PROBE(pathsim_product, awkward_sizes)
{
    int   rows = probe_pick(1, 2, 7, 40), inner = probe_pick(1, 5, 17), columns = probe_pick(1, 3, 33, 40, 8);
    Links A = some_links(rows, inner), B = some_links(inner, columns);
    multiply(&A, &B);
}

/* ---- step pathsim_walk ------------------------------------------------------------------------------------------- */

PROBE(pathsim_walk, by_pencil)                          /* A-P-C-P-A, between each two authors */
{
    double transposed[2][12];
    for (int i = 0; i < 12; i++) transposed[0][i % 4 * 3 + i / 4] = AP[i];
    for (int i = 0; i < 8; i++) transposed[1][i % 2 * 4 + i / 2] = PC[i];
    Links  ap = links_of(AP, 3, 4), pc = links_of(PC, 4, 2), pa = links_of(transposed[0], 4, 3);
    Links  cp = links_of(transposed[1], 2, 4);
    const Links *const path[] = { &ap, &pc, &cp, &pa };
    double paths[9];
    probe_freeze();
    for (int i = 0; i < 9; i++) paths[i] = pathsim_walk(path, 4, i / 3, i % 3);
    emit_exact("paths", paths, 3, 3);
}

PROBE(pathsim_walk, any_path)
{
    int   steps = probe_pick(1, 2, 3), kinds[4];
    Links links[3];
    const Links *path[3] = { NULL };
    for (int s = 0; s <= steps; s++) kinds[s] = probe_int(1, 6);
    for (int s = 0; s < steps; s++) links[s] = some_links(kinds[s], kinds[s + 1]), path[s] = &links[s];
    double paths[36];
    probe_freeze();
    for (int x = 0; x < kinds[0]; x++)
        for (int y = 0; y < kinds[steps]; y++) paths[x * kinds[steps] + y] = pathsim_walk(path, steps, x, y);
    emit_exact("paths", paths, kinds[0], kinds[steps]);
}

/* ---- step pathsim_self ------------------------------------------------------------------------------------------- */

PROBE(pathsim_self, by_pencil)
{
    Links   W = links_of(VENUES, 5, 4);
    double *self = probe_output_doubles(5);
    probe_freeze();
    pathsim_self(self, &W);
    emit_exact("self", self, 5);
}

PROBE(pathsim_self, awkward_sizes)
{
    int     rows = probe_pick(1, 2, 7, 40);
    Links   W = some_links(rows, probe_pick(1, 5, 17));
    double *self = probe_output_doubles(rows);
    probe_freeze();
    pathsim_self(self, &W);
    emit_exact("self", self, rows);
}

/* ---- step pathsim_scores ----------------------------------------------------------------------------------------- */

static void score_all(const double *full, int rows, int columns)
{
    double *back = probe_inout_doubles(rows * columns), *self = probe_inout_doubles(rows);
    for (int i = 0; i < rows * columns; i++) back[i % columns * rows + i / columns] = full[i];
    for (int r = 0; r < rows; r++) {
        self[r] = 0;
        for (int c = 0; c < columns; c++) self[r] += full[r * columns + c] * full[r * columns + c];
    }
    Links   W = links_of(full, rows, columns), Wt = links_of(back, columns, rows);
    double *score = probe_output_doubles(rows * rows);
    probe_freeze();
    for (int x = 0; x < rows; x++) pathsim_scores(score + x * rows, &W, &Wt, self, x);
    probe_terms(1);
    emit("score", score, rows, rows);
}

PROBE(pathsim_scores, by_pencil) { score_all(AC, 3, 2); }

PROBE(pathsim_scores, five_authors) { score_all(VENUES, 5, 4); }

PROBE(pathsim_scores, awkward_sizes)
{
    int rows = probe_pick(1, 2, 7, 33), columns = probe_pick(1, 5, 17);
    score_all(counts(rows, columns), rows, columns);
}

/* ---- step pathsim_top -------------------------------------------------------------------------------------------- */

static void emit_top(double *score, int k, int x, int N)
{
    int *best = probe_output_ints(k);
    probe_freeze();
    int n = pathsim_top(best, score, k, x, N);
    emit_exact("found", &n, 1);
    emit_exact("best", best, n >= 0 && n <= k ? n : 0);
}

PROBE(pathsim_top, by_pencil)
{
    emit_top(probe_given_doubles(1, 0.08, 0.8, 1, 0), 3, 0, 5);
}

PROBE(pathsim_top, equals_and_few)                      /* scores of few values: many are equal, some are 0 */
{
    int N = probe_pick(1, 2, 7, 40), k = probe_pick(1, 3, 10), x = probe_int(0, N - 1), values = probe_pick(1, 2, 5);
    double *score = probe_inout_doubles(N);
    for (int y = 0; y < N; y++) score[y] = probe_int(0, values) / (double)values;
    emit_top(score, k, x, N);
}

PROBE(pathsim_top, all_different)
{
    int     N = probe_pick(2, 7, 40), *rank = probe_permutation(N);
    double *score = probe_inout_doubles(N);
    for (int y = 0; y < N; y++) score[y] = (rank[y] + 1.0) / N;
    emit_top(score, probe_pick(1, 3, 10), probe_int(0, N - 1), N);
}

/* ---- oracles ----------------------------------------------------------------------------------------------------- */

static void same(const char *what, const Links *got, const double *full, int rows, int columns)
{
    Links want = links_of(full, rows, columns);
    for (int r = 0; r <= rows; r++)
        expect(got->first[r] == want.first[r], "%s: first[%d] = %d, want %d", what, r, got->first[r], want.first[r]);
    for (int k = 0; k < want.first[rows]; k++)
        expect(got->to[k] == want.to[k] && got->times[k] == want.times[k], "%s: entry %d: %d, %g; want %d, %g", what, k,
               got->to[k], got->times[k], want.to[k], want.times[k]);
}

ORACLE(pathsim_links, full_matrix)
{
    int    rows = probe_pick(1, 2, 7, 40), columns = probe_pick(1, 5, 17), n = probe_pick(1, 2, 30, 300);
    int   *from = probe_ints(n, 0, rows - 1), *to = probe_ints(n, 0, columns - 1), order[300], count[MAX_ROWS + 1];
    double full[MAX_ENTRIES] = { 0 };
    Links  m = room(rows, columns, n);
    for (int i = 0; i < n; i++) full[from[i] * columns + to[i]]++;
    pathsim_links(&m, order, count, from, to, n);
    same("links", &m, full, rows, columns);
}

ORACLE(pathsim_transpose, full_matrix)
{
    int     rows = probe_pick(1, 2, 7, 40), columns = probe_pick(1, 5, 17);
    double *full = counts(rows, columns), back[MAX_ENTRIES];
    Links   m = links_of(full, rows, columns), t = room(columns, rows, m.first[rows]);
    for (int i = 0; i < rows * columns; i++) back[i % columns * rows + i / columns] = full[i];
    pathsim_transpose(&t, &m);
    expect(t.rows == columns && t.columns == rows, "(%d,%d)", t.rows, t.columns);
    same("transposed", &t, back, columns, rows);
}

ORACLE(pathsim_product, full_matrices)
{
    int     rows = probe_pick(1, 2, 7, 40), inner = probe_pick(1, 5, 17), columns = probe_pick(1, 3, 33, 40, 8);
    double *a = counts(rows, inner), *b = counts(inner, columns), c[MAX_ENTRIES] = { 0 }, sum[MAX_ROWS] = { 0 };
    Links   A = links_of(a, rows, inner), B = links_of(b, inner, columns), C = room(rows, columns, rows * columns);
    int     mark[MAX_ROWS], want = 0;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            for (int k = 0; k < inner; k++) c[i * columns + j] += a[i * inner + k] * b[k * columns + j];
            want += c[i * columns + j] != 0;
        }
    int entries = pathsim_product_size(C.first, mark, &A, &B);
    expect(entries == want, "%d entries, want %d", entries, want);
    pathsim_product(&C, sum, &A, &B);
    same("product", &C, c, rows, columns);
    for (int j = 0; j < columns; j++) expect(sum[j] == 0, "sum[%d] = %g is left behind", j, sum[j]);
}

/* Walking and multiplying must count the same paths. */
ORACLE(pathsim_walk, equals_the_product)
{
    int     rows = probe_int(1, 9), inner = probe_int(1, 9), columns = probe_int(1, 9);
    double *a = counts(rows, inner), *b = counts(inner, columns);
    Links   A = links_of(a, rows, inner), B = links_of(b, inner, columns);
    const Links *const path[] = { &A, &B };
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            double want = 0;
            for (int k = 0; k < inner; k++) want += a[i * inner + k] * b[k * columns + j];
            expect(pathsim_walk(path, 2, i, j) == want, "from %d to %d: %g, want %g", i, j, pathsim_walk(path, 2, i, j),
                   want);
        }
}

static void near(const char *what, double got, double want, double within)
{
    expect(fabs(got - want) <= within, "%s: got %.10g, want %.10g", what, got, want);
}

/* The worked example: A1 is as near to A2 as to A3, and these have nothing in common. */
ORACLE(pathsim_scores, worked_example)
{
    Links  W = links_of(AC, 3, 2);
    double back[] = { 1, 1, 0, 1, 0, 1 }, self[3], score[3];
    Links  Wt = links_of(back, 2, 3);
    pathsim_self(self, &W);
    expect(self[0] == 2 && self[1] == 1 && self[2] == 1, "self %g %g %g", self[0], self[1], self[2]);
    pathsim_scores(score, &W, &Wt, self, 0);
    near("A1 A1", score[0], 1, 0), near("A1 A2", score[1], 2.0 / 3, 1e-15), near("A1 A3", score[2], 2.0 / 3, 1e-15);
    pathsim_scores(score, &W, &Wt, self, 1);
    near("A2 A3", score[2], 0, 0);
}

/* Table 1 of the paper, and its numbers. */
ORACLE(pathsim_scores, as_published)
{
    double back[20], self[5], score[5];
    for (int i = 0; i < 20; i++) back[i % 4 * 5 + i / 4] = VENUES[i];
    Links W = links_of(VENUES, 5, 4), Wt = links_of(back, 4, 5);
    int   best[4];
    pathsim_self(self, &W);
    pathsim_scores(score, &W, &Wt, self, 0);
    near("Mike, Jim", score[1], 240.0 / 2905, 1e-15), near("Mike, Mary", score[2], 0.8, 1e-15);
    near("Mike, Bob", score[3], 1, 0), near("Mike, Ann", score[4], 0, 0);
    expect(pathsim_top(best, score, 4, 0, 5) == 3, "Ann is no peer of Mike's");
    expect(best[0] == 3 && best[1] == 2 && best[2] == 1, "%d %d %d", best[0], best[1], best[2]);
}

ORACLE(pathsim_scores, one_for_oneself_and_symmetric)
{
    int     rows = probe_pick(1, 2, 7, 33), columns = probe_pick(1, 5, 17);
    double *full = counts(rows, columns), *back = probe_inout_doubles(rows * columns), self[MAX_ROWS],
           a[MAX_ROWS * MAX_ROWS];
    for (int i = 0; i < rows * columns; i++) back[i % columns * rows + i / columns] = full[i];
    Links W = links_of(full, rows, columns), Wt = links_of(back, columns, rows);
    pathsim_self(self, &W);
    for (int x = 0; x < rows; x++) pathsim_scores(a + x * rows, &W, &Wt, self, x);
    for (int x = 0; x < rows; x++)
        for (int y = 0; y < rows; y++) {
            double dot = 0, want;
            for (int c = 0; c < columns; c++) dot += full[x * columns + c] * full[y * columns + c];
            want = dot > 0 ? 2 * dot / (self[x] + self[y]) : 0;
            near("by its definition", a[x * rows + y], want, 1e-15);
            expect(a[x * rows + y] == a[y * rows + x] && a[x * rows + y] <= 1, "%d, %d: not symmetric, or above 1", x,
                   y);
        }
}

ORACLE(pathsim_top, by_repeated_search)
{
    int     N = probe_pick(1, 2, 7, 40), k = probe_pick(1, 3, 10), x = probe_int(0, N - 1), best[10], n = 0;
    double *score = probe_inout_doubles(N);
    for (int y = 0; y < N; y++) score[y] = probe_int(0, 4) / 4.0;
    int got = pathsim_top(best, score, k, x, N);
    for (score[x] = 0; n < k; n++) {
        int at = -1;
        for (int y = 0; y < N; y++)
            if (score[y] > 0 && (at < 0 || score[y] > score[at])) at = y;
        if (at < 0) break;
        expect(n < got && best[n] == at, "place %d of %d: %d, want %d", n, got, n < got ? best[n] : -1, at);
        score[at] = 0;
    }
    expect(got == n, "%d found, want %d", got, n);
}
