/* plots_bars.c -- how many times as fast as the fastest peer, at each size. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include "plots.h"

/* Ratios stand on a logarithmic axis and start at 1: twice as fast is as far up as half as fast is down. */
static void put_bars(FILE *f, const Group *g, const json_t *const *size, int sizes, const json_t *const *series, int n,
                     double width)
{
    for (int k = 0; k < n; k++) {
        fprintf(f, "$s%d << EOD\n", k);
        for (int s = 0; s < sizes; s++) {
            const json_t *row = group_row(g, size[s], series[k]);
            double        peer = group_fastest_peer(g, size[s]);
            if (!row || !row_has_time(row) || peer <= 0) continue;
            double x = s + (k - (n - 1) / 2.0) * width, y = peer / row_number(row, "seconds");
            fprintf(f, "%g %g %g %g %g %g\n", x, y, peer / row_number(row, "high"), peer / row_number(row, "low"),
                    x - width * 0.46, x + width * 0.46);
        }
        fprintf(f, "EOD\n");
    }
    fprintf(f, "$limits << EOD\n");
    for (int s = 0; s < sizes; s++)
        if (group_fastest_peer(g, size[s]) > 0 && row_number(size[s], "limit") > 0)
            fprintf(f, "%g %g 0.84 0\n", s - 0.42, group_fastest_peer(g, size[s]) / row_number(size[s], "limit"));
    fprintf(f, "EOD\n");
}

static void bars_range(const Group *g, const json_t *const *size, int sizes, double *low, double *high, bool *limits)
{
    *low = 0.8, *high = 1.25, *limits = false;
    for (int i = 0; i < g->n; i++) {
        double peer = group_fastest_peer(g, g->row[i]);
        if (!row_has_time(g->row[i]) || peer <= 0) continue;
        *low = fmin(*low, peer / row_number(g->row[i], "high"));
        *high = fmax(*high, peer / row_number(g->row[i], "low"));
    }
    double highest = *high;
    for (int s = 0; s < sizes; s++) {
        double peer = group_fastest_peer(g, size[s]), limit = row_number(size[s], "limit");
        if (peer <= 0 || limit <= 0) continue;
        *limits = true;
        if (peer / limit < 20 * highest) *high = fmax(*high, peer / limit);     /* one that is far away is not drawn */
    }
    *low /= 1.35, *high *= 1.35;
}

const char *plots_bars(Plots *p, const Group *g)
{
    const json_t *series[MAX_SERIES], *size[MAX_POINTS];
    int           n = group_contestants(g, series), sizes = group_sizes(g, size), spares = 0;
    char          name[200], title[300], caption[900], from[300], threads[24], label[160], plot[8000];
    size_t        at = 0;
    double        low, high, width = 0.84 / n;
    bool          limits;
    bars_range(g, size, sizes, &low, &high, &limits);
    script_name(g, "bars", name, sizeof name);
    script_provenance(p, g->row[0], from, sizeof from);
    snprintf(title, sizeof title, "%s (%s), %s: how many times as fast as the fastest peer", g->name, g->dtype,
             script_threads(g->threads, threads));
    snprintf(caption, sizeof caption,
             "A bar that goes up from 1 is faster than the best of the peers at that size (%s), one that goes down is "
             "slower; thin "
             "lines are 95 %% intervals%s. %s",
             row_text(g->row[0], "dims"), limits ? ", long dashes what this machine could do at most" : "", from);
    FILE *f = script_open(p, name, title, caption);
    if (!f) return sentence("cannot write %s/%s.gp: %s", p->folder, name, strerror(errno));
    put_bars(f, g, size, sizes, series, n, width);
    fprintf(f, "set xtics (");
    size_t all = 0;                     /* letters under the bars: 70 have room side by side */
    for (int s = 0; s < sizes; s++) {
        row_size_name(size[s], label, sizeof label);
        fprintf(f, "%s'%s' %d", s ? ", " : "", label, s);
        all += strlen(label) + 2;
    }
    fprintf(f, ") scale 0%s\nset xrange [-0.6:%g]\nset logscale y\nset yrange [%g:%g]\n",
            sizes > 6 || all > 70 ? " rotate by -20 font ',11'" : "", sizes - 0.4, low, high);
    fprintf(f, "set ytics (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000%s)\n",
            high / low < 8 ? ", 0.6, 0.7, 0.8, 0.9, 1.2, 1.5, 3" : "");
    fprintf(f, "set ylabel 'fastest peer = 1'\n");
    fprintf(f, "set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead lc rgb '#444444' lw 1.5 front\n");
    for (int k = 0; k < n; k++) {
        Look look = script_look(row_text(series[k], "contestant"), &spares);
        script_series(series[k], label, sizeof label);
        int letters = n * sizes > 40 ? 6 : n * sizes > 24 ? 7 : 9;
        at += (size_t)snprintf(
            plot + at, sizeof plot - at,
            "%s$s%d using 1:(1):5:6:(1):2 with boxxyerror fs pattern %d lc rgb '%s' lw 1.4 title '%s', "
            "$s%d using 1:3:(0):($4 - $3) with vectors nohead lc rgb '#222222' lw 1.5 notitle, "
            "$s%d using 1:($2 < 1 ? $3 / %g : $4 * %g):(sprintf($2 < 1.995 ? '%%.2f' : $2 < 9.95 ? '%%.1f' : '%%.0f', "
            "$2)) with labels "
            "font ',%d' notitle",
            k ? ", " : "plot ", k, look.pattern, look.colour, label, k, k, pow(high / low, 0.022),
            pow(high / low, 0.022), letters);
    }
    if (limits)
        snprintf(
            plot + at, sizeof plot - at,
            ", $limits using 1:2:3:4 with vectors nohead dt (10,5) lw 2 lc rgb '#888888' title 'limit of the machine'");
    return script_done(p, f, name, plot);
}
