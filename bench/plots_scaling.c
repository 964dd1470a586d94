/* plots_scaling.c -- how many times as fast more threads are than one: a table, and a picture of the largest sizes. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include "plots.h"

enum { MAX_CASES = 36 };                /* a picture */

/* The same case, type, size and contestant with `threads` threads; the last one measured. */
static const json_t *twin(const json_t *rows, const json_t *one, int threads)
{
    static const char *const same[] = { "case", "dtype", "contestant", "version" };
    const json_t *found = NULL;
    json_t       *row;
    size_t        i;
    json_array_foreach(rows, i, row) {
        bool fits = row_has_time(row) && (int)row_number(row, "threads") == threads && row_same_size(row, one);
        for (int k = 0; k < 4 && fits; k++) fits = !strcmp(row_text(row, same[k]), row_text(one, same[k]));
        if (fits) found = row;
    }
    return found;
}

/* The same row with more threads, if it stands for something that uses them: the textbooks use one. */
static const json_t *partner(const json_t *rows, const json_t *row, int threads)
{
    static const char *const alone[] = { "textbook", "three loops" };
    for (int i = 0; i < 2; i++)
        if (!strcmp(row_text(row, "contestant"), alone[i])) return NULL;
    return row_number(row, "threads") == 1 && row_has_time(row) ? twin(rows, row, threads) : NULL;
}

static int most_threads(const json_t *rows)
{
    json_t *row;
    size_t  i;
    int     most = 0;
    json_array_foreach(rows, i, row) if (row_has_time(row) && (int)row_number(row, "threads") > most)
        most = (int)row_number(row, "threads");
    return most;
}

/* Is a larger size of the same case and contestant there, with both numbers of threads? */
static bool is_largest(const json_t *rows, const json_t *one, int threads)
{
    json_t *row;
    size_t  i;
    json_array_foreach(rows, i, row) {
        bool same = !strcmp(row_text(row, "case"), row_text(one, "case")) &&
                    !strcmp(row_text(row, "dtype"), row_text(one, "dtype")) &&
                    !strcmp(row_text(row, "contestant"), row_text(one, "contestant"));
        double more = row_number(row, "flops") + row_number(row, "bytes");
        if (same && more > row_number(one, "flops") + row_number(one, "bytes") && partner(rows, row, threads))
            return false;
    }
    return true;
}

/* The interval is that of both medians at their worst: wider than it need be. */
static Interval gain(const json_t *one, const json_t *more)
{
    return (Interval){ row_number(one, "seconds") / row_number(more, "seconds"),
                       row_number(one, "low") / row_number(more, "high"),
                       row_number(one, "high") / row_number(more, "low") };
}

static const json_t *of_case(const json_t *const *cases, int n, const json_t *row, int *at)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(row_text(cases[i], "case"), row_text(row, "case")) &&
            !strcmp(row_text(cases[i], "dtype"), row_text(row, "dtype")))
            return *at = i, cases[i];
    return NULL;
}

/* The table on the way. Returns how many cases the picture has. */
static int gather(const Plots *p, const json_t *rows, int threads, const json_t *cases[MAX_CASES],
                  const json_t *series[MAX_SERIES], int *n_series)
{
    json_t *row;
    size_t  i;
    int     n = 0, said = 0;
    json_array_foreach(rows, i, row) {
        const json_t *more = partner(rows, row, threads);
        char          size[100], who[100];
        int           at, k = 0;
        if (!more) continue;
        if (!said++) fprintf(p->say, "\n%d threads against one: how many times as fast\n", threads);
        Interval g = gain(row, more);
        row_size_name(row, size, sizeof size);
        row_series(row, who, sizeof who);
        fprintf(p->say, "  %-28s %-20s %-28s %5.2fx [%.2f, %.2f]\n", row_text(row, "case"), size, who, g.median, g.low,
                g.high);
        if (!is_largest(rows, row, threads)) continue;
        if (!of_case(cases, n, row, &at) && n < MAX_CASES) cases[n++] = row;
        while (k < *n_series && strcmp(row_text(series[k], "contestant"), row_text(row, "contestant"))) k++;
        if (k == *n_series && k < MAX_SERIES) series[(*n_series)++] = row;
    }
    return n;
}

static void put_points(FILE *f, const json_t *rows, int threads, const json_t *const *cases, int n,
                       const json_t *contestant, int series, double shift)
{
    json_t *row;
    size_t  i;
    int     at;
    fprintf(f, "$s%d << EOD\n", series);
    json_array_foreach(rows, i, row) {
        const json_t *more = partner(rows, row, threads);
        if (!more || strcmp(row_text(row, "contestant"), row_text(contestant, "contestant")) ||
            !of_case(cases, n, row, &at) || !is_largest(rows, row, threads))
            continue;
        Interval g = gain(row, more);
        fprintf(f, "%g %g %g %g\n", g.median, at + shift, g.low, g.high);
    }
    fprintf(f, "EOD\n");
}

const char *plots_scaling(Plots *p, const json_t *rows)
{
    const json_t *cases[MAX_CASES], *series[MAX_SERIES];
    int           n_series = 0, spares = 0, threads = most_threads(rows);
    char          name[64], title[120], caption[700], from[300], label[160], size[100], plot[4000];
    if (threads < 2) return NULL;
    int           n = gather(p, rows, threads, cases, series, &n_series);
    size_t        at = (size_t)snprintf(plot, sizeof plot, "plot ");
    if (n == 0) return NULL;
    snprintf(name, sizeof name, "bench_scaling_%dt", threads);
    snprintf(title, sizeof title, "%d threads against one: how many times as fast", threads);
    script_provenance(p, cases[0], from, sizeof from);
    snprintf(caption, sizeof caption,
             "Each case at its largest size, both from one file of results. At %d all threads are worth their while; "
             "what memory limits stays below, for they share it. Lines are 95 %% intervals. %s", threads, from);
    FILE *f = script_open(p, name, title, caption);
    if (!f) return sentence("cannot write %s/%s.gp: %s", p->folder, name, strerror(errno));
    fprintf(f, "set lmargin 34\nset grid x y lc rgb '#dddddd' lt 1\nset xrange [0:%g]\nset yrange [%d.6:-0.6]\n"
               "set xlabel 'time of one thread / time of %d'\nset ytics (", threads + 0.5, n - 1, threads);
    for (int i = 0; i < n; i++) {
        row_size_name(cases[i], size, sizeof size);
        snprintf(label, sizeof label, "%s %s", row_text(cases[i], "case"), size);
        fprintf(f, "%s", i ? ", " : "");
        script_text(f, label);
        fprintf(f, " %d", i);
    }
    fprintf(f, ") font ',10'\nset arrow 1 from first 1, graph 0 to first 1, graph 1 nohead lc rgb '#444444'\n"
               "set arrow 2 from first %d, graph 0 to first %d, graph 1 nohead dt (10,5) lc rgb '#444444'\n", threads,
            threads);
    for (int k = 0; k < n_series && at < sizeof plot - 300; k++) {
        Look look = script_look(row_text(series[k], "contestant"), &spares);
        script_series(series[k], label, sizeof label);
        put_points(f, rows, threads, cases, n, series[k], k, 0.5 * ((k + 0.5) / n_series - 0.5));
        at += (size_t)snprintf(plot + at, sizeof plot - at,
                               "%s$s%d using 1:2:3:4 with xerrorbars lc rgb '%s' pt %d ps 1.1 lw 1.5 title '%s'",
                               k ? ", " : "", k, look.colour, look.marker, label);
    }
    return script_done(p, f, name, plot);
}
