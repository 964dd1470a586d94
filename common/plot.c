/* plot.c -- a table of the points, a script that a person can read and change, and gnuplot to draw it. */
#define _GNU_SOURCE /* asprintf */
#include "plot.h"
#include "check.h"
#include "data.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Lengths are SVG pixels; the PNG is the same picture at twice the size. */
enum {
    WIDTH = 800, MARGIN = 16, FRAME = 330,          /* of the picture, left and right of text, of the axes' height */
    TITLE = 17, TEXT = 14, SMALL = 13,              /* sizes of type */
    LINE_HEIGHT = 19, TITLE_HEIGHT = 24, KEY_HEIGHT = 21, KEY_SAMPLE = 36, KEY_GAP = 8,
    MAX_PICTURES = 64,
    LABELLED_BARS = 30,                             /* more bars have no numbers on them */
    NAMED_X = 10,                                   /* more places on a logarithmic axis are not named one by one */
    FEW_POINTS = 20, MANY_POINTS = 600, MARKERS = 20, FINE_CELLS = 4096
};

/* Okabe and Ito's colours, apart for every kind of colour vision; yellow comes last, for it is weak on white. No two
 * series share a dash or a marker either, for those who see or print no colour at all. */
static const struct { const char *colour, *dash; int marker, pattern; } STYLE[] = {
    { "#0072B2", "solid", 7, 3 },          { "#D55E00", "(14,6)", 5, 1 },       { "#009E73", "(3,4)", 9, 2 },
    { "#E69F00", "(14,5,3,5)", 13, 5 },    { "#CC79A7", "(8,4)", 11, 4 },       { "#56B4E9", "(14,4,3,4,3,4)", 6, 6 },
    { "#000000", "(2,8)", 4, 7 },          { "#F0E442", "(22,6)", 8, 0 },
};
enum { STYLES = sizeof STYLE / sizeof *STYLE };
static const char *const LIMIT_DASH[] = { "(10,5)", "(2,4)", "(18,5,2,5)" };

typedef struct Point { double x, y, low, high; } Point;
typedef struct Series { char *name; Point *point; int n, room; bool errors; } Series;
typedef struct Limit { double x0, y0, x1, y1; char *label; } Limit;
typedef struct Cell { int row, column; double value; } Cell;

struct Plot {
    char   *folder, *name;
    PlotArg arg;                        /* its texts are copies */
    Series *series; int n_series;
    Limit  *limit;  int n_limits;
    Cell   *cell;   int n_cells, cell_room;
    char  **label;  int n_labels;       /* of bars: a point's x is its label's number */
    char  **word[2]; int n_words[2];    /* of an image's columns and rows */
};

static char *pictures[MAX_PICTURES];
static int n_pictures;

/* ---- Collecting ---- */

static void *grow(void *block, size_t n, size_t size)
{
    void *bigger = realloc(block, n * size);
    CHECK(bigger, "plot: out of memory");
    return bigger;
}

/* A copy that fits a line and a tab-separated cell. */
static char *text_copy(const char *s)
{
    char *copy = strdup(s ? s : "");
    CHECK(copy, "plot: out of memory");
    for (char *p = copy; *p; p++)
        if (*p == '\t' || *p == '\n' || *p == '\r') *p = ' ';
    return copy;
}

Plot *plot_new(const char *folder, const char *name, PlotArg arg)
{
    Plot *p = calloc(1, sizeof *p);
    CHECK(p, "plot: out of memory");
    p->folder = text_copy(folder);
    p->name = text_copy(name);
    p->arg = arg;
    p->arg.title = text_copy(arg.title);
    p->arg.x = text_copy(arg.x);
    p->arg.y = text_copy(arg.y);
    p->arg.caption = text_copy(arg.caption);
    return p;
}

static Series *series_of(Plot *p, const char *name)
{
    for (int i = 0; i < p->n_series; i++)
        if (!strcmp(p->series[i].name, name)) return &p->series[i];
    p->series = grow(p->series, (size_t)p->n_series + 1, sizeof *p->series);
    p->series[p->n_series] = (Series){ .name = text_copy(name) };
    return &p->series[p->n_series++];
}

static void add_point(Plot *p, const char *series, Point point, bool error)
{
    Series *s = series_of(p, series);
    if (s->n == s->room) {
        s->room = s->room ? 2 * s->room : 64;
        s->point = grow(s->point, (size_t)s->room, sizeof *s->point);
    }
    s->errors |= error;
    s->point[s->n++] = point;
}

void plot_point(Plot *p, const char *series, double x, double y)
{
    add_point(p, series, (Point){ x, y, y, y }, false);
}

void plot_error(Plot *p, const char *series, double x, double y, double low, double high)
{
    add_point(p, series, (Point){ x, y, low, high }, true);
}

void plot_bar(Plot *p, const char *label, const char *series, double y)
{
    int i = 0;
    while (i < p->n_labels && strcmp(p->label[i], label)) i++;
    if (i == p->n_labels) {
        p->label = grow(p->label, (size_t)p->n_labels + 1, sizeof *p->label);
        p->label[p->n_labels++] = text_copy(label);
    }
    plot_point(p, series, i, y);
}

void plot_cell(Plot *p, int row, int column, double value)
{
    CHECK(row >= 0 && column >= 0, "plot_cell: row %d, column %d", row, column);
    if (p->n_cells == p->cell_room) {
        p->cell_room = p->cell_room ? 2 * p->cell_room : 256;
        p->cell = grow(p->cell, (size_t)p->cell_room, sizeof *p->cell);
    }
    p->cell[p->n_cells++] = (Cell){ row, column, value };
}

void plot_name(Plot *p, char axis, int at, const char *name)
{
    int way = axis == 'y', *n = &p->n_words[way];
    CHECK((axis == 'x' || axis == 'y') && at >= 0, "plot_name: axis %c, %d", axis, at);
    if (at >= *n) p->word[way] = grow(p->word[way], (size_t)at + 1, sizeof *p->word[way]);
    while (*n <= at) p->word[way][(*n)++] = text_copy("");
    free(p->word[way][at]);
    p->word[way][at] = text_copy(name);
}

