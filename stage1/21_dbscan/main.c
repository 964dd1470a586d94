/* main.c -- clusters of any shape: half moons, rings and heaps beside k-means; the Chameleon pictures where they are
 * here. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cluster.h"
#include "data.h"
#include "dbscan.h"
#include "metrics.h"
#include "program.h"
#include "rng.h"

typedef struct Options { int points, large; } Options;

static const Flag flags[] = {
    { "points", FLAG_INT, offsetof(Options, points), "240", NULL, NULL, "points of each shape that is made up" },
    { "large", FLAG_INT, offsetof(Options, large), "200000", "20000", "1000000",
      "points of the field for the grid alone" },
    { 0 },
};

/* Published labels of scikit-learn 1.9: clusters, noise, core points. */
typedef struct Published { const char *name; double eps; int min, clusters, noise, core; double rand; } Published;

static const Published CHAMELEON[] = {
    { "chameleon_t4", 8.5, 15, 6, 724, 6276, 0.993097 }, { "chameleon_t4", 10, 20, 6, 653, 6345, 0.997359 },
    { "chameleon_t7", 10, 15, 9, 834, 7748, 0.995874 },  { "chameleon_t5", 8, 20, 7, 823, 6809, 1.0 },
    { 0 },
};

static void *space(Arena *a, int64_t bytes) { return arena_alloc(a, DEV_CPU, (size_t)bytes, "points and labels"); }

typedef struct Found { int *core, *label, clusters, noise, cores; } Found;

static Found found(Arena *a, int N) { return (Found){ .core = space(a, N * 4), .label = space(a, N * 4) }; }

static void count(Found *f, int N)
{
    f->noise = f->cores = 0;
    for (int i = 0; i < N; i++) f->noise += f->label[i] < 0, f->cores += f->core[i];
}

static Found by_brute_force(Arena *a, const double *X, double eps, int min, int N)
{
    Found f = found(a, N);
    dbscan_core(f.core, X, eps, min, N);
    f.clusters = dbscan_label(f.label, space(a, (int64_t)N * 4), f.core, X, eps, N);
    count(&f, N);
    return f;
}

static Found by_grid(Arena *a, const double *X, double eps, int min, int N, int *cells)
{
    Found      f = found(a, N);
    int64_t    n = (int64_t)N * 4;
    DbscanGrid g = { .row = space(a, n), .column = space(a, n), .first = space(a, n + 4), .order = space(a, n),
                     .cell = space(a, n), .at = space(a, 4 * n) };
    int       *parent = space(a, n);
    dbscan_cells(&g, space(a, 4 * n), space(a, n), X, eps, N);
    dbscan_core_grid(f.core, &g, eps, min);
    dbscan_join(parent, &g, f.core, eps);
    f.clusters = dbscan_label_grid(f.label, space(a, n), parent, &g, f.core, eps, N);
    count(&f, N);
    *cells = g.cells;
    return f;
}

/* How many labels and core points differ. */
static int differences(const Found *f, const Found *g, int N)
{
    int differ = f->clusters != g->clusters;
    for (int i = 0; i < N; i++) differ += f->label[i] != g->label[i] || f->core[i] != g->core[i];
    return differ;
}

/* The adjusted Rand index over the points whose truth is not noise (below 0). */
static double agreement(const int *label, const int *truth, int N)
{
    Arena  *a = arena_new("agreement");
    int64_t n = 0;
    for (int i = 0; i < N; i++) n += truth[i] >= 0;
    Tensor *kept = tensor_new(a, DEV_CPU, I32, SHAPE(n)), *want = tensor_new(a, DEV_CPU, I32, SHAPE(n));
    for (int i = 0, at = 0; i < N; i++)
        if (truth[i] >= 0) ((int32_t *)kept->data)[at] = label[i], ((int32_t *)want->data)[at++] = truth[i];
    double rand = metrics_adjusted_rand(kept, want);
    arena_free(a);
    return rand;
}

