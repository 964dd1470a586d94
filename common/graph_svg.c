/* graph_svg.c -- a step as a picture: layers from the top down, as few crossings as a few sweeps find, plain SVG. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "graph.h"

/* All lengths are SVG pixels. */
enum {
    MOST_OPS = 250,                     /* more are no picture */
    MANY_EDGES = 4000,                  /* too many to count their crossings: the last sweep is taken */
    LETTER = 7, LINE_HEIGHT = 15, PAD = 8, GAP_X = 22, GAP_Y = 34, MARGIN = 24, HEADER = 58, SWEEPS = 12
};

typedef enum { BOX_OP, BOX_VIEW, BOX_INPUT, BOX_BEND } BoxKind;        /* a bend: where a long edge passes a layer */

typedef struct Box {
    BoxKind kind;
    int     layer, place;               /* place: among those of its layer, from the left */
    double  x, want, weight, width, height; /* x: of its middle */
    char    line[3][96];
    int     lines;
} Box;
typedef struct Edge { int from, to; } Edge;     /* between neighbouring layers */

typedef struct Picture {
    Box    *box;
    Edge   *edge;
    int     boxes, box_room, edges, edge_room, layers;
    double *y, *tall;                   /* by layer: its upper side and its height */
    double  width, height;
} Picture;

static void *grown(void *items, int n, int *room, size_t size)
{
    if (n < *room) return items;
    *room = *room ? 2 * *room : 64;
    items = realloc(items, (size_t)*room * size);
    CHECK(items, "graph: out of memory");
    return items;
}

static int add_box(Picture *p, Box box)
{
    p->box = grown(p->box, p->boxes, &p->box_room, sizeof *p->box);
    size_t widest = 0;
    for (int i = 0; i < box.lines; i++) widest = strlen(box.line[i]) > widest ? strlen(box.line[i]) : widest;
    box.width = box.kind == BOX_BEND ? 2 : 2 * PAD + LETTER * (double)widest;
    box.height = box.kind == BOX_BEND ? 0 : PAD + LINE_HEIGHT * (double)box.lines;
    p->box[p->boxes] = box;
    return p->boxes++;
}

static void add_edge(Picture *p, int from, int to)
{
    p->edge = grown(p->edge, p->edges, &p->edge_room, sizeof *p->edge);
    p->edge[p->edges++] = (Edge){ from, to };
}

/* ---- Boxes: every op, and every input that comes from outside and is no parameter ---- */

static Box op_box(const GraphOp *op)
{
    Box b = { .kind = op->view ? BOX_VIEW : op->n_in ? BOX_OP : BOX_INPUT };
    char params[96] = "";
    size_t n = 0;
    for (int i = 0; i < op->n_in && n < sizeof params - 1; i++)
        if (op->in[i].parameter)
            n += (size_t)snprintf(params + n, sizeof params - n, "%s%s", n ? " " : op->view ? "of " : "with ",
                                  graph_shape(&op->in[i].shape).s);
    if (op->view) {
        snprintf(b.line[b.lines++], sizeof b.line[0], "%.14s %.79s", op->name, graph_shape(&op->shape[0]).s);
    } else {
        snprintf(b.line[b.lines++], sizeof b.line[0], "%s", op->name);
        snprintf(b.line[b.lines++], sizeof b.line[0], "%s", *op->note ? op->note : graph_shape(&op->shape[0]).s);
    }
    if (*params) snprintf(b.line[b.lines++], sizeof b.line[0], "%s", params);
    return b;
}

static int input_box(Picture *p, const GraphEnd *e, const Tensor **known, int *n_known, int n_ops)
{
    for (int i = 0; i < *n_known; i++)
        if (known[i] == e->id) return n_ops + i;
    Box b = { .kind = BOX_INPUT, .lines = 1 };
    snprintf(b.line[0], sizeof b.line[0], "input %s", graph_shape(&e->shape).s);
    known[(*n_known)++] = e->id;
    return add_box(p, b);
}