void plot_line(Plot *p, double x0, double y0, double x1, double y1, const char *label)
{
    p->limit = grow(p->limit, (size_t)p->n_limits + 1, sizeof *p->limit);
    p->limit[p->n_limits++] = (Limit){ x0, y0, x1, y1, text_copy(label) };
}

static void plot_free(Plot *p)
{
    for (int i = 0; i < p->n_series; i++) free(p->series[i].name), free(p->series[i].point);
    for (int i = 0; i < p->n_limits; i++) free(p->limit[i].label);
    for (int i = 0; i < p->n_labels; i++) free(p->label[i]);
    for (int way = 0; way < 2; way++) {
        for (int i = 0; i < p->n_words[way]; i++) free(p->word[way][i]);
        free(p->word[way]);
    }
    free(p->series);
    free(p->limit);
    free(p->label);
    free(p->cell);
    free((char *)p->arg.title);
    free((char *)p->arg.x);
    free((char *)p->arg.y);
    free((char *)p->arg.caption);
    free(p->folder);
    free(p->name);
    free(p);
}

/* ---- Ranges and slopes ---- */

static bool drawable(double v, bool log) { return isfinite(v) && (!log || v > 0); }
static bool point_drawable(const PlotArg *a, const Point *k)
{
    return drawable(k->x, a->log_x) && drawable(k->y, a->log_y);
}

typedef struct Range { double low, high; } Range;

static void stretch(Range *r, double v, bool log)
{
    if (!drawable(v, log)) return;
    if (!(r->low <= v)) r->low = v;     /* both begin as NaN */
    if (!(r->high >= v)) r->high = v;
}

/* A margin of that part of the axis on both sides; something around a single value. */
static void pad(Range *r, double part, bool log)
{
    if (log) {
        double f = r->high > r->low ? pow(r->high / r->low, part) : 3;
        *r = (Range){ r->low / f, r->high * f };
    } else {
        double d = r->high > r->low ? part * (r->high - r->low) : r->high != 0 ? fabs(r->high) / 2 : 1;
        *r = (Range){ r->low - d, r->high + d };
    }
}

static void find_ranges(const Plot *p, Range *x, Range *y)
{
    const PlotArg *a = &p->arg;
    *x = *y = (Range){ NAN, NAN };
    for (int i = 0; i < p->n_series; i++)
        for (int k = 0; k < p->series[i].n; k++) {
            const Point *q = &p->series[i].point[k];
            if (!point_drawable(a, q)) continue;
            stretch(x, q->x, a->log_x);
            stretch(y, q->y, a->log_y);
            stretch(y, q->low, a->log_y);
            stretch(y, q->high, a->log_y);
        }
    for (int i = 0; i < p->n_limits; i++) {
        const Limit *l = &p->limit[i];
        stretch(x, l->x0, a->log_x), stretch(x, l->x1, a->log_x);
        stretch(y, l->y0, a->log_y), stretch(y, l->y1, a->log_y);
    }
    if (a->kind == PLOT_BARS) {
        *x = (Range){ -.5, p->n_labels - .5 };
        if (!a->log_y) stretch(y, 0, false);
    } else if (a->kind != PLOT_LINES || x->low == x->high) {
        pad(x, .03, a->log_x);
    }
    Range bare = *y;
    pad(y, a->kind == PLOT_BARS ? .12 : .06, a->log_y);
    if (!a->log_y && bare.low >= 0 && y->low < 0) y->low = 0;   /* no room below zero for what cannot be there */
    if (a->kind == PLOT_BARS && !a->log_y && bare.high <= 0) y->high = 0;
}

/* y = c x^e: least squares of log y on log x. NaN where there are not two different x. */
static double exponent(const PlotArg *a, const Series *s)
{
    double n = 0, mx = 0, my = 0, xx = 0, xy = 0;
    for (int k = 0; k < s->n; k++)
        if (point_drawable(a, &s->point[k])) n++, mx += log(s->point[k].x), my += log(s->point[k].y);
    mx /= n, my /= n;
    for (int k = 0; k < s->n; k++)
        if (point_drawable(a, &s->point[k])) {
            double dx = log(s->point[k].x) - mx;
            xx += dx * dx;
            xy += dx * (log(s->point[k].y) - my);
        }
    return xx > 0 ? xy / xx : NAN;
}

/* ---- The table ---- */

/* What is not to be drawn is NaN in the table as well: gnuplot leaves it out and breaks the line there. */
static double cell_value(double v, bool log) { return drawable(v, log) ? v : NAN; }

static void write_series(FILE *f, const Plot *p)
{
    const PlotArg *a = &p->arg;
    fprintf(f, "# series\tx\ty\tlow\thigh\n");
    for (int i = 0; i < p->n_series; i++) {
        for (int k = 0; k < p->series[i].n; k++) {
            const Point *q = &p->series[i].point[k];
            fprintf(f, "%s\t%.9g\t%.9g\t%.9g\t%.9g\n", p->series[i].name, cell_value(q->x, a->log_x),
                    cell_value(q->y, a->log_y), cell_value(q->low, a->log_y), cell_value(q->high, a->log_y));
        }
        fprintf(f, "\n\n");
    }
}

static double edge(double v, Range r) { return v < r.low ? r.low : v > r.high ? r.high : v; }

static void write_limits(FILE *f, const Plot *p, Range x, Range y)
{
    for (int i = 0; i < p->n_limits; i++) {
        const Limit *l = &p->limit[i];
        fprintf(f, "%s\t%.9g\t%.9g\n%s\t%.9g\t%.9g\n\n\n", l->label, edge(l->x0, x), edge(l->y0, y), l->label,
                edge(l->x1, x), edge(l->y1, y));
    }
}

static void write_bars(FILE *f, const Plot *p)
{
    fprintf(f, "# label");
    for (int i = 0; i < p->n_series; i++) fprintf(f, "\t%s", p->series[i].name);
    for (int l = 0; l < p->n_labels; l++) {
        fprintf(f, "\n%s", p->label[l]);
        for (int i = 0; i < p->n_series; i++) {
            double v = NAN;
            for (int k = 0; k < p->series[i].n; k++)
                if (p->series[i].point[k].x == l) v = p->series[i].point[k].y;
            fprintf(f, "\t%.9g", cell_value(v, p->arg.log_y));
        }
    }
    fprintf(f, "\n\n\n");
}

