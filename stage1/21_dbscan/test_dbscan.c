/* test_dbscan.c -- the probes that grade dbscan.c, and the oracles that prove it right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "dbscan.h"

enum { MAX_N = 150 };

/* ---- Points, and all that a step needs, made here: no step waits for another ------------------------------------- */

/* Heaps; a lattice, where distances are eps exactly and points lie on each other; a chain of steps of eps; a field far
 * from the origin. Coordinates and eps of the lattice and the chain are whole: no rounding decides there. */
static double *points(double *eps, int N)
{
    int     kind = probe_pick(0, 1, 2, 3), far = kind == 3 ? -1000 : 0;
    double *x = probe_inout_doubles(2 * N);
    *eps = kind == 1 ? probe_pick(1, 2, 5) : kind == 2 ? 3 : probe_real(0.2, 0.6);
    for (int i = 0; i < N; i++)
        for (int d = 0; d < 2; d++) {
            double heap = 3 * (i % 3) * (d ? 0.5 : 1);
            x[2 * i + d] = kind == 0   ? heap + probe_real(-1, 1) * probe_real(0, 1)
                           : kind == 1 ? probe_int(0, 12)
                           : kind == 2 ? (d ? 0 : 3 * i + 2 * (i > N / 2))
                                       : far + probe_real(0, sqrt(N) / 3);
        }
    return x;
}

static bool near_eps(const double *X, int i, int j, double eps)
{
    double dx = X[2 * i] - X[2 * j], dy = X[2 * i + 1] - X[2 * j + 1];
    return dx * dx + dy * dy <= eps * eps;
}

static int *core_of(const double *X, double eps, int min, int N)
{
    int *core = probe_ints(N, 0, 0);
    for (int i = 0; i < N; i++) {
        int near = 0;
        for (int j = 0; j < N; j++) near += near_eps(X, i, j, eps);
        core[i] = near >= min;
    }
    return core;
}

/* Labels by the smallest number that reaches each core point, until nothing changes: slow, and like no step here. */
static void label_slowly(int *label, const int *core, const double *X, double eps, int N)
{
    int reach[MAX_N], clusters = 0;
    for (int i = 0; i < N; i++) reach[i] = core[i] ? i : -1;
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                if (core[i] && core[j] && reach[j] < reach[i] && near_eps(X, i, j, eps))
                    reach[i] = reach[j], changed = true;
    }
    for (int i = 0; i < N; i++) label[i] = reach[i] == i ? clusters++ : core[i] ? label[reach[i]] : -1;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N && !core[i]; j++)
            if (core[j] && near_eps(X, i, j, eps) && (label[i] < 0 || label[j] < label[i])) label[i] = label[j];
}

static DbscanGrid grid_memory(int N)
{
    return (DbscanGrid){ .cells = -1, .row = probe_output_ints(N), .column = probe_output_ints(N),
                         .first = probe_output_ints(N + 1), .order = probe_output_ints(N), .cell = probe_output_ints(N),
                         .at = probe_output_doubles(2 * N) };
}

/* The grid by insertion: point after point to its place. */
static DbscanGrid grid_of(const double *X, double eps, int N)
{
    DbscanGrid g = grid_memory(N);
    double     low[] = { X[0], X[1] }, side = DBSCAN_SIDE * eps;
    int        row[MAX_N], column[MAX_N];
    for (int i = 0; i < 2 * N; i++) low[i % 2] = fmin(low[i % 2], X[i]);
    g.cells = 0;
    for (int i = 0; i < N; i++) {
        int k = i;
        row[i] = (int)floor((X[2 * i + 1] - low[1]) / side), column[i] = (int)floor((X[2 * i] - low[0]) / side);
        for (; k > 0; k--) {
            int j = g.order[k - 1];
            if (row[j] < row[i] || (row[j] == row[i] && column[j] <= column[i])) break;
            g.order[k] = j;
        }
        g.order[k] = i;
    }
    for (int k = 0; k < N; k++) {
        int i = g.order[k], j = k ? g.order[k - 1] : -1;
        if (j < 0 || row[j] != row[i] || column[j] != column[i])
            g.first[g.cells] = k, g.row[g.cells] = row[i], g.column[g.cells] = column[i], g.cells++;
        g.cell[i] = g.cells - 1, g.at[2 * k] = X[2 * i], g.at[2 * k + 1] = X[2 * i + 1];
    }
    g.first[g.cells] = N;
    return g;
}

