/* progress.c -- how far a learner has come: along a track, week by week, and over time.
 *
 *   build/progress [--html] TRACK
 *
 * Everything is read from what grading left in work/: grade.json, its history in work/'s own repository, and the
 * guesses that were measured. Nothing is kept besides, so there is nothing that could be wrong. Pictures, and with
 * --html one page that needs no other file, go to build/out/progress/. */
#define _GNU_SOURCE
#include <errno.h>
#include <glob.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "cells.h"
#include "file.h"
#include "plot.h"
#include "source.h"

#define OUT "build/out/progress"
enum { MAX_FOLDERS = 400, MAX_WEEKS = 120, BAR = 16, MAX_LINES = 6, MAX_PICTURE = 300 << 10 };

typedef struct Folder {
    char   name[64], dir[200], title[100];
    double hours, points, of;
    int    week;                            /* its place among the weeks; -1: not on the track */
    bool   begun, graded, complete;
} Folder;

typedef struct Grading { double time, points; int complete; double of_folder[MAX_FOLDERS]; } Grading;
typedef struct Guess { char name[140]; double guess, truth; char date[20]; } Guess;

typedef struct Progress {
    Folder   folder[MAX_FOLDERS]; int folders;
    char     week[MAX_WEEKS][160];  int weeks;
    Grading *grading; int gradings, torn;
    Guess   *guess;   int guesses;
} Progress;

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static Folder *folder_named(Progress *p, const char *name)
{
    for (int i = 0; i < p->folders; i++)
        if (!strcmp(p->folder[i].name, name)) return &p->folder[i];
    return NULL;
}

static Folder *folder_new(Progress *p, const char *name, double hours, int week)
{
    char   path[300];
    glob_t g;
    if (p->folders == MAX_FOLDERS || folder_named(p, name)) return folder_named(p, name);
    Folder *f = &p->folder[p->folders++];
    *f = (Folder){ .hours = hours, .week = week, .of = 100 };
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(path, sizeof path, "stage[0-9]/[0-9][0-9]_%.63s", name);
    if (!glob(path, 0, NULL, &g)) snprintf(f->dir, sizeof f->dir, "%s", g.gl_pathv[0]);
    globfree(&g);
    snprintf(path, sizeof path, "%s/README.md", f->dir);
    FILE *lesson = fopen(path, "r");
    if (lesson && fgets(f->title, sizeof f->title, lesson) && !strncmp(f->title, "# ", 2)) {
        f->title[strcspn(f->title, "\r\n")] = 0;
        memmove(f->title, f->title + 2, strlen(f->title + 2) + 1);
    } else *f->title = 0;
    if (lesson) fclose(lesson);
    snprintf(path, sizeof path, "work/%.199s/%.63s.%s", f->dir, name, source_ending(f->dir, name));
    f->begun = !access(path, F_OK);
    return f;
}

/* "# Week 1: what it is about", then lines of a name and hours. */
static const char *read_track(Progress *p, const char *track)
{
    static char why[300];
    char  path[300], line[300], name[64];
    double hours;
    snprintf(path, sizeof path, "grading/tracks/%.200s", track);
    FILE *f = strchr(track, '/') ? NULL : fopen(path, "r");
    if (!f) {
        snprintf(why, sizeof why, "no track '%.100s': grading/tracks/ holds them", track);
        return why;
    }
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        if (!strncmp(line, "# Week ", 7) && p->weeks < MAX_WEEKS)
            snprintf(p->week[p->weeks++], sizeof *p->week, "%.150s", line + 2);
        else if (*line != '#' && sscanf(line, "%63s %lf", name, &hours) == 2) folder_new(p, name, hours, p->weeks - 1);
    }
    fclose(f);
    return NULL;
}

static const char *name_in(const json_t *x)
{
    const char *name = json_string_value(json_object_get(x, "exercise"));
    return name && *name && strlen(name) < 64 && !strchr(name, '/') ? name : NULL;
}