static void image_size(const Plot *p, int *rows, int *columns)
{
    *rows = *columns = 0;
    for (int i = 0; i < p->n_cells; i++) {
        if (p->cell[i].row >= *rows) *rows = p->cell[i].row + 1;
        if (p->cell[i].column >= *columns) *columns = p->cell[i].column + 1;
    }
}

static void write_cells(FILE *f, const Plot *p)
{
    int rows, columns;
    image_size(p, &rows, &columns);
    double *v = grow(NULL, (size_t)rows * (size_t)columns + 1, sizeof *v);
    for (long i = 0; i < (long)rows * columns; i++) v[i] = NAN;
    for (int i = 0; i < p->n_cells; i++)
        v[(long)p->cell[i].row * columns + p->cell[i].column] = cell_value(p->cell[i].value, false);
    fprintf(f, "# row\tcolumn\tvalue\n");
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) fprintf(f, "%d\t%d\t%.9g\n", r, c, v[(long)r * columns + c]);
    free(v);
}

/* ---- The script ---- */

/* 'text': between single quotes gnuplot changes nothing but ''; at the beginning that would be an empty text. */
static void quote(FILE *f, const char *text)
{
    if (*text == '\'') fputs("'’", f), text++;
    else fputc('\'', f);
    for (; *text; text++) {
        if (*text == '\'') fputc('\'', f);
        fputc(*text, f);
    }
    fputc('\'', f);
}

/* How wide a text comes out, near enough: advances of DejaVu Sans, in thousandths of the size of type. */
static double text_width(const char *s, size_t bytes, int size)
{
    double w = 0;
    for (size_t i = 0; i < bytes && s[i]; i++) {
        if ((s[i] & 0xC0) == 0x80) continue; /* UTF-8: what continues a character */
        if (strchr("ijlI .,:;'|!()[]", s[i])) w += 340;
        else if (strchr("ftr-/\\\"", s[i])) w += 400;
        else if (strchr("mwMW@%", s[i])) w += 930;
        else if (s[i] >= 'A' && s[i] <= 'Z') w += 690;
        else w += 620;
    }
    return w * size / 1000;
}

/* The bytes of the next line of at most `width`, broken at a blank where there is one. */
static size_t wrap(const char *text, int width, int size)
{
    size_t n = 0, blank = 0;
    while (text[n] && (n == 0 || text_width(text, n + 1, size) <= width)) {
        if (text[n] == ' ') blank = n;
        n++;
    }
    if (text[n] && blank) return blank;
    while (text[n] && (text[n] & 0xC0) == 0x80) n++; /* not within a character */
    return n;
}

static int count_lines(const char *text, int size)
{
    int lines = 0;
    for (; *text; lines++) {
        text += wrap(text, WIDTH - 2 * MARGIN, size);
        while (*text == ' ') text++;
    }
    return lines;
}

/* Lines of text from `top` pixels down. gnuplot counts from the bottom. */
static void write_lines(FILE *f, const char *text, int size, const char *style, double top, int step, int height)
{
    for (; *text; top += step) {
        size_t bytes = wrap(text, WIDTH - 2 * MARGIN, size);
        char *line = strndup(text, bytes);
        CHECK(line, "plot: out of memory");
        fprintf(f, "set label ");
        quote(f, line);
        fprintf(f, " at screen %.4f, screen %.4f font 'DejaVu Sans%s,%d' tc rgb '#222222'\n", (double)MARGIN / WIDTH,
                1 - (top + step / 2.) / height, style, size);
        free(line);
        text += bytes;
        while (*text == ' ') text++;
    }
}

/* 10,000 rather than 10000 or 1e+04. */
static void number_text(char *text, size_t size, double v, int decimals)
{
    char digits[64];
    snprintf(digits, sizeof digits, "%.*f", decimals, fabs(v));
    int whole = (int)strcspn(digits, "."), n = 0;
    if (v < 0 && strspn(digits, "0.") != strlen(digits)) n += snprintf(text, size, "−");
    for (int i = 0; digits[i] && n + 2 < (int)size; i++) {
        if (i > 0 && i < whole && whole > 4 && (whole - i) % 3 == 0) text[n++] = ',';
        text[n++] = digits[i];
    }
    text[n] = 0;
}

/* 10⁻⁵, 2·10⁻⁵ */
static void power_text(char *text, size_t size, int digit, int exponent)
{
    static const char *const RAISED[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };
    char digits[16];
    int n = digit > 1 ? snprintf(text, size, "%d·", digit) : 0;
    n += snprintf(text + n, size - (size_t)n, "10%s", exponent < 0 ? "⁻" : "");
    snprintf(digits, sizeof digits, "%d", abs(exponent));
    for (int i = 0; digits[i]; i++) n += snprintf(text + n, size - (size_t)n, "%s", RAISED[digits[i] - '0']);
}

/* 1, 2 or 5 times a power of ten, about `wanted` of them in the range. */
static double step_of(Range r, int wanted)
{
    double rough = (r.high - r.low) / wanted, ten = pow(10, floor(log10(rough)));
    return ten * (rough < 1.5 * ten ? 1 : rough < 3.5 * ten ? 2 : rough < 7.5 * ten ? 5 : 10);
}

static void write_linear_tics(FILE *f, char axis, Range r, int wanted)
{
    double step = step_of(r, wanted);
    int decimals = (int)fmin(12, fmax(0, ceil(-log10(step) - 1e-9)));
    double size = fmax(fabs(r.low), fabs(r.high));
    bool odd = size >= 1e9 || size < 1e-4;                      /* too long to write out */
    fprintf(f, "set %ctics (", axis);
    bool first = true;
    for (double k = ceil(r.low / step - 1e-6); k * step <= r.high + 1e-6 * step; k++, first = false) {
        char text[64];
        if (odd) snprintf(text, sizeof text, "%.3g", k * step);
        else number_text(text, sizeof text, k * step, decimals);
        fprintf(f, "%s'%s' %.9g", first ? "" : ", ", text, k * step);
    }
    fprintf(f, ")\n");
}

