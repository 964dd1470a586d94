/* plots.c -- pictures of results: bars beside the peers, cost curves, rooflines. Drawn by gnuplot from files one can
 * read. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "harness.h"

enum { MAX_GROUPS = 256, MAX_SERIES = 12, MAX_ROWS = 4096, MAX_POINTS = 64 };

/* The rows of one case, type and number of threads: the last one measured of each size and contestant. */
typedef struct Group { const char *name, *room, *dtype; int threads; const json_t *row[MAX_ROWS / 8]; int n; } Group;
typedef struct Plots {
    const char *folder, *gnuplot;
    const json_t *rows;
    Group *group;
    int groups, drawn;
    FILE *say;
} Plots;

/* ---- Reading rows ------------------------------------------------------------------------------------------------ */

static const char *text(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));
    return s ? s : "";
}

static double number(const json_t *row, const char *key) { return json_number_value(json_object_get(row, key)); }
static bool   has_time(const json_t *row) { return json_object_get(row, "seconds") && number(row, "seconds") > 0; }
static bool   is_peer(const json_t *row) { return json_is_true(json_object_get(row, "peer")); }

static bool same_size(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "size"), json_object_get(b, "size"));
}

static void size_name(const json_t *row, char *out, size_t room)
{
    size_t  n = 0, i;
    json_t *d;
    *out = 0;
    json_array_foreach(json_object_get(row, "size"), i, d) if (n < room)
        n += (size_t)snprintf(out + n, room - n, "%s%d", i ? "x" : "", (int)json_integer_value(d));
}

static Group *group_of(Plots *p, const json_t *row)
{
    int threads = (int)number(row, "threads");
    for (int i = 0; i < p->groups; i++) {
        Group *g = &p->group[i];
        if (!strcmp(g->name, text(row, "case")) && !strcmp(g->dtype, text(row, "dtype")) && g->threads == threads)
            return g;
    }
    if (p->groups == MAX_GROUPS) return NULL;
    p->group[p->groups] = (Group){ .name = text(row, "case"), .room = text(row, "room"),
                                       .dtype = text(row, "dtype"), .threads = threads };
    return &p->group[p->groups++];
}

static void group_add(Group *g, const json_t *row)
{
    for (int i = 0; i < g->n; i++)
        if (same_size(g->row[i], row) && !strcmp(text(g->row[i], "contestant"), text(row, "contestant"))) {
            g->row[i] = row;
            return;
        }
    if (g->n < (int)(sizeof g->row / sizeof *g->row)) g->row[g->n++] = row;
}

/* ---- What a series looks like ------------------------------------------------------------------------------------ */

/* Okabe and Ito's colours; a dash, a marker and a pattern of its own for each, so that nothing is told by colour alone.
 */
typedef struct Look { const char *label, *colour, *dash; int marker, pattern; } Look;
static const Look looks[] = {
    { "library", "#0072B2", "solid", 7, 3 },         { "textbook", "#000000", "(2,5)", 4, 0 },
    { "mine", "#D55E00", "(14,5)", 5, 1 },           { "PyTorch", "#E69F00", "(12,4,2,4)", 9, 2 },
    { "oneDNN", "#009E73", "(6,4)", 11, 4 },         { "OpenBLAS", "#56B4E9", "(16,4,2,4,2,4)", 13, 5 },
    { "scikit-learn", "#CC79A7", "(3,3)", 8, 6 },    { "three loops", "#000000", "(2,5)", 6, 0 },
    { "LAPACK gels", "#009E73", "(6,4)", 10, 4 },    { "LAPACK gelsd", "#56B4E9", "(16,4)", 12, 5 },
};
static const Look spare[] = { { "", "#CC79A7", "(8,3)", 14, 7 },
                              { "", "#F0E442", "(10,6)", 15, 6 },
                              { "", "#D55E00", "(2,2)", 2, 1 } };

static Look look_of(const char *label, int *spares)
{
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        if (!strcmp(looks[i].label, label)) return looks[i];
    return spare[(*spares)++ % 3];
}

/* "PyTorch 2.15.0", without what a wheel adds behind a plus. */
static void series_name(const json_t *row, char *out, size_t room)
{
    const char *version = text(row, "library");
    snprintf(out, room, "%s%s%.*s", text(row, "contestant"), *version ? " " : "", (int)strcspn(version, "+"), version);
}

