/* main.c -- peers in a network of papers: the worked example, a made-up field of research, and DBLP's four areas. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "pathsim.h"
#include "program.h"
#include "rng.h"

typedef struct Options { int authors, papers, k; } Options;

static const Flag flags[] = {
    { "authors", FLAG_INT, offsetof(Options, authors), "240", NULL, NULL, "of the made-up network" },
    { "papers", FLAG_INT, offsetof(Options, papers), "800", NULL, NULL, "of the made-up network" },
    { "k", FLAG_INT, offsetof(Options, k), "5", NULL, NULL, "nearest authors that vote for an author's area" },
    { 0 },
};

enum { AREAS = 4, VENUES = 20 };

/* ---- Links of our own -------------------------------------------------------------------------------------------- */

static void *space(Arena *a, int64_t bytes) { return arena_alloc(a, DEV_CPU, (size_t)(bytes ? bytes : 1), "links"); }

static Links room(Arena *a, int rows, int columns, int entries)
{
    return (Links){ rows, columns, space(a, ((int64_t)rows + 1) * 4), space(a, (int64_t)entries * 4),
                    space(a, (int64_t)entries * 8) };
}

static Links links(Arena *a, const int *from, const int *to, int n, int rows, int columns)
{
    Links m = room(a, rows, columns, n);
    int   most = rows > columns ? rows : columns;
    pathsim_links(&m, space(a, (int64_t)n * 4), space(a, ((int64_t)most + 1) * 4), from, to, n);
    return m;
}

static Links transpose(Arena *a, const Links *m)
{
    Links t = room(a, m->columns, m->rows, m->first[m->rows]);
    pathsim_transpose(&t, m);
    return t;
}

static Links product(Arena *a, const Links *A, const Links *B)
{
    int    *first = space(a, ((int64_t)A->rows + 1) * 4), entries;
    double *sum = space(a, (int64_t)B->columns * 8);
    entries = pathsim_product_size(first, space(a, (int64_t)B->columns * 4), A, B);
    Links C = room(a, A->rows, B->columns, entries);
    C.first = first;
    memset(sum, 0, (size_t)B->columns * sizeof *sum);
    pathsim_product(&C, sum, A, B);
    return C;
}

static double at(const Links *m, int row, int column)
{
    for (int k = m->first[row]; k < m->first[row + 1]; k++)
        if (m->to[k] == column) return m->times[k];
    return 0;
}

/* ---- The worked example ------------------------------------------------------------------------------------------ */

/* A1: P1 P2, A2: P3, A3: P4; P1 and P3 in C1, P2 and P4 in C2. Counted both ways; returns how many counts differ. */
static int example(double *similar)                     /* (3): A1-A2, A1-A3, A2-A3 */
{
    static const int author[] = { 0, 0, 1, 2 }, paper[] = { 0, 1, 2, 3 }, venue[] = { 0, 1, 0, 1 };
    Arena *a = arena_new("worked example");
    Links  ap = links(a, author, paper, 4, 3, 4), pc = links(a, paper, venue, 4, 4, 2);
    Links  pa = transpose(a, &ap), cp = transpose(a, &pc), ac = product(a, &ap, &pc), ca = transpose(a, &ac);
    Links  M = product(a, &ac, &ca);
    const Links *const path[] = { &ap, &pc, &cp, &pa };
    double self[3], score[3];
    int    differ = 0;
    pathsim_self(self, &ac);
    printf(
        "A1 wrote P1 and P2, A2 P3, A3 P4; P1 and P3 appeared in C1, P2 and P4 in C2. Paths A-P-C-P-A, and PathSim\n");
    for (int x = 0; x < 3; x++) {
        pathsim_scores(score, &ac, &ca, self, x);
        printf("  A%d  ", x + 1);
        for (int y = 0; y < 3; y++) {
            differ += pathsim_walk(path, 4, x, y) != at(&M, x, y);
            printf("%3g", at(&M, x, y));
        }
        printf("     %.4f %.4f %.4f\n", score[0], score[1], score[2]);
        if (x == 0) similar[0] = score[1], similar[1] = score[2];
        if (x == 1) similar[2] = score[2];
    }
    printf("walked one by one: %s\n\n", differ ? "OTHER COUNTS" : "the same counts");
    arena_free(a);
    return differ;
}

/* ---- Measures side by side --------------------------------------------------------------------------------------- */

enum { PATHSIM, COSINE, RANDOM_WALK, COAUTHORS, MEASURES };
static const char *const MEASURE[] = { "PathSim A-P-C-P-A", "cosine", "random walk", "PathSim A-P-A" };

