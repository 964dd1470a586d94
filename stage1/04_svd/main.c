/* main.c -- a picture at any rank, and its error; very small singular values; digits told apart by a pseudo-inverse. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "data.h"
#include "program.h"
#include "rng.h"
#include "svd.h"

typedef struct Options { const char *image; int side; } Options;

static const Flag flags[] = {
    { "image", FLAG_TEXT, offsetof(Options, image), "", NULL, NULL,
      "a PNG, PGM or PPM; else the photograph of make data, else one that is made up" },
    { "side", FLAG_INT, offsetof(Options, side), "512", "96", NULL,
      "the picture is made smaller until it is no wider" },
    { 0 },
};

typedef struct Picture { const char *name; double *x; int M, N; } Picture;     /* (N,M): columns of 0 to 255 */

typedef struct Parts { double *U, *sigma, *V; int M, N, sweeps; } Parts;

static double *numbers(Arena *a, int64_t n) { return arena_alloc(a, DEV_CPU, (size_t)n * sizeof(double), "numbers"); }

static Parts take_apart(Arena *a, const double *A, int M, int N)
{
    Parts p = { numbers(a, (int64_t)N * M), numbers(a, N), numbers(a, (int64_t)N * N), M, N, 0 };
    memcpy(p.U, A, (size_t)N * (size_t)M * sizeof *A);
    p.sweeps = svd_jacobi(p.U, p.sigma, p.V, M, N);
    return p;
}

/* ---- The picture ------------------------------------------------------------------------------------------------- */

static bool is_there(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f) fclose(f);
    return f;
}

/* Discs and a chequered floor under a sky: edges, areas and slopes, as a photograph has them. */
static Picture made_up(Arena *a, int side)
{
    Picture p = { "made up", numbers(a, (int64_t)side * side), side, side };
    for (int j = 0; j < side; j++)
        for (int m = 0; m < side; m++) {
            double x = (j + 0.5) / side, y = (m + 0.5) / side, grey = 220 - 60 * y;
            if (y > 0.6) grey = ((int)(x * 4 / (y - 0.4)) + (int)(2 / (y - 0.4))) % 2 ? 40 : 120;
            if (hypot(x - 0.35, y - 0.5) < 0.22) grey = 40 + 300 * hypot(x - 0.3, y - 0.43);
            if (hypot(x - 0.75, y - 0.65) < 0.13) grey = 200 - 700 * (y - 0.55);
            p.x[j * side + m] = round(fmin(fmax(grey, 0), 255));
        }
    return p;
}

/* Pixels are means of squares. A wider picture is laid on its side: M >= N. */
static const char *picture_read(Arena *a, const char *path, const char *name, int side, Picture *p)
{
    Tensor     *t;
    const char *why = image_read(a, path, &t);
    if (why) return why;
    int H = (int)t->shape[0], W = (int)t->shape[1], C = (int)t->shape[2], colours = C < 3 ? 1 : 3;
    int step = ((H < W ? H : W) + side - 1) / side;
    double white = t->dtype == I32 ? 65535.0 / 255 : 1;
    int rows = H / step, columns = W / step, turned = columns > rows;
    *p = (Picture){ name, numbers(a, (int64_t)rows * columns), turned ? columns : rows, turned ? rows : columns };
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            double sum = 0;
            for (int i = 0; i < step * step * colours; i++) {
                int64_t y = r * step + i / colours / step, x = c * step + i / colours % step;
                sum += tensor_get(t, (y * W + x) * C + i % colours);
            }
            sum /= step * step * colours * white;
            p->x[turned ? r * p->M + c : c * p->M + r] = sum;
        }
    return NULL;
}

static const char *picture_write(Arena *a, const char *folder, int rank, const double *x, int M, int N)
{
    Tensor  *t = tensor_new(a, DEV_CPU, U8, SHAPE(M, N, 1));
    uint8_t *pixel = t->data;
    for (int m = 0; m < M; m++)
        for (int j = 0; j < N; j++) pixel[m * N + j] = (uint8_t)lrint(fmin(fmax(x[j * M + m], 0), 255));
    return image_write(sentence("%s/rank_%d.png", folder, rank), t);
}

/* skimage's camera at 512 x 512: the first singular values, and errors at ranks, by LAPACK. */
static const double CAMERA_SIGMA[] = { 70966.03483872, 17054.59107480, 13314.90060259, 8837.41448185, 5874.62439417,
                                       4350.94629303 };