/* Joined by labels: every cell hangs on the first one of its cluster, or alone. */
static int *parent_of(const DbscanGrid *g, const int *core, const int *label, int N)
{
    int *parent = probe_ints(N, 0, 0);
    for (int c = 0; c < g->cells; c++) {
        parent[c] = c;
        for (int k = g->first[c]; k < g->first[c + 1]; k++)
            for (int q = 0; q < g->first[c] && core[g->order[k]] && parent[c] == c; q++)
                if (core[g->order[q]] && label[g->order[q]] == label[g->order[k]]) parent[c] = g->cell[g->order[q]];
    }
    for (int c = 0; c < N; c++)
        if (c >= g->cells) parent[c] = c;
    return parent;
}

/* The lesson's eight points on a line, eps 1, three make a core: 0 1 2, then 3.5 alone, then 5 5.5 6, and 7 at its edge
 */
#define LINE 0, 0, 1, 0, 2, 0, 3.5, 0, 5, 0, 5.5, 0, 6, 0, 7, 0
static const double PENCIL[] = { LINE };
static const int    PENCIL_CORE[] = { 0, 1, 0, 0, 1, 1, 1, 0 };

/* ---- step dbscan_core -------------------------------------------------------------------------------------------- */

PROBE(dbscan_core, by_pencil)
{
    double *X = probe_given_doubles(LINE);
    int    *core = probe_output_ints(8);
    probe_freeze();
    dbscan_core(core, X, 1, 3, 8);
    emit_exact("core", core, 8);
}

PROBE(dbscan_core, awkward_sizes)
{
    int     N = probe_pick(1, 2, 7, 33, 150), min = probe_pick(1, 2, 5), *core = probe_output_ints(N);
    double  eps, *X = points(&eps, N);
    probe_freeze();
    dbscan_core(core, X, eps, min, N);
    emit_exact("core", core, N);
}

/* 3, 4, 5: the distance is eps. And min points exactly, or one too few. */
PROBE(dbscan_core, on_the_rim)
{
    int     N = 4, *core = probe_output_ints(4), *fewer = probe_output_ints(4), s = probe_pick(1, 2, 4);
    double *X = probe_given_doubles(0, 0, 3 * s, 4 * s, -5 * s, 0, 0, 6 * s);
    probe_freeze();
    dbscan_core(core, X, 5 * s, 3, N);
    dbscan_core(fewer, X, 5 * s, 4, N);
    emit_exact("core", core, N);
    emit_exact("core_of_4", fewer, N);
}

/* ---- step dbscan_expand ------------------------------------------------------------------------------------------ */

PROBE(dbscan_expand, by_pencil)
{
    double *X = probe_given_doubles(LINE);
    int    *core = probe_copy_ints(8, PENCIL_CORE), *label = probe_output_ints(8), *queue = probe_output_ints(8);
    for (int i = 0; i < 8; i++) label[i] = -1;
    probe_freeze();
    int joined = dbscan_expand(label, queue, core, X, 5, 0, 1, 8);
    emit_exact("joined", &joined, 1);
    emit_exact("label", label, 8);
}

/* Every core point in turn, each without a label beginning a cluster; numbers that begin at 3. Points that have a label
 * keep it. */
PROBE(dbscan_expand, one_cluster_after_the_other)
{
    int N = probe_pick(2, 7, 33, 150), *label = probe_output_ints(N), *queue = probe_output_ints(N), joined[MAX_N],
        n = 0;
    double  eps, *X = points(&eps, N);
    int    *core = core_of(X, eps, probe_pick(1, 2, 5), N);
    for (int i = 0; i < N; i++) label[i] = core[i] || probe_int(0, 5) ? -1 : 1;
    probe_freeze();
    for (int i = N - 1; i >= 0; i--)
        if (core[i] && label[i] < 0) joined[n] = dbscan_expand(label, queue, core, X, i, 3 + n, eps, N), n++;
    emit_exact("joined", joined, n);
    emit_exact("label", label, N);
}

/* ---- step dbscan_label ------------------------------------------------------------------------------------------- */

PROBE(dbscan_label, by_pencil)
{
    double *X = probe_given_doubles(LINE);
    int    *core = probe_copy_ints(8, PENCIL_CORE), *label = probe_output_ints(8), *queue = probe_output_ints(8);
    probe_freeze();
    int clusters = dbscan_label(label, queue, core, X, 1, 8);
    emit_exact("clusters", &clusters, 1);
    emit_exact("label", label, 8);
}