/* Few places, well apart, are worth their own names: 64, 128, 256 rather than 100. */
static int named_places(const Plot *p, Range r, double place[NAMED_X])
{
    int n = 0;
    for (int i = 0; i < p->n_series; i++)
        for (int k = 0; k < p->series[i].n; k++) {
            const Point *q = &p->series[i].point[k];
            int at = 0;
            while (at < n && place[at] < q->x) at++;
            if (!point_drawable(&p->arg, q) || (at < n && place[at] == q->x)) continue;
            if (n == NAMED_X) return 0;
            memmove(place + at + 1, place + at, (size_t)(n - at) * sizeof *place);
            place[at] = q->x;
            n++;
        }
    for (int k = 1; k < n; k++)
        if (log(place[k] / place[k - 1]) < .075 * log(r.high / r.low)) return 0;
    return n >= 3 ? n : 0;
}

static void write_named_tics(FILE *f, char axis, const double *place, int n)
{
    fprintf(f, "set %ctics (", axis);
    for (int k = 0; k < n; k++) {
        char text[64];
        if (place[k] >= 1 && place[k] < 1e7 && place[k] == floor(place[k])) number_text(text, sizeof text, place[k], 0);
        else snprintf(text, sizeof text, "%.3g", place[k]);
        fprintf(f, "%s'%s' %.9g", k ? ", " : "", text, place[k]);
    }
    fprintf(f, ")\n");
}

/* Powers of ten, and 2 and 5 times them where there are few; written out where that is short. */
static void write_log_tics(FILE *f, char axis, Range r)
{
    int from = (int)floor(log10(r.low)), to = (int)ceil(log10(r.high)), every = (to - from) / 10 + 1;
    double decades = log10(r.high / r.low);
    bool first = true, plain = from >= -4 && to <= 6;
    fprintf(f, "set %ctics (", axis);
    for (int e = from; e <= to; e++)
        for (int digit = 1; digit <= 9; digit++) {
            double v = digit * pow(10, e);
            char text[64] = "";
            if (v < r.low * (1 - 1e-9) || v > r.high * (1 + 1e-9) || (digit > 1 && decades > 6)) continue;
            bool named = digit == 1 ? (e - from) % every == 0
                                    : decades < .7 || (decades < 1.6 && (digit == 2 || digit == 5));
            if (named && plain) number_text(text, sizeof text, v, e < 0 ? -e : 0);
            else if (named) power_text(text, sizeof text, digit, e);
            fprintf(f, "%s'%s' %.9g%s", first ? "" : ", ", text, v, named ? "" : " 1");
            first = false;
        }
    fprintf(f, ")\n");
}

static void write_axis(FILE *f, char axis, Range r, bool log)
{
    if (log) fprintf(f, "set logscale %c\n", axis);
    fprintf(f, "set %crange [%.9g:%.9g]\n", axis, r.low, r.high);
    if (log) write_log_tics(f, axis, r);
    else write_linear_tics(f, axis, r, axis == 'x' ? 7 : 6);
}

static void write_label(FILE *f, const char *what, const char *text)
{
    if (!*text) return;
    fprintf(f, "set %s ", what);
    quote(f, text);
    fprintf(f, "%s tc rgb '#222222'\n", *what == 'x' ? " offset 0,0.3" : "");
}

static bool has_points(const Plot *p, const Series *s)
{
    for (int k = 0; k < s->n; k++)
        if (point_drawable(&p->arg, &s->point[k])) return true;
    return false;
}

/* ---- The script: the key ---- */

static void write_styles(FILE *f, int n)
{
    for (int i = 0; i < n; i++)
        fprintf(f, "set linetype %d lc rgb '%s' dt %s lw 2 pt %d ps 0.8\n", i + 1, STYLE[i % STYLES].colour,
                STYLE[i % STYLES].dash, STYLE[i % STYLES].marker);
}

static void title_of(char *text, size_t size, const Plot *p, const Series *s)
{
    double e = p->arg.slopes && p->arg.log_x && p->arg.log_y ? exponent(&p->arg, s) : NAN;
    if (isnan(e)) snprintf(text, size, "%s", s->name);
    else snprintf(text, size, "%s, slope %.2f", s->name, e);
}

/* One series alone is named by the title. */
static bool has_key(const Plot *p)
{
    int entries = 0;
    for (int i = 0; i < p->n_series; i++) entries += *p->series[i].name && has_points(p, &p->series[i]);
    for (int i = 0; i < p->n_limits; i++) entries += *p->limit[i].label != 0;
    return p->arg.kind != PLOT_IMAGE && entries > (p->arg.slopes ? 0 : 1);
}

/* A stroke, a marker or a patch, as the curves have them; y in parts of the height. */
static void write_sample(FILE *f, const Plot *p, int i, double x, double y, int height)
{
    double left = x / WIDTH, right = (x + KEY_SAMPLE) / WIDTH;
    if (p->arg.kind == PLOT_BARS)
        fprintf(f,
                "set object rectangle from screen %.4f, screen %.4f to screen %.4f, screen %.4f "
                "fs pattern %d border lt -1 fc rgb '%s'\n",
                left, y - 5. / height, right, y + 5. / height, STYLE[i % STYLES].pattern, STYLE[i % STYLES].colour);
    if (p->arg.kind == PLOT_LINES || p->arg.kind == PLOT_LINESPOINTS)
        fprintf(f, "set arrow from screen %.4f, screen %.4f to screen %.4f, screen %.4f nohead lt %d\n", left, y, right,
                y, i + 1);
    if (p->arg.kind == PLOT_POINTS || p->arg.kind == PLOT_LINESPOINTS)
        fprintf(f, "set label '' at screen %.4f, screen %.4f point lt %d\n", (left + right) / 2, y, i + 1);
}

static void write_limit_sample(FILE *f, int i, double x, double y)
{
    fprintf(f,
            "set arrow from screen %.4f, screen %.4f to screen %.4f, screen %.4f nohead lw 1.5 dt %s "
            "lc rgb '#444444'\n",
            x / WIDTH, y, (x + KEY_SAMPLE) / WIDTH, y, LIMIT_DASH[i % 3]);
}

