/* script.c -- rows of results as text and numbers, and the scripts that gnuplot draws them by. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "plots.h"

/* ---- Reading rows ------------------------------------------------------------------------------------------------ */

const char *row_text(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));
    return s ? s : "";
}

double row_number(const json_t *row, const char *key) { return json_number_value(json_object_get(row, key)); }
bool   row_has_time(const json_t *row) { return json_object_get(row, "seconds") && row_number(row, "seconds") > 0; }
bool   row_is_peer(const json_t *row) { return json_is_true(json_object_get(row, "peer")); }

bool row_same_size(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "size"), json_object_get(b, "size"));
}

void row_size_name(const json_t *row, char *out, size_t room)
{
    size_t  n = 0, i;
    json_t *d;
    *out = 0;
    json_array_foreach(json_object_get(row, "size"), i, d) if (n < room)
        n += (size_t)snprintf(out + n, room - n, "%s%d", i ? "x" : "", (int)json_integer_value(d));
}

/* ---- What a series looks like ------------------------------------------------------------------------------------ */

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

Look script_look(const char *label, int *spares)
{
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        if (!strcmp(looks[i].label, label)) return looks[i];
    return spare[(*spares)++ % 3];
}

/* "PyTorch 2.15.0", without what a wheel adds behind a plus. */
void row_series(const json_t *row, char *out, size_t room)
{
    const char *version = row_text(row, "library");
    snprintf(out, room, "%s%s%.*s", row_text(row, "contestant"), *version ? " " : "",
             (int)strcspn(version, "+"), version);
}

/* ---- Writing a script, running gnuplot --------------------------------------------------------------------------- */

/* In double quotes gnuplot reads backslashes, and _ ^ { } @ & as typesetting. */
void script_text(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') fputc('\\', f);
        else if (strchr("_^{}@&~", *s)) fputs("\\\\", f);
        fputc(*s, f);
    }
    fputc('"', f);
}

void script_series(const json_t *row, char *out, size_t room)
{
    char   label[160];
    size_t n = 0;
    row_series(row, label, sizeof label);
    for (const char *s = label; *s && n + 3 < room; s++) {
        if (*s == '\'') out[n++] = '\'';
        out[n++] = *s;
    }
    out[n] = 0;
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

FILE *script_open(const Plots *p, const char *name, const char *title, const char *caption)
{
    char  path[1200];
    snprintf(path, sizeof path, "%s/%s.gp", p->folder, name);
    FILE *f = fopen(path, "w");
    if (!f) return NULL;
    fprintf(f, "# gnuplot %s.gp draws %s.svg and %s.png\nset encoding utf8\n", name, name, name);
    fprintf(f, "set border 3 lc rgb '#444444'\nset tics nomirror\nset grid y lc rgb '#dddddd' lt 1\nset key outside "
               "right top vertical Left reverse width 1\n");
    fprintf(f, "set title ");
    script_text(f, title);
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
        setenv("LC_ALL", "C.UTF-8", 1);         /* gnuplot 6 complains where it cannot write a degree sign */
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
const char *script_done(Plots *p, FILE *f, const char *name, const char *plot)
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

void script_name(const Group *g, const char *kind, char *out, size_t room)
{
    snprintf(out, room, "bench_%s_%dt_%s", g->name, g->threads, kind);
    for (char *c = out; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_", *c)) *c = '_';
}

void script_provenance(const Plots *p, const json_t *row, char *out, size_t room)
{
    const json_t *run = plots_run(p, row), *machine = json_object_get(run, "machine");
    snprintf(out, room, "%s, %d processors, %.10s, commit %s.", row_text(machine, "cpu"),
             (int)row_number(machine, "cpus"),
             row_text(run, "date"), row_text(run, "commit"));
}

const char *script_threads(int n, char out[24])
{
    snprintf(out, 24, n == 1 ? "one thread" : "%d threads", n);
    return out;
}