static void ranks(Program *program, const Picture *p, const Parts *parts, double *off)
{
    static const int RANKS[] = { 1, 2, 5, 10, 20, 50, 100, 200 };
    Arena  *a = arena_new("ranks");
    int     M = p->M, N = p->N;
    double *B = numbers(a, (int64_t)N * M), *tail = numbers(a, N + 1), all = 0;
    svd_tail(tail, parts->sigma, N);
    for (int i = 0; i < N * M; i++) all += p->x[i] * p->x[i];
    printf("%6s %12s %12s %10s %12s\n", "rank", "error", "the tail", "PSNR dB", "numbers, of");
    for (int i = 0; i < (int)(sizeof RANKS / sizeof *RANKS) && RANKS[i] < N && !program->stopped; i++) {
        int k = RANKS[i];
        double left = 0;
        svd_low_rank(B, parts->U, parts->sigma, parts->V, k, M, N);
        for (int n = 0; n < N * M; n++) left += pow(B[n] - p->x[n], 2);
        *off = fmax(*off, fabs(sqrt(left / all) - tail[k]));
        printf("%6d %12.10f %12.10f %10.6f %6d %d\n", k, sqrt(left / all), tail[k],
               10 * log10(255. * 255 * N * M / left), k * (M + N + 1), M * N);
        program_try(program, picture_write(a, program->out, k, B, M, N));
    }
    program_try(program, picture_write(a, program->out, N, p->x, M, N));
    printf("pictures: %s/rank_1.png and so on, rank_%d.png the picture itself\n\n", program->out, N);
    arena_free(a);
}

/* The tail, over the share of the ranks. */
static void draw_tail(Plot *plot, const char *series, const double *sigma, int N)
{
    double tail[2048];
    svd_tail(tail, sigma, N);
    for (int k = 0; k < N; k += N > 64 ? N / 64 : 1)
        if (tail[k] > 1e-4) plot_point(plot, series, (double)k / N, tail[k]);
}

/* ---- Small singular values --------------------------------------------------------------------------------------- */

/* The least eigenvalues of Hilbert's matrices, from 60 digits. Their entries are rounded, so that of the least only
 * about 16 - log10(condition) digits can be right. */
static const struct { int n; double least; } HILBERT[] = {
    { 3, 0.002687340355773529 }, { 5, 3.287928772171863e-6 }, { 8, 1.111538966372442e-10 },
    { 10, 1.093153819379666e-13 },
};

static double hilbert(Program *program)
{
    double off_at_eight = NAN;
    printf("Hilbert's matrix 1 / (i + j + 1), the least singular value\n%4s %14s %14s %9s %14s %9s\n", "n", "exact",
           "Jacobi", "off", "by A^T A", "off");
    for (int i = 0; i < (int)(sizeof HILBERT / sizeof *HILBERT) && !program->stopped; i++) {
        Arena  *a = arena_new("Hilbert");
        int     n = HILBERT[i].n;
        double *A = numbers(a, n * n), *G = numbers(a, n * n), least = HILBERT[i].least;
        for (int k = 0; k < n * n; k++) A[k] = 1.0 / (k / n + k % n + 1);
        for (int k = 0; k < n * n; k++) {
            G[k] = 0;
            for (int m = 0; m < n; m++) G[k] += A[k / n * n + m] * A[k % n * n + m];
        }
        double one = take_apart(a, A, n, n).sigma[n - 1], squared = sqrt(take_apart(a, G, n, n).sigma[n - 1]);
        printf("%4d %14.6e %14.6e %9.0e %14.6e %9.0e\n", n, least, one, fabs(one / least - 1), squared,
               fabs(squared / least - 1));
        if (n == 8) off_at_eight = fabs(one / least - 1);
        arena_free(a);
    }
    printf("\n");
    return off_at_eight;
}

/* ---- Digits ------------------------------------------------------------------------------------------------------ */

enum { PIXELS = 64, CLASSES = 10 };

/* Ten linear functions, each near 1 on its digit and 0 elsewhere; the largest says which digit it is. Share of the
 * unseen rows that are right; *freedom: the sum of sigma^2 / (sigma^2 + lambda). */
static double told_apart(const Dataset *d, const Parts *p, double lambda, int *rank, double *freedom)
{
    double        w[CLASSES][PIXELS];
    const double *x = d->x->data;
    int           right = 0, N = (int)d->x->shape[0], unseen = N - (int)d->train;
    Arena        *a = arena_new("targets");
    double       *y = numbers(a, d->train);
    for (int c = 0; c < CLASSES; c++) {
        for (int n = 0; n < d->train; n++) y[n] = ((const int32_t *)d->y->data)[n] == c;
        *rank = svd_solve(w[c], p->U, p->sigma, p->V, y, lambda, 1e-12, p->M, p->N);
    }
    *freedom = 0;
    for (int i = 0; i < *rank; i++) *freedom += 1 / (1 + lambda / (p->sigma[i] * p->sigma[i]));
    for (int n = (int)d->train; n < N; n++) {
        int    best = 0;
        double most = -INFINITY;
        for (int c = 0; c < CLASSES; c++) {
            double score = 0;
            for (int i = 0; i < PIXELS; i++) score += w[c][i] * x[n * PIXELS + i];
            if (score > most) most = score, best = c;
        }
        right += best == ((const int32_t *)d->y->data)[n];
    }
    arena_free(a);
    return (double)right / unseen;
}