/* The key flows between title and axes, never on data; gnuplot's own would guess at widths. Returns its rows, and
 * writes nothing where f is NULL. top: pixels. */
static int write_key(FILE *f, const Plot *p, double top, int height)
{
    int rows = 1;
    double x = MARGIN;
    if (!has_key(p)) return 0;
    for (int i = 0; i < p->n_series + p->n_limits; i++) {
        char text[256];
        const Series *s = i < p->n_series ? &p->series[i] : NULL;
        if (s) title_of(text, sizeof text, p, s);
        else snprintf(text, sizeof text, "%s", p->limit[i - p->n_series].label);
        if (!*text || (s && !has_points(p, s))) continue;
        double width = KEY_SAMPLE + KEY_GAP + text_width(text, SIZE_MAX, SMALL);
        if (x > MARGIN && x + width > WIDTH - MARGIN) x = MARGIN, rows++;
        double y = 1 - (top + (rows - .5) * KEY_HEIGHT) / height;
        if (f && s) write_sample(f, p, i, x, y, height);
        if (f && !s) write_limit_sample(f, i - p->n_series, x, y);
        if (f) {
            fprintf(f, "set label "), quote(f, text);
            fprintf(f, " at screen %.4f, screen %.4f font 'DejaVu Sans,%d' tc rgb '#222222'\n",
                    (x + KEY_SAMPLE + KEY_GAP) / WIDTH, y, SMALL);
        }
        x += width + 3 * KEY_GAP;
    }
    return rows;
}

/* ---- The script: curves ---- */

/* A band under a line, bars through points. */
static void write_interval(FILE *f, const Plot *p, int i)
{
    if (!p->series[i].errors) return;
    if (p->arg.kind == PLOT_LINES)
        fprintf(f,
                "  tsv index %d using 2:4:5 with filledcurves lc rgb '%s' fs transparent solid 0.18 noborder "
                "notitle, \\\n",
                i, STYLE[i % STYLES].colour);
    else
        fprintf(f, "  tsv index %d using 2:3:4:5 with yerrorbars lt %d dt solid lw 1.2 pt 0 notitle, \\\n", i, i + 1);
}

static void write_curve(FILE *f, const Plot *p, int i)
{
    const Series *s = &p->series[i];
    write_interval(f, p, i);
    fprintf(f, "  tsv index %d using 2:3 with ", i);
    if (p->arg.kind == PLOT_LINES) fprintf(f, "lines lt %d", i + 1);
    else if (p->arg.kind == PLOT_LINESPOINTS) fprintf(f, "linespoints lt %d pi %d", i + 1, s->n / MARKERS + 1);
    else if (s->n <= MANY_POINTS) fprintf(f, "points lt %d lw 1 ps %s", i + 1, s->n <= FEW_POINTS ? "1.2" : "0.6");
    else fprintf(f, "points lt %d lw 1 ps 0.35 lc rgb '#60%s'", i + 1, STYLE[i % STYLES].colour + 1);
    fprintf(f, " notitle, \\\n");
}

static void write_limit_curves(FILE *f, const Plot *p, int index, bool across)
{
    for (int i = 0; i < p->n_limits; i++)
        fprintf(f, "  tsv index %d using %s with lines lw 1.5 dt %s lc rgb '#444444' notitle, \\\n", index + i,
                across ? "3:2" : "2:3", LIMIT_DASH[i % 3]);
}

static void write_curves(FILE *f, const Plot *p, Range x, Range y)
{
    double place[NAMED_X];
    write_axis(f, 'x', x, p->arg.log_x);
    int n = p->arg.log_x ? named_places(p, x, place) : 0;
    if (n) write_named_tics(f, 'x', place, n);
    write_axis(f, 'y', y, p->arg.log_y);
    write_label(f, "xlabel", p->arg.x);
    write_label(f, "ylabel", p->arg.y);
    fprintf(f, "\nplot \\\n");
    for (int i = 0; i < p->n_series; i++)
        if (has_points(p, &p->series[i])) write_curve(f, p, i);
    write_limit_curves(f, p, p->n_series, false);
    fprintf(f, "  NaN notitle\n");
}

/* ---- The script: bars ---- */

static double widest_label(const Plot *p)
{
    double w = 0;
    for (int l = 0; l < p->n_labels; l++) w = fmax(w, text_width(p->label[l], SIZE_MAX, TEXT));
    return w;
}

/* Labels that would run into each other have room beside lying bars. */
static bool bars_lie(const Plot *p) { return widest_label(p) > (WIDTH - 110) / (p->n_labels ? p->n_labels : 1) - 12; }

static void write_words(FILE *f, char axis, char *const *name, int n)
{
    fprintf(f, "set %ctics scale 0 (", axis);
    for (int i = 0; i < n; i++) {
        if (i) fprintf(f, ", ");
        quote(f, name[i]);
        fprintf(f, " %d", i);
    }
    fprintf(f, ")\n");
}

static void write_bar_tics(FILE *f, const Plot *p, char axis)
{
    write_words(f, axis, p->label, p->n_labels);
    fprintf(f, "set grid no%ctics\n", axis);
}

/* Bar i of a group stands `at` beside its middle; lying bars are boxes between corners. */
static void write_bar(FILE *f, const Plot *p, int i, Range y, bool lie)
{
    double width = .8 / p->n_series, at = (i - (p->n_series - 1) / 2.) * width, half = .45 * width;
    bool named = p->n_series * p->n_labels <= LABELLED_BARS;
    int column = i + 2;
    double foot = p->arg.log_y ? y.low : 0;
    if (lie)
        fprintf(f, "  tsv index 0 using (%.9g):($0%+.4f):(%.9g):%d:($0%+.4f):($0%+.4f) with boxxyerror", foot, at, foot,
                column, at - half, at + half);
    else
        fprintf(f, "  tsv index 0 using ($0%+.4f):%d:(%.4f) with boxes", at, column, 2 * half);
    fprintf(f, " fs pattern %d border lt -1 lc rgb '%s'", STYLE[i % STYLES].pattern, STYLE[i % STYLES].colour);
    fprintf(f, " notitle, \\\n");
    if (!named) return;
    if (lie)
        fprintf(f, "  tsv index 0 using %d:($0%+.4f):(sprintf('%%.3g', $%d)) with labels left offset 0.6,0", column, at,
                column);
    else
        fprintf(f, "  tsv index 0 using ($0%+.4f):%d:(sprintf('%%.3g', $%d)) with labels offset 0,0.5", at, column,
                column);
    fprintf(f, " font 'DejaVu Sans,%d' notitle, \\\n", SMALL);
}

