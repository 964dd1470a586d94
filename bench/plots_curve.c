/* plots_curve.c -- how time grows with the size, with the exponent written on it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "plots.h"

/* Where three or more sizes differ in one number alone, time is drawn over it, and the others are left out; so where as
 * many are squares or cubes, over their side; else over the operations of a call, or its bytes. */
static int           axis;
static const json_t *kin;               /* the size whose other numbers all drawn ones share */
enum { OVER_BYTES = -1, OVER_FLOPS = -2, OVER_SIDE = -3 };

static double size_at(const json_t *row, int d)
{
    return json_number_value(json_array_get(json_object_get(row, "size"), (size_t)d));
}

/* 0 if its sides differ. */
static double side_of(const json_t *row)
{
    int dims = (int)json_array_size(json_object_get(row, "size"));
    for (int d = 1; d < dims; d++)
        if (size_at(row, d) != size_at(row, 0)) return 0;
    return dims > 1 ? size_at(row, 0) : 0;
}

static bool alike(const json_t *a, const json_t *b, int but)
{
    int dims = (int)json_array_size(json_object_get(a, "size"));
    for (int d = 0; d < dims; d++)
        if (d != but && size_at(a, d) != size_at(b, d)) return false;
    return true;
}

/* 0: not drawn. */
static double cost_axis(const json_t *row)
{
    if (axis >= 0) return alike(row, kin, axis) ? size_at(row, axis) : 0;
    return axis == OVER_SIDE ? side_of(row) : row_number(row, axis == OVER_BYTES ? "bytes" : "flops");
}

/* How many sizes there are like this one in all numbers but d; the first of them counts for all. */
static int relatives(const json_t *const *size, int sizes, int at, int d)
{
    int n = 0;
    for (int i = 0; i < sizes; i++)
        if (alike(size[i], size[at], d)) {
            if (i < at) return 0;
            n++;
        }
    return n;
}

static int choose_axis(const Group *g)
{
    const json_t *size[MAX_POINTS];
    int           which = -1, most = 2, sizes = group_sizes(g, size);
    int           dims = (int)json_array_size(json_object_get(g->row[0], "size"));
    for (int i = 0; i < sizes; i++)
        for (int d = 0; d < dims; d++) {
            int n = relatives(size, sizes, i, d);
            if (n > most) most = n, which = d, kin = size[i];
        }
    if (which >= 0) return which;
    double sides[3] = { 0 };
    int    different = 0;
    for (int i = 0; i < g->n && different < 3; i++) {
        double side = side_of(g->row[i]);
        bool   new = side > 0;
        for (int k = 0; k < different; k++) new &= sides[k] != side;
        if (new) sides[different++] = side;
    }
    return different == 3 ? OVER_SIDE : row_number(g->row[0], "flops") > 0 ? OVER_FLOPS : OVER_BYTES;
}

/* Least squares through the logarithms: time ~ x^slope. */
static double fitted_slope(const double *x, const double *y, int n, double *factor)
{
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int i = 0; i < n; i++) {
        double a = log(x[i]), b = log(y[i]);
        sx += a, sy += b, sxx += a * a, sxy += a * b;
    }
    double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    *factor = exp((sy - slope * sx) / n);
    return slope;
}

static int by_x(const void *a, const void *b)
{
    double x = cost_axis(*(const json_t *const *)a), y = cost_axis(*(const json_t *const *)b);
    return (x > y) - (x < y);
}

static int rows_of(const Group *g, const json_t *contestant, const json_t *out[MAX_POINTS])
{
    int n = 0;
    for (int i = 0; i < g->n && n < MAX_POINTS; i++)
        if (row_has_time(g->row[i]) && cost_axis(g->row[i]) > 0 &&
            !strcmp(row_text(g->row[i], "contestant"), row_text(contestant, "contestant")))
            out[n++] = g->row[i];
    qsort(out, (size_t)n, sizeof *out, by_x);
    return n;
}

