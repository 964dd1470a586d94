/* show.c -- a kernel as a picture: which lane touches which address, which bank, and who waits for whom. */
#define _GNU_SOURCE /* strdup, open_memstream */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "file.h"
#include "jsonl.h"
#include "show.h"

/* All lengths are SVG pixels. */
enum {
    LANES = 32, SECTOR = 32, WORD = 4, BANKS = 32,
    MARGIN = 40, PITCH = 26, WIDTH = 2 * MARGIN + LANES * PITCH, LINE_HEIGHT = 16,
    WIRES = 66,                         /* between lanes and memory */
    MOST_BANDS = 8, LANE_HEIGHT = 2, BAND = LANES * LANE_HEIGHT + 8, MOST_CELLS = 1500
};

typedef struct Access {                 /* a line of the source: its costliest request, and all of them */
    char   *file, *access, *array;
    int     line, bytes, block, warp;
    bool    global, there[LANES];
    int64_t at[LANES];                  /* bytes from the array's beginning */
    double  requests, all, all_at_best, moved, at_best;
} Access;
typedef struct Run { char kind; uint32_t active, gone; int time; } Run;    /* b: a basic block; g, s: an access */
typedef struct Track { int phase, warp, n; Run *run; } Track;
typedef struct Kernel {
    char   *name;
    int     grid[3], threads[3], accesses, tracks;
    bool    cut;
    Access *access;
    Track  *track;
} Kernel;
typedef struct Log { const char *path; Kernel *kernel; int n; } Log;

/* ---- The log ---------------------------------------------------------------------------------------------------- */

static void *one_more(void *items, int n, size_t size)
{
    items = realloc(items, ((size_t)n + 1) * size);
    CHECK(items, "show: out of memory");
    memset((char *)items + (size_t)n * size, 0, size);
    return items;
}

static char *text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    char       *copy = strdup(s ? s : "");
    CHECK(copy, "show: out of memory");
    return copy;
}
static double number_of(const json_t *o, const char *name) { return json_number_value(json_object_get(o, name)); }

static Kernel *kernel_of(Log *log, const json_t *o)
{
    const char *name = json_string_value(json_object_get(o, "kernel"));
    for (int i = 0; name && i < log->n; i++)
        if (!strcmp(log->kernel[i].name, name)) return &log->kernel[i];
    return NULL;
}

static void read_kernel(Log *log, const json_t *o)
{
    log->kernel = one_more(log->kernel, log->n, sizeof *log->kernel);
    Kernel *k = &log->kernel[log->n++];
    k->name = text_of(o, "kernel");
    k->cut = json_is_true(json_object_get(o, "cut"));
    for (int i = 0; i < 3; i++) {
        k->grid[i] = (int)json_integer_value(json_array_get(json_object_get(o, "grid"), (size_t)i));
        k->threads[i] = (int)json_integer_value(json_array_get(json_object_get(o, "threads"), (size_t)i));
    }
}

static bool within(const json_t *o, const char *name, double low, double high)
{
    double x = number_of(o, name);
    return x >= low && x <= high;
}

static const char *read_access(Kernel *k, const json_t *o)
{
    if (!within(o, "bytes", 1, 128) || !within(o, "requests", 1, 1e15) || !within(o, "line", 0, 1e7))
        return "no access: bytes, requests or line is missing, or impossible";
    k->access = one_more(k->access, k->accesses, sizeof *k->access);
    Access *a = &k->access[k->accesses++];
    a->file = text_of(o, "file"), a->access = text_of(o, "access"), a->array = text_of(o, "array");
    a->line = (int)number_of(o, "line"), a->bytes = (int)number_of(o, "bytes");
    a->block = (int)number_of(o, "block"), a->warp = (int)number_of(o, "warp");
    a->global = json_is_true(json_object_get(o, "global"));
    a->requests = number_of(o, "requests");
    a->all = number_of(o, "all"), a->all_at_best = number_of(o, "all_at_best");
    a->moved = number_of(o, "moved"), a->at_best = number_of(o, "at_best");
    for (int l = 0; l < LANES; l++) {
        const json_t *at = json_array_get(json_object_get(o, "at"), (size_t)l);
        a->there[l] = json_is_integer(at);
        a->at[l] = (int64_t)json_integer_value(at) % ((int64_t)1 << 48);
    }
    return NULL;
}