/* One grade.json into a point of time. false: it is none. */
static bool read_grading(Progress *p, const char *text, size_t n, double when)
{
    json_t *all = json_loadb(text, n, 0, NULL), *list = json_object_get(all, "exercises"), *x;
    size_t  i;
    bool    ok = json_is_array(list);
    Grading *more = ok ? realloc(p->grading, (size_t)(p->gradings + 1) * sizeof *more) : NULL;
    if (more) {
        Grading *g = &(p->grading = more)[p->gradings++];
        *g = (Grading){ .time = when };
        for (int k = 0; k < MAX_FOLDERS; k++) g->of_folder[k] = NAN;    /* not graded yet */
        json_array_foreach(list, i, x) {
            const char *name = name_in(x);
            Folder     *f = name ? folder_new(p, name, 0, -1) : NULL;
            double points = json_number_value(json_object_get(x, "points"));
            if (!f) continue;
            g->of_folder[f - p->folder] = points;
            g->points += points;
            g->complete += json_is_true(json_object_get(x, "complete"));
        }
    } else p->torn++;
    json_decref(all);
    return more != NULL;
}

/* Every version that work/'s repository has, oldest first. */
static void read_history(Progress *p)
{
    char  line[300];
    FILE *times = NULL, *list =
        popen("work='git -C work --git-dir=.git'; "         /* a damaged one must not lead to the course's own */
              "$work log --reverse --format='%ct %H:grade.json' -- grade.json 2>/dev/null >" OUT "/versions; "
              "cut -d' ' -f2 <" OUT "/versions | $work cat-file --batch 2>/dev/null", "r");
    while (list && fgets(line, sizeof line, list)) {
        size_t size;
        double when = 0;
        if (!times) times = fopen(OUT "/versions", "r");
        if (times && fscanf(times, "%lf %*s", &when) != 1) when = 0;
        if (sscanf(line, "%*s blob %zu", &size) != 1 || size > 16 << 20) continue;
        char *text = malloc(size + 1);
        if (text && fread(text, 1, size + 1, list) == size + 1) read_grading(p, text, size, when);
        free(text);
    }
    if (times) fclose(times);
    if (list) pclose(list);
}

/* What is there now counts, whether it has been committed or not. */
static void read_now(Progress *p)
{
    FileBytes now;
    json_t   *all, *x;
    size_t    i;
    if (file_read("work/grade.json", &now)) return;
    all = json_loadb((const char *)now.data, now.size, 0, NULL);
    json_array_foreach(json_object_get(all, "exercises"), i, x) {
        const char *name = name_in(x);
        Folder     *f = name ? folder_new(p, name, 0, -1) : NULL;
        if (!f) continue;
        f->graded = true;
        f->points = json_number_value(json_object_get(x, "points"));
        f->of = json_number_value(json_object_get(x, "of"));
        f->complete = json_is_true(json_object_get(x, "complete"));
    }
    if (!p->gradings) read_grading(p, (const char *)now.data, now.size, (double)time(NULL));
    json_decref(all);
    free(now.data);
}

/* Lines "exercise question guess truth date", tabs between; what is none is passed over. */
static void read_guesses(Progress *p)
{
    char  line[400], name[64], question[64];
    Guess g;
    FILE *f = fopen("work/predict/measured", "r");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%63[^\t]\t%63[^\t]\t%lf\t%lf\t%19s", name, question, &g.guess, &g.truth, g.date) != 5)
            continue;
        Guess *more = realloc(p->guess, (size_t)(p->guesses + 1) * sizeof *more);
        if (!more) break;
        snprintf(g.name, sizeof g.name, "%s.%s", name, question);
        (p->guess = more)[p->guesses++] = g;
    }
    if (f) fclose(f);
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

typedef struct Sum { int folders, done; double hours, hours_done, points, of; } Sum;

/* week -1: what is beside the track; -2: the whole track */
static Sum sum_of(const Progress *p, int week)
{
    Sum s = { 0 };
    for (int i = 0; i < p->folders; i++) {
        const Folder *f = &p->folder[i];
        if (week == -2 ? f->week < 0 : f->week != week) continue;
        s.folders++, s.done += f->complete;
        s.hours += f->hours, s.hours_done += f->complete ? f->hours : 0;
        s.points += f->points, s.of += f->of;
    }
    return s;
}

static const char *state_of(const Folder *f)
{
    return f->complete ? "done" : f->graded ? "begun" : f->begun ? "not graded" : "not begun";
}