PROBE(dbscan_label, awkward_sizes)
{
    int     N = probe_pick(1, 2, 7, 33, 150), *label = probe_output_ints(N), *queue = probe_output_ints(N);
    double  eps, *X = points(&eps, N);
    int    *core = core_of(X, eps, probe_pick(1, 2, 5), N);
    probe_freeze();
    int clusters = dbscan_label(label, queue, core, X, eps, N);
    emit_exact("clusters", &clusters, 1);
    emit_exact("label", label, N);
}

/* Point 0 is met first, is no core point, and belongs to a cluster all the same; point 3 lies between two. */
PROBE(dbscan_label, borders)
{
    double *X = probe_given_doubles(-1, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 9, 9);
    int *core = probe_given_ints(0, 1, 1, 0, 1, 1, 0, 0), *label = probe_output_ints(8), *queue = probe_output_ints(8);
    probe_freeze();
    int clusters = dbscan_label(label, queue, core, X, 1, 8);
    emit_exact("clusters", &clusters, 1);
    emit_exact("label", label, 8);
}

/* ---- step dbscan_kdistance --------------------------------------------------------------------------------------- */

PROBE(dbscan_kdistance, by_pencil)
{
    double *X = probe_given_doubles(LINE), *distance = probe_output_doubles(8), *work = probe_output_doubles(8);
    probe_freeze();
    dbscan_kdistance(distance, work, X, 3, 8);
    emit("distance", distance, 8);
}

PROBE(dbscan_kdistance, awkward_sizes)
{
    int     N = probe_pick(1, 2, 7, 33, 150), k = probe_pick(1, 2, 4) % N + 1;
    double  eps, *X = points(&eps, N), *distance = probe_output_doubles(N), *work = probe_output_doubles(N);
    probe_freeze();
    dbscan_kdistance(distance, work, X, k, N);
    emit("distance", distance, N);
}

/* ---- step dbscan_cells ------------------------------------------------------------------------------------------- */

static void emit_grid(const DbscanGrid *g, int N)
{
    int cells = g->cells < 0 ? 0 : g->cells > N ? N : g->cells;
    emit_exact("cells", &g->cells, 1);
    emit_exact("row", g->row, cells);
    emit_exact("column", g->column, cells);
    emit_exact("first", g->first, cells + 1);
    emit_exact("order", g->order, N);
    emit_exact("cell", g->cell, N);
    emit_exact("at", g->at, N, 2);
}

PROBE(dbscan_cells, by_pencil)                          /* eps 1: the cells are 0.7071 wide */
{
    double    *X = probe_given_doubles(LINE);
    DbscanGrid g = grid_memory(8);
    int64_t    key[16];
    int       *spare = probe_output_ints(8);
    probe_freeze();
    dbscan_cells(&g, key, spare, X, 1, 8);
    emit_grid(&g, 8);
}

PROBE(dbscan_cells, awkward_sizes)
{
    int        N = probe_pick(1, 2, 7, 33, 150), *spare = probe_output_ints(N);
    double     eps, *X = points(&eps, N);
    DbscanGrid g = grid_memory(N);
    int64_t    key[2 * MAX_N];
    probe_freeze();
    dbscan_cells(&g, key, spare, X, eps * probe_pick(1, 3), N);
    emit_grid(&g, N);
}

PROBE(dbscan_cells, far_apart) /* a thousand million cells wide and high: int is too small for all */
{
    int        N = 5, *spare = probe_output_ints(5);
    double wide = probe_real(5e8, 6e8),
           *X = probe_given_doubles(-wide, 0, wide / 2, -wide, 0, 0, wide / 2, wide / 2, 0.1, 0);
    DbscanGrid g = grid_memory(N);
    int64_t    key[10];
    probe_freeze();
    dbscan_cells(&g, key, spare, X, 1.5, N);
    emit_grid(&g, N);
}

/* ---- step dbscan_core_grid --------------------------------------------------------------------------------------- */

PROBE(dbscan_core_grid, by_pencil)
{
    double    *X = probe_given_doubles(LINE);
    DbscanGrid g = grid_of(X, 1, 8);
    int       *core = probe_output_ints(8);
    probe_freeze();
    dbscan_core_grid(core, &g, 1, 3);
    emit_exact("core", core, 8);
}

