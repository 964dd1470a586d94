/* main.c -- handwritten digits told apart by adding and multiplying: average pictures, and dot products with them. */
#include <stdio.h>
#include <string.h>
#include "check.h"
#include "data.h"
#include "program.h"
#include "start.h"

enum { DIGITS = 10 };

typedef struct Options { int show; } Options;

static const Flag flags[] = {
    { "show", FLAG_INT, offsetof(Options, show), "0", NULL, NULL, "which unseen picture to print" },
    { 0 },
};

static const float *picture(const Dataset *d, int64_t i) { return (const float *)d->x->data + i * d->x->shape[1]; }
static int label(const Dataset *d, int64_t i) { return ((const int32_t *)d->y->data)[i]; }

/* The average of all pictures of one digit among the rows to learn from: add them up, then scale by 1 / how many. */
static void average(float *mean, float *sum, const Dataset *d, int digit)
{
    int P = (int)d->x->shape[1], count = 0;
    memset(sum, 0, P * sizeof *sum);
    memset(mean, 0, P * sizeof *mean);
    for (int64_t i = 0; i < d->train; i++)
        if (label(d, i) == digit) {
            start_add(sum, sum, picture(d, i), P);
            count++;
        }
    start_scale(mean, sum, 1.0f / (float)count, P);
}

/* Which average does this picture have the largest dot product with? score: one for each digit. */
static int recognise(float *score, const float *mean, const float *pixel, int P)
{
    int best = 0;
    for (int k = 0; k < DIGITS; k++) {
        score[k] = start_dot(pixel, mean + (size_t)k * P, P);
        if (score[k] > score[best]) best = k;
    }
    return best;
}

/* One picture in characters, with its ten scores beside it. */
static void show(const Dataset *d, int64_t i, const float *score, int best)
{
    const float *pixel = picture(d, i);
    int lines = d->height > DIGITS ? d->height : DIGITS;
    printf("unseen picture %lld, a %d                score of each digit\n", (long long)(i - d->train), label(d, i));
    for (int row = 0; row < lines; row++) {
        for (int column = 0; column < d->width; column++) {
            float p = row < d->height ? pixel[row * d->width + column] : 0;
            char ink = " .:-=+*#%@"[p <= 0 ? 0 : p >= 1 ? 9 : (int)(p * 9.99f)];
            putchar(ink), putchar(ink);
        }
        if (row < DIGITS) {
            printf("    %d %6.2f ", row, score[row]);
            for (int k = 0; k < (int)score[row] && k < 40; k++) putchar('*');
            if (row == best) printf("  <- the largest");
        }
        putchar('\n');
    }
    putchar('\n');
}

/* The ten averages in two rows of five, black between them. */
static const char *draw_averages(Program *p, const Dataset *d, const float *mean)
{
    int H = d->height, W = d->width;
    Plot *plot = program_plot(p, "averages", (PlotArg){ .title = "the average picture of each digit, 0 to 9",
        .kind = PLOT_IMAGE, .grey = true, .x = "column", .y = "row",
        .caption = "Made by start_add and start_scale. A new picture is compared with each of them by start_dot." });
    for (int row = 0; row < 2 * H + 1; row++)
        for (int column = 0; column < 5 * (W + 1) - 1; column++) {
            int k = column / (W + 1) + (row > H ? 5 : 0), r = row % (H + 1), c = column % (W + 1);
            plot_cell(plot, row, column, r < H && c < W ? mean[(k * H + r) * W + c] : 0);
        }
    return plot_done(plot);
}

static const char *draw_shares(Program *p, const int *right, const int *seen)
{
    Plot *plot = program_plot(p, "recognised", (PlotArg){ .title = "unseen digits recognised", .kind = PLOT_BARS,
        .x = "digit", .y = "per cent", .caption = "A digit is hard where its pictures differ from each other, "
                                                  "or where another digit's average looks like it." });
    for (int k = 0; k < DIGITS; k++) {
        char name[4];
        snprintf(name, sizeof name, "%d", k);
        plot_bar(plot, name, "recognised", seen[k] ? 100.0 * right[k] / seen[k] : 0);
    }
    return plot_done(plot);
}

int main(int argc, char **argv)
{
    Options o;
    Program *p = program_start(argc, argv, "start", "tell handwritten digits apart by adding and multiplying", flags,
                               &o);
    Arena *arena = arena_new("start");
    Dataset d;
    program_try(p, data_load(arena, "digits", F32, &d));
    int64_t N = d.x->shape[0], unseen = N - d.train, correct = 0;
    int P = (int)d.x->shape[1], right[DIGITS] = { 0 }, seen[DIGITS] = { 0 };
    if (o.show < 0 || o.show >= unseen)
        program_try(p, sentence("--show=%d: there are %lld unseen pictures, counted from 0", o.show,
                                (long long)unseen));

    float *mean = arena_alloc(arena, DEV_CPU, (size_t)DIGITS * P * sizeof *mean, "averages");  /* (DIGITS, P) */
    float *sum = arena_alloc(arena, DEV_CPU, P * sizeof *sum, "a sum"), score[DIGITS];
    for (int k = 0; k < DIGITS; k++) average(mean + (size_t)k * P, sum, &d, k);

    printf("digits %s: %lld pictures of %d x %d to learn from, %lld unseen\n\n", d.from, (long long)d.train, d.height,
           d.width, (long long)unseen);
    show(&d, d.train + o.show, score, recognise(score, mean, picture(&d, d.train + o.show), P));
    for (int64_t i = d.train; i < N; i++) {
        int is = label(&d, i), hit = recognise(score, mean, picture(&d, i), P) == is;
        seen[is]++, right[is] += hit, correct += hit;
    }
    printf("digit      ");
    for (int k = 0; k < DIGITS; k++) printf("%6d", k);
    printf("\nunseen     ");
    for (int k = 0; k < DIGITS; k++) printf("%6d", seen[k]);
    printf("\nrecognised ");
    for (int k = 0; k < DIGITS; k++) printf("%6d", right[k]);
    printf("\n\n%lld of %lld recognised\n", (long long)correct, (long long)unseen);

    program_try(p, draw_averages(p, &d, mean));
    program_try(p, draw_shares(p, right, seen));
    program_promise(p, "share of unseen digits recognised", (double)correct / (double)unseen, ">=", 0.90);
    arena_free(arena);
    return program_end(p);
}