static void digits(Program *program, Plot *plot)
{
    static const double LAMBDA[] = { 0, 1, 10, 100, 1000 };
    Arena  *a = arena_new("digits");
    Dataset d;
    double  freedom, share, first = NAN;
    int     rank = 0;
    program_try(program, data_load(a, "digits", F64, &d));
    int     M = (int)d.train;
    double *A = numbers(a, (int64_t)PIXELS * M);
    for (int j = 0; j < PIXELS; j++)
        for (int m = 0; m < M; m++) A[j * M + m] = ((const double *)d.x->data)[m * PIXELS + j];
    Parts p = take_apart(a, A, M, PIXELS);
    draw_tail(plot, "handwritten digits", p.sigma, PIXELS);
    printf("%d handwritten digits of %d pixels, ten linear functions by the pseudo-inverse, ridge by lambda\n", M,
           PIXELS);
    for (int i = 0; i < 5; i++) {
        share = told_apart(&d, &p, LAMBDA[i], &rank, &freedom);
        if (i == 0) first = share;
        printf("  lambda %-6g rank %d, %5.2f degrees of freedom, unseen digits right: %.4f\n", LAMBDA[i], rank, freedom,
               share);
    }
    printf("\n");
    program_promise(program, "rank of 64 pixels, some of which are never lit", rank, "<=", 63);
    program_promise(program, "unseen digits right", first, ">=", 0.9);
    arena_free(a);
}

int main(int argc, char **argv)
{
    Options     o;
    Program    *program = program_start(argc, argv, "svd", "a picture at any rank, and a pseudo-inverse at work", flags,
                                        &o);
    Arena      *a = arena_new("svd");
    Rng         rng = rng_new(program->seed);
    const char *camera = sentence("%s/data/skimage/camera.png", data_root());
    double      off = 0, published = 0;
    Picture     p;
    if (o.side < 4 || o.side > 1024) program_try(program, "--side is 4 to 1024");
    if (*o.image) program_try(program, picture_read(a, o.image, o.image, o.side, &p));
    else if (is_there(camera)) program_try(program, picture_read(a, camera, "camera", o.side, &p));
    else p = made_up(a, o.side);
    Parts parts = take_apart(a, p.x, p.M, p.N);
    printf("%s, %d by %d: %d sweeps of rotations\n", p.name, p.M, p.N, parts.sweeps);
    ranks(program, &p, &parts, &off);
    bool whole = !strcmp(p.name, "camera") && p.N == 512;
    for (int i = 0; i < 6 && whole; i++) published = fmax(published, fabs(parts.sigma[i] / CAMERA_SIGMA[i] - 1));
    Plot *plot = program_plot(program, "tail", (PlotArg){
        .title = "error of the best matrix of a rank", .kind = PLOT_LINES, .log_y = true, .x = "rank, of all there are",
        .y = "error beside the matrix",
        .caption = "Columns that resemble each other need few terms. Shuffled pixels keep their mean, which is the "
                   "first term, and have nothing more to gain." });
    enum { FEW = 96 };
    double *made = made_up(a, FEW).x;
    draw_tail(plot, "a picture", take_apart(a, made, FEW, FEW).sigma, FEW);
    for (int i = FEW * FEW - 1; i > 0; i--) {
        int    j = (int)rng_below(&rng, i + 1);
        double x = made[i];
        made[i] = made[j], made[j] = x;
    }
    draw_tail(plot, "its pixels, shuffled", take_apart(a, made, FEW, FEW).sigma, FEW);
    double least = hilbert(program);
    digits(program, plot);
    program_try(program, plot_done(plot));
    program_promise(program, "errors, off the tail by", off, "<=", 1e-12);
    program_promise(program, "least of Hilbert's 8 x 8, off by", least, "<=", 1e-5);
    program_promise(program, "sweeps until nothing was left to do", parts.sweeps, "<=", SVD_SWEEPS - 1);
    if (whole) program_promise(program, "singular values, off LAPACK's by", published, "<=", 1e-9);
    arena_free(a);
    return program_end(program);
}