PROBE(dbscan_core_grid, awkward_sizes)
{
    int        N = probe_pick(1, 2, 7, 33, 150), min = probe_pick(1, 2, 5), *core = probe_output_ints(N);
    double     eps, *X = points(&eps, N);
    DbscanGrid g = grid_of(X, eps, N);
    probe_freeze();
    dbscan_core_grid(core, &g, eps, min);
    emit_exact("core", core, N);
}

/* ---- step dbscan_join -------------------------------------------------------------------------------------------- */

/* Where the paths end; -1 for a cell without core points, which must end at itself, -2 for a path without an end. */
static void emit_ends(int *parent, const DbscanGrid *g, const int *core)
{
    int ends[MAX_N], alone = 1;
    for (int c = 0; c < g->cells; c++) {
        int at = c, steps = 0, cores = 0;
        while (steps++ <= g->cells && at >= 0 && at < g->cells && parent[at] != at) at = parent[at];
        for (int k = g->first[c]; k < g->first[c + 1]; k++) cores += core[g->order[k]];
        bool lost = steps > g->cells + 1 || at < 0 || at >= g->cells;
        ends[c] = lost ? g->cells : cores ? at : -1;
        if (!cores && parent[c] != c) alone = 0;
    }
    emit_labels("cluster_of_cell", ends, g->cells);
    emit_exact("others_alone", &alone, 1);
}

PROBE(dbscan_join, by_pencil)
{
    double    *X = probe_given_doubles(LINE);
    int       *core = probe_copy_ints(8, PENCIL_CORE), *parent = probe_output_ints(8);
    DbscanGrid g = grid_of(X, 1, 8);
    probe_freeze();
    dbscan_join(parent, &g, core, 1);
    emit_ends(parent, &g, core);
}

PROBE(dbscan_join, awkward_sizes)
{
    int        N = probe_pick(1, 2, 7, 33, 150), *parent = probe_output_ints(N);
    double     eps, *X = points(&eps, N);
    int       *core = core_of(X, eps, probe_pick(1, 2, 5), N);
    DbscanGrid g = grid_of(X, eps, N);
    probe_freeze();
    dbscan_join(parent, &g, core, eps);
    emit_ends(parent, &g, core);
}

/* ---- step dbscan_label_grid -------------------------------------------------------------------------------------- */

static void label_by_grid(const DbscanGrid *g, const int *core, const double *X, double eps, int N)
{
    int want[MAX_N] = { 0 }, *label = probe_output_ints(N), *number = probe_output_ints(N);
    label_slowly(want, core, X, eps, N);
    int *hung = parent_of(g, core, want, N), *parent = probe_output_ints(N);
    memcpy(parent, hung, (size_t)N * sizeof *parent);   /* paths may be cut short */
    probe_freeze();
    int clusters = dbscan_label_grid(label, number, parent, g, core, eps, N);
    emit_exact("clusters", &clusters, 1);
    emit_exact("label", label, N);
}

PROBE(dbscan_label_grid, by_pencil)
{
    double    *X = probe_given_doubles(LINE);
    int       *core = probe_copy_ints(8, PENCIL_CORE);
    DbscanGrid g = grid_of(X, 1, 8);
    label_by_grid(&g, core, X, 1, 8);
}

PROBE(dbscan_label_grid, awkward_sizes)
{
    int        N = probe_pick(1, 2, 7, 33, 150);
    double     eps, *X = points(&eps, N);
    int       *core = core_of(X, eps, probe_pick(1, 2, 5), N);
    DbscanGrid g = grid_of(X, eps, N);
    label_by_grid(&g, core, X, eps, N);
}

/* The number of a cluster goes by its points, not by its cells: the cell that comes first holds the last points. */
PROBE(dbscan_label_grid, numbers_and_borders)
{
    double    *X = probe_given_doubles(9, 9, 9, 10, 5, 0, 4, 0, 3, 0, 2, 0, 1, 0, 0, 0);
    int       *core = probe_given_ints(1, 1, 0, 1, 0, 1, 1, 0);
    DbscanGrid g = grid_of(X, 1, 8);
    label_by_grid(&g, core, X, 1, 8);
}

/* ---- oracles ----------------------------------------------------------------------------------------------------- */

ORACLE(dbscan_core, slowly)
{
    int    N = probe_pick(1, 2, 7, 33, 150), min = probe_pick(1, 2, 5), got[MAX_N];
    double eps, *X = points(&eps, N);
    int   *want = core_of(X, eps, min, N);
    dbscan_core(got, X, eps, min, N);
    for (int i = 0; i < N; i++) expect(got[i] == want[i], "point %d of %d: %d", i, N, got[i]);
}