/* Contestants in the order in which they first come, with a row each to name them by. */
static int contestants(const Group *g, const json_t *out[MAX_SERIES])
{
    int n = 0;
    for (int i = 0; i < g->n; i++) {
        int k = 0;
        if (!has_time(g->row[i])) continue;
        while (k < n && strcmp(text(out[k], "contestant"), text(g->row[i], "contestant"))) k++;
        if (k == n && n < MAX_SERIES) out[n++] = g->row[i];
    }
    return n;
}

/* ---- Writing a script, running gnuplot --------------------------------------------------------------------------- */

/* In double quotes gnuplot reads backslashes, and _ ^ { } @ & as typesetting. */
static void put_text(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') fputc('\\', f);
        else if (strchr("_^{}@&~", *s)) fputs("\\\\", f);
        fputc(*s, f);
    }
    fputc('"', f);
}

static void put_lines(FILE *f, const char *s, size_t wide)
{
    char   line[2000];
    size_t n = 0, since = 0;
    for (; *s && n + 3 < sizeof line; s++) {
        bool turn = *s == ' ' && since + strcspn(s + 1, " ") + 1 > wide;
        line[n++] = turn ? '\n' : *s;
        since = turn ? 0 : since + 1;
    }
    line[n] = 0;
    fputc('"', f);
    for (const char *c = line; *c; c++) {
        if (*c == '\n') fputs("\\n", f);
        else if (strchr("_^{}@&~", *c)) fprintf(f, "\\\\%c", *c);
        else if (*c == '"' || *c == '\\') fprintf(f, "\\%c", *c);
        else fputc(*c, f);
    }
    fputc('"', f);
}

static FILE *script_open(const Plots *p, const char *name, const char *title, const char *caption)
{
    char  path[1200];
    snprintf(path, sizeof path, "%s/%s.gp", p->folder, name);
    FILE *f = fopen(path, "w");
    if (!f) return NULL;
    fprintf(f, "# gnuplot %s.gp draws %s.svg and %s.png\nset encoding utf8\n", name, name, name);
    fprintf(f, "set border 3 lc rgb '#444444'\nset tics nomirror\nset grid y lc rgb '#dddddd' lt 1\nset key outside "
               "right top vertical Left reverse width 1\n");
    fprintf(f, "set title ");
    put_text(f, title);
    fprintf(f, " font ',15'\nset lmargin 11\nset bmargin 8.5\nset label 999 ");
    put_lines(f, caption, 136);
    fprintf(f, " at screen 0.02,0.105 left font ',11' tc rgb '#222222'\n");
    return f;
}

static const char *run_gnuplot(const Plots *p, const char *name)
{
    char script[300];
    snprintf(script, sizeof script, "%s.gp", name);
    char  whole[PATH_MAX];      /* it is started in another folder */
    bool  path = strchr(p->gnuplot, '/') && realpath(p->gnuplot, whole);
    pid_t child = fork();
    if (child == 0) {
        if (chdir(p->folder)) _exit(126);
        execlp(path ? whole : p->gnuplot, "gnuplot", script, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) >= 126))
        return sentence("no gnuplot: the scripts are in %s; after installing it (make doctor says how), make plots",
                        p->folder);
    return status ? sentence("gnuplot refuses %s/%s", p->folder, script) : NULL;
}

/* Both terminals replay the same commands: `plot ...` must be the last. */
static const char *script_done(Plots *p, FILE *f, const char *name, const char *plot)
{
    fprintf(
        f,
        "set terminal svg size 960,600 font 'DejaVu Sans,13' background '#ffffff' enhanced\nset output '%s.svg'\n%s\n",
        name, plot);
    fprintf(f,
            "set terminal pngcairo size 1440,900 fontscale 1.15 font 'DejaVu Sans,13' linewidth 1.5 enhanced\nset "
            "output '%s.png'\nreplot\nunset output\n",
            name);
    if (fclose(f)) return sentence("cannot write %s/%s.gp", p->folder, name);
    const char *why = run_gnuplot(p, name);
    if (why) return why;
    p->drawn++;
    return NULL;
}