static const char *read_track(Kernel *k, const json_t *o)
{
    if (!within(o, "phase", 0, 1e6) || !within(o, "warp", 0, 31)) return "no time: phase or warp is impossible";
    const json_t *runs = json_object_get(o, "runs");
    k->track = one_more(k->track, k->tracks, sizeof *k->track);
    Track *t = &k->track[k->tracks++];
    *t = (Track){ (int)number_of(o, "phase"), (int)number_of(o, "warp"), (int)json_array_size(runs), NULL };
    t->run = calloc((size_t)t->n + 1, sizeof *t->run);
    CHECK(t->run, "show: out of memory");
    for (int i = 0; i < t->n; i++) {
        const json_t *r = json_array_get(runs, (size_t)i);
        const char   *kind = json_string_value(json_array_get(r, 0));
        t->run[i] = (Run){ kind ? *kind : 'b', (uint32_t)json_integer_value(json_array_get(r, 1)),
                           (uint32_t)json_integer_value(json_array_get(r, 2)),
                           (int)(json_integer_value(json_array_get(r, 3)) & 0xffff) };
    }
    return NULL;
}

static const char *read_line(void *ctx, long long line, json_t *o)
{
    Log *log = ctx;
    const char *wrong = "of no kernel: SIMT_LOG writes such files";
    if (json_object_get(o, "grid")) return read_kernel(log, o), NULL;
    Kernel *k = kernel_of(log, o);
    if (k) wrong = json_object_get(o, "at") ? read_access(k, o) : read_track(k, o);
    return wrong ? sentence("%s:%lld: %s", log->path, line, wrong) : NULL;
}

static void log_free(Log *log)
{
    for (int i = 0; i < log->n; i++) {
        Kernel *k = &log->kernel[i];
        for (Access *a = k->access; a < k->access + k->accesses; a++) free(a->file), free(a->access), free(a->array);
        for (int t = 0; t < k->tracks; t++) free(k->track[t].run);
        free(k->name), free(k->access), free(k->track);
    }
    free(log->kernel);
}

/* ---- Words ------------------------------------------------------------------------------------------------------ */

static const char *last_part(const char *path) { return strrchr(path, '/') ? strrchr(path, '/') + 1 : path; }

/* A line of the source without the blanks before it; empty where the file is not here. */
static void source_line(const Access *a, char *line, size_t size)
{
    FILE *f = fopen(a->file, "r");
    *line = 0;
    for (int n = 0; f && n < a->line && fgets(line, (int)size, f);) n += strchr(line, '\n') != NULL;
    if (f) fclose(f);
    line[strcspn(line, "\n")] = 0;
    memmove(line, line + strspn(line, " \t"), strlen(line + strspn(line, " \t")) + 1);
}

/* "1 wave", "3.917 waves" */
static const char *cost(const Access *a, double n)
{
    static char text[4][40];
    static int  next;
    char       *s = text[next++ % 4];
    snprintf(s, sizeof text[0], "%.4g %s%s", n, a->global ? "sector" : "wave", n == 1 ? "" : "s");
    return s;
}

/* What a line costs, in a sentence of its own. */
static const char *verdict(const Access *a)
{
    static char text[200];
    const char *each = cost(a, a->all / a->requests);
    double      best = a->all_at_best / a->requests;
    if (a->all <= a->all_at_best)
        snprintf(text, sizeof text, "%s a request, and no fewer would do", each);
    else if (a->global)
        snprintf(text, sizeof text, "%s a request, where %.4g would do: %.3g %% of what moves is used", each, best,
                 100 * a->all_at_best / a->all);
    else
        snprintf(text, sizeof text, "%s a request, where %.4g would do: lanes wait for each other at a bank", each,
                 best);
    return text;
}

static void put_text(FILE *f, const char *s)
{
    for (; *s; s++) {
        if (*s == '&') fputs("&amp;", f);
        else if (*s == '<') fputs("&lt;", f);
        else if (*s == '>') fputs("&gt;", f);
        else if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f) fputc('?', f);
        else fputc(*s, f);
    }
}

static double put_line(FILE *f, double y, const char *look, const char *text)
{
    fprintf(f, "<text x='%d' y='%.0f'%s>", MARGIN, y + 12, look);
    put_text(f, text);
    fputs("</text>\n", f);
    return y + LINE_HEIGHT;
}