static void write_bars_plot(FILE *f, const Plot *p, Range x, Range y)
{
    bool lie = bars_lie(p);
    fprintf(f, lie ? "set yrange [%.9g:%.9g]\n" : "set xrange [%.9g:%.9g]\n", lie ? x.high : x.low,
            lie ? x.low : x.high);
    write_axis(f, lie ? 'x' : 'y', y, p->arg.log_y);
    write_bar_tics(f, p, lie ? 'y' : 'x');
    write_label(f, lie ? "ylabel" : "xlabel", p->arg.x);
    write_label(f, lie ? "xlabel" : "ylabel", p->arg.y);
    fprintf(f, "\nplot \\\n");
    for (int i = 0; i < p->n_series; i++) write_bar(f, p, i, y, lie);
    write_limit_curves(f, p, 1, lie);
    fprintf(f, "  NaN notitle\n");
}

/* ---- The script: images ---- */

static const char *const GREYS = "0 '#000000', 1 '#ffffff'";
static const char *const BLUES = "0 '#f4f8fd', 0.25 '#c6dbef', 0.5 '#6baed6', 0.75 '#2171b5', 1 '#08306b'";
static const char *const BOTH_SIGNS = "0 '#053061', 0.25 '#4393c3', 0.5 '#f7f7f7', 0.75 '#e0784c', 1 '#7f2704'";

/* Numbers in the cells, if the widest fits. */
static bool cells_named(const Plot *p, int columns, double cell)
{
    char text[32];
    double widest = 0;
    for (int i = 0; i < p->n_cells; i++) {
        snprintf(text, sizeof text, "%.3g", p->cell[i].value);
        widest = fmax(widest, text_width(text, SIZE_MAX, SMALL));
    }
    return !p->arg.grey && columns <= 20 && widest + 4 < cell && cell > SMALL + 4;
}

static void write_cell_numbers(FILE *f, Range v)
{
    bool signs = v.low == -v.high;
    double middle = (v.low + v.high) / 2, quarter = (v.high - v.low) / 4;
    fprintf(f, ", \\\n  tsv using 2:1:(stringcolumn(3) eq 'nan' ? '' : sprintf('%%.3g', $3)):(");
    if (signs) fprintf(f, "abs($3) > %.9g", 1.2 * quarter); /* light on dark, dark on light */
    else fprintf(f, "$3 > %.9g", middle + .2 * quarter);
    fprintf(f, " ? 0xffffff : 0x222222) with labels tc rgb variable font 'DejaVu Sans,%d'", SMALL);
}

static double cell_size(int rows, int columns) { return fmin(FRAME * 1.2 / rows, (WIDTH - 180.) / columns); }

/* Returns the range of the colours. */
static Range write_image(FILE *f, const Plot *p)
{
    int rows, columns;
    image_size(p, &rows, &columns);
    Range v = { NAN, NAN };
    for (int i = 0; i < p->n_cells; i++) stretch(&v, p->cell[i].value, false);
    if (v.low == v.high) pad(&v, 0, false);
    bool signs = v.low < 0 && v.high > 0 && !p->arg.grey;
    if (signs) v = (Range){ -fmax(-v.low, v.high), fmax(-v.low, v.high) }; /* the middle colour is 0 */
    fprintf(f, "set xrange [-0.5:%d.5]\nset yrange [%d.5:-0.5]\nset size ratio -1\nunset grid\nset border 0\n",
            columns - 1, rows - 1);
    fprintf(f, "set tics scale 0\nset format '%%g'\nset xtics 0, %d\nset ytics 0, %d\n", (columns - 1) / 16 + 1,
            (rows - 1) / 16 + 1);
    for (int way = 0; way < 2; way++)
        if (p->n_words[way]) write_words(f, "xy"[way], p->word[way], p->n_words[way]);
    fprintf(f, "set cbrange [%.9g:%.9g]\nset cbtics %.3g\nset palette defined (%s)\n", v.low, v.high, step_of(v, 5),
            p->arg.grey ? GREYS : signs ? BOTH_SIGNS : BLUES);
    fprintf(f, p->arg.grey ? "unset colorbox\nunset tics\n" : "set colorbox noborder\n");
    write_label(f, "xlabel", p->arg.x);
    write_label(f, "ylabel", p->arg.y);
    return v;
}

/* In SVG cells are boxes: viewers blur an image of few pixels. In PNG boxes would show their seams. */
static void write_image_plot(FILE *f, const Plot *p, Range v, bool boxes)
{
    int rows, columns;
    image_size(p, &rows, &columns);
    boxes = boxes && (long)rows * columns <= FINE_CELLS;
    fprintf(f, "plot tsv using 2:1:3 with image%s notitle", boxes ? " pixels" : "");
    if (cells_named(p, columns, cell_size(rows, columns))) write_cell_numbers(f, v);
    fprintf(f, "\n");
}

/* ---- The script: the whole ---- */

static int frame_height(const Plot *p)
{
    int rows, columns, bars = p->n_labels * p->n_series;
    if (p->arg.kind == PLOT_BARS && bars_lie(p)) return 60 + (bars < 40 ? bars : 40) * (p->n_series == 1 ? 34 : 24);
    if (p->arg.kind != PLOT_IMAGE) return FRAME;
    image_size(p, &rows, &columns);
    return (int)fmax(60, cell_size(rows, columns) * rows);
}

static bool labelled_below(const Plot *p)
{
    return *(p->arg.kind == PLOT_BARS && bars_lie(p) ? p->arg.y : p->arg.x);
}