/* A layer is the longest way from an input. An input stands just above where it is first needed. */
static void collect(Picture *p, const GraphStep *s, int n_ops)
{
    int ends = 0, n_known = 0;
    for (int i = 0; i < n_ops; i++) {
        ends += s->op[i].n_in;
        add_box(p, op_box(&s->op[i]));
    }
    const Tensor **known = calloc((size_t)ends + 1, sizeof *known);
    Edge *all = calloc((size_t)ends + 1, sizeof *all);
    CHECK(known && all, "graph: out of memory");
    int n = 0;
    for (int i = 0; i < n_ops; i++)
        for (int k = 0; k < s->op[i].n_in; k++) {
            const GraphEnd *e = &s->op[i].in[k];
            if (e->parameter) continue;
            int from = e->from >= 0 ? e->from : input_box(p, e, known, &n_known, n_ops);
            all[n++] = (Edge){ from, i };
            if (p->box[i].layer <= p->box[from].layer) p->box[i].layer = p->box[from].layer + 1;
        }
    for (int i = n_ops; i < p->boxes; i++) {
        int first = n_ops;
        for (int e = 0; e < n; e++)
            if (all[e].from == i && p->box[all[e].to].layer < first) first = p->box[all[e].to].layer;
        p->box[i].layer = first - 1;
    }
    for (int e = 0; e < n; e++) {       /* long edges bend at every layer in between */
        int from = all[e].from, to = all[e].to;
        for (int layer = p->box[from].layer + 1; layer < p->box[to].layer; layer++) {
            int bend = add_box(p, (Box){ .kind = BOX_BEND, .layer = layer });
            add_edge(p, from, bend);
            from = bend;
        }
        add_edge(p, from, to);
    }
    for (int i = 0; i < p->boxes; i++)
        if (p->box[i].layer >= p->layers) p->layers = p->box[i].layer + 1;
    free(known), free(all);
}

/* ---- Order within a layer: by where its neighbours in the layer before, or after, stand ---- */