/* ---- Shapes that are made up, with their truth ------------------------------------------------------------------- */

typedef struct Shape { const char *name; double eps; int min, kinds; } Shape;

static const Shape SHAPES[] = { { "moons", 0.2, 5, 2 }, { "rings", 0.45, 5, 2 }, { "heaps", 0.35, 5, 3 },
                                { "unequal", 0.35, 5, 3 } };
enum { SHAPES_N = sizeof SHAPES / sizeof *SHAPES };

static void one_point(double *x, int which, int i, Rng *rng)
{
    static const double centre[3][2] = { { -1.5, 0 }, { 1.5, 0 }, { 0, 2 } };
    double t = rng_uniform(rng) * 3.141592653589793, noise = 0.06;
    int    kind = i % SHAPES[which].kinds;
    if (which == 0) x[0] = kind ? 1 - cos(t) : cos(t), x[1] = kind ? 0.5 - sin(t) : sin(t);
    if (which == 1) x[0] = (kind ? 0.6 : 1.5) * cos(2 * t), x[1] = (kind ? 0.6 : 1.5) * sin(2 * t);
    if (which >= 2)
        noise = which == 2  ? 0.3
                : kind == 0 ? 0.05
                : kind == 1 ? 0.25
                            : 0.7,
        x[0] = centre[kind][0], x[1] = centre[kind][1];
    for (int d = 0; d < 2; d++) x[d] += noise * rng_normal(rng);
}

static int *kmeans_labels(Arena *a, const double *X, int K, int N, Rng *rng)
{
    float   *x = space(a, (int64_t)N * 8), *C = space(a, K * 8);
    int32_t *label = space(a, N * 4), *best = space(a, N * 4);
    double   least = INFINITY, inertia;
    for (int i = 0; i < 2 * N; i++) x[i] = (float)X[i];
    for (int run = 0; run < 10; run++) {                /* ten starts, the least inertia */
        for (int k = 0; k < K; k++) memcpy(C + 2 * k, x + 2 * rng_below(rng, N), 2 * sizeof *C);
        cluster_kmeans(C, label, &inertia, x, 100, N, K, 2);
        if (!(inertia < least)) continue;
        least = inertia;
        memcpy(best, label, (size_t)N * sizeof *best);
    }
    return best;
}

static const char *draw(Program *program, const char *name, const char *title, const char *caption, const double *X,
                        const int *label, int N)
{
    static const char *const names[] = { "cluster 0", "cluster 1", "cluster 2", "cluster 3", "cluster 4", "cluster 5" };
    Plot *plot = program_plot(program, name,
                              (PlotArg){ .title = title, .kind = PLOT_POINTS, .x = "x", .y = "y", .caption = caption });
    for (int k = -1; k < 6; k++)
        for (int i = 0; i < N; i++)
            if (label[i] == k) plot_point(plot, k < 0 ? "noise" : names[k], X[2 * i], X[2 * i + 1]);
    return plot_done(plot);
}

typedef struct Sums { int differ; double moons, rings, heaps, kmeans_moons, kmeans_rings; } Sums;