typedef struct Network {
    int     authors;
    Links   ap, pc, W, Wt, pa;          /* W: authors and venues */
    double *self, *self_papers;         /* paths A-P-C-P-A and A-P-A back to oneself */
    int    *area;                       /* (authors); -1: not known */
} Network;

static void complete(Arena *a, Network *n)
{
    n->pa = transpose(a, &n->ap), n->W = product(a, &n->ap, &n->pc), n->Wt = transpose(a, &n->W);
    n->self = space(a, (int64_t)n->authors * 8), n->self_papers = space(a, (int64_t)n->authors * 8);
    pathsim_self(n->self, &n->W);
    pathsim_self(n->self_papers, &n->ap);
}

/* score[y] for every author y. The other measures are made of PathSim's counts: M = score (self + self) / 2. */
static void measure(double *score, const Network *n, int which, int x)
{
    if (which == COAUTHORS) { pathsim_scores(score, &n->ap, &n->pa, n->self_papers, x); return; }
    pathsim_scores(score, &n->W, &n->Wt, n->self, x);
    for (int y = 0; y < n->authors; y++) {
        double paths = score[y] * (n->self[x] + n->self[y]) / 2;
        if (which == COSINE && paths > 0) score[y] = paths / sqrt(n->self[x] * n->self[y]);
        if (which == RANDOM_WALK) score[y] = paths;     /* divided by the same sum for every y */
    }
}

/* The area that most of the k nearest known authors are of; of equals the one with the nearer first author. */
static int vote(const Network *n, const int *best, int found)
{
    int votes[AREAS] = { 0 }, winner = -1;
    for (int i = 0; i < found; i++) votes[n->area[best[i]]]++;
    for (int i = 0; i < found; i++)
        if (winner < 0 || votes[n->area[best[i]]] > votes[winner]) winner = n->area[best[i]];
    return winner;
}

/* ---- A made-up field of research --------------------------------------------------------------------------------- */

/* Four areas of five venues; few authors write much and most write little; one paper in seven strays. */
static Network made_up(Arena *a, Rng *rng, int authors, int papers)
{
    Network n = { .authors = authors, .area = space(a, authors * 4) };
    int *paper = space(a, papers * 12), *author = space(a, papers * 12), *venue = space(a, papers * 4),
        *number = space(a, papers * 4), m = 0;
    for (int i = 0; i < authors; i++) n.area[i] = i % AREAS;
    for (int p = 0; p < papers; p++) {
        int area = (int)rng_below(rng, AREAS), where = rng_uniform(rng) < 1.0 / 7 ? (int)rng_below(rng, AREAS) : area;
        number[p] = p, venue[p] = where * (VENUES / AREAS) + (int)rng_below(rng, VENUES / AREAS);
        for (int k = (int)rng_below(rng, 3); k >= 0; k--) {
            double u = rng_uniform(rng);
            int    i = (int)(u * u * u * (authors / AREAS)) * AREAS + area;
            paper[m] = p, author[m++] = i < authors ? i : area;
        }
    }
    n.ap = links(a, author, paper, m, authors, papers);
    n.pc = links(a, number, venue, papers, papers, VENUES);
    complete(a, &n);
    return n;
}

typedef struct Peers { double right[MEASURES], popular[MEASURES]; } Peers;

static int by_value(const void *p, const void *q)
{
    double x = *(const double *)p, y = *(const double *)q;
    return (x > y) - (x < y);
}

/* Each author's area from the k nearest others; and how much busier these are than the author, the median. */
static const char *compare(Program *program, const Network *n, int k, Peers *peers)
{
    Arena  *a = arena_new("measures");
    double *score = space(a, (int64_t)n->authors * 8), *ratio = space(a, (int64_t)n->authors * 8);
    int    *best = space(a, k * 4);
    Plot *plot = program_plot(program, "popularity",
                              (PlotArg){ .title = "how busy an author is, and how busy the nearest five are",
                                         .kind = PLOT_POINTS,
                                         .x = "paths of the author back to himself",
                                         .y = "the same, mean of the nearest",
                                         .log_x = true,
                                         .log_y = true,
                                         .caption = "PathSim finds peers: its points lie along the diagonal. A random "
                                                    "walk ends at the busiest, whoever asks." });
    printf("%-20s %14s   %s\n", "", "area right", "paths of the nearest, beside one's own (median)");
    for (int m = 0; m < MEASURES; m++) {
        int right = 0, asked = 0;
        for (int x = 0; x < n->authors; x++) {
            measure(score, n, m, x);
            int    found = pathsim_top(best, score, k, x, n->authors);
            double busy = 0;
            if (!found) continue;
            right += vote(n, best, found) == n->area[x];
            for (int i = 0; i < found; i++) busy += n->self[best[i]] / found;
            if ((m == PATHSIM || m == RANDOM_WALK) && x % 2 == 0) plot_point(plot, MEASURE[m], n->self[x], busy);
            ratio[asked++] = busy / n->self[x];
        }
        qsort(ratio, (size_t)asked, sizeof *ratio, by_value);
        peers->right[m] = (double)right / asked, peers->popular[m] = ratio[asked / 2];
        printf("%-20s %7.1f %% of %d   %.2f\n", MEASURE[m], 100 * peers->right[m], asked, peers->popular[m]);
    }
    printf("\n");
    plot_line(plot, 1, 1, 1e4, 1e4, "as busy as oneself");
    arena_free(a);
    return plot_done(plot);
}

