/* plots_roofline.c -- operations a second over operations a byte, under what this machine can do. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include "plots.h"

/* A picture for each room, type and number of threads. */
bool plots_same_roof(const Group *a, const Group *b)
{
    return a->threads == b->threads && !strcmp(a->dtype, b->dtype) && !strcmp(a->room, b->room);
}

static bool on_roofline(const json_t *row)
{
    return row_has_time(row) && row_number(row, "flops") > 0 && row_number(row, "bytes") > 0;
}

/* The contestant's row at the case's largest size, if it can be drawn. */
static const json_t *largest(const Group *g, const json_t *contestant)
{
    const json_t *row = NULL;
    for (int i = 0; i < g->n; i++)
        if (!strcmp(row_text(g->row[i], "contestant"), row_text(contestant, "contestant")) && on_roofline(g->row[i]) &&
            (!row || row_number(g->row[i], "bytes") > row_number(row, "bytes")))
            row = g->row[i];
    return row;
}

double intensity(const json_t *row) { return row_number(row, "flops") / row_number(row, "bytes"); }
double gflops(const json_t *row) { return row_number(row, "flops") / row_number(row, "seconds") / 1e9; }

/* The case's row at its largest size, of whoever was first to run it. */
static const json_t *anybody(const Group *g)
{
    const json_t *row = NULL;
    for (int k = 0; k < g->n; k++)
        if (on_roofline(g->row[k]) && (!row || row_number(g->row[k], "bytes") > row_number(row, "bytes")))
            row = g->row[k];
    return row;
}

/* Each case has a letter, explained beside the picture. */
static void put_points(const Plots *p, FILE *f, const Group *like, const json_t *contestant, int series, double *low)
{
    int letter = 0;
    fprintf(f, "$s%d << EOD\n", series);
    for (int i = 0; i < p->groups; i++) {
        const Group *g = &p->group[i];
        if (!plots_same_roof(g, like) || !anybody(g)) continue;
        const json_t *row = largest(g, contestant);
        letter++;
        if (!row) continue;
        fprintf(f, "%g %g %c\n", intensity(row), gflops(row), 'a' + (letter - 1) % 26);
        *low = fmin(*low, gflops(row));
    }
    fprintf(f, "EOD\n");
}

static void put_letters(const Plots *p, FILE *f, const Group *like, int below)
{
    int letter = 0;
    for (int i = 0; i < p->groups; i++) {
        const Group  *g = &p->group[i];
        const json_t *row = plots_same_roof(g, like) ? anybody(g) : NULL;
        char          line[200], size[100];
        if (!row) continue;
        row_size_name(row, size, sizeof size);
        snprintf(line, sizeof line, "%c  %s %s", 'a' + letter % 26, g->name, size);
        fprintf(f, "set label %d ", 100 + ++letter);
        script_text(f, line);
        fprintf(f, " at screen 0.705, %g left font ',10' tc rgb '#222222'\n", 0.93 - 0.031 * (below + letter));
    }
}

static int roofline_series(const Plots *p, const Group *like, const json_t *series[MAX_SERIES])
{
    int n = 0;
    for (int i = 0; i < p->groups; i++) {
        const Group *g = &p->group[i];
        if (!plots_same_roof(g, like)) continue;
        for (int k = 0; k < g->n; k++) {
            int s = 0;
            while (s < n && strcmp(row_text(series[s], "contestant"), row_text(g->row[k], "contestant"))) s++;
            if (s == n && n < MAX_SERIES && on_roofline(g->row[k])) series[n++] = g->row[k];
        }
    }
    return n;
}

const char *plots_roofline(Plots *p, const Group *like)
{
    static const char *const levels[] = { "memory", "L3", "L2", "L1" };
    static const char *const dashes[] = { "solid", "(8,4)", "(2,4)", "(10,3,2,3)" };
    char          name[200], title[300], caption[900], from[300], words[24], plot[8000], label[160];
    const json_t *series[MAX_SERIES];
    int           n = roofline_series(p, like, series), spares = 0;
    size_t        at = (size_t)snprintf(plot, sizeof plot, "plot ");
    const json_t *limits = json_object_get(n ? plots_run(p, series[0]) : NULL, "limits");
    if (!limits) return NULL;
    double peak = row_number(limits, strcmp(like->dtype, "f64") ? "fma_f32" : "fma_f64") / 1e9, low = peak / 10;
    snprintf(name, sizeof name, "bench_%s_%dt_roofline%s", like->room, like->threads,
             strcmp(like->dtype, "f64") ? "" : "_f64");
    script_provenance(p, series[0], from, sizeof from);
    snprintf(title, sizeof title, "%s (%s), %s, under the roof of this machine", like->room, like->dtype,
             script_threads(like->threads, words));
    snprintf(
        caption, sizeof caption,
        "Each letter is a case at its largest size, each marker who ran it. On the slopes bytes are the limit, on the "
        "flat roof "
        "arithmetic; whose numbers fit a cache may pass the slope of memory. Roofs and points are of the same runs. %s",
        from);
    FILE *f = script_open(p, name, title, caption);
    if (!f) return sentence("cannot write %s/%s.gp: %s", p->folder, name, strerror(errno));
    for (int s = 0; s < n; s++) put_points(p, f, like, series[s], s, &low);
    double left = 0.5, right = 10;
    for (int i = 0; i < p->groups; i++) {
        const json_t *row = plots_same_roof(&p->group[i], like) ? anybody(&p->group[i]) : NULL;
        if (row) left = fmin(left, intensity(row)), right = fmax(right, intensity(row));
    }
    put_letters(p, f, like, n + 5);
    fprintf(f, "set rmargin at screen 0.69\nset key at screen 0.985, 0.93 right top Left reverse font ',11'\n");
    fprintf(f,
            "set logscale xy\nset grid x y lc rgb '#dddddd' lt 1\nset xrange [%g:%g]\nset yrange [%g:%g]\nset "
            "samples 400\n",
            left / 3, right * 5, low / 2, peak * 2);
    fprintf(
        f,
        "set xlabel 'operations a byte'\nset ylabel 'GFLOP/s'\npeak = %g\nroof(x, b) = x * b < peak ? x * b : peak\n",
        peak);
    fprintf(f, "set label 99 '%.0f GFLOP/s' at graph 0.98, first %g right font ',11'\n", peak, peak * 1.25);
    for (int l = 0; l < 4; l++) {
        double rate = fmax(row_number(json_object_get(limits, "read"), levels[l]),
                           row_number(json_object_get(limits, "copy"), levels[l])) /
                      1e9;
        at += (size_t)snprintf(plot + at, sizeof plot - at,
                               "roof(x, %g) lc rgb '#888888' dt %s lw 2 title '%s %.0f GB/s', ", rate, dashes[l],
                               levels[l], rate);
    }
    for (int s = 0; s < n; s++) {
        Look look = script_look(row_text(series[s], "contestant"), &spares);
        script_series(series[s], label, sizeof label);
        at += (size_t)snprintf(plot + at, sizeof plot - at,
                               "$s%d using 1:2 with points lc rgb '%s' pt %d ps 1.4 lw 2 title '%s', "
                               "$s%d using 1:2:3 with labels offset 1.1,0 font ',10' tc rgb '%s' notitle, ",
                               s, look.colour, look.marker, label, s, look.colour);
    }
    plot[at - 2] = 0;
    return script_done(p, f, name, plot);
}