static void shapes(Program *program, int N, Sums *sums)
{
    Arena *a = arena_new("shapes");
    Rng    rng = rng_new(program->seed);
    printf("%d points each, by DBSCAN and by k-means with the true number of clusters, best of ten starts; agreement "
           "with\n"
           "the truth is the adjusted Rand index: 1 the same, 0 chance\n%-10s %6s %5s %9s %6s %8s %9s\n",
           N, "", "eps", "min", "clusters", "noise", "DBSCAN", "k-means");
    for (int s = 0; s < SHAPES_N; s++) {
        double *X = space(a, (int64_t)N * 16);
        int    *truth = space(a, N * 4), cells;
        for (int i = 0; i < N; i++) one_point(X + 2 * i, s, i, &rng), truth[i] = i % SHAPES[s].kinds;
        Found  f = by_brute_force(a, X, SHAPES[s].eps, SHAPES[s].min, N);
        Found  g = by_grid(a, X, SHAPES[s].eps, SHAPES[s].min, N, &cells);
        int   *k = kmeans_labels(a, X, SHAPES[s].kinds, N, &rng);
        double rand = agreement(f.label, truth, N), rand_k = agreement(k, truth, N);
        sums->differ += differences(&f, &g, N);
        if (s == 0) sums->moons = rand, sums->kmeans_moons = rand_k;
        if (s == 1) sums->rings = rand, sums->kmeans_rings = rand_k;
        if (s == 2) sums->heaps = rand_k;
        printf("%-10s %6.2f %5d %9d %6d %8.4f %9.4f\n", SHAPES[s].name, SHAPES[s].eps, SHAPES[s].min, f.clusters,
               f.noise, rand, rand_k);
        if (s == 0) {
            program_try(program,
                        draw(program, "moons", "half moons, by DBSCAN",
                             "Who is near whom joins, step by step: the shape does not matter.", X, f.label, N));
            program_try(program,
                        draw(program, "moons_kmeans", "half moons, by k-means",
                             "k-means cuts the plane by straight lines halfway between two centres.", X, k, N));
        }
        if (s == 3)
            program_try(program,
                        draw(program, "unequal", "three heaps of unequal density, by DBSCAN",
                             "No single eps fits: what is dense enough for the middle heap tears the thin one.", X,
                             f.label, N));
    }
    printf("DBSCAN %.4f and k-means %.4f on the moons\n\n", sums->moons, sums->kmeans_moons);
    arena_free(a);
}

/* ---- eps from the k-distances ------------------------------------------------------------------------------------ */