/* ---- One request: lanes above, memory below --------------------------------------------------------------------- */

static double lane_middle(int l) { return MARGIN + PITCH * (l + 0.5); }

static double put_lanes(FILE *f, const Access *a, double y)
{
    fputs("<g text-anchor='middle' font-size='10'>\n", f);
    for (int l = 0; l < LANES; l++)
        fprintf(f, "<rect x='%d' y='%.0f' width='%d' height='16' class='%s'/><text x='%.0f' y='%.0f'>%d</text>\n",
                MARGIN + PITCH * l + 2, y, PITCH - 4, a->there[l] ? "lane" : "idle", lane_middle(l), y + 12, l);
    fputs("</g>\n", f);
    return y + 16;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Sorts, drops what is there twice; returns how many are left. */
static int distinct(int64_t *v, int n)
{
    int m = 0;
    qsort(v, (size_t)n, sizeof *v, by_value);
    for (int i = 0; i < n; i++)
        if (!m || v[i] != v[m - 1]) v[m++] = v[i];
    return m;
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int sectors_of(const Access *a, int64_t *sector)
{
    int n = 0;
    for (int l = 0; l < LANES; l++)
        for (int64_t s = floor_div(a->at[l], SECTOR); a->there[l] && s * SECTOR < a->at[l] + a->bytes; s++)
            sector[n++] = s;
    return distinct(sector, n);
}

static bool word_used(const Access *a, int64_t at)
{
    for (int l = 0; l < LANES; l++)
        if (a->there[l] && at < a->at[l] + a->bytes && a->at[l] < at + WORD) return true;
    return false;
}

/* Sectors to scale, gaps between them cut out. */
static double put_sectors(FILE *f, const Access *a, double y)
{
    int64_t sector[LANES * 5];
    int     n = sectors_of(a, sector), gaps = 0;
    double  x[LANES * 5], gap = 5, at = MARGIN, wide;
    for (int i = 1; i < n; i++) gaps += sector[i] != sector[i - 1] + 1;
    wide = fmin(8 * PITCH, (LANES * PITCH - gap * gaps) / n);
    for (int i = 0; i < n; i++, at += wide) x[i] = at += i && sector[i] != sector[i - 1] + 1 ? gap : 0;
    fputs("<path class='wire' d='", f);
    for (int l = 0; l < LANES; l++) {
        if (!a->there[l]) continue;
        int64_t middle = a->at[l] + a->bytes / 2;
        int     i = 0;
        while (i < n - 1 && sector[i] != floor_div(middle, SECTOR)) i++;
        double to = x[i] + wide * (double)(middle - sector[i] * SECTOR) / SECTOR;
        fprintf(f, "M%.0f %.0fL%.1f %.0f", lane_middle(l), y, to, y + WIRES);
    }
    y += WIRES;
    fputs("'/>\n<path class='used' d='", f);
    for (int i = 0; i < n; i++)
        for (int w = 0; w < SECTOR / WORD; w++)
            if (word_used(a, sector[i] * SECTOR + w * WORD))
                fprintf(f, "M%.1f %.0fh%.1fv18h-%.1fz", x[i] + wide * w / 8, y, wide / 8, wide / 8);
    fputs("'/>\n<path class='sector' d='", f);
    for (int i = 0; i < n; i++) fprintf(f, "M%.1f %.0fh%.1fv18h-%.1fz", x[i], y, wide, wide);
    fputs("'/>\n", f);
    double free_from = 0;                           /* labels where there is room */
    for (int i = 0; i < n; i++) {
        if ((i && sector[i] == sector[i - 1] + 1) || x[i] < free_from) continue;
        fprintf(f, "<text x='%.0f' y='%.0f' font-size='10'>%lld</text>\n", x[i], y + 31, (long long)sector[i] * SECTOR);
        free_from = x[i] + 48;
    }
    fprintf(f, "<text x='%d' y='%.0f' font-size='10' text-anchor='end'>byte</text>\n", MARGIN - 6, y + 31);
    return y + 40;
}

/* Banks to the right, waves downwards. Lanes with wide accesses go in two or four parts, one after the other. */
static double put_banks(FILE *f, const Access *a, double y)
{
    int    part = a->bytes >= 16 ? 8 : a->bytes == 8 ? 16 : LANES, waves = 0;
    double high = fmin(14, 200 / fmax(1, a->moved)), top = y + WIRES;
    fputs("<path class='wire' d='", f);
    for (int l = 0; l < LANES; l++) {
        int bank = (int)(floor_div(a->at[l], WORD) & 31);
        if (a->there[l]) fprintf(f, "M%.0f %.0fL%.0f %.0f", lane_middle(l), y, lane_middle(bank), top);
    }
    fputs("'/>\n<path class='used' d='", f);
    for (int first = 0; first < LANES; first += part) {
        int64_t word[LANES * 4];
        int     n = 0, bank[BANKS] = { 0 }, most = 0;
        for (int l = first; l < first + part; l++)
            for (int b = 0; a->there[l] && b < a->bytes; b += WORD) word[n++] = floor_div(a->at[l] + b, WORD);
        n = distinct(word, n);
        for (int i = 0; i < n; i++) {
            int k = (int)(word[i] & 31);
            fprintf(f, "M%d %.1fh%dv%.1fh-%dz", MARGIN + PITCH * k + 2, top + high * (waves + bank[k]) + 1, PITCH - 4,
                    high - 1.5, PITCH - 4);
            if (++bank[k] > most) most = bank[k];
        }
        waves += most;
    }
    double bottom = top + high * waves;
    fputs("'/>\n<path class='sector' d='", f);
    for (int b = 0; b <= BANKS; b++) fprintf(f, "M%d %.0fV%.0f", MARGIN + PITCH * b, top, bottom);
    fprintf(f, "M%d %.0fh%dM%d %.0fh%d'/>\n", MARGIN, top, BANKS * PITCH, MARGIN, bottom, BANKS * PITCH);
    fputs("<g font-size='10' text-anchor='middle'>\n", f);
    for (int b = 0; b < BANKS; b++) fprintf(f, "<text x='%.0f' y='%.0f'>%d</text>\n", lane_middle(b), bottom + 13, b);
    fprintf(f, "</g>\n<text x='%d' y='%.0f' font-size='10' text-anchor='end'>bank</text>\n", MARGIN - 6, bottom + 13);
    return bottom + 22;
}

static double put_heading(FILE *f, const Access *a, double y)
{
    char line[400];
    snprintf(line, sizeof line, "%s of %s: %s. Below: block %d, warp %d, %s.", a->access,
             *a->array ? a->array : "an array", verdict(a), a->block, a->warp, cost(a, a->moved));
    return put_line(f, y, "", line);
}

/* x[i] += 1 reads and writes the same words: one drawing for both. */
static bool alike(const Access *a, const Access *b)
{
    return a->line == b->line && a->global == b->global && a->bytes == b->bytes && !strcmp(a->array, b->array) &&
           !memcmp(a->at, b->at, sizeof a->at) && !memcmp(a->there, b->there, sizeof a->there);
}

static double put_accesses(FILE *f, const Access *a, int n, double y)
{
    char source[256], line[400];
    for (int i = 0; i < n; i++) {
        source_line(&a[i], source, sizeof source);
        snprintf(line, sizeof line, "%s:%d   %.90s%s", last_part(a[i].file), a[i].line, source,
                 strlen(source) > 90 ? " ..." : "");
        y = put_line(f, y, " font-weight='bold' font-family='DejaVu Sans Mono, monospace'", line);
        y = put_heading(f, &a[i], y);
        while (i + 1 < n && alike(&a[i], &a[i + 1])) y = put_heading(f, &a[++i], y);
        y = put_lanes(f, &a[i], y + 4);
        y = (a[i].global ? put_sectors : put_banks)(f, &a[i], y) + 18;
    }
    return y;
}

/* ---- Block 0 over time ------------------------------------------------------------------------------------------ */

typedef struct Clock {
    int  phases, warps, bands;
    int *begin;                         /* by phase: when all may go on; [phases]: the end */
    int *band;                          /* by warp: warps that do the same share one */
    const Track **track;                /* by phase and warp; NULL: nothing was logged */
} Clock;

static int length(const Track *t)
{
    int time = 0;
    for (int i = 0; i < t->n; i++) time += t->run[i].time;
    return time;
}

/* Does this warp do what the one before it does? */
static bool same_warps(const Clock *c, int warp)
{
    for (int p = 0; p < c->phases; p++) {
        const Track *a = c->track[p * c->warps + warp - 1], *b = c->track[p * c->warps + warp];
        if (!a != !b || (a && a->n != b->n)) return false;
        for (int i = 0; a && i < a->n; i++)
            if (a->run[i].kind != b->run[i].kind || a->run[i].active != b->run[i].active ||
                a->run[i].gone != b->run[i].gone || a->run[i].time != b->run[i].time) return false;
    }
    return true;
}

/* A barrier ends a phase for all when the slowest warp has come. */
static Clock clock_of(const Kernel *k)
{
    Clock c = { 0 };
    for (int i = 0; i < k->tracks; i++) {
        if (k->track[i].phase >= c.phases) c.phases = k->track[i].phase + 1;
        if (k->track[i].warp >= c.warps) c.warps = k->track[i].warp + 1;
    }
    c.begin = calloc((size_t)c.phases + 1, sizeof *c.begin);
    c.band = calloc((size_t)c.warps + 1, sizeof *c.band);
    c.track = calloc((size_t)c.phases * (size_t)c.warps + 1, sizeof *c.track);
    CHECK(c.begin && c.band && c.track, "show: out of memory");
    for (int i = 0; i < k->tracks; i++) {
        const Track *t = &k->track[i];
        int          n = length(t);
        c.track[t->phase * c.warps + t->warp] = t;
        if (n > c.begin[t->phase + 1]) c.begin[t->phase + 1] = n;
    }
    for (int p = 0; p < c.phases; p++) c.begin[p + 1] += c.begin[p];
    for (int w = 1; w < c.warps; w++) c.band[w] = c.band[w - 1] + !same_warps(&c, w);
    c.bands = c.warps ? c.band[c.warps - 1] + 1 : 0;
    return c;
}

static void clock_free(Clock *c) { free(c->begin), free(c->band), free(c->track); }

/* Lanes of the mask that lie together, as one box each; returns how many. */
static int put_cells(FILE *f, uint32_t mask, double x, double y, double wide)
{
    int n = 0;
    for (int l = 0, end; l < LANES; l = end) {
        for (end = l; end < LANES && (mask >> end & 1) == (mask >> l & 1);) end++;
        if (!(mask >> l & 1)) continue;
        int high = (end - l) * LANE_HEIGHT;
        if (f) fprintf(f, "M%.2f %.0fh%.2fv%dh-%.2fz", x, y + l * LANE_HEIGHT, wide, high, wide);
        n++;
    }
    return n;
}

typedef enum { STEP, GLOBAL, SHARED, IDLE, WAITS, KINDS } Kind;
static const char *const LOOK[KINDS] = { "step", "global", "shared", "idling", "waits" };
static const char *const MEANING[KINDS] = { "computes", "global memory", "shared memory", "idle: its warp is elsewhere",
                                            "waits at a barrier" };

/* Those cells of one kind, up to a time; returns how many. Without a file they are only counted. */
static int put_kind(FILE *f, const Kernel *k, const Clock *c, Kind kind, double y, double scale, int until)
{
    int cells = 0;
    for (int i = 0; i < k->tracks; i++) {
        const Track *t = &k->track[i];
        int          band = c->band[t->warp];
        double       top = y + band * BAND;
        int          now = c->begin[t->phase], end = c->begin[t->phase + 1];
        uint32_t     gone = t->n ? t->run[t->n - 1].gone : 0;
        if (band >= MOST_BANDS || (t->warp && c->band[t->warp - 1] == band)) continue;
        for (int r = 0; r < t->n && now < until; now += t->run[r++].time) {
            const Run *run = &t->run[r];
            Kind       is = run->kind == 'g' ? GLOBAL : run->kind == 's' ? SHARED : STEP;
            int        time = now + run->time < until ? run->time : until - now;
            uint32_t   mask = kind == is ? run->active : kind == IDLE ? ~run->active & ~run->gone : 0;
            cells += put_cells(f, mask, MARGIN + scale * now, top, scale * time);
        }
        bool more = t->phase + 1 < c->phases;
        if (kind == WAITS && more && now < end && now < until)
            cells += put_cells(f, ~gone, MARGIN + scale * now, top, scale * ((end < until ? end : until) - now));
    }
    return cells;
}

/* The longest beginning that is not too much to draw. */
static int time_shown(const Kernel *k, const Clock *c)
{
    int all = c->begin[c->phases], until = all < 2 * LANES * PITCH ? all : 2 * LANES * PITCH;
    for (;; until = until * 3 / 4) {
        int cells = 0;
        for (Kind kind = 0; kind < KINDS; kind++) cells += put_kind(NULL, k, c, kind, 0, 1, until);
        if (cells <= MOST_CELLS || until < 8) return until;
    }
}

static double put_key(FILE *f, double y)
{
    double x = MARGIN;
    for (Kind kind = 0; kind < KINDS; kind++) {
        fprintf(f, "<rect x='%.0f' y='%.0f' width='16' height='12' class='%s'/><text x='%.0f' y='%.0f'>%s</text>\n", x,
                y, LOOK[kind], x + 21, y + 10, MEANING[kind]);
        x += 40 + 7 * (double)strlen(MEANING[kind]);
    }
    return y + 22;
}

static void put_bands(FILE *f, const Clock *c, double y)
{
    char name[40];
    int  w = 0, last;
    for (; w < c->warps && c->band[w] < MOST_BANDS; w = last + 1) {
        for (last = w; last + 1 < c->warps && c->band[last + 1] == c->band[w];) last++;
        snprintf(name, sizeof name, last > w ? "%d-%d" : "%d", w, last);
        fprintf(f, "<text x='%d' y='%d' font-size='10' text-anchor='end'>%s</text>\n", MARGIN - 5,
                (int)y + c->band[w] * BAND + BAND / 2, name);
    }
    fprintf(f, "<text x='%d' y='%.0f' font-size='10' text-anchor='end'>warp</text>\n", MARGIN - 5, y - 4);
}

static double put_time(FILE *f, const Kernel *k, double y)
{
    Clock  c = clock_of(k);
    int    until = time_shown(k, &c), all = c.begin[c.phases];
    int    high = (c.bands < MOST_BANDS ? c.bands : MOST_BANDS) * BAND;
    double scale = fmin(8, (double)LANES * PITCH / (until ? until : 1));
    char   line[256];
    y = put_line(f, y, " font-weight='bold'", "The threads of block 0 over time");
    snprintf(line, sizeof line, "A basic block takes 1, shared memory its waves, global memory a quarter of its "
             "sectors: %d%s in all%s%s.", all, k->cut ? " and more" : "", until < all ? ", of which the beginning" : "",
             c.bands > MOST_BANDS ? ", and not all warps are shown" : "");
    y = put_key(f, put_line(f, y, "", line) + 4) + 8;
    for (Kind kind = 0; kind < KINDS; kind++) {
        fprintf(f, "<path class='%s' d='", LOOK[kind]);
        put_kind(f, k, &c, kind, y, scale, until);
        fputs("'/>\n", f);
    }
    put_bands(f, &c, y);
    fputs("<path class='barrier' d='", f);
    for (int p = 1; p < c.phases && c.begin[p] <= until; p++)
        fprintf(f, "M%.2f %.0fv%d", MARGIN + scale * c.begin[p], y - 3, high);
    fputs("'/>\n", f);
    clock_free(&c);
    return y + high + 8;
}

/* ---- A kernel's picture ----------------------------------------------------------------------------------------- */

static const char STYLE[] =
    "<style>text{fill:#222}.lane{fill:#dcebf5;stroke:#0072B2}.idle{fill:#fff;stroke:#999;stroke-dasharray:2,2}"
    ".wire{stroke:#0072B2;stroke-width:.9;fill:none;opacity:.75}.used{fill:#0072B2;stroke:#fff;stroke-width:.5}"
    ".sector{fill:none;stroke:#222}.step{fill:#a9d3ec}.global{fill:#0072B2}.shared{fill:url(#stripes)}"
    ".idling{fill:url(#hatch)}.waits{fill:#e4e4e4}.barrier{stroke:#000;stroke-width:1.6}</style>\n"
    "<defs><pattern id='hatch' width='4' height='4' patternUnits='userSpaceOnUse'><rect width='4' height='4' "
    "fill='#fdf1da'/><path d='M0 4L4 0' stroke='#E69F00' stroke-width='1'/></pattern>"
    "<pattern id='stripes' width='4' height='4' patternUnits='userSpaceOnUse'><rect width='4' height='4' "
    "fill='#009E73'/><path d='M0 3.5H4' stroke='#7fceb9'/>"
    "</pattern></defs>\n";

static double put_kernel(FILE *f, const Kernel *k)
{
    char   line[300];
    double y = 14;
    int    warps = (k->threads[0] * k->threads[1] * k->threads[2] + LANES - 1) / LANES;
    y = put_line(f, y, " font-size='15' font-weight='bold'", k->name) + 4;
    snprintf(line, sizeof line, "grid (%d,%d,%d), block (%d,%d,%d): %d warp%s a block. Lanes above, memory below; dark "
             "words are those that lanes touch.", k->grid[0], k->grid[1], k->grid[2], k->threads[0], k->threads[1],
             k->threads[2], warps, warps == 1 ? "" : "s");
    y = put_line(f, y, "", line) + 10;
    y = put_accesses(f, k->access, k->accesses, y);
    return k->tracks ? put_time(f, k, y) : y;
}

/* What is drawn, as numbers: they tell whether a picture is out of date. */
static const char *write_table(const Kernel *k, const char *path)
{
    FileWriter  w;
    const char *failed = file_open(&w, path);
    if (failed) return failed;
    fprintf(w.f, "line\taccess\tarray\trequests\tmoved\tat best\n");
    for (int i = 0; i < k->accesses; i++) {
        const Access *a = &k->access[i];
        fprintf(w.f, "%d\t%s\t%s\t%.0f\t%.0f\t%.0f\n", a->line, a->access, a->array, a->requests, a->all,
                a->all_at_best);
    }
    Clock c = clock_of(k);
    fprintf(w.f, "phases\t%d\twarps\t%d\ttime\t%d\n", c.phases, c.warps, c.begin[c.phases]);
    clock_free(&c);
    return file_close(&w, false);
}

static const char *write_picture(const Kernel *k, const char *path)
{
    char       *body;
    size_t      size;
    FileWriter  w;
    const char *failed = file_open(&w, path);
    if (failed) return failed;
    FILE *memory = open_memstream(&body, &size);    /* its height is known at its end */
    CHECK(memory, "show: out of memory");
    double high = put_kernel(memory, k);
    fclose(memory);
    fprintf(w.f, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %.0f' width='%d' height='%.0f' "
                 "font-family='DejaVu Sans, sans-serif' font-size='11'>\n<title>Memory and time of ",
            WIDTH, high, WIDTH, high);
    put_text(w.f, k->name);
    fprintf(w.f, "</title>\n%s<rect width='100%%' height='100%%' fill='#fff'/>\n%s</svg>\n", STYLE, body);
    free(body);
    return file_close(&w, false);
}

static const char *draw_kernel(const Kernel *k, const char *folder)
{
    char name[100], path[4096];
    snprintf(name, sizeof name, "%.90s", k->name);
    for (char *c = name; *c; c++)       /* block<32> is no name for a file */
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", *c)) *c = '_';
    snprintf(path, sizeof path, "%s/%s.tsv", folder, name);
    const char *failed = write_table(k, path);
    if (failed) return failed;
    snprintf(path, sizeof path, "%s/%s.svg", folder, name);
    return write_picture(k, path);
}

static void print_kernel(FILE *f, const Kernel *k)
{
    char source[256];
    fprintf(f, "%s\n", k->name);
    for (int i = 0; i < k->accesses; i++) {
        source_line(&k->access[i], source, sizeof source);
        fprintf(f, "  %s:%d  %s\n      %s of %s: %s\n", last_part(k->access[i].file), k->access[i].line, source,
               k->access[i].access, k->access[i].array, verdict(&k->access[i]));
    }
}

const char *show_draw(const char *path, const char *folder, FILE *table)
{
    Log         log = { .path = path };
    const char *failed = jsonl_read(path, read_line, &log);
    if (!failed) failed = file_make_folder(folder);
    if (!failed && !log.n) failed = sentence("%s: no kernel was launched", path);
    for (int i = 0; i < log.n && !failed; i++) {
        if (table) print_kernel(table, &log.kernel[i]);
        failed = draw_kernel(&log.kernel[i], folder);
    }
    log_free(&log);
    return failed;
}