/* ---- DBLP, four areas -------------------------------------------------------------------------------------------- */

static const char *const FILES[] = { "paper_author.dat.gz", "paper_conference.dat", "author_label.dat",
                                     "author_map_id.dat" };
enum { PAPERS = 14376, AUTHORS = 14475 };

/* Two columns of whole numbers from 1 on; the third, where there is one, says nothing. */
static const char *read_pairs(Arena *a, const char *name, int **first, int **second, int *n)
{
    Table t;
    const char *path = sentence("%s/data/dblp-four-area/%s", data_root(), name),
               *wrong = csv_read(a, path, (CsvArg){ .separator = '\t', .no_header = true }, &t);
    if (wrong) return wrong;
    if (t.columns < 2 || !t.column[0].number || !t.column[1].number)
        return sentence("%s: two columns of numbers expected", path);
    *n = (int)t.rows, *first = space(a, t.rows * 4), *second = space(a, t.rows * 4);
    for (int64_t i = 0; i < t.rows; i++) {
        double x = ((double *)t.column[0].number->data)[i], y = ((double *)t.column[1].number->data)[i];
        if (!(x >= 1 && x < 1e9 && y >= 0 && y < 1e9))
            return sentence("%s: row %lld: %g, %g", path, (long long)i + 1, x, y);
        (*first)[i] = (int)x, (*second)[i] = (int)y;
    }
    return NULL;
}

/* Numbers are from 1 on in the files, from 0 on here. */
static const char *dblp_read(Arena *a, Network *n)
{
    int *paper, *author, *number, *venue, *original, *label, *mine, *of, links_n, papers, labels, ids;
    const char *wrong = read_pairs(a, FILES[0], &paper, &author, &links_n);
    if (!wrong) wrong = read_pairs(a, FILES[1], &number, &venue, &papers);
    if (!wrong) wrong = read_pairs(a, FILES[2], &original, &label, &labels);
    if (!wrong) wrong = read_pairs(a, FILES[3], &mine, &of, &ids);
    if (wrong) return wrong;
    *n = (Network){ .authors = AUTHORS, .area = space(a, AUTHORS * 4) };
    for (int i = 0; i < links_n; i++) {
        if (paper[i] > PAPERS || author[i] < 1 || author[i] > AUTHORS)
            return sentence("%s: row %d: no such paper or author", FILES[0], i + 1);
        paper[i]--, author[i]--;
    }
    for (int i = 0; i < papers; i++) {
        if (number[i] > PAPERS || venue[i] < 1 || venue[i] > VENUES)
            return sentence("%s: row %d: no such paper or venue", FILES[1], i + 1);
        number[i]--, venue[i]--;
    }
    for (int i = 0; i < AUTHORS; i++) n->area[i] = -1;
    for (int i = 0; i < ids; i++)
        for (int k = 0; k < labels; k++)
            if (original[k] == of[i] && mine[i] <= AUTHORS) n->area[mine[i] - 1] = label[k] - 1;
    for (int i = 0; i < AUTHORS; i++)
        if (n->area[i] >= AREAS) return sentence("%s: area %d", FILES[2], n->area[i] + 1);
    n->ap = links(a, author, paper, links_n, AUTHORS, PAPERS);
    n->pc = links(a, number, venue, papers, PAPERS, VENUES);
    complete(a, n);
    return NULL;
}

static bool dblp_here(void)
{
    for (int i = 0; i < 4; i++) {
        FILE *f = fopen(sentence("%s/data/dblp-four-area/%s", data_root(), FILES[i]), "r");
        if (!f) return false;
        fclose(f);
    }
    return true;
}