static int larger(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Sorted, largest first: points in the open, then the knee, then the clusters. */
static const char *draw_kdistances(Program *program, int N)
{
    Arena  *a = arena_new("k-distances");
    Rng     rng = rng_new(program->seed);
    double *X = space(a, (int64_t)N * 16), *distance = space(a, N * 8);
    Plot *plot = program_plot(
        program, "kdistance",
        (PlotArg){
            .title = "distance to the 5th nearest point, sorted",
            .kind = PLOT_LINES,
            .x = "points that are farther from theirs",
            .y = "distance",
            .caption =
                "Half moons in a field of noise. To the right of the knee lie the moons, to the left who is alone: an "
                "eps at the knee parts them." });
    for (int i = 0; i < N; i++) {
        one_point(X + 2 * i, 0, i, &rng);
        if (i % 6 == 5) X[2 * i] = -2 + 5 * rng_uniform(&rng), X[2 * i + 1] = -1.5 + 3.5 * rng_uniform(&rng);
    }
    dbscan_kdistance(distance, space(a, N * 8), X, 5, N);
    qsort(distance, (size_t)N, sizeof *distance, larger);
    for (int i = 0; i < N; i++) plot_point(plot, "half moons, a sixth is noise", i, distance[i]);
    plot_line(plot, -INFINITY, 0.2, INFINITY, 0.2, "eps = 0.2");
    arena_free(a);
    return plot_done(plot);
}

/* ---- Order, real pictures, many points --------------------------------------------------------------------------- */

/* Border points at the same distance from two clusters: the order of the points decides, and only about them. */
static void order(void)
{
    double X[] = { 0, 0, 0.5, 0, 1, 0, 2, 0, 3, 0, 3.5, 0, 4, 0 }, Y[14];
    Arena *a = arena_new("order");
    for (int i = 0; i < 7; i++) Y[2 * i] = X[2 * (6 - i)], Y[2 * i + 1] = 0;
    Found f = by_brute_force(a, X, 1, 4, 7), g = by_brute_force(a, Y, 1, 4, 7);
    printf("0 0.5 1 2 3 3.5 4, eps 1, min 4: core");
    for (int i = 0; i < 7; i++)
        if (f.core[i]) printf(" %g", X[2 * i]);
    printf("; the point 2 joins %s, and in reverse order %s\n\n", f.label[3] == f.label[2] ? "1" : "3",
           g.label[3] == g.label[4] ? "1" : "3");
    arena_free(a);
}

static int chameleon(Program *program, int *sets, Sums *sums)
{
    int wrong = 0;
    for (const Published *p = CHAMELEON; p->name && !program->stopped; p++) {
        if (!data_here(p->name)) continue;
        Arena  *a = arena_new(p->name);
        Dataset d;
        int     cells;
        program_try(program, data_load(a, p->name, F64, &d));
        int     N = (int)d.x->shape[0], *truth = space(a, N * 4);
        double *X = d.x->data;
        for (int i = 0; i < N; i++) truth[i] = ((int32_t *)d.y->data)[i] - 1;               /* 0 is noise there */
        Found  f = by_grid(a, X, p->eps, p->min, N, &cells);
        double rand = agreement(f.label, truth, N);
        if (*sets == 0) {
            Found g = by_brute_force(a, X, p->eps, p->min, N);
            sums->differ += differences(&f, &g, N);
            program_try(program, draw(program, "chameleon", "chameleon_t4 by DBSCAN, eps 8.5, min 15",
                                      "Six shapes that reach into each other, and stripes of noise.", X, f.label, N));
        }
        printf("%s, eps %g, min %d: %d clusters, %d noise, %d core, agreement %.6f (published: %d, %d, %d, %.6f)\n",
               p->name, p->eps, p->min, f.clusters, f.noise, f.cores, rand, p->clusters, p->noise, p->core, p->rand);
        wrong +=
            f.clusters != p->clusters || f.noise != p->noise || f.cores != p->core || !(fabs(rand - p->rand) < 2e-6);
        ++*sets;
        arena_free(a);
    }
    if (!*sets) printf("the Chameleon pictures are not here: make data\n");
    printf("\n");
    return wrong;
}

/* A field of heaps, ten points to an eps-ball at any N: what the grid does with many points. */
static void field(int N, uint64_t seed, int *clusters)
{
    Arena  *a = arena_new("field");
    Rng     rng = rng_new(seed);
    double *X = space(a, (int64_t)N * 16), side = sqrt(N);
    int     cells;
    for (int i = 0; i < N; i++) {
        double x = rng_uniform(&rng) * side, y = rng_uniform(&rng) * side;
        X[2 * i] = x - 0.4 * sin(x), X[2 * i + 1] = y - 0.4 * sin(y);
    }
    Found f = by_grid(a, X, 1.4, 10, N, &cells);
    *clusters = f.clusters;
    printf("%d points, by the grid: %d cells, %d clusters, %d core points, %d noise\n\n", N, cells, f.clusters, f.cores,
           f.noise);
    arena_free(a);
}

int main(int argc, char **argv)
{
    Options  o;
    Program *program = program_start(argc, argv, "dbscan", "clusters of any shape, by density", flags, &o);
    Sums     sums = { 0 };
    int      sets = 0, clusters = 0;
    if (o.points < 30 || o.points > 20000 || o.large < 1 || o.large > 20000000)
        program_try(program, "--points is 30 to 20000, --large 1 to 20000000");
    shapes(program, o.points, &sums);
    program_try(program, draw_kdistances(program, o.points));
    order();
    int wrong = chameleon(program, &sets, &sums);
    field(o.large, program->seed, &clusters);
    program_promise(program, "moons: agreement by DBSCAN", sums.moons, ">=", 0.95);
    program_promise(program, "moons: agreement by k-means", sums.kmeans_moons, "<=", 0.6);
    program_promise(program, "rings: agreement by DBSCAN", sums.rings, ">=", 0.95);
    program_promise(program, "rings: agreement by k-means", sums.kmeans_rings, "<=", 0.2);
    program_promise(program, "labels that grid and brute force disagree on", sums.differ, "<=", 0);
    if (sets) program_promise(program, "Chameleon runs that differ from the published ones", wrong, "<=", 0);
    return program_end(program);
}
