/* main.c -- digits sorted without a label: starts, bounds, mini-batches, and how many clusters there are. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "data.h"
#include "kmeans.h"
#include "program.h"
#include "rng.h"

typedef struct Options { const char *data; int k, starts, most, sample, batch; } Options;

static const Flag flags[] = {
    { "data", FLAG_TEXT, offsetof(Options, data), "digits", NULL, "mnist",
      "digits, iris or wine; mnist after make data" },
    { "k", FLAG_INT, offsetof(Options, k), "10", NULL, NULL, "clusters" },
    { "starts", FLAG_INT, offsetof(Options, starts), "60", "5", "40", "starts by k-means++; the best one counts" },
    { "most", FLAG_INT, offsetof(Options, most), "16", "4", "16", "how many clusters are tried, from 2 on" },
    { "sample", FLAG_INT, offsetof(Options, sample), "1797", "600", "2000", "rows among which their number is chosen" },
    { "batch", FLAG_INT, offsetof(Options, batch), "100", NULL, "1000", "rows of a mini-batch" },
    { 0 },
};

enum { MOVES = 300 };

/* scikit-learn 1.9.1. The best of ten starts by KMeans(10, n_init=10, random_state=s, tol=0): digits, the worst of five
 * such (s = 0 .. 4); mnist, the worse of two (s = 0, 1), with the inertia of its centres computed anew in double: the
 * float that it reports is off by up to 15. And KMeans(10, init=X[:10], n_init=1, tol=0), where it is quoted. */
typedef struct Published { const char *data; double best_of_ten, from_first_rows; } Published;
static const Published PUBLISHED[] = {
    { "digits", 1165248.45, 1167859.3840066 },
    { "mnist", 2352826.95, 0 },
    { 0 },
};

typedef struct Rows { const float *X; int N, D; } Rows;

/* What one run needs and leaves. */
typedef struct Run {
    float *C, *old;                     /* (K,D), (K,D) */
    int *label, *count, *chosen;        /* (N), (K), (K) */
    double *distance, *sum, *bounds, *u, *inertia;      /* (N), (K,D), (2N+2K), (K), (MOVES+1) */
    int64_t *computed;                  /* (MOVES+1) */
    int moves;
    double value;                       /* the inertia at its end */
} Run;

static void *some(Arena *a, int64_t n, size_t size) { return arena_alloc(a, DEV_CPU, (size_t)n * size, "kmeans"); }

static Run run_new(Arena *a, const Rows *x, int K)
{
    int64_t KD = (int64_t)K * x->D;
    return (Run){
        .C = some(a, KD, sizeof(float)), .old = some(a, KD, sizeof(float)),
        .label = some(a, x->N, sizeof(int)), .count = some(a, K, sizeof(int)), .chosen = some(a, K, sizeof(int)),
        .distance = some(a, x->N, sizeof(double)), .sum = some(a, KD, sizeof(double)), .u = some(a, K, sizeof(double)),
        .bounds = some(a, 2 * ((int64_t)x->N + K), sizeof(double)),
        .inertia = some(a, MOVES + 1, sizeof(double)), .computed = some(a, MOVES + 1, sizeof(int64_t)),
    };
}

static void start_plusplus(Run *r, const Rows *x, int K, Rng *rng)
{
    for (int k = 0; k < K; k++) r->u[k] = rng_uniform(rng);
    kmeans_seed(r->C, r->chosen, r->distance, x->X, r->u, x->N, K, x->D);
}

static void start_any_rows(Run *r, const Rows *x, int K, Rng *rng)
{
    for (int k = 0; k < K; k++)
        memcpy(r->C + k * x->D, x->X + rng_below(rng, x->N) * x->D, (size_t)x->D * sizeof(float));
}

/* By Hamerly's bounds: Lloyd's result, sooner. Counts and distances are those of the labels at the end. */
static void run_to_the_end(Run *r, const Rows *x, int K)
{
    r->moves = kmeans_hamerly(r->C, r->label, r->distance, r->computed, r->count, r->sum, r->bounds, r->old, x->X,
                              MOVES, x->N, K, x->D);
    r->value = kmeans_assign(r->label, r->distance, x->X, r->C, x->N, K, x->D);
    memset(r->count, 0, (size_t)K * sizeof *r->count);
    for (int n = 0; n < x->N; n++) r->count[r->label[n]]++;
}

typedef void Start(Run *, const Rows *, int K, Rng *);