static void file_name(const Group *g, const char *kind, char *out, size_t room)
{
    snprintf(out, room, "bench_%s_%dt_%s", g->name, g->threads, kind);
    for (char *c = out; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_", *c)) *c = '_';
}

static const json_t *run_of(const Plots *p, const json_t *row)
{
    size_t  i;
    json_t *run;
    json_array_foreach(p->rows, i, run) if (!strcmp(text(run, "kind"), "run") &&
                                            !strcmp(text(run, "id"), text(row, "run"))) return run;
    return NULL;
}

static void provenance(const Plots *p, const json_t *row, char *out, size_t room)
{
    const json_t *run = run_of(p, row), *machine = json_object_get(run, "machine");
    snprintf(out, room, "%s, %d processors, %.10s, commit %s.", text(machine, "cpu"), (int)number(machine, "cpus"),
             text(run, "date"), text(run, "commit"));
}

static const char *threads_text(int n, char out[24])
{
    snprintf(out, 24, n == 1 ? "one thread" : "%d threads", n);
    return out;
}

/* ---- Bars: times as fast as the fastest peer --------------------------------------------------------------------- */

static int sizes_of(const Group *g, const json_t *out[MAX_POINTS])
{
    int n = 0;
    for (int i = 0; i < g->n; i++) {
        int k = 0;
        while (k < n && !same_size(out[k], g->row[i])) k++;
        if (k == n && n < MAX_POINTS) out[n++] = g->row[i];
    }
    return n;
}

static const json_t *row_at(const Group *g, const json_t *size, const json_t *contestant)
{
    for (int i = 0; i < g->n; i++)
        if (same_size(g->row[i], size) && !strcmp(text(g->row[i], "contestant"), text(contestant, "contestant")))
            return g->row[i];
    return NULL;
}

static double fastest_peer(const Group *g, const json_t *size)
{
    double best = 0;
    for (int i = 0; i < g->n; i++) {
        double t = number(g->row[i], "seconds");
        if (is_peer(g->row[i]) && has_time(g->row[i]) && same_size(g->row[i], size) && (best == 0 || t < best))
            best = t;
    }
    return best;
}

/* Ratios stand on a logarithmic axis and start at 1: twice as fast is as far up as half as fast is down. */
static void put_bars(FILE *f, const Group *g, const json_t *const *size, int sizes, const json_t *const *series, int n,
                     double width)
{
    for (int k = 0; k < n; k++) {
        fprintf(f, "$s%d << EOD\n", k);
        for (int s = 0; s < sizes; s++) {
            const json_t *row = row_at(g, size[s], series[k]);
            double        peer = fastest_peer(g, size[s]);
            if (!row || !has_time(row) || peer <= 0) continue;
            double x = s + (k - (n - 1) / 2.0) * width, y = peer / number(row, "seconds");
            fprintf(f, "%g %g %g %g %g %g\n", x, y, peer / number(row, "high"), peer / number(row, "low"),
                    x - width * 0.46, x + width * 0.46);
        }
        fprintf(f, "EOD\n");
    }
    fprintf(f, "$limits << EOD\n");
    for (int s = 0; s < sizes; s++)
        if (fastest_peer(g, size[s]) > 0 && number(size[s], "limit") > 0)
            fprintf(f, "%g %g 0.84 0\n", s - 0.42, fastest_peer(g, size[s]) / number(size[s], "limit"));
    fprintf(f, "EOD\n");
}

static void bars_range(const Group *g, const json_t *const *size, int sizes, double *low, double *high, bool *limits)
{
    *low = 0.8, *high = 1.25, *limits = false;
    for (int i = 0; i < g->n; i++) {
        double peer = fastest_peer(g, g->row[i]);
        if (!has_time(g->row[i]) || peer <= 0) continue;
        *low = fmin(*low, peer / number(g->row[i], "high"));
        *high = fmax(*high, peer / number(g->row[i], "low"));
    }
    double highest = *high;
    for (int s = 0; s < sizes; s++) {
        double peer = fastest_peer(g, size[s]), limit = number(size[s], "limit");
        if (peer <= 0 || limit <= 0) continue;
        *limits = true;
        if (peer / limit < 20 * highest) *high = fmax(*high, peer / limit);     /* one that is far away is not drawn */
    }
    *low /= 1.35, *high *= 1.35;
}

static const char *draw_bars(Plots *p, const Group *g)
{
    const json_t *series[MAX_SERIES], *size[MAX_POINTS];
    int           n = contestants(g, series), sizes = sizes_of(g, size), spares = 0;
    char          name[200], title[300], caption[900], from[300], threads[24], label[160], plot[8000];
    size_t        at = 0;
    double        low, high, width = 0.84 / n;
    bool          limits;
    bars_range(g, size, sizes, &low, &high, &limits);
    file_name(g, "bars", name, sizeof name);
    provenance(p, g->row[0], from, sizeof from);
    snprintf(title, sizeof title, "%s (%s), %s: how many times as fast as the fastest peer", g->name, g->dtype,
             threads_text(g->threads, threads));
    snprintf(caption, sizeof caption,
             "A bar that goes up from 1 is faster than the best of the peers at that size (%s), one that goes down is "
             "slower; thin "
             "lines are 95 %% intervals%s. %s",
             text(g->row[0], "dims"), limits ? ", long dashes what this machine could do at most" : "", from);
    FILE *f = script_open(p, name, title, caption);
    if (!f) return sentence("cannot write %s/%s.gp: %s", p->folder, name, strerror(errno));
    put_bars(f, g, size, sizes, series, n, width);
    fprintf(f, "set xtics (");
    for (int s = 0; s < sizes; s++) {
        size_name(size[s], label, sizeof label);
        fprintf(f, "%s'%s' %d", s ? ", " : "", label, s);
    }
    fprintf(f, ") scale 0%s\nset xrange [-0.6:%g]\nset logscale y\nset yrange [%g:%g]\n",
            sizes > 6 ? " rotate by -20 font ',11'" : "", sizes - 0.4, low, high);
    fprintf(f, "set ytics (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000%s)\n",
            high / low < 8 ? ", 0.6, 0.7, 0.8, 0.9, 1.2, 1.5, 3" : "");
    fprintf(f, "set ylabel 'fastest peer = 1'\n");
    fprintf(f, "set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead lc rgb '#444444' lw 1.5 front\n");
    for (int k = 0; k < n; k++) {
        Look look = look_of(text(series[k], "contestant"), &spares);
        series_name(series[k], label, sizeof label);
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

/* ---- Curves: time over bytes, with the exponent ------------------------------------------------------------------ */

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
    return axis == OVER_SIDE ? side_of(row) : number(row, axis == OVER_BYTES ? "bytes" : "flops");
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
    return different == 3 ? OVER_SIDE : number(g->row[0], "flops") > 0 ? OVER_FLOPS : OVER_BYTES;
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
        if (has_time(g->row[i]) && cost_axis(g->row[i]) > 0 &&
            !strcmp(text(g->row[i], "contestant"), text(contestant, "contestant")))
            out[n++] = g->row[i];
    qsort(out, (size_t)n, sizeof *out, by_x);
    return n;
}

static const char *draw_curve(Plots *p, const Group *g)
{
    const json_t *series[MAX_SERIES], *row[MAX_POINTS];
    int           n = contestants(g, series), spares = 0;
    char          name[200], title[300], caption[900], from[300], threads[24], label[160], plot[6000];
    size_t        at = (size_t)snprintf(plot, sizeof plot, "plot ");
    char          letter[2] = { 0 };
    double        left = INFINITY, right = 0;
    axis = choose_axis(g);
    if (axis >= 0) letter[0] = text(g->row[0], "dims")[axis];
    const char *over = axis >= 0 ? letter : axis == OVER_SIDE ? "side" : axis == OVER_BYTES ? "bytes" : "operations";
    file_name(g, "curve", name, sizeof name);
    provenance(p, g->row[0], from, sizeof from);
    snprintf(title, sizeof title, "%s (%s), %s: how its time grows", g->name, g->dtype,
             threads_text(g->threads, threads));
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
            x[i] = cost_axis(row[i]), y[i] = number(row[i], "seconds");
            differ += i && x[i] > x[i - 1] * 1.01;
            left = fmin(left, x[i]), right = fmax(right, x[i]);
            fprintf(f, "%g %g %g %g %g\n", x[i], y[i], number(row[i], "low"), number(row[i], "high"),
                    number(row[i], "limit"));
        }
        fprintf(f, "EOD\n");
        if (points == 0) continue;
        Look look = look_of(text(series[k], "contestant"), &spares);
        series_name(series[k], label, sizeof label);
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

/* ---- Rooflines --------------------------------------------------------------------------------------------------- */

/* A picture for each room, type and number of threads. */
static bool same_roof(const Group *a, const Group *b)
{
    return a->threads == b->threads && !strcmp(a->dtype, b->dtype) && !strcmp(a->room, b->room);
}

static bool on_roofline(const json_t *row)
{
    return has_time(row) && number(row, "flops") > 0 && number(row, "bytes") > 0;
}

/* The contestant's row at the case's largest size, if it can be drawn. */
static const json_t *largest(const Group *g, const json_t *contestant)
{
    const json_t *row[MAX_POINTS];
    axis = OVER_BYTES;
    int n = rows_of(g, contestant, row);
    return n && on_roofline(row[n - 1]) ? row[n - 1] : NULL;
}

static double intensity(const json_t *row) { return number(row, "flops") / number(row, "bytes"); }
static double gflops(const json_t *row) { return number(row, "flops") / number(row, "seconds") / 1e9; }

/* The case's row at its largest size, of whoever was first to run it. */
static const json_t *anybody(const Group *g)
{
    const json_t *row = NULL;
    for (int k = 0; k < g->n; k++)
        if (on_roofline(g->row[k]) && (!row || number(g->row[k], "bytes") > number(row, "bytes"))) row = g->row[k];
    return row;
}

/* Each case has a letter, explained beside the picture. */
static void put_points(const Plots *p, FILE *f, const Group *like, const json_t *contestant, int series, double *low)
{
    int letter = 0;
    fprintf(f, "$s%d << EOD\n", series);
    for (int i = 0; i < p->groups; i++) {
        const Group *g = &p->group[i];
        if (!same_roof(g, like) || !anybody(g)) continue;
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
        const json_t *row = same_roof(g, like) ? anybody(g) : NULL;
        char          line[200], size[100];
        if (!row) continue;
        size_name(row, size, sizeof size);
        snprintf(line, sizeof line, "%c  %s %s", 'a' + letter % 26, g->name, size);
        fprintf(f, "set label %d ", 100 + ++letter);
        put_text(f, line);
        fprintf(f, " at screen 0.705, %g left font ',10' tc rgb '#222222'\n", 0.93 - 0.031 * (below + letter));
    }
}

static int roofline_series(const Plots *p, const Group *like, const json_t *series[MAX_SERIES])
{
    int n = 0;
    for (int i = 0; i < p->groups; i++) {
        const Group *g = &p->group[i];
        if (!same_roof(g, like)) continue;
        for (int k = 0; k < g->n; k++) {
            int s = 0;
            while (s < n && strcmp(text(series[s], "contestant"), text(g->row[k], "contestant"))) s++;
            if (s == n && n < MAX_SERIES && on_roofline(g->row[k])) series[n++] = g->row[k];
        }
    }
    return n;
}

static const char *draw_roofline(Plots *p, const Group *like)
{
    static const char *const levels[] = { "memory", "L3", "L2" }, *const dashes[] = { "solid", "(8,4)", "(2,4)" };
    char          name[200], title[300], caption[900], from[300], words[24], plot[8000], label[160];
    const json_t *series[MAX_SERIES];
    int           n = roofline_series(p, like, series), spares = 0;
    size_t        at = (size_t)snprintf(plot, sizeof plot, "plot ");
    const json_t *limits = json_object_get(n ? run_of(p, series[0]) : NULL, "limits");
    if (!limits) return NULL;
    double peak = number(limits, strcmp(like->dtype, "f64") ? "fma_f32" : "fma_f64") / 1e9, low = peak / 10;
    snprintf(name, sizeof name, "bench_%s_%dt_roofline%s", like->room, like->threads,
             strcmp(like->dtype, "f64") ? "" : "_f64");
    provenance(p, series[0], from, sizeof from);
    snprintf(title, sizeof title, "%s (%s), %s, under the roof of this machine", like->room, like->dtype,
             threads_text(like->threads, words));
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
        const json_t *row = same_roof(&p->group[i], like) ? anybody(&p->group[i]) : NULL;
        if (row) left = fmin(left, intensity(row)), right = fmax(right, intensity(row));
    }
    put_letters(p, f, like, n + 4);
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
    for (int l = 0; l < 3; l++) {
        double rate = fmax(number(json_object_get(limits, "read"), levels[l]),
                           number(json_object_get(limits, "copy"), levels[l])) /
                      1e9;
        at += (size_t)snprintf(plot + at, sizeof plot - at,
                               "roof(x, %g) lc rgb '#888888' dt %s lw 2 title '%s %.0f GB/s', ", rate, dashes[l],
                               levels[l], rate);
    }
    for (int s = 0; s < n; s++) {
        Look look = look_of(text(series[s], "contestant"), &spares);
        series_name(series[s], label, sizeof label);
        at += (size_t)snprintf(plot + at, sizeof plot - at,
                               "$s%d using 1:2 with points lc rgb '%s' pt %d ps 1.4 lw 2 title '%s', "
                               "$s%d using 1:2:3 with labels offset 1.1,0 font ',10' tc rgb '%s' notitle, ",
                               s, look.colour, look.marker, label, s, look.colour);
    }
    plot[at - 2] = 0;
    return script_done(p, f, name, plot);
}

/* ---- All of them ------------------------------------------------------------------------------------------------- */

static int is_results(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 6 && !strcmp(d->d_name + n - 6, ".jsonl");
}

/* A folder: all its files, oldest first, so that the newest rows stand. */
static const char *read_all(const char *results, json_t **rows)
{
    struct stat s;
    if (stat(results, &s)) return sentence("there are no results at %s: make bench measures", results);
    if (!S_ISDIR(s.st_mode)) return record_read(results, rows);
    struct dirent **file;
    int             n = scandir(results, &file, is_results, alphasort);
    const char     *why = n > 0 ? NULL : sentence("there are no results in %s: make bench measures", results);
    *rows = json_array();
    for (int i = 0; i < n; i++) {
        char    path[1400];
        json_t *more = NULL;
        snprintf(path, sizeof path, "%s/%s", results, file[i]->d_name);
        if (!why) why = record_read(path, &more);
        if (more) json_array_extend(*rows, more);
        json_decref(more);
        free(file[i]);
    }
    if (n >= 0) free(file);
    return why;
}

static void make_folder(const char *path)
{
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *c = strchr(copy + 1, '/'); c; c = strchr(c + 1, '/')) {
        *c = 0;
        mkdir(copy, 0777);
        *c = '/';
    }
    mkdir(copy, 0777);
}