static int by_layer_and_want(const void *a, const void *b)
{
    const Box *x = *(Box *const *)a, *y = *(Box *const *)b;
    if (x->layer != y->layer) return x->layer < y->layer ? -1 : 1;
    if (x->want != y->want) return x->want < y->want ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static void mean_of_neighbours(Picture *p, bool from_above, bool places)
{
    for (int i = 0; i < p->boxes; i++) p->box[i].want = p->box[i].weight = 0;
    for (int e = 0; e < p->edges; e++) {
        Box *near = &p->box[from_above ? p->edge[e].to : p->edge[e].from];
        const Box *far = &p->box[from_above ? p->edge[e].from : p->edge[e].to];
        double weight = near->kind == BOX_BEND || far->kind == BOX_BEND ? 4 : 1; /* long edges shall be straight */
        near->want += (places ? 1 : weight) * (places ? far->place : far->x);
        near->weight += places ? 1 : weight;
    }
    for (int i = 0; i < p->boxes; i++) {
        Box *b = &p->box[i];
        if (b->weight > 0) b->want /= b->weight;
        else b->want = places ? b->place : b->x, b->weight = 0.1;
    }
}

/* Boxes by layer, from the left; returns them, to be freed. */
static Box **in_order(Picture *p)
{
    Box **sorted = malloc(((size_t)p->boxes + 1) * sizeof *sorted);
    CHECK(sorted, "graph: out of memory");
    for (int i = 0; i < p->boxes; i++) sorted[i] = &p->box[i];
    qsort(sorted, (size_t)p->boxes, sizeof *sorted, by_layer_and_want);
    for (int i = 0; i < p->boxes; i++)
        sorted[i]->place = i && sorted[i]->layer == sorted[i - 1]->layer ? sorted[i - 1]->place + 1 : 0;
    return sorted;
}

static int crossings(const Picture *p)
{
    int n = 0;
    for (int a = 0; a < p->edges; a++)
        for (int b = a + 1; b < p->edges; b++) {
            const Box *a0 = &p->box[p->edge[a].from], *a1 = &p->box[p->edge[a].to];
            const Box *b0 = &p->box[p->edge[b].from], *b1 = &p->box[p->edge[b].to];
            if (a0->layer == b0->layer && (a0->place - b0->place) * (a1->place - b1->place) < 0) n++;
        }
    return n;
}

static void order(Picture *p)
{
    int best = -1, *kept = malloc(((size_t)p->boxes + 1) * sizeof *kept);
    CHECK(kept, "graph: out of memory");
    free(in_order(p));
    for (int s = 0; s < SWEEPS; s++) {
        int n = p->edges < MANY_EDGES ? crossings(p) : SWEEPS - s;
        if (best < 0 || n < best) {
            best = n;
            for (int i = 0; i < p->boxes; i++) kept[i] = p->box[i].place;
        }
        if (n == 0) break;
        mean_of_neighbours(p, s % 2 == 0, true);
        free(in_order(p));
    }
    for (int i = 0; i < p->boxes; i++) p->box[i].place = kept[i];
    free(kept);
}

/* ---- Places: as near as can be to the mean of the neighbours, in order and without touching ---- */

static double distance(const Box *a, const Box *b) { return (a->width + b->width) / 2 + GAP_X; }

/* Least squares under x[i+1] - x[i] >= distance: boxes that would overlap become a block with one offset, and blocks
 * that would overlap merge. */
static void place_layer(Box **box, int n)
{
    typedef struct Block { double sum, weight; int boxes; } Block;
    Block  *block = malloc((size_t)n * sizeof *block);
    double *offset = malloc((size_t)n * sizeof *offset);
    int blocks = 0, at = 0;
    CHECK(block && offset, "graph: out of memory");
    for (int i = 0; i < n; i++) {
        offset[i] = i ? offset[i - 1] + distance(box[i - 1], box[i]) : 0;
        block[blocks++] = (Block){ box[i]->weight * (box[i]->want - offset[i]), box[i]->weight, 1 };
        while (blocks > 1 && block[blocks - 2].sum / block[blocks - 2].weight >=
                                 block[blocks - 1].sum / block[blocks - 1].weight) {
            Block *left = &block[blocks - 2], right = block[--blocks];
            left->sum += right.sum, left->weight += right.weight, left->boxes += right.boxes;
        }
    }
    for (int b = 0; b < blocks; b++)
        for (int k = 0; k < block[b].boxes; k++, at++) box[at]->x = block[b].sum / block[b].weight + offset[at];
    free(block), free(offset);
}

static void place(Picture *p)
{
    for (int i = 0; i < p->boxes; i++) p->box[i].want = p->box[i].place;
    Box **sorted = in_order(p);
    double left = INFINITY, right = -INFINITY;
    for (int s = 0; s < 2 * SWEEPS; s++) {
        bool down = s % 2 == 0;
        for (int l = 0; l < p->layers; l++) {
            int layer = down ? l : p->layers - 1 - l, from = 0, n = 0;
            mean_of_neighbours(p, down, false);
            while (from < p->boxes && sorted[from]->layer < layer) from++;
            while (from + n < p->boxes && sorted[from + n]->layer == layer) n++;
            if (n) place_layer(sorted + from, n);
        }
    }
    for (int i = 0; i < p->boxes; i++) {
        left = fmin(left, p->box[i].x - p->box[i].width / 2);
        right = fmax(right, p->box[i].x + p->box[i].width / 2);
    }
    for (int i = 0; i < p->boxes; i++) p->box[i].x += MARGIN - left;
    p->width = fmax(right - left + 2 * MARGIN, 640);
    p->y = calloc((size_t)p->layers + 1, sizeof *p->y);
    p->tall = calloc((size_t)p->layers + 1, sizeof *p->tall);
    CHECK(p->y && p->tall, "graph: out of memory");
    for (int i = 0; i < p->boxes; i++) p->tall[p->box[i].layer] = fmax(p->tall[p->box[i].layer], p->box[i].height);
    p->y[0] = HEADER + MARGIN;
    for (int l = 1; l <= p->layers; l++) p->y[l] = p->y[l - 1] + p->tall[l - 1] + GAP_Y;
    p->height = p->y[p->layers];
    free(sorted);
}

/* ---- SVG ---- */

static void put_text(FILE *f, const char *s)
{
    for (; *s; s++) {
        if (*s == '&') fputs("&amp;", f);
        else if (*s == '<') fputs("&lt;", f);
        else if (*s == '>') fputs("&gt;", f);
        else if (*s == '"') fputs("&quot;", f);
        else if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f) fputc('?', f);
        else fputc(*s, f);
    }
}

static double top(const Picture *p, const Box *b) { return p->y[b->layer] + (p->tall[b->layer] - b->height) / 2; }

/* A bend passes its layer as a straight line; a curve joins it to the next. */
static void put_edge(FILE *f, const Picture *p, const Edge *e)
{
    const Box *a = &p->box[e->from], *b = &p->box[e->to];
    bool bend = b->kind == BOX_BEND;
    double y0 = a->kind == BOX_BEND ? p->y[a->layer] + p->tall[a->layer] : top(p, a) + a->height;
    double y1 = bend ? p->y[b->layer] : top(p, b), end = bend ? p->y[b->layer] + p->tall[b->layer] : y1;
    double middle = (y0 + y1) / 2;
    fprintf(f, "<path d='M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", a->x, y0, a->x, middle, b->x, middle, b->x, y1);
    if (bend) fprintf(f, "V%.1f'/>\n", end);
    else fprintf(f, "' marker-end='url(#tip)'/>\n");
}

