/* compare.c -- two files of results: the same case, machine, threads and method side by side. */
#include <math.h>
#include <string.h>
#include "harness.h"

static const char *text(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));
    return s ? s : "";
}

static bool is_kind(const json_t *row, const char *kind) { return !strcmp(text(row, "kind"), kind); }

static const char *machine(const json_t *rows)
{
    size_t  i;
    json_t *row;
    json_array_foreach(rows, i, row) if (is_kind(row, "run")) return text(json_object_get(row, "machine"), "name");
    return "";
}

static bool same_case(const json_t *a, const json_t *b)
{
    return !strcmp(text(a, "case"), text(b, "case")) && !strcmp(text(a, "contestant"), text(b, "contestant")) &&
           json_equal(json_object_get(a, "size"), json_object_get(b, "size")) &&
           json_equal(json_object_get(a, "threads"), json_object_get(b, "threads"));
}

static const json_t *find_latest(const json_t *rows, const json_t *like)
{
    const json_t *found = NULL;
    size_t        i;
    json_t       *row;
    json_array_foreach(rows, i, row) if (is_kind(row, "row") && same_case(row, like)) found = row;
    return found;
}

static int samples(const json_t *row, double *out)
{
    const json_t *list = json_object_get(row, "samples");
    int           n = (int)json_array_size(list);
    if (n > MAX_SAMPLES) n = MAX_SAMPLES;
    for (int i = 0; i < n; i++) out[i] = json_number_value(json_array_get(list, (size_t)i));
    return n;
}

static void name_of(const json_t *row, char *out, size_t room)
{
    size_t n = (size_t)snprintf(out, room, "%s ", text(row, "case")), i;
    json_t *d;
    json_array_foreach(json_object_get(row, "size"), i, d) if (n < room)
        n += (size_t)snprintf(out + n, room - n, "%s%d", i ? "x" : "", (int)json_integer_value(d));
    if (n < room)
        snprintf(out + n, room - n, ", %d thr., %s", (int)json_integer_value(json_object_get(row, "threads")),
                 text(row, "contestant"));
}

static void compare_rows(const json_t *old, const json_t *new, FILE *f)
{
    static double a[MAX_SAMPLES], b[MAX_SAMPLES];
    char          name[160], was[16], is[16];
    name_of(new, name, sizeof name);
    if (!old) {
        fprintf(f, "  %-46s not in the old results\n", name);
        return;
    }
    if (strcmp(text(old, "version"), text(new, "version"))) {
        fprintf(f, "  %-46s case or method changed: not compared\n", name);
        return;
    }
    int na = samples(old, a), nb = samples(new, b);
    if (!na || !nb) {
        fprintf(f, "  %-46s has no time %s\n", name, na ? "now" : nb ? "in the old results" : "in either");
        return;
    }
    Interval r = interval_ratio(a, na, b, nb);
    bool     same = r.low <= 1 && 1 <= r.high;
    fprintf(f, "  %-46s %8s -> %8s  %.3fx [%.3f, %.3f] %s\n", name, seconds_text(interval_of(a, na).median, was),
            seconds_text(interval_of(b, nb).median, is), r.median, r.low, r.high,
            same           ? "no difference"
            : r.median > 1 ? "faster"
                           : "slower");
}

const char *compare_files(const char *old_path, const char *new_path, FILE *f)
{
    json_t     *old = NULL, *new = NULL, *row;
    size_t      i;
    const char *why = record_read(old_path, &old);
    if (!why) why = record_read(new_path, &new);
    if (!why && strcmp(machine(old), machine(new)))
        why = sentence("%s was measured on %s, %s on %s: times of different machines are not compared", old_path,
                       machine(old), new_path, machine(new));
    if (!why) {
        fprintf(f, "\n%s -> %s: old time / new time, 95 %% interval\n", old_path, new_path);
        json_array_foreach(new, i, row) if (is_kind(row, "row")) compare_rows(find_latest(old, row), row, f);
        fprintf(f, "Runs of different days differ by a few percent without any cause in the code; ratios to a peer of "
                   "the same run do not.\n");
    }
    json_decref(old);
    json_decref(new);
    return why;
}