/* From the top: title, key, axes, their numbers and label, caption. */
static void write_script(FILE *f, const Plot *p, Range x, Range y)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "./%s", p->name);
    int titles = count_lines(p->arg.title, TITLE + 1), captions = count_lines(p->arg.caption, SMALL);
    int key_top = MARGIN / 2 + titles * TITLE_HEIGHT + 3, top = key_top + write_key(NULL, p, 0, 1) * KEY_HEIGHT + 11;
    int bottom = top + frame_height(p);
    int below = (p->arg.kind == PLOT_IMAGE && p->arg.grey ? 6 : 34) + 26 * labelled_below(p);
    int height = bottom + below + (captions ? 6 + captions * LINE_HEIGHT : 0) + 8;
    fprintf(f, "# Draws %s.svg and %s.png from %s.tsv: gnuplot %s.gp\n", p->name, p->name, p->name, p->name);
    fprintf(f, "name = "), quote(f, path);
    fprintf(f, "\ntsv = name.'.tsv'\nif (!exists('out')) out = name\nset encoding utf8\nset datafile separator '\\t'\n"
               "set border 3 lc rgb '#555555'\nset tics nomirror out scale 0.5,0.3 tc rgb '#333333'\n"
               "set grid xtics ytics lt 1 lw 0.7 lc rgb '#e2e2e2'\n");
    write_lines(f, p->arg.title, TITLE + 1, ":Bold", MARGIN / 2, TITLE_HEIGHT, height);
    write_lines(f, p->arg.caption, SMALL, "", bottom + below + 6, LINE_HEIGHT, height);
    fprintf(f, "unset key\n");
    if (p->arg.kind != PLOT_BARS) write_styles(f, p->n_series);
    write_key(f, p, key_top, height);
    fprintf(f, "set tmargin at screen %.4f\nset bmargin at screen %.4f\n", 1 - (double)top / height,
            1 - (double)bottom / height);
    if (p->arg.kind == PLOT_BARS && bars_lie(p))
        fprintf(f, "set lmargin at screen %.4f\n", fmin(.6, (widest_label(p) + 20 + 26 * !!*p->arg.x) / WIDTH));
    if (p->arg.kind != PLOT_IMAGE) fprintf(f, "set rmargin at screen %.4f\n", 1 - 30. / WIDTH);
    fprintf(f, "set terminal svg size %d,%d noenhanced standalone font 'DejaVu Sans,%d' background '#ffffff'\n"
               "set output out.'.svg'\n\n", WIDTH, height, TEXT);
    Range v = { 0 };
    if (p->arg.kind == PLOT_IMAGE) v = write_image(f, p), write_image_plot(f, p, v, true);
    else if (p->arg.kind == PLOT_BARS) write_bars_plot(f, p, x, y);
    else write_curves(f, p, x, y);
    fprintf(f,
            "\n# Its type is in points, of 4/3 pixels.\n"
            "set terminal pngcairo size %d,%d noenhanced font 'DejaVu Sans,%d' "
            "fontscale 1.5 linewidth 2 dashlength 1.5 pointscale 2.5 "
            "background '#ffffff'\nset output out.'.png'\n",
            2 * WIDTH, 2 * height, TEXT);
    if (p->arg.kind == PLOT_IMAGE) write_image_plot(f, p, v, false);
    else fprintf(f, "replot\n");
    fprintf(f, "set output\n");
}

/* ---- Drawing ---- */

#ifdef __aarch64__
#define LIBRARIES "aarch64-linux-gnu"
#else
#define LIBRARIES "x86_64-linux-gnu"
#endif

/* Where make set up without root, gnuplot lies under build/deps, with its libraries and fonts. */
static void exec_gnuplot(char *const argv[])
{
    char tool[PATH_MAX], path[PATH_MAX];
    setenv("LC_ALL", "C.UTF-8", 1); /* gnuplot 6 complains where it cannot write a degree sign */
    execvp("gnuplot", argv);
    int why = errno;
    snprintf(tool, sizeof tool, "%s/build/deps/usr/bin/gnuplot", data_root());
    if (access(tool, X_OK)) _exit(why == ENOENT ? 127 : 126);
    snprintf(path, sizeof path, "%s/build/deps/usr/lib/" LIBRARIES, data_root());
    setenv("LD_LIBRARY_PATH", path, 1);
    snprintf(path, sizeof path, "%s/build/deps/fonts.conf", data_root());
    if (!access(path, R_OK)) setenv("FONTCONFIG_FILE", path, 1);
    execv(tool, argv);
    _exit(126);
}

static void in_child(const Plot *p, int said)
{
    char out[PATH_MAX], script[PATH_MAX], *quoted = NULL;
    size_t size;
    FILE *f = open_memstream(&quoted, &size);
    if (!f || chdir(p->folder)) _exit(126);
    snprintf(out, sizeof out, "./%s.drawing", p->name);
    snprintf(script, sizeof script, "./%s.gp", p->name);
    fprintf(f, "out = ");
    quote(f, out);
    fclose(f);
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(said, STDERR_FILENO);
    setenv("GNUTERM", "unknown", 1);    /* no window system is asked for anything */
    exec_gnuplot((char *[]){ "gnuplot", "-d", "-e", quoted, script, NULL });
}

/* What gnuplot says when it fails: its last line with text; the others show the command. */
static void read_said(int fd, char *text, size_t size)
{
    char all[4096];
    size_t n = 0;
    for (ssize_t k;;) {
        if (n == sizeof all - 1) n = 0; /* the end is what matters */
        k = read(fd, all + n, sizeof all - 1 - n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) break;
        n += (size_t)k;
    }
    all[n] = 0;
    *text = 0;
    for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n"))
        if (strspn(line, " \t") < strlen(line)) snprintf(text, size, "%s", line + strspn(line, " \t"));
}

