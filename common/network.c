/* network.c -- lines of whole numbers as a network: links sorted, doubles left out, labels numbered. */
#define _DEFAULT_SOURCE /* PATH_MAX, access */
#include "network.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "check.h"
#include "data.h"

enum { MOST = 1 << 26 };                /* nodes, labels: a number beyond that is a mistake in the file */

static const struct { const char *name, *links, *labels; } SET[] = {
    { "karate", "common/data/karate.edges", "common/data/karate.labels" },
    { "wiki", "data/wiki/Wiki_edgelist.txt", "data/wiki/wiki_labels.txt" },
    { "blogcatalog", "data/blogcatalog/bc_adjlist.txt.gz", "data/blogcatalog/bc_labels.txt" },
};
enum { SETS = sizeof SET / sizeof *SET };

/* ---- Lines of numbers: pairs of the first with each of the others ------------------------------------------------ */

typedef struct Pairs { int64_t n; int32_t (*of)[2]; int32_t most; } Pairs;

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static const char *pairs_read(Arena *a, const char *path, Pairs *out)
{
    Tensor     *text;
    const char *wrong = text_read(a, path, TEXT_BYTES, &text);
    if (wrong) return wrong;
    int64_t size = text->shape[0], line = 1;
    *out = (Pairs){ .of = arena_try(a, DEV_CPU, (size_t)size * sizeof *out->of + 8, "pairs"), .most = -1 };
    if (!out->of) return sentence("%s: no memory for its %lld bytes as pairs", path, (long long)size);
    int64_t node = -1;
    for (const char *p = text->data, *end = p + size; p < end; p++) {   /* a 0 stands behind the last */
        if (blank(*p)) continue;
        if (*p == '\n') {
            line++, node = -1;
            continue;
        }
        char *next;
        long  number = *p >= '0' && *p <= '9' ? strtol(p, &next, 10) : -1;
        if (number < 0 || number > MOST || !(blank(*next) || *next == '\n' || next == end))
            return sentence("%s:%lld: '%.12s' is no whole number from 0 to %d", path, (long long)line, p, MOST);
        if (node < 0) node = number;
        else out->of[out->n][0] = (int32_t)node, out->of[out->n++][1] = (int32_t)number;
        p = next - 1;
    }
    return NULL;
}

static int by_both(const void *p, const void *q)
{
    const int32_t *a = p, *b = q;
    return a[0] != b[0] ? (a[0] > b[0]) - (a[0] < b[0]) : (a[1] > b[1]) - (a[1] < b[1]);
}

/* Sorted, each once. */
static void unique(Pairs *p)
{
    int64_t kept = 0;
    if (p->n > 1) qsort(p->of, (size_t)p->n, sizeof *p->of, by_both);
    for (int64_t i = 0; i < p->n; i++)
        if (kept == 0 || by_both(p->of[i], p->of[kept - 1])) memmove(p->of[kept++], p->of[i], sizeof *p->of);
    p->n = kept;
}

/* ---- From pairs to a network ------------------------------------------------------------------------------------- */

static void turn(Pairs *links, int32_t *largest)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < links->n; i++) {
        int32_t a = links->of[i][0], b = links->of[i][1];
        *largest = a > *largest ? a : *largest;
        *largest = b > *largest ? b : *largest;
        if (a != b) links->of[kept][0] = a < b ? a : b, links->of[kept++][1] = a < b ? b : a;
    }
    links->n = kept;
    unique(links);
}

static int by_label(const void *p, const void *q)
{
    return (*(const int32_t *)p > *(const int32_t *)q) - (*(const int32_t *)p < *(const int32_t *)q);
}

/* Labels become 0, 1, ..; pairs are sorted by node. */
static void number(Arena *own, const Pairs *labels, Network *out)
{
    int32_t *value = arena_alloc(own, DEV_CPU, (size_t)labels->n * sizeof *value + 4, "values");
    int64_t  values = 0, at = 0;
    for (int64_t i = 0; i < labels->n; i++) value[i] = labels->of[i][1];
    if (labels->n > 1) qsort(value, (size_t)labels->n, sizeof *value, by_label);
    for (int64_t i = 0; i < labels->n; i++)
        if (values == 0 || value[i] != value[values - 1]) value[values++] = value[i];
    out->classes = (int32_t)values;
    for (int32_t n = 0; n < out->nodes; n++) {
        out->first[n] = (int32_t)at;
        for (; at < labels->n && labels->of[at][0] == n; at++)
            out->label[at] = (int32_t)((int32_t *)bsearch(&labels->of[at][1], value, (size_t)values, sizeof *value,
                                                          by_label) - value);
    }
    out->first[out->nodes] = (int32_t)at;
}

static void *space(Arena *a, int64_t n) { return arena_alloc(a, DEV_CPU, (size_t)n * sizeof(int32_t) + 4, "network"); }

const char *network_read(Arena *a, const char *links, const char *labels, Network *out)
{
    Arena      *own = arena_new("network_read");
    Pairs       l, y = { 0 };
    int32_t     largest = -1;
    const char *wrong = pairs_read(own, links, &l);
    if (!wrong && labels) wrong = pairs_read(own, labels, &y);
    if (!wrong) {
        turn(&l, &largest);
        unique(&y);
        if (y.n && y.of[y.n - 1][0] > largest) largest = y.of[y.n - 1][0];
        if (largest < 0) wrong = sentence("%s: no links", links);
    }
    if (!wrong) {
        *out = (Network){ .nodes = largest + 1, .edges = (int32_t)l.n, .a = space(a, l.n), .b = space(a, l.n),
                          .first = space(a, largest + 2), .label = space(a, y.n) };
        for (int64_t i = 0; i < l.n; i++) out->a[i] = l.of[i][0], out->b[i] = l.of[i][1];
        number(own, &y, out);
    }
    arena_free(own);
    return wrong;
}

/* ---- The sets ---------------------------------------------------------------------------------------------------- */

static int find(const char *name)
{
    for (int i = 0; i < SETS; i++)
        if (!strcmp(SET[i].name, name)) return i;
    return -1;
}

bool network_here(const char *name)
{
    int i = find(name);
    if (i < 0) return false;
    char path[2][PATH_MAX];
    snprintf(path[0], PATH_MAX, "%s/%s", data_root(), SET[i].links);
    snprintf(path[1], PATH_MAX, "%s/%s", data_root(), SET[i].labels);
    return !access(path[0], R_OK) && !access(path[1], R_OK);
}

const char *network_load(Arena *a, const char *name, Network *out)
{
    int i = find(name);
    if (i < 0) return sentence("there is no network '%s': karate, wiki, blogcatalog", name);
    if (!network_here(name)) return sentence("%s is not here: make data", name);
    char links[PATH_MAX], labels[PATH_MAX];
    snprintf(links, sizeof links, "%s/%s", data_root(), SET[i].links);
    snprintf(labels, sizeof labels, "%s/%s", data_root(), SET[i].labels);
    const char *wrong = network_read(a, links, labels, out);
    if (wrong) return wrong;
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->from, sizeof out->from, "%s%s", SET[i].links, i == 0 ? " (embedded)" : "");
    return NULL;
}
