/* test_skipgram.c -- windows side by side against a plain loop in double, and the optimum that the objective has. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "rng.h"
#include "skipgram.h"

TestSuite(skipgram, .timeout = 120);

enum { N = 7, LINES = 5, LONGEST = 9, MAX_D = 65 };

static int32_t token[LINES * LONGEST];
static int64_t first[LINES + 1];

/* Lines of any length, an empty one and one of a single token among them. */
static void some_lines(Rng *rng)
{
    static const int length[LINES] = { 9, 0, 1, 5, 2 };
    for (int l = 0; l < LINES; l++) {
        first[l + 1] = first[l] + length[l];
        for (int64_t i = first[l]; i < first[l + 1]; i++) token[i] = (int32_t)rng_below(rng, N);
    }
}

/* Without negatives nothing is drawn: each place pulls out[here] and in[c] together, all of a window at once. */
static void plain(double *in, double *out, int D, int window, double rate, double least, int epochs)
{
    static double x[2 * LONGEST][MAX_D], y[MAX_D];
    double all = (double)first[LINES] * epochs, done = 0;
    for (int e = 0; e < epochs; e++)
        for (int l = 0; l < LINES; l++)
            for (int64_t i = first[l]; i < first[l + 1]; i++, done++) {
                double *here = out + token[i] * D, now = rate + (least - rate) * done / all, g[2 * LONGEST];
                int     c[2 * LONGEST], m = 0;
                for (int64_t j = first[l]; j < first[l + 1]; j++)
                    if (j != i && llabs(j - i) <= window) c[m++] = token[j];
                memcpy(y, here, (size_t)D * sizeof *y);
                for (int k = 0; k < m; k++) {
                    double z = 0;
                    memcpy(x[k], in + c[k] * D, (size_t)D * sizeof **x);
                    for (int d = 0; d < D; d++) z += x[k][d] * y[d];
                    g[k] = now * (1 - 1 / (1 + exp(-z)));
                }
                for (int k = 0; k < m; k++)
                    for (int d = 0; d < D; d++) in[c[k] * D + d] += g[k] * y[d], here[d] += g[k] * x[k][d];
            }
}

Test(skipgram, windows_as_a_plain_loop_has_them)
{
    static const int sizes[] = { 1, 3, 16, 33, MAX_D };
    static float     in[N * MAX_D], out[N * MAX_D], start[N * MAX_D], none[N * MAX_D];
    static double    want_in[N * MAX_D], want_out[N * MAX_D];
    Rng rng = rng_new(5);
    for (int s = 0; s < 5; s++) {
        SkipgramArg arg = { .D = sizes[s], .window = 1 + s, .rate = 0.3, .least = 0.01, .whole = true, .seed = 9 };
        some_lines(&rng);
        cr_assert_null(skipgram_train(start, none, token, first, LINES, N, arg));       /* no epochs: the start */
        arg.epochs = 4;
        cr_assert_null(skipgram_train(in, out, token, first, LINES, N, arg));
        for (int i = 0; i < N * arg.D; i++) {
            cr_assert(none[i] == 0 && fabsf(start[i]) <= 0.5f / (float)arg.D);
            want_in[i] = start[i], want_out[i] = 0;
        }
        plain(want_in, want_out, arg.D, arg.window, arg.rate, arg.least, arg.epochs);
        for (int i = 0; i < N * arg.D; i++) {
            cr_assert(fabs(in[i] - want_in[i]) <= 1e-5, "D %d, in[%d]: got %g, want %g", arg.D, i, in[i], want_in[i]);
            cr_assert(fabs(out[i] - want_out[i]) <= 1e-5, "D %d, out[%d]: got %g, want %g", arg.D, i, out[i],
                      want_out[i]);
        }
    }
}

/* Levy, Goldberg, NIPS 2014: where vectors are long enough, out[w] . in[c] ends at log P(w,c) / (P(c) K noise(w)). Here
 * an other that is w itself is left out, so that w never meets itself as noise at a place of its own: with P(w,c) of
 * places and K noise(w) (P(c) - P(w,c)) of noise. */
Test(skipgram, optimum_is_shifted_information)
{
    enum { T = 3, K = 3, PAIRS = 40000, D = 8 };
    static const double together[T][T] = { { .20, .10, .05 }, { .10, .05, .15 }, { .05, .15, .15 } };
    static int32_t pair[2 * PAIRS];
    static int64_t at[PAIRS + 1];
    static float   in[T * D], out[T * D];
    Rng    rng = rng_new(3);
    double seen[T][T] = { { 0 } }, of[T] = { 0 }, noise[T], sum = 0;
    for (int i = 0; i < PAIRS; i++) {
        double u = rng_uniform(&rng);
        int    k = 0;
        while (k < T * T - 1 && (u -= together[k / T][k % T]) > 0) k++;
        pair[2 * i] = k / T, pair[2 * i + 1] = k % T, at[i + 1] = 2 * i + 2;
        seen[k / T][k % T] += .5 / PAIRS, seen[k % T][k / T] += .5 / PAIRS;
        of[k / T] += .5 / PAIRS, of[k % T] += .5 / PAIRS;
    }
    for (int w = 0; w < T; w++) sum += noise[w] = pow(of[w], 0.75);
    SkipgramArg arg = { .D = D, .window = 1, .negatives = K, .epochs = 30, .rate = 0.1, .least = 1e-4, .whole = true,
                        .seed = 1 };
    cr_assert_null(skipgram_train(in, out, pair, at, PAIRS, T, arg));
    for (int w = 0; w < T; w++)
        for (int c = 0; c < T; c++) {
            double z = 0, want = log(seen[w][c] / (K * noise[w] / sum * (of[c] - seen[w][c])));
            for (int d = 0; d < D; d++) z += out[w * D + d] * in[c * D + d];
            cr_assert(fabs(z - want) <= 0.1, "token %d beside %d: %g, the optimum is %g", w, c, z, want);
        }
}

Test(skipgram, a_seed_says_all)
{
    static float a[N * 5], b[N * 5], out[N * 5];
    Rng rng = rng_new(2);
    some_lines(&rng);
    SkipgramArg arg = { .D = 5, .window = 3, .negatives = 6, .epochs = 3, .rate = 0.1, .least = 0.01, .seed = 4 };
    cr_assert_null(skipgram_train(a, out, token, first, LINES, N, arg));
    cr_assert_null(skipgram_train(b, out, token, first, LINES, N, arg));
    cr_assert_eq(memcmp(a, b, sizeof a), 0);
    arg.seed = 5;
    cr_assert_null(skipgram_train(b, out, token, first, LINES, N, arg));
    cr_assert_neq(memcmp(a, b, sizeof a), 0);
}

Test(skipgram, what_is_out_of_range_is_said)
{
    float in[N * 5], out[N * 5];
    const SkipgramArg fine = { .D = 5, .window = 3, .negatives = 6, .epochs = 1, .rate = 0.1 };
    SkipgramArg wrong[] = { fine, fine, fine, fine, fine, fine };
    wrong[0].D = 0, wrong[1].window = 0, wrong[2].window = 1000, wrong[3].negatives = -1, wrong[4].rate = NAN;
    wrong[5].epochs = -1;
    Rng rng = rng_new(2);
    some_lines(&rng);
    for (int i = 0; i < 6; i++)
        cr_assert_not_null(skipgram_train(in, out, token, first, LINES, N, wrong[i]), "%d was taken", i);
    token[3] = N;
    const char *said = skipgram_train(in, out, token, first, LINES, N, fine);
    cr_assert(said && strstr(said, "token 3 is 7, not from 0 to 6"), "%s", said);
}