ORACLE(dbscan_core, pencil_and_rim)
{
    int    core[8];
    double rim[] = { 0, 0, 3, 4, -5, 0, 0, 6 };
    dbscan_core(core, PENCIL, 1, 3, 8);
    for (int i = 0; i < 8; i++) expect(core[i] == PENCIL_CORE[i], "pencil, point %d: %d", i, core[i]);
    dbscan_core(core, rim, 5, 3, 4);
    expect(core[0] && core[1] == 1 && !core[2] && !core[3], "on the rim: %d %d %d %d", core[0], core[1], core[2],
           core[3]);
}

ORACLE(dbscan_label, slowly)
{
    int    N = probe_pick(1, 2, 7, 33, 150), got[MAX_N], want[MAX_N], queue[MAX_N], most = -1;
    double eps, *X = points(&eps, N);
    int   *core = core_of(X, eps, probe_pick(1, 2, 5), N);
    int    clusters = dbscan_label(got, queue, core, X, eps, N);
    label_slowly(want, core, X, eps, N);
    for (int i = 0; i < N; i++) expect(got[i] == want[i], "point %d of %d: got %d, want %d", i, N, got[i], want[i]);
    for (int i = 0; i < N; i++) most = want[i] > most ? want[i] : most;
    expect(clusters == most + 1, "%d clusters, want %d", clusters, most + 1);
}

ORACLE(dbscan_label, pencil)
{
    int want[] = { 0, 0, 0, -1, 1, 1, 1, 1 }, got[8], queue[8];
    expect(dbscan_label(got, queue, PENCIL_CORE, PENCIL, 1, 8) == 2, "not 2 clusters");
    for (int i = 0; i < 8; i++) expect(got[i] == want[i], "point %d: %d", i, got[i]);
}

/* Core labels do not depend on the order of the points; those of border points do. */
ORACLE(dbscan_label, any_order)
{
    int    N = probe_pick(7, 33, 150), a[MAX_N], b[MAX_N], queue[MAX_N], *turn = probe_permutation(N);
    double eps, *X = points(&eps, N), *Y = probe_inout_doubles(2 * N);
    for (int i = 0; i < N; i++) Y[2 * turn[i]] = X[2 * i], Y[2 * turn[i] + 1] = X[2 * i + 1];
    int  min = probe_pick(2, 3, 5), *core = core_of(X, eps, min, N), *turned = core_of(Y, eps, min, N);
    dbscan_label(a, queue, core, X, eps, N);
    dbscan_label(b, queue, turned, Y, eps, N);
    for (int i = 0; i < N; i++) {
        expect((a[i] < 0) == (b[turn[i]] < 0), "point %d is noise in one order only", i);
        for (int j = 0; j < i; j++)
            expect(!core[i] || !core[j] || (a[i] == a[j]) == (b[turn[i]] == b[turn[j]]), "points %d and %d", i, j);
    }
}

ORACLE(dbscan_expand, joins_as_many_as_it_labels)
{
    int    N = probe_pick(2, 7, 33, 150), label[MAX_N], queue[MAX_N];
    double eps, *X = points(&eps, N);
    int   *core = core_of(X, eps, 2, N), all = 0, sum = 0;
    for (int i = 0; i < N; i++) label[i] = -1;
    for (int i = 0; i < N; i++)
        if (core[i] && label[i] < 0) sum += dbscan_expand(label, queue, core, X, i, i, eps, N);
    for (int i = 0; i < N; i++) all += label[i] >= 0;
    expect(sum == all, "%d joined, %d have a label", sum, all);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

ORACLE(dbscan_kdistance, sorted_and_core_from_there_on)
{
    int    N = probe_pick(1, 2, 7, 33, 150), k = probe_pick(1, 2, 4) % N + 1, core[MAX_N];
    double eps, *X = points(&eps, N), got[MAX_N], work[MAX_N], all[MAX_N];
    dbscan_kdistance(got, work, X, k, N);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) all[j] = hypot(X[2 * i] - X[2 * j], X[2 * i + 1] - X[2 * j + 1]);
        qsort(all, (size_t)N, sizeof *all, by_value);
        expect(fabs(got[i] - all[k - 1]) <= 1e-14 * all[k - 1], "point %d: got %.17g, want %.17g", i, got[i],
               all[k - 1]);
        dbscan_core(core, X, nextafter(got[i], INFINITY) * (1 + 1e-15) + 1e-300, k, N);
        expect(core[i], "point %d is not core at its %d-distance", i, k);
    }
}