/* Of the labelled authors, in order, every fifth is asked for his area; the others are known. */
static int dblp_areas(const Network *n, int k, int *asked)
{
    Arena  *a = arena_new("areas");
    double *score = space(a, AUTHORS * 8);
    bool   *known = space(a, AUTHORS);
    int     best[64], right = 0, labelled = 0;
    for (int x = 0; x < AUTHORS; x++) known[x] = n->area[x] >= 0 && labelled++ % 5 != 4;
    *asked = 0;
    for (int x = 0; x < AUTHORS; x++) {
        if (n->area[x] < 0 || known[x]) continue;
        measure(score, n, PATHSIM, x);
        for (int y = 0; y < AUTHORS; y++)
            if (!known[y]) score[y] = 0;
        int found = pathsim_top(best, score, k, x, AUTHORS);
        right += vote(n, best, found) == n->area[x];
        ++*asked;
    }
    arena_free(a);
    return right;
}

/* Author 3230 and venues, as computed once from the same files in exact arithmetic. */
static void dblp(Program *program, int k)
{
    static const int    peer[] = { 1760, 7696, 4780, 392, 7479, 3227 };
    static const double want[] = { 0.9179478880, 0.9057823129, 0.8026048026, 0.7639841963, 0.7415909453, 0.7175572519 };
    Arena  *a = arena_new("DBLP");
    Network n;
    int     best[6], asked, differ = 0;
    double  off = 0, *score = space(a, AUTHORS * 8), self[VENUES], venue[VENUES];
    program_try(program, dblp_read(a, &n));
    measure(score, &n, PATHSIM, 3229);
    int found = pathsim_top(best, score, 6, 3229, AUTHORS);
    printf("DBLP: %d authors, %d papers, %d venues. Author 3230, %g paths A-P-C-P-A back to himself; nearest:\n",
           AUTHORS, PAPERS, VENUES, n.self[3229]);
    for (int i = 0; i < found; i++) {
        printf("  %d %.10f\n", best[i] + 1, score[best[i]]);
        differ += best[i] + 1 != peer[i];
        off = fmax(off, fabs(score[best[i]] - want[i]));
    }
    differ += found != 6;
    measure(score, &n, COAUTHORS, 3229);
    pathsim_top(best, score, 3, 3229, AUTHORS);
    printf("by A-P-A, common papers: %d %.10f, %d, %d: others\n", best[0] + 1, score[best[0]], best[1] + 1,
           best[2] + 1);
    off = fmax(off, fabs(score[best[0]] - 0.2814070352)), differ += best[0] != 11105;
    pathsim_self(self, &n.Wt);                          /* venues: the same path begun at the other end */
    pathsim_scores(venue, &n.Wt, &n.W, self, 0);
    printf("venue 1 by C-P-A-P-C: venue 10 %.10f, venue 9 %.10f\n", venue[9], venue[8]);
    off = fmax(off, fmax(fabs(venue[9] - 0.5839655370), fabs(venue[8] - 0.2197813693)));
    int right = dblp_areas(&n, k, &asked);
    printf("areas of %d authors by their %d nearest: %d right, %.4f\n\n", asked, k, right, (double)right / asked);
    program_promise(program, "DBLP: places in the lists that differ", differ, "<=", 0);
    program_promise(program, "DBLP: off the exact values by", off, "<=", 1e-9);
    program_promise(program, "DBLP: areas right of 811", right, ">=", 735);
    arena_free(a);
}

int main(int argc, char **argv)
{
    Options  o;
    Program *program =
        program_start(argc, argv, "pathsim", "who is alike in a network of authors, papers and venues", flags, &o);
    Arena   *a = arena_new("pathsim");
    Rng      rng = rng_new(program->seed);
    double   similar[3] = { 0 };
    Peers    peers;
    if (o.authors < 8 || o.authors > 100000 || o.papers < 8 || o.papers > 1000000 || o.k < 1 || o.k > 64)
        program_try(program, "--authors is 8 to 100000, --papers 8 to 1000000, --k 1 to 64");
    int     differ = example(similar);
    Network n = made_up(a, &rng, o.authors, o.papers);
    printf("made up: %d authors in four areas, %d papers, 20 venues; each author's area by the %d nearest others\n",
           o.authors, o.papers, o.k);
    program_try(program, compare(program, &n, o.k, &peers));
    if (dblp_here()) dblp(program, o.k);
    else printf("DBLP's four areas are not here: make data\n\n");
    program_promise(program, "A1 and A2, off 2/3 by",
                    fabs(similar[0] - 2.0 / 3) + fabs(similar[1] - 2.0 / 3) + similar[2], "<=", 1e-15);
    program_promise(program, "counts that walking and multiplying disagree on", differ, "<=", 0);
    program_promise(program, "areas right by PathSim", peers.right[PATHSIM], ">=", 0.85);
    program_promise(program, "PathSim's nearest, paths beside one's own", fabs(log(peers.popular[PATHSIM])),
                    "<=", log(2));
    arena_free(a);
    return program_end(program);
}