/* Every start has a stream of its own, so that threads change nothing. value (starts) gets each one's inertia; the best
 * one's first centres go to C. */
static void many_starts(Program *program, const Rows *x, int K, int starts, Start *start, uint64_t stream,
                        double *value, float *C)
{
    Rng root = rng_new(program->seed);
    Rng all = rng_stream(&root, stream);
    int best = 0, done = 0;
#pragma omp parallel
    {
        Arena *own = arena_new("start");
        Run r = run_new(own, x, K);
#pragma omp for schedule(dynamic)
        for (int s = 0; s < starts; s++) {
            value[s] = INFINITY;
            if (program->stopped) continue;
            Rng rng = rng_stream(&all, (uint64_t)s);
            start(&r, x, K, &rng);
            run_to_the_end(&r, x, K);
            value[s] = r.value;
#pragma omp critical
            program_progress(program, ++done, starts, "starts");
        }
        arena_free(own);
    }
    for (int s = 1; s < starts; s++)
        if (value[s] < value[best]) best = s;
    Arena *own = arena_new("best start");
    Run r = run_new(own, x, K);
    Rng rng = rng_stream(&all, (uint64_t)best);
    start(&r, x, K, &rng);
    memcpy(C, r.C, sizeof(float) * (size_t)K * (size_t)x->D);
    arena_free(own);
}