ORACLE(dbscan_cells, by_insertion)
{
    int        N = probe_pick(1, 2, 7, 33, 150), spare[MAX_N];
    double     eps, *X = points(&eps, N);
    int64_t    key[2 * MAX_N];
    DbscanGrid want = grid_of(X, eps, N), got = grid_memory(N);
    dbscan_cells(&got, key, spare, X, eps, N);
    expect(got.cells == want.cells, "%d cells, want %d", got.cells, want.cells);
    for (int i = 0; i < N; i++)
        expect(got.order[i] == want.order[i] && got.cell[i] == want.cell[i] && got.at[2 * i] == want.at[2 * i] &&
                   got.at[2 * i + 1] == want.at[2 * i + 1], "place or point %d of %d", i, N);
    for (int c = 0; c < want.cells; c++)
        expect(got.row[c] == want.row[c] && got.column[c] == want.column[c] && got.first[c] == want.first[c], "cell %d",
               c);
    expect(got.first[got.cells] == N, "the end: %d", got.first[got.cells]);
}

/* What the side of a cell is chosen for. */
ORACLE(dbscan_cells, who_shares_a_cell_is_near)
{
    int        N = 150;
    double     eps, *X = points(&eps, N);
    DbscanGrid g = grid_of(X, eps, N);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            int rows = abs(g.row[g.cell[i]] - g.row[g.cell[j]]),
                columns = abs(g.column[g.cell[i]] - g.column[g.cell[j]]);
            expect(rows + columns > 0 || near_eps(X, i, j, eps), "points %d and %d share a cell, and are not near", i,
                   j);
            expect((rows <= 2 && columns <= 2) || !near_eps(X, i, j, eps), "points %d and %d are near, %d rows away", i,
                   j, rows);
        }
}

/* All steps of the grid, one after the other, against the slow way. */
ORACLE(dbscan_label_grid, all_steps)
{
    int        N = probe_pick(1, 2, 7, 33, 150), min = probe_pick(1, 2, 5), spare[MAX_N], core[MAX_N], parent[MAX_N];
    int        got[MAX_N], want[MAX_N], number[MAX_N], most = -1;
    double     eps, *X = points(&eps, N);
    int64_t    key[2 * MAX_N];
    DbscanGrid g = grid_memory(N);
    int       *is_core = core_of(X, eps, min, N);
    dbscan_cells(&g, key, spare, X, eps, N);
    dbscan_core_grid(core, &g, eps, min);
    for (int i = 0; i < N; i++) expect(core[i] == is_core[i], "core, point %d of %d: %d", i, N, core[i]);
    dbscan_join(parent, &g, core, eps);
    int clusters = dbscan_label_grid(got, number, parent, &g, core, eps, N);
    label_slowly(want, core, X, eps, N);
    for (int i = 0; i < N; i++) expect(got[i] == want[i], "point %d of %d: got %d, want %d", i, N, got[i], want[i]);
    for (int i = 0; i < N; i++) most = want[i] > most ? want[i] : most;
    expect(clusters == most + 1, "%d clusters, want %d", clusters, most + 1);
}

ORACLE(dbscan_core_grid, slowly)
{
    int        N = probe_pick(1, 2, 7, 33, 150), min = probe_pick(1, 2, 5), got[MAX_N];
    double     eps, *X = points(&eps, N);
    DbscanGrid g = grid_of(X, eps, N);
    int       *want = core_of(X, eps, min, N);
    dbscan_core_grid(got, &g, eps, min);
    for (int i = 0; i < N; i++) expect(got[i] == want[i], "point %d of %d: %d", i, N, got[i]);
}

ORACLE(dbscan_join, same_end_where_same_cluster)
{
    int        N = probe_pick(1, 2, 7, 33, 150), want[MAX_N], parent[MAX_N];
    double     eps, *X = points(&eps, N);
    int       *core = core_of(X, eps, probe_pick(1, 2, 5), N);
    DbscanGrid g = grid_of(X, eps, N);
    dbscan_join(parent, &g, core, eps);
    label_slowly(want, core, X, eps, N);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++) {
            int a = g.cell[i], b = g.cell[j];
            while (parent[a] != a) a = parent[a];
            while (parent[b] != b) b = parent[b];
            expect(!core[i] || !core[j] || (a == b) == (want[i] == want[j]), "points %d and %d of %d", i, j, N);
        }
}
