/* plots.c -- pictures of results: reads them, sorts them into groups, has each kind of picture drawn. */
#define _GNU_SOURCE
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "plots.h"

/* ---- Groups ------------------------------------------------------------------------------------------------------ */

static Group *group_of(Plots *p, const json_t *row)
{
    int threads = (int)row_number(row, "threads");
    for (int i = 0; i < p->groups; i++) {
        Group *g = &p->group[i];
        if (g->threads == threads && !strcmp(g->name, row_text(row, "case")) &&
            !strcmp(g->dtype, row_text(row, "dtype")))
            return g;
    }
    if (p->groups == MAX_GROUPS) return NULL;
    p->group[p->groups] = (Group){ .name = row_text(row, "case"), .room = row_text(row, "room"),
                                       .dtype = row_text(row, "dtype"), .threads = threads };
    return &p->group[p->groups++];
}

static void group_add(Group *g, const json_t *row)
{
    for (int i = 0; i < g->n; i++)
        if (row_same_size(g->row[i], row) && !strcmp(row_text(g->row[i], "contestant"), row_text(row, "contestant"))) {
            g->row[i] = row;
            return;
        }
    if (g->n < MAX_GROUP_ROWS) g->row[g->n++] = row;
}

/* Contestants in the order in which they first come, with a row each to name them by. */
int group_contestants(const Group *g, const json_t *out[MAX_SERIES])
{
    int n = 0;
    for (int i = 0; i < g->n; i++) {
        int k = 0;
        if (!row_has_time(g->row[i])) continue;
        while (k < n && strcmp(row_text(out[k], "contestant"), row_text(g->row[i], "contestant"))) k++;
        if (k == n && n < MAX_SERIES) out[n++] = g->row[i];
    }
    return n;
}

int group_sizes(const Group *g, const json_t *out[MAX_POINTS])
{
    int n = 0;
    for (int i = 0; i < g->n; i++) {
        int k = 0;
        while (k < n && !row_same_size(out[k], g->row[i])) k++;
        if (k == n && n < MAX_POINTS) out[n++] = g->row[i];
    }
    return n;
}

const json_t *group_row(const Group *g, const json_t *size, const json_t *contestant)
{
    for (int i = 0; i < g->n; i++)
        if (row_same_size(g->row[i], size) &&
            !strcmp(row_text(g->row[i], "contestant"), row_text(contestant, "contestant")))
            return g->row[i];
    return NULL;
}

double group_fastest_peer(const Group *g, const json_t *size)
{
    double best = 0;
    for (int i = 0; i < g->n; i++) {
        double t = row_number(g->row[i], "seconds");
        if (row_is_peer(g->row[i]) && row_has_time(g->row[i]) && row_same_size(g->row[i], size) &&
            (best == 0 || t < best))
            best = t;
    }
    return best;
}

const json_t *plots_run(const Plots *p, const json_t *row)
{
    size_t  i;
    json_t *run;
    json_array_foreach(p->rows, i, run) if (!strcmp(row_text(run, "kind"), "run") &&
                                            !strcmp(row_text(run, "id"), row_text(row, "run"))) return run;
    return NULL;
}

/* ---- All of them ------------------------------------------------------------------------------------------------- */

static int is_results(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 6 && !strcmp(d->d_name + n - 6, ".jsonl");
}

static bool has_both(const json_t *rows)
{
    bool    one = false, more = false;
    size_t  i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        if (!row_has_time(row)) continue;
        one |= row_number(row, "threads") == 1;
        more |= row_number(row, "threads") > 1;
    }
    return one && more;
}

/* A folder: all its files, oldest first, so that the newest rows stand. *both: the newest file's rows that has one
 * thread and more, to be compared; NULL if none has. */
