/* bench_pathsim.c -- what pathsim.c costs: rows for bench/, which times them. */
#include <stdlib.h>
#include "bench.h"
#include "pathsim.h"

/* Authors, papers, links: random networks; the second is as large as DBLP's. The product is authors by authors. */
static const int sizes[][3] = { { 1000, 800, 3000 }, { 14475, 14376, 41794 }, { 100003, 99991, 300007 } };

typedef struct Network {
    Links   ap, pa, C;
    int    *mark, room;
    double *sum;
} Network;

static Links make(int rows, int columns, int64_t n)
{
    return (Links){ rows, columns, malloc(((size_t)rows + 1) * sizeof(int)), malloc((size_t)n * sizeof(int)),
                    malloc((size_t)n * sizeof(double)) };
}

static void drop(Links *m)
{
    free(m->first);
    free(m->to);
    free(m->times);
}

static void setup(Bench *b, const int *size)
{
    int        authors = size[0], papers = size[1], n = size[2];
    const int *author = bench_in_ints(b, "author", n, 0, authors - 1),
              *paper = bench_in_ints(b, "paper", n, 0, papers - 1);
    int *order = malloc((size_t)n * sizeof *order), *count = malloc(((size_t)authors + (size_t)papers) * sizeof *count);
    Network   *w = malloc(sizeof *w);
    if (!order || !count || !w) abort();
    w->ap = make(authors, papers, n), w->pa = make(papers, authors, n);
    pathsim_links(&w->ap, order, count, author, paper, n);
    pathsim_transpose(&w->pa, &w->ap);
    w->mark = malloc((size_t)authors * sizeof *w->mark), w->sum = calloc((size_t)authors, sizeof *w->sum);
    w->C = make(authors, authors, 0);
    w->room = pathsim_product_size(w->C.first, w->mark, &w->ap, &w->pa);
    drop(&w->C);
    w->C = make(authors, authors, w->room);
    free(order);
    free(count);
    bench_keep(b, w);
}

static void teardown(Bench *b, const int *size)
{
    Network *w = bench_kept(b);
    (void)size;
    drop(&w->ap), drop(&w->pa), drop(&w->C);
    free(w->mark);
    free(w->sum);
    free(w);
}

static void multiply(Bench *b, const int *size)
{
    Network *w = bench_kept(b);
    bench_in_ints(b, "author", size[2], 0, size[0] - 1);
    bench_in_ints(b, "paper", size[2], 0, size[1] - 1);
    bench_out_ints(b, "first", size[0] + 1);
    bench_out_doubles(b, "paths", size[0]);
    pathsim_product_size(w->C.first, w->mark, &w->ap, &w->pa);
    pathsim_product(&w->C, w->sum, &w->ap, &w->pa);
}

/* What is compared: where each row begins, and the sum of its counts. */
static void after(Bench *b, const int *size)
{
    Network *w = bench_kept(b);
    int     *first = bench_out_ints(b, "first", size[0] + 1);
    double  *paths = bench_out_doubles(b, "paths", size[0]);
    for (int i = 0; i < size[0]; i++) {
        paths[i] = 0;
        for (int k = w->C.first[i]; k < w->C.first[i + 1]; k++) paths[i] += w->C.times[k];
    }
    for (int i = 0; i <= size[0]; i++) first[i] = w->C.first[i];
}

BENCH(pathsim) = {
    { "pathsim_product", multiply, .flops = "8*L", .bytes = "96*L", .dims = "APL", .setup = setup, .after = after,
      .teardown = teardown, SIZES(sizes),
      .note = "authors x papers x authors, size and entries; rows come out sorted. The rate counts four paths a link" },
    { 0 }
};