static void put_box(FILE *f, const Picture *p, const Box *b)
{
    static const char *const LOOK[] = {
        [BOX_OP] = "fill='#dcebf5' stroke='#0072B2' stroke-width='1.4' rx='3'",
        [BOX_VIEW] = "fill='#ffffff' stroke='#777777' stroke-dasharray='4,3' rx='3'",
        [BOX_INPUT] = "fill='#d9f0e8' stroke='#009E73' stroke-width='1.4' rx='12'",
    };
    if (b->kind == BOX_BEND) return;
    fprintf(f, "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' %s/>\n", b->x - b->width / 2, top(p, b), b->width,
            b->height, LOOK[b->kind]);
    for (int i = 0; i < b->lines; i++) {
        fprintf(f, "<text x='%.1f' y='%.1f'%s>", b->x, top(p, b) + LINE_HEIGHT * (i + 1),
                i == 0 && b->kind == BOX_OP ? " font-weight='bold'" : b->kind == BOX_VIEW ? " fill='#555555'" : "");
        put_text(f, b->line[i]);
        fputs("</text>\n", f);
    }
}

static void put_picture(FILE *f, const Picture *p, const GraphStep *s, int n_ops)
{
    int64_t numbers = 0;
    for (int i = 0; i < s->n; i++)
        for (int k = 0; k < s->op[i].n_in; k++)
            if (s->op[i].in[k].parameter && !s->op[i].in[k].again) numbers += tensor_count(&s->op[i].in[k].shape);
    fprintf(f, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' width='%.0f' height='%.0f' "
               "font-family='DejaVu Sans, sans-serif' font-size='11' text-anchor='middle'>\n<title>", p->width,
            p->height, p->width, p->height);
    if (s->title) put_text(f, s->title);
    else {
        fprintf(f, "One step of ");
        put_text(f, s->name);
        fprintf(f, ": %d operations, %lld parameters", n_ops, (long long)numbers);
    }
    fprintf(f, "</title>\n<defs><marker id='tip' viewBox='0 0 8 8' refX='7' refY='4' "
               "markerWidth='7' markerHeight='7' orient='auto'><path d='M0 0L8 4L0 8z' fill='#444444'/></marker>"
               "</defs>\n<rect width='100%%' height='100%%' fill='#ffffff'/>\n");
    fprintf(f, "<g text-anchor='start' fill='#222222'>\n<text x='%d' y='26' font-size='15' font-weight='bold'>",
            MARGIN);
    if (s->title) put_text(f, s->title);
    else {
        fprintf(f, "One step on the tape '");
        put_text(f, s->name);
        fprintf(f, "', %lld parameters", (long long)numbers);
    }
    fprintf(f, "</text>\n<text x='%d' y='46'>", MARGIN);
    put_text(f, s->caption ? s->caption : "Boxes compute, dashed ones only look at memory differently, round ones come "
                                          "from outside.");
    if (n_ops < s->n + s->left_out)
        fprintf(f, " The first %d of %lld operations.", n_ops, s->n + (long long)s->left_out);
    fprintf(f, "</text>\n</g>\n<g fill='none' stroke='#444444' stroke-width='1.1'>\n");
    for (int e = 0; e < p->edges; e++) put_edge(f, p, &p->edge[e]);
    fprintf(f, "</g>\n");
    for (int i = 0; i < p->boxes; i++) put_box(f, p, &p->box[i]);
    fprintf(f, "</svg>\n");
}

const char *graph_draw(const Graph *g, const char *path)
{
    const GraphStep *s = graph_step(g);
    return s ? graph_draw_step(s, path) : sentence("%s: nothing to draw: no operation has run on a tape", path);
}

const char *graph_draw_step(const GraphStep *s, const char *path)
{
    int n_ops = s->n < MOST_OPS ? s->n : MOST_OPS;
    FILE *f = fopen(path, "w");
    if (!f) return sentence("cannot write %s: %s", path, strerror(errno));
    Picture p = { 0 };
    collect(&p, s, n_ops);
    order(&p);
    place(&p);
    put_picture(f, &p, s, n_ops);
    free(p.box), free(p.edge), free(p.y), free(p.tall);
    bool failed = ferror(f);
    return fclose(f) || failed ? sentence("cannot write %s", path) : NULL;
}