static const char *read_all(const char *results, json_t **rows, json_t **both)
{
    struct stat s;
    *both = NULL;
    if (stat(results, &s)) return sentence("there are no results at %s: make bench measures", results);
    if (!S_ISDIR(s.st_mode)) {
        const char *wrong = record_read(results, rows);
        if (!wrong && has_both(*rows)) *both = json_incref(*rows);
        return wrong;
    }
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
        if (more && has_both(more)) {
            json_decref(*both);
            *both = json_incref(more);
        }
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
        int           sizes = group_sizes(g, size);
        bool          peer = false;
        for (int s = 0; s < sizes; s++) peer |= group_fastest_peer(g, size[s]) > 0;
        if (peer) why = plots_bars(p, g);
        if (!why && sizes >= 3 && group_contestants(g, series)) why = plots_curve(p, g);
    }
    for (int i = 0; i < p->groups && !why; i++) {
        bool before = false;
        for (int k = 0; k < i; k++)
            before |= plots_same_roof(&p->group[k], &p->group[i]);
        if (!before) why = plots_roofline(p, &p->group[i]);
    }
    return why;
}

/* Steps whose rows ask for it: the most that one call takes, beside the peer that takes least. */
static void say_memory(const Plots *p)
{
    int said = 0;
    for (int i = 0; i < p->groups; i++) {
        const json_t *size[MAX_POINTS], *series[MAX_SERIES];
        const Group  *g = &p->group[i];
        int           sizes = group_sizes(g, size), n = group_contestants(g, series);
        for (int s = 0; s < sizes; s++) {
            double least = INFINITY;
            for (int k = 0; k < n; k++) {
                const json_t *row = group_row(g, size[s], series[k]);
                if (row && row_is_peer(row) && row_number(row, "memory") > 0)
                    least = fmin(least, row_number(row, "memory"));
            }
            for (int k = 0; k < n; k++) {
                const json_t *row = group_row(g, size[s], series[k]);
                double        bytes = row ? row_number(row, "memory") : 0;
                char          name[100], who[100], ratio[32] = "";
                if (bytes < 1 << 20) continue;          /* the kernel counts in batches: that little is no figure */
                if (!said++) fprintf(p->say, "\nPeak memory of a call, in MiB, and over that of the thriftiest peer\n");
                row_size_name(row, name, sizeof name);
                row_series(row, who, sizeof who);
                if (least < INFINITY) snprintf(ratio, sizeof ratio, "%6.2fx", bytes / least);
                fprintf(p->say, "  %-20s %-16s %d thread%s %-28s %8.1f %s\n", row_text(row, "case"), name,
                        (int)row_number(row, "threads"), row_number(row, "threads") > 1 ? "s" : " ", who,
                        bytes / (1 << 20), ratio);
            }
        }
    }
    if (said) fprintf(p->say, "\n");
}

static void say_slopes(const Plots *p)
{
    int said = 0;
    for (int i = 0; i < p->groups; i++) plots_say_slopes(&p->group[i], p->say, &said);
}

const char *plots_draw(const char *results, const char *folder, const char *gnuplot, FILE *say)
{
    json_t     *rows = NULL, *both = NULL, *row;
    size_t      i;
    const char *why = read_all(results, &rows, &both);
    Plots       p = { .folder = folder, .gnuplot = gnuplot, .rows = rows, .say = say };
    p.group = calloc(MAX_GROUPS, sizeof *p.group);
    CHECK(p.group, "bench: no memory for plots");
    make_folder(folder);
    json_array_foreach(rows, i, row) {
        Group *g = strcmp(row_text(row, "kind"), "row") ? NULL : group_of(&p, row);
        if (g) group_add(g, row);
    }
    if (!why) why = draw_all(&p);
    if (!why && both) why = plots_scaling(&p, both);
    if (!why) say_slopes(&p);
    if (!why) say_memory(&p);
    if (!why) fprintf(say, "%d pictures, each as .svg, .png and the .gp that draws it, are in %s\n", p.drawn, folder);
    free(p.group);
    json_decref(both);
    json_decref(rows);
    return why;
}