static const char *draw_all(Plots *p)
{
    const char *why = NULL;
    for (int i = 0; i < p->groups && !why; i++) {
        const json_t *size[MAX_POINTS], *series[MAX_SERIES];
        Group        *g = &p->group[i];
        int           sizes = sizes_of(g, size);
        bool          peer = false;
        for (int s = 0; s < sizes; s++) peer |= fastest_peer(g, size[s]) > 0;
        if (peer) why = draw_bars(p, g);
        if (!why && sizes >= 3 && contestants(g, series)) why = draw_curve(p, g);
    }
    for (int i = 0; i < p->groups && !why; i++) {
        bool before = false;
        for (int k = 0; k < i; k++)
            before |= same_roof(&p->group[k], &p->group[i]);
        if (!before) why = draw_roofline(p, &p->group[i]);
    }
    return why;
}

const char *plots_draw(const char *results, const char *folder, const char *gnuplot, FILE *say)
{
    json_t     *rows = NULL, *row;
    size_t      i;
    const char *why = read_all(results, &rows);
    Plots       p = { .folder = folder, .gnuplot = gnuplot, .rows = rows, .say = say };
    p.group = calloc(MAX_GROUPS, sizeof *p.group);
    CHECK(p.group, "bench: no memory for plots");
    make_folder(folder);
    json_array_foreach(rows, i, row) {
        Group *g = strcmp(text(row, "kind"), "row") ? NULL : group_of(&p, row);
        if (g) group_add(g, row);
    }
    if (!why) why = draw_all(&p);
    if (!why) fprintf(say, "%d pictures, each as .svg, .png and the .gp that draws it, are in %s\n", p.drawn, folder);
    free(p.group);
    json_decref(rows);
    return why;
}