static const char *off_by(const Guess *g)
{
    static char text[60];
    double off = fabs(g->guess - g->truth), size = fabs(g->truth);
    if (off == 0) return "exactly";
    if (g->guess * g->truth <= 0) snprintf(text, sizeof text, "off by %.3g", off);
    else if (off < 0.005 * size) return "off by less than 1 %";
    else if (off < size) snprintf(text, sizeof text, "off by %.0f %%", 100 * off / size);
    else snprintf(text, sizeof text, "%.3g times too large", g->guess / g->truth);
    return text;
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

static void print_folder(const Folder *f)
{
    char bar[BAR + 1], got[40], hours[20] = "";
    int  filled = f->of > 0 ? (int)(BAR * f->points / f->of) : 0;
    for (int i = 0; i < BAR; i++) bar[i] = i < filled ? '#' : '-';
    bar[BAR] = 0;
    snprintf(got, sizeof got, "%.0f/%.0f", f->points, f->of);
    if (f->hours > 0) snprintf(hours, sizeof hours, "%g h", f->hours);
    printf("  %-26.26s [%s] %9s  %-11s%8s\n", f->name, bar, f->graded ? got : "", state_of(f), hours);
}

static void print_text(const Progress *p, const char *track)
{
    Sum s = sum_of(p, -2);
    char day[2][20] = { "", "" };
    for (int k = 0; k < 2 && p->gradings; k++) {
        time_t t = (time_t)p->grading[k ? p->gradings - 1 : 0].time;
        strftime(day[k], sizeof *day, "%Y-%m-%d", localtime(&t));
    }
    printf("%s: %d of %d folders, %g of %g hours, %.0f of %.0f points\n", track, s.done, s.folders, s.hours_done,
           s.hours, s.points, s.of);
    for (int w = 0; w <= p->weeks; w++) {
        int week = w == p->weeks ? -1 : w;                  /* what is beside the track comes last */
        Sum of = sum_of(p, week);
        if (!of.folders) continue;
        printf("\n%.68s%s\n", week < 0 ? "Beside the track" : p->week[week], of.done == of.folders ? ": reached" : "");
        for (int i = 0; i < p->folders; i++)
            if (p->folder[i].week == week) print_folder(&p->folder[i]);
    }
    if (p->guesses) printf("\n%-34s %10s %10s\n", "Guess, then measure", "guessed", "measured");
    for (int i = 0; i < p->guesses; i++)
        printf("  %-32.32s %10.6g %10.6g   %s\n", p->guess[i].name, p->guess[i].guess, p->guess[i].truth,
               off_by(&p->guess[i]));
    if (p->gradings)
        printf("\n%d grading%s, %s to %s\n", p->gradings, p->gradings == 1 ? "" : "s", day[0], day[1]);
    else printf("\nNothing is graded yet: make grade\n");
    if (p->torn)
        printf("%d version%s of work/grade.json could not be read and left out\n", p->torn, p->torn == 1 ? "" : "s");
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

static const char *draw_points(const Progress *p)
{
    const double first = p->grading[0].time, span = p->grading[p->gradings - 1].time - first;
    const double unit = span > 2 * 86400 ? 86400 : span > 2 * 3600 ? 3600 : 60;
    int lines = 0;
    Plot *plot = plot_new(OUT, "points", (PlotArg){
        .title = "Points over time",
        .x = unit == 86400 ? "days since the first grading" : unit == 3600 ? "hours since the first grading"
                                                                         : "minutes since the first grading",
        .y = "points", .kind = PLOT_LINESPOINTS,
        .caption = "A point a grading. A fall is a file that was changed and did less for a while." });
    for (int i = 0; i < p->gradings; i++)
        plot_point(plot, "all folders", (p->grading[i].time - first) / unit, p->grading[i].points);
    for (int k = 0; k < p->folders && lines < MAX_LINES && p->folders > 1; k++) {
        bool any = false;
        for (int i = 0; i < p->gradings; i++) any |= p->grading[i].of_folder[k] > 0;
        lines += any;
        for (int i = 0; any && i < p->gradings; i++)
            plot_point(plot, p->folder[k].name, (p->grading[i].time - first) / unit, p->grading[i].of_folder[k]);
    }
    return plot_done(plot);
}

static const char *draw_guesses(const Progress *p)
{
    double low = INFINITY, high = 0;
    Plot *plot = plot_new(OUT, "guesses", (PlotArg){
        .title = "Guessed and measured", .x = "measured", .y = "guessed", .kind = PLOT_POINTS, .log_x = true,
        .log_y = true, .caption = "On the line, guess and measurement are the same. Signs are left out, and zeros." });
    for (int i = 0; i < p->guesses; i++) {
        double x = fabs(p->guess[i].truth), y = fabs(p->guess[i].guess);
        char   folder[64];
        if (x == 0 || y == 0) continue;
        snprintf(folder, sizeof folder, "%.*s", (int)strcspn(p->guess[i].name, "."), p->guess[i].name);
        plot_point(plot, folder, x, y);
        low = fmin(low, fmin(x, y)), high = fmax(high, fmax(x, y));
    }
    if (high > 0) plot_line(plot, low, low, high, high, "the same");
    return plot_done(plot);
}

/* ---- The page ---------------------------------------------------------------------------------------------------- */

/* The picture itself is in the page, so that the page can be sent alone. */
static bool put_picture(FILE *f, const char *path, const char *alt)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    FileBytes b;
    if (file_read(path, &b)) return false;
    bool ok = b.size && b.size <= MAX_PICTURE;
    if (ok) {
        fputs("<img alt=\"", f), xml_text(f, alt), fputs("\" src=\"data:image/svg+xml;base64,", f);
        for (size_t i = 0; i < b.size; i += 3) {
            size_t   left = b.size - i;
            unsigned v = (unsigned)b.data[i] << 16 | (left > 1 ? (unsigned)b.data[i + 1] << 8 : 0) |
                         (left > 2 ? (unsigned)b.data[i + 2] : 0);
            fputc(digit[v >> 18], f), fputc(digit[v >> 12 & 63], f);
            fputc(left > 1 ? digit[v >> 6 & 63] : '=', f), fputc(left > 2 ? digit[v & 63] : '=', f);
        }
        fputs("\">\n", f);
    }
    free(b.data);
    return ok;
}

/* What the learner's own code drew: make run EX= MINE=1 puts it there. */
static void put_pictures(FILE *f, const Progress *p)
{
    bool headed = false;
    for (int i = 0; i < p->folders; i++) {
        char   pattern[300];
        glob_t g;
        snprintf(pattern, sizeof pattern, "build/mine/out/%s/*.svg", p->folder[i].name);
        if (!p->folder[i].graded || glob(pattern, 0, NULL, &g)) continue;
        if (!headed) fputs("<h2>Drawn by my own code</h2>\n<div class=pictures>\n", f);
        headed = true;
        for (size_t k = 0; k < g.gl_pathc; k++) {
            char alt[200];
            const char *base = strrchr(g.gl_pathv[k], '/') + 1;
            snprintf(alt, sizeof alt, "%s: %.*s", p->folder[i].name, (int)strcspn(base, "."), base);
            fputs("<figure>", f);
            put_picture(f, g.gl_pathv[k], alt);
            fputs("<figcaption>", f), xml_text(f, alt), fputs("</figcaption></figure>\n", f);
        }
        globfree(&g);
    }
    if (headed) fputs("</div>\n", f);
}

static const char STYLE[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--soft:#5a6572;--page:#fff;--card:#f4f6f8;--line:#d5dbe1;"
    "--bar:#0072b2}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8ebee;--soft:#a3adb8;--page:#14171a;--card:#1e2328;"
    "--line:#38414a;--bar:#56b4e9}}"
    "body{margin:2rem auto;padding:0 1rem;max-width:60rem;background:var(--page);color:var(--ink);"
    "font:16px/1.5 system-ui,sans-serif}h1{font-size:1.7rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}"
    "p{color:var(--soft);margin:.3rem 0}dl{display:flex;flex-wrap:wrap;gap:.8rem;margin:1.2rem 0}"
    "dl div{background:var(--card);border-radius:8px;padding:.6rem 1rem;min-width:7rem}"
    "dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.35rem;font-variant-numeric:tabular-nums}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.35rem .5rem;border-bottom:1px solid var(--line);"
    "text-align:left;font-weight:400}th{color:var(--soft);font-size:.85rem}.n{text-align:right;"
    "font-variant-numeric:tabular-nums;white-space:nowrap}progress{width:8rem;height:.7rem;accent-color:var(--bar)}"
    "img{max-width:100%;background:#fff;border-radius:8px}figure{margin:0}"
    "figcaption{color:var(--soft);font-size:.85rem}"
    ".pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(22rem,1fr));gap:1rem}"
    ".week{table-layout:fixed}.week th:nth-child(1){width:24%}.week th:nth-child(2){width:30%}"
    ".week th:nth-child(3){width:11%}.week th:nth-child(5){width:11%}.week th:nth-child(6){width:7%}"
    "progress{max-width:100%}@media(max-width:40rem){progress{width:4rem}.pictures{grid-template-columns:1fr}}";

static void put_week(FILE *f, const Progress *p, int week)
{
    Sum s = sum_of(p, week);
    if (!s.folders) return;
    fputs("<h2>", f), xml_text(f, week < 0 ? "Beside the track" : p->week[week]);
    fputs(s.done == s.folders ? " &#10003;</h2>\n" : "</h2>\n", f);
    fputs("<table class=week><tr><th>folder<th>about<th class=n>points<th><th>state<th class=n>hours\n", f);
    for (int i = 0; i < p->folders; i++) {
        const Folder *x = &p->folder[i];
        if (x->week != week) continue;
        fputs("<tr><td>", f), xml_text(f, x->name), fputs("<td>", f), xml_text(f, x->title);
        fprintf(f, "<td class=n>%.0f/%.0f<td><progress max=%.0f value=%.0f></progress><td>%s<td class=n>", x->points,
                x->of, x->of > 0 ? x->of : 1, x->points, state_of(x));
        if (x->hours > 0) fprintf(f, "%g", x->hours);
        fputc('\n', f);
    }
    fputs("</table>\n", f);
}

static const char *write_page(const Progress *p, const char *track)
{
    FileWriter  w;
    const char *why = file_open(&w, OUT "/index.html");
    char day[40];
    time_t t = time(NULL);
    Sum  s = sum_of(p, -2);
    if (why) return why;
    FILE *f = w.f;
    strftime(day, sizeof day, "%Y-%m-%d", localtime(&t));
    fputs("<!doctype html>\n<html lang=en><meta charset=utf-8>\n"
          "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
          "<title>Deep learning by hand</title>\n<style>", f);
    fputs(STYLE, f);
    fputs("</style>\n<h1>Deep learning by hand, in C and CUDA</h1>\n<p>Every part written once by hand, graded "
          "against a reference on inputs not seen before. Track ", f);
    xml_text(f, track);
    fprintf(f, ", %s.</p>\n<dl><div><dt>folders<dd>%d of %d</div><div><dt>points<dd>%.0f of %.0f</div>"
               "<div><dt>hours of the track<dd>%g of %g</div><div><dt>gradings<dd>%d</div></dl>\n",
            day, s.done, s.folders, s.points, s.of, s.hours_done, s.hours, p->gradings);
    if (p->gradings && put_picture(f, OUT "/points.svg", "points over time, a line a folder")) fputc('\n', f);
    for (int i = 0; i <= p->weeks; i++) put_week(f, p, i == p->weeks ? -1 : i);
    if (p->guesses) {
        fputs("<h2>Guess, then measure</h2>\n<table><tr><th>what<th class=n>guessed<th class=n>measured<th>\n", f);
        for (int i = 0; i < p->guesses; i++) {
            fputs("<tr><td>", f), xml_text(f, p->guess[i].name);
            fprintf(f, "<td class=n>%.6g<td class=n>%.6g<td>%s\n", p->guess[i].guess, p->guess[i].truth,
                    off_by(&p->guess[i]));
        }
        fputs("</table>\n", f);
        put_picture(f, OUT "/guesses.svg", "guesses over measurements");
    }
    put_pictures(f, p);
    return file_close(&w, false);
}

int main(int argc, char **argv)
{
    static Progress p;
    bool html = argc == 3 && !strcmp(argv[1], "--html");
    const char *track = argv[argc - 1], *why;
    if (argc != 2 + html) return fprintf(stderr, "usage: build/progress [--html] TRACK\n"), 2;
    if ((why = read_track(&p, track))) return fprintf(stderr, "%s\n", why), 1;
    if ((why = file_make_folder(OUT))) return fprintf(stderr, "%s\n", why), 1;
    read_history(&p);
    read_now(&p);
    read_guesses(&p);
    print_text(&p, track);
    fflush(stdout);
    if (p.gradings) why = draw_points(&p);
    if (!why && p.guesses) why = draw_guesses(&p);
    if (!why && html) why = write_page(&p, track);
    if (why) return fprintf(stderr, "%s\n", why), 1;
    if (p.gradings && !access(OUT "/points.svg", F_OK))
        printf("pictures: " OUT "/points.svg%s\n", p.guesses ? ", " OUT "/guesses.svg" : "");
    printf(html ? "page: " OUT "/index.html\n" : "A page to show: make progress HTML=1\n");
    free(p.grading), free(p.guess);
    return 0;
}
