/* plots_curve.c -- how time grows with the size, with the exponent written on it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "plots.h"

/* Where one number of the size alone changes, time is drawn over it; where three or more sizes are squares or cubes,
 * over their side, and the others are left out; else over the operations of a call, or its bytes. */
static int axis;
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

static double cost_axis(const json_t *row)
{
    if (axis >= 0) return size_at(row, axis);
    return axis == OVER_SIDE ? side_of(row) : row_number(row, axis == OVER_BYTES ? "bytes" : "flops");
}

static int choose_axis(const Group *g)
{
    int changing = 0, which = 0, dims = (int)json_array_size(json_object_get(g->row[0], "size"));
    for (int d = 0; d < dims; d++) {
        bool changes = false;
        for (int i = 1; i < g->n; i++)
            changes |= !json_equal(json_array_get(json_object_get(g->row[i], "size"), (size_t)d),
                                   json_array_get(json_object_get(g->row[0], "size"), (size_t)d));
        if (changes) changing++, which = d;
    }
    if (changing == 1) return which;
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