/* The exit status of gnuplot, 127 where there is none. Fork and exec: a name may hold what a shell would run. */
static int run_gnuplot(const Plot *p, char *said, size_t size)
{
    int fd[2], status = 0;
    *said = 0;
    if (pipe2(fd, O_CLOEXEC)) return 126;
    pid_t pid = fork();
    if (pid == 0) in_child(p, fd[1]);
    close(fd[1]);
    if (pid > 0) read_said(fd[0], said, size);
    close(fd[0]);
    if (pid < 0) return 126;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static char *path_in(const char *folder, const char *name, const char *ending)
{
    char *path;
    CHECK(asprintf(&path, "%s/%s%s", folder, name, ending) >= 0, "plot: out of memory");
    return path;
}

static void write_xml(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (*text == '&') fputs("&amp;", f);
        else if (*text == '<') fputs("&lt;", f);
        else if (*text == '>') fputs("&gt;", f);
        else if ((unsigned char)*text >= ' ') fputc(*text, f);
    }
}

/* What a reader of screens is told: the title and the caption, in place of gnuplot's own name. */
static bool write_description(FILE *to, const Plot *p, const char *line)
{
    bool title = !strncmp(line, "<title>", 7), description = !strncmp(line, "<desc>", 6);
    if (!title && !description) return false;
    fputs(title ? "<title>" : "<desc>", to);
    write_xml(to, title ? p->arg.title : p->arg.caption);
    fputs(title ? "</title>\n" : "</desc>\n", to);
    return true;
}

/* gnuplot opens a group for each change of pen, used or not, and names one font. Half of a file are empty groups. */
static void tidy_svg(FILE *to, const Plot *p, char *text)
{
    static const char FONT[] = "font-family=\"DejaVu Sans", FONTS[] = "font-family=\"DejaVu Sans,Verdana,sans-serif\"";
    char **kept = NULL;
    size_t n = 0, lines = 0;
    for (char *at = text; *at; at++) lines += *at == '\n';
    kept = grow(NULL, lines + 1, sizeof *kept);
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        if (n && !strcmp(line, "</g>") && !strncmp(kept[n - 1], "<g ", 3) && !strstr(kept[n - 1], "</")) n--;
        else kept[n++] = line;
    }
    for (size_t i = 0; i < n; i++) {
        if (write_description(to, p, kept[i])) continue;
        char *font = strstr(kept[i], FONT);
        if (!font) {
            fprintf(to, "%s\n", kept[i]);
            continue;
        }
        char *rest = font + sizeof FONT - 1;
        bool bold = !strncmp(rest, ":Bold", 5);
        fprintf(to, "%.*s%s%s%s\n", (int)(font - kept[i]), kept[i], FONTS, bold ? " font-weight=\"bold\"" : "",
                rest + strcspn(rest, "\"") + (rest[strcspn(rest, "\"")] != 0));
    }
    free(kept);
}

/* A picture is drawn beside its place and gets there whole. */
static const char *place_svg(const Plot *p, const char *drawn, const char *to)
{
    FileBytes b;
    FileWriter w;
    const char *wrong = file_read(drawn, &b);
    if (wrong) return wrong;
    wrong = file_open(&w, to);
    if (!wrong) {
        tidy_svg(w.f, p, (char *)b.data);
        wrong = file_close(&w, false);
    }
    free(b.data);
    return wrong;
}

static const char *place_pictures(const Plot *p, const char *drawn_svg, const char *drawn_png)
{
    char *svg = path_in(p->folder, p->name, ".svg"), *png = path_in(p->folder, p->name, ".png");
    const char *wrong = place_svg(p, drawn_svg, svg);
    if (!wrong && rename(drawn_png, png)) wrong = sentence("%s: not drawn: %s", png, strerror(errno));
    free(svg);
    if (!wrong && n_pictures < MAX_PICTURES) pictures[n_pictures++] = png;
    else free(png);
    return wrong;
}

static const char *draw(const Plot *p)
{
    static bool told;
    char *svg = path_in(p->folder, p->name, ".drawing.svg"), *png = path_in(p->folder, p->name, ".drawing.png");
    char said[256];
    const char *wrong = NULL;
    int status = run_gnuplot(p, said, sizeof said);
    if (status == 0) wrong = place_pictures(p, svg, png);
    else if (status != 127)
        wrong = sentence("%s/%s.gp: gnuplot could not draw it: %s", p->folder, p->name, *said ? said : "no word why");
    else if (!told)
        fprintf(stderr, "no gnuplot here: %s/%s.tsv and .gp are written, not drawn\n", p->folder, p->name);
    told |= status == 127;
    remove(svg); /* what is left of a drawing that failed */
    remove(png);
    free(svg);
    free(png);
    return wrong;
}

static const char *write_file(const Plot *p, const char *ending, Range x, Range y)
{
    FileWriter w;
    char *path = path_in(p->folder, p->name, ending);
    const char *wrong = file_open(&w, path);
    free(path);
    if (wrong) return wrong;
    if (!strcmp(ending, ".gp")) {
        write_script(w.f, p, x, y);
    } else if (p->arg.kind == PLOT_IMAGE) {
        write_cells(w.f, p);
    } else {
        if (p->arg.kind == PLOT_BARS) write_bars(w.f, p);
        else write_series(w.f, p);
        write_limits(w.f, p, x, y);
    }
    return file_close(&w, false);
}

static bool anything_to_draw(const Plot *p)
{
    for (int i = 0; i < p->n_series; i++)
        if (has_points(p, &p->series[i])) return true;
    for (int i = 0; i < p->n_cells; i++)
        if (isfinite(p->cell[i].value)) return true;
    return false;
}

const char *plot_done(Plot *p)
{
    Range x, y;
    find_ranges(p, &x, &y);
    const char *wrong = file_make_folder(p->folder);
    if (!wrong) wrong = write_file(p, ".tsv", x, y);
    if (!wrong && anything_to_draw(p)) {
        wrong = write_file(p, ".gp", x, y);
        if (!wrong) wrong = draw(p);
    } else if (!wrong) {
        fprintf(stderr, "%s/%s: nothing to draw: not one finite value\n", p->folder, p->name);
    }
    plot_free(p);
    return wrong;
}

const char *plot_picture(void) { return n_pictures ? pictures[n_pictures - 1] : NULL; }

const char *const *plot_pictures(int *n)
{
    *n = n_pictures;
    return (const char *const *)pictures;
}