static int upwards(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- Does the start matter? -------------------------------------------------------------------------------------- */

/* Fifteen round heaps in the plane, 100 rows each: the best answer is known, and most starts miss it. */
static const char *draw_starts(Arena *a, Program *program, int *plusplus, int *any)
{
    enum { HEAPS = 15, EACH = 100, STARTS = 100 };
    Rng rng = rng_new(5);
    float *X = some(a, HEAPS * EACH * 2, sizeof(float)), *C = some(a, HEAPS * 2, sizeof(float));
    Rows x = { X, HEAPS * EACH, 2 };
    double value[2][STARTS];
    for (int n = 0; n < x.N; n++) {
        int heap = n % HEAPS;
        X[2 * n] = (float)(heap % 4 * 10 + 3 * sin(heap) + rng_normal(&rng));
        X[2 * n + 1] = (float)(heap / 4 * 10 + 3 * cos(3 * heap) + rng_normal(&rng));
    }
    many_starts(program, &x, HEAPS, STARTS, start_plusplus, 1, value[0], C);
    many_starts(program, &x, HEAPS, STARTS, start_any_rows, 2, value[1], C);
    Plot *plot = program_plot(program, "starts", (PlotArg){ .title = "15 heaps: where 100 starts end",
        .kind = PLOT_LINES, .x = "start, the best first", .y = "inertia / least inertia", .log_y = true,
        .caption = "Lloyd's loop only goes downhill: it ends where its start lets it. Rows drawn by squared distance "
                   "find all heaps far more often than rows drawn blindly." });
    int found[2] = { 0 };
    for (int way = 0; way < 2; way++) qsort(value[way], STARTS, sizeof(double), upwards);
    double least = fmin(value[0][0], value[1][0]);
    for (int way = 0; way < 2; way++)
        for (int s = 0; s < STARTS; s++) {
            found[way] += value[way][s] <= 1.01 * least;
            plot_point(plot, way ? "any rows" : "k-means++", s + 1, value[way][s] / least);
        }
    printf("15 heaps in the plane, %d starts: all heaps found by k-means++ in %d, from any rows in %d; median inertia "
           "%.2f\nand %.2f times the least\n\n", STARTS, found[0], found[1], value[0][STARTS / 2] / least,
           value[1][STARTS / 2] / least);
    *plusplus = found[0], *any = found[1];
    return plot_done(plot);
}

/* ---- Lloyd and Hamerly, from one start --------------------------------------------------------------------------- */

typedef struct Race { int differ; double share; } Race;         /* rows with another label; distances computed */

static const char *draw_bounds(Arena *a, Program *program, const Rows *x, int K, const float *C, Run *r, Race *race)
{
    Run lloyd = run_new(a, x, K);
    size_t size = sizeof(float) * (size_t)K * (size_t)x->D;
    memcpy(lloyd.C, C, size), memcpy(r->C, C, size);
    lloyd.moves = kmeans_lloyd(lloyd.C, lloyd.label, lloyd.distance, lloyd.inertia, lloyd.count, lloyd.sum, x->X, MOVES,
                               x->N, K, x->D);
    run_to_the_end(r, x, K);
    Plot *plot = program_plot(program, "bounds", (PlotArg){ .title = "distances that an assignment computes",
        .kind = PLOT_LINES, .x = "assignment", .y = "distances a row",
        .caption = "Lloyd's loop computes the distance of every row to every centre, each time. Once the centres "
                   "hardly move, Hamerly's bounds prove most labels without any." });
    double computed = 0, all = 0;
    for (int m = 0; m <= r->moves; m++) {
        plot_point(plot, "Lloyd", m + 1, K);
        plot_point(plot, "Hamerly", m + 1, (double)r->computed[m] / x->N);
        computed += (double)r->computed[m], all += (double)x->N * K;
    }
    for (int n = 0; n < x->N; n++) race->differ += lloyd.label[n] != r->label[n];
    race->share = computed / all;
    memcpy(r->inertia, lloyd.inertia, sizeof(double) * (MOVES + 1));
    printf("Lloyd from that start: %d moves, %.0f distances. Hamerly: %.0f, %.1f %% of them; %d labels differ\n\n",
           lloyd.moves, all, computed, 100 * race->share, race->differ);
    return plot_done(plot);
}

/* ---- Mini-batches ------------------------------------------------------------------------------------------------ */

/* The inertia over the rows looked at. Returns the last one of the mini-batches, beside Lloyd's. */
static const char *draw_minibatch(Arena *a, Program *program, const Rows *x, int K, const float *C, const Run *lloyd,
                                  int B, double *beside)
{
    enum { PASSES = 5, POINTS = 40 };
    Run r = run_new(a, x, K);
    Rng root = rng_new(program->seed), rng = rng_stream(&root, 3);
    int *row = some(a, B, sizeof(int)), *label = some(a, B, sizeof(int));
    int batches = PASSES * x->N / B + 1, every = batches / POINTS + 1;
    double value = INFINITY;
    memcpy(r.C, C, sizeof(float) * (size_t)K * (size_t)x->D);
    memset(r.count, 0, (size_t)K * sizeof(int));
    Plot *plot = program_plot(program, "minibatch", (PlotArg){ .title = "mini-batches: the inertia over the work",
        .kind = PLOT_LINESPOINTS, .x = "rows looked at / rows", .y = "inertia / Lloyd's at its end",
        .caption = "A mini-batch moves the centres long before Lloyd's loop has seen all rows once. In the end it "
                   "stays a little above." });
    for (int m = 0; m <= lloyd->moves && m <= PASSES; m++)
        plot_point(plot, "Lloyd", m, lloyd->inertia[m] / lloyd->value);
    for (int i = 0; i <= batches && !program->stopped; i++) {
        if (i % every == 0 || i == batches) {
            value = kmeans_assign(r.label, r.distance, x->X, r.C, x->N, K, x->D);
            plot_point(plot, "mini-batches", (double)i * B / x->N, value / lloyd->value);
        }
        for (int b = 0; b < B; b++) row[b] = (int)rng_below(&rng, x->N);
        kmeans_minibatch(r.C, r.count, label, x->X, row, B, K, x->D);
    }
    *beside = value / lloyd->value;
    printf("mini-batches of %d rows, %d times all rows: inertia %.4f times Lloyd's\n\n", B, PASSES, *beside);
    return plot_done(plot);
}

/* ---- How many clusters? ------------------------------------------------------------------------------------------ */

static const char *draw_choice(Program *program, const Rows *all, int sample, int most, int *chosen, double *height)
{
    enum { TRIES = 10 };
    Rows x = *all;
    if (x.N > sample) x.N = sample;
    if (most >= x.N) most = x.N - 1;
    double *inertia = calloc((size_t)most + 1, sizeof(double)), *mean = calloc((size_t)most + 1, sizeof(double));
    CHECK(inertia && mean, "kmeans: no memory");
    int done = 0;
#pragma omp parallel for schedule(dynamic)
    for (int back = 0; back < most - 1; back++) {           /* the long ones first */
        int K = most - back, best = 0;
        double value[TRIES], *s;
        if (program->stopped) continue;
        Arena *own = arena_new("choice");
        Run r = run_new(own, &x, K);
        Rng root = rng_new(program->seed), many = rng_stream(&root, 100 + (uint64_t)K);
        for (int i = 0; i <= TRIES; i++) {                  /* the best once more, at the end */
            Rng rng = rng_stream(&many, (uint64_t)(i < TRIES ? i : best));
            start_plusplus(&r, &x, K, &rng);
            run_to_the_end(&r, &x, K);
            if (i < TRIES) value[i] = r.value;
            if (i < TRIES && value[i] < value[best]) best = i;
        }
        s = some(own, x.N, sizeof(double));
        inertia[K] = r.value;
        mean[K] = kmeans_silhouette(s, r.sum, x.X, r.label, r.count, x.N, K, x.D);
        arena_free(own);
#pragma omp critical
        program_progress(program, ++done, most - 1, "numbers of clusters");
    }
    Plot *elbow = program_plot(program, "elbow", (PlotArg){ .title = "inertia over the number of clusters",
        .kind = PLOT_LINESPOINTS, .x = "clusters", .y = "inertia / rows",
        .caption = "More clusters always fit better. Who looks for an elbow in this curve finds one anywhere." });
    Plot *silhouette = program_plot(program, "silhouette", (PlotArg){ .title = "silhouette over the number of clusters",
        .kind = PLOT_LINESPOINTS, .x = "clusters", .y = "mean silhouette",
        .caption = "This curve can fall: a cluster that is split in two puts each half near the other." });
    *chosen = 2;
    printf("best of %d starts on %d rows\n%-12s", TRIES, x.N, "clusters");
    for (int K = 2; K <= most; K++) printf("%7d", K);
    printf("\n%-12s", "inertia/row");
    for (int K = 2; K <= most; K++) printf("%7.4g", inertia[K] / x.N);
    printf("\n%-12s", "silhouette");
    for (int K = 2; K <= most; K++) {
        printf("%7.3f", mean[K]);
        plot_point(elbow, "best of ten starts", K, inertia[K] / x.N);
        plot_point(silhouette, "best of ten starts", K, mean[K]);
        if (mean[K] > mean[*chosen]) *chosen = K;
    }
    printf("\nlargest with %d clusters\n\n", *chosen);
    *height = mean[*chosen];
    free(inertia), free(mean);
    const char *wrong = plot_done(elbow), *wrong_too = plot_done(silhouette);
    return wrong ? wrong : wrong_too;
}

/* ---- What are they? ---------------------------------------------------------------------------------------------- */

/* Each cluster is named after its commonest class. Returns the share of rows whose class is their cluster's name. */
static double name_clusters(Arena *a, const Dataset *d, const Run *r, int N, int K)
{
    const int32_t *y = d->y->data;
    int *seen = some(a, (int64_t)K * d->classes, sizeof(int)), right = 0;
    memset(seen, 0, sizeof(int) * (size_t)K * (size_t)d->classes);
    for (int n = 0; n < N; n++) seen[r->label[n] * d->classes + y[n]]++;
    printf("%-12s", "cluster");
    for (int k = 0; k < K; k++) printf("%7d", k);
    printf("\n%-12s", "rows");
    for (int k = 0; k < K; k++) printf("%7d", r->count[k]);
    printf("\n%-12s", "named");
    int name[256];
    for (int k = 0; k < K; k++) {
        name[k] = 0;
        for (int c = 1; c < d->classes; c++)
            if (seen[k * d->classes + c] > seen[k * d->classes + name[k]]) name[k] = c;
        right += seen[k * d->classes + name[k]];
        printf("%7d", name[k]);
    }
    printf("\n%-12s", "share");
    for (int k = 0; k < K; k++)
        printf("%6.0f%%", 100.0 * seen[k * d->classes + name[k]] / (r->count[k] > 0 ? r->count[k] : 1));
    printf("\nnamed after their commonest class, the clusters are right for %.1f %% of the rows\n\n",
           100.0 * right / N);
    return (double)right / N;
}

static const char *draw_centres(Program *program, const Dataset *d, const Run *r, int K)
{
    if (!d->height) return NULL;
    int across = K < 5 ? K : 5, h = d->height + 1, w = d->width + 1;
    float most = 0;
    for (int i = 0; i < K * d->height * d->width; i++) most = fmaxf(most, r->C[i]);
    Plot *plot = program_plot(program, "centres", (PlotArg){ .title = "the centres as pictures", .kind = PLOT_IMAGE,
        .grey = true, .caption = "Each centre is the mean of its rows. Nobody said that these are digits." });
    for (int i = 0; i < (K + across - 1) / across * h; i++)
        for (int j = 0; j < across * w; j++) {
            int k = i / h * across + j / w, row = i % h, column = j % w;
            bool ink = k < K && row < d->height && column < d->width;
            plot_cell(plot, i, j, ink ? r->C[(k * d->height + row) * d->width + column] : most);
        }
    return plot_done(plot);
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

/* The first K rows of the file, of which every fifth stands behind the others here. */
static double from_first_rows(Arena *a, const Rows *x, int64_t train, int K)
{
    Run r = run_new(a, x, K);
    for (int k = 0; k < K; k++)
        memcpy(r.C + k * x->D, x->X + (k % 5 == 4 ? train + k / 5 : k - k / 5) * x->D, (size_t)x->D * sizeof(float));
    run_to_the_end(&r, x, K);
    return r.value;
}

static const char *refuse(const Options *o, const Dataset *d)
{
    int64_t N = d->x->shape[0];
    if (!d->classes) return sentence("--data=%s has no classes to compare clusters with", o->data);
    if (o->k < 2 || o->k > 256 || o->k > N) return sentence("--k is 2 to 256, and at most the rows, %d", (int)N);
    if (o->most < 2 || o->most > 64 || o->sample < 3) return "--most is 2 to 64, --sample at least 3";
    if (o->starts < 1 || o->batch < 1) return "--starts and --batch are at least 1";
    return NULL;
}

int main(int argc, char **argv)
{
    Options o;
    Program *program = program_start(argc, argv, "kmeans", "clusters without labels: k-means and how to judge it",
                                     flags, &o);
    Arena *a = arena_new("kmeans");
    Dataset d;
    program_try(program, data_load(a, o.data, F32, &d));
    program_try(program, refuse(&o, &d));
    bool mnist = !strcmp(o.data, "mnist");
    Rows x = { d.x->data, mnist ? (int)d.train : (int)d.x->shape[0], (int)d.x->shape[1] };
    for (int64_t i = 0; i < (int64_t)x.N * x.D && !strcmp(o.data, "digits"); i++)
        ((float *)d.x->data)[i] *= 16;                  /* pixels 0 .. 16, as they are published */
    const Published *known = PUBLISHED;
    while (known->data && strcmp(known->data, o.data)) known++;
    if (o.k != 10) known = &PUBLISHED[sizeof PUBLISHED / sizeof *PUBLISHED - 1];
    printf("%s: %d rows, %d features, from %s; the labels are only looked at afterwards\n\n", d.name, x.N, x.D, d.from);

    int plusplus = 0, any = 0, chosen = 0;
    double *value = some(a, o.starts, sizeof(double)), beside = NAN, height = NAN;
    float *C = some(a, (int64_t)o.k * x.D, sizeof(float));
    Run best = run_new(a, &x, o.k);
    Race race = { 0 };
    if (!program->quick) program_try(program, draw_starts(a, program, &plusplus, &any));
    many_starts(program, &x, o.k, o.starts, start_plusplus, 0, value, C);
    program_try(program, draw_bounds(a, program, &x, o.k, C, &best, &race));
    double share = name_clusters(a, &d, &best, x.N, o.k);
    program_try(program, draw_centres(program, &d, &best, o.k));
    program_try(program, draw_minibatch(a, program, &x, o.k, C, &best, o.batch, &beside));
    program_try(program, draw_choice(program, &x, o.sample, o.most, &chosen, &height));

    qsort(value, (size_t)o.starts, sizeof(double), upwards);
    printf("inertia of %d starts: best %.10g, median %.10g, worst %.10g\n\n", o.starts, value[0], value[o.starts / 2],
           value[o.starts - 1]);
    program_promise(program, "labels by which Hamerly and Lloyd differ", race.differ, "<=", 0);
    if (known->data)
        program_promise(program, "inertia, beside scikit-learn's best of 10", value[0] / known->best_of_ten, "<=",
                        program->quick ? 1.03 : 1);
    if (known->from_first_rows > 0)
        program_promise(program, "from the first ten rows, off scikit-learn's by",
                        fabs(from_first_rows(a, &x, d.train, o.k) / known->from_first_rows - 1), "<=", 1e-6);
    if (known->data) {
        program_promise(program, "distances computed, beside Lloyd's", race.share, "<=", program->quick ? 0.75 : 0.6);
        program_promise(program, "inertia by mini-batches, beside Lloyd's", beside, "<=", 1.15);
        program_promise(program, "rows in a cluster named after their class", share, ">=",
                        mnist ? 0.5 : program->quick ? 0.6 : 0.7);
    }
    if (!program->quick)
        program_promise(program, "starts in 100 that find all 15 heaps: k-means++ ahead by", plusplus - any, ">=", 15);
    arena_free(a);
    return program_end(program);
}