/* Of each contestant with three sizes or more that grow eightfold: the slope of all of them, and of the last two. */
void plots_say_slopes(const Group *g, FILE *f, int *said)
{
    const json_t *series[MAX_SERIES], *row[MAX_POINTS];
    int           n = group_contestants(g, series);
    axis = choose_axis(g);
    for (int k = 0; k < n && axis >= 0; k++) {
        double x[MAX_POINTS], y[MAX_POINTS], factor;
        char   who[100];
        int    points = rows_of(g, series[k], row);
        for (int i = 0; i < points; i++) x[i] = cost_axis(row[i]), y[i] = row_number(row[i], "seconds");
        if (points < 3 || x[points - 1] < 8 * x[0]) continue;
        if (!(*said)++)
            fprintf(f, "\nHow time grows: the exponent over all sizes, and between the last two\n");
        row_series(series[k], who, sizeof who);
        fprintf(f, "  %-28s %d thread%s %-28s %c^%-6.2f %6.2f  %c = %.0f to %.0f\n", g->name, g->threads,
                g->threads > 1 ? "s" : " ", who, row_text(g->row[0], "dims")[axis],
                fitted_slope(x, y, points, &factor), fitted_slope(x + points - 2, y + points - 2, 2, &factor),
                row_text(g->row[0], "dims")[axis], x[0], x[points - 1]);
    }
}

const char *plots_curve(Plots *p, const Group *g)
{
    const json_t *series[MAX_SERIES], *row[MAX_POINTS];
    int           n = group_contestants(g, series), spares = 0;
    char          name[200], title[300], caption[900], from[300], threads[24], label[160], plot[6000];
    size_t        at = (size_t)snprintf(plot, sizeof plot, "plot ");
    char          letter[2] = { 0 };
    double        left = INFINITY, right = 0;
    axis = choose_axis(g);
    if (axis >= 0) letter[0] = row_text(g->row[0], "dims")[axis];
    const char *over = axis >= 0 ? letter : axis == OVER_SIDE ? "side" : axis == OVER_BYTES ? "bytes" : "operations";
    script_name(g, "curve", name, sizeof name);
    script_provenance(p, g->row[0], from, sizeof from);
    snprintf(title, sizeof title, "%s (%s), %s: how its time grows", g->name, g->dtype,
             script_threads(g->threads, threads));
    snprintf(caption, sizeof caption,
             "Both axes are logarithmic, so a straight line is a power: time ~ %s^slope, fitted over all sizes and "
             "written in "
             "the key; the thick grey line is the limit of this machine. %s",
             over, from);
    FILE *f = script_open(p, name, title, caption);
    if (!f) return sentence("cannot write %s/%s.gp: %s", p->folder, name, strerror(errno));
    fprintf(f,
            "set logscale xy\nset format y '10^{%%T}'\nset grid x y lc rgb '#dddddd' lt 1\nset xlabel '%s'\nset ylabel "
            "'seconds a call'\n",
            axis >= 0            ? letter
            : axis == OVER_SIDE  ? "side of the square or cube"
            : axis == OVER_BYTES ? "bytes of one call"
                                 : "operations of one call");
    fprintf(f, "set format x '%s'\n", axis == OVER_BYTES || axis == OVER_FLOPS ? "10^{%T}" : "%.0s%c");
    for (int k = 0; k < n; k++) {
        double x[MAX_POINTS], y[MAX_POINTS], factor;
        int    points = rows_of(g, series[k], row), differ = 0;
        fprintf(f, "$s%d << EOD\n", k);
        for (int i = 0; i < points; i++) {
            x[i] = cost_axis(row[i]), y[i] = row_number(row[i], "seconds");
            differ += i && x[i] > x[i - 1] * 1.01;
            left = fmin(left, x[i]), right = fmax(right, x[i]);
            fprintf(f, "%g %g %g %g %g\n", x[i], y[i], row_number(row[i], "low"), row_number(row[i], "high"),
                    row_number(row[i], "limit"));
        }
        fprintf(f, "EOD\n");
        if (points == 0) continue;
        Look look = script_look(row_text(series[k], "contestant"), &spares);
        script_series(series[k], label, sizeof label);
        char slope[40] = "";
        if (differ >= 2) snprintf(slope, sizeof slope, ", slope %.2f", fitted_slope(x, y, points, &factor));
        if (at == 5)
            at += (size_t)snprintf(plot + at, sizeof plot - at,
                                   "$s%d using 1:5 with lines lw 6 lc rgb '#cccccc' title 'limit of the machine', ", k);
        at += (size_t)snprintf(plot + at, sizeof plot - at,
                               "$s%d using 1:2:3:4 with yerrorlines lc rgb '%s' dt %s pt %d ps 1.1 lw 2 title '%s%s', ",
                               k, look.colour, look.dash, look.marker, label, slope);
    }
    if (at > 5) plot[at - 2] = 0;
    fprintf(f, "set xrange [%g:%g]\n", left / 1.6, right * 1.6);
    return script_done(p, f, name, plot);
}
