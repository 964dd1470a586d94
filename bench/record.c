/* record.c -- results as JSON Lines: one line says what ran and where, then one line a contestant. Never rewritten. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>
#include "data.h"
#include "harness.h"

/* ---- The machine ------------------------------------------------------------------------------------------------- */

/* The value after "key : " in /proc/cpuinfo; empty where there is none. */
static void cpu_says(const char *key, char *value, size_t size)
{
    char  line[512];
    FILE *f = fopen("/proc/cpuinfo", "r");
    *value = 0;
    while (f && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, key, strlen(key)) || !colon) continue;
        if (strspn(line + strlen(key), " \t") != (size_t)(colon - line) - strlen(key)) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(value, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
        break;
    }
    if (f) fclose(f);
}

static int cpu_count(void) { return get_nprocs(); }

/* Two different processors must not share a name: where the model's name has no number, family and model follow. */
const char *record_machine(void)
{
    static char name[160];
    char        model[100], family[24], number[24], raw[160];
    if (*name) return name;
    cpu_says("model name", model, sizeof model);
    cpu_says(*model ? "cpu family" : "CPU implementer", family, sizeof family);
    cpu_says(*model ? "model" : "CPU part", number, sizeof number);
    if (!*model) snprintf(model, sizeof model, "cpu");
    if (strpbrk(model, "0123456789")) snprintf(raw, sizeof raw, "%s", model);
    else snprintf(raw, sizeof raw, "%s %s %s", model, family, number);
    size_t n = 0;
    for (const char *s = raw; *s && n + 8 < sizeof name; s++) {
        if (isalnum((unsigned char)*s)) name[n++] = (char)tolower((unsigned char)*s);
        else if (n && name[n - 1] != '-') name[n++] = '-';
    }
    while (n && name[n - 1] == '-') n--;
    snprintf(name + n, sizeof name - n, "-x%d", cpu_count());
    return name;
}

static json_t *machine_record(void)
{
    char model[100], family[24], number[24], hypervisor[24];
    cpu_says("model name", model, sizeof model);
    cpu_says("cpu family", family, sizeof family);
    cpu_says("model", number, sizeof number);
    struct sysinfo info;
    double gib = sysinfo(&info) ? 0 : (double)info.totalram * info.mem_unit / (1 << 30);
    char   flags[4096];
    cpu_says("flags", flags, sizeof flags);
    snprintf(hypervisor, sizeof hypervisor, "%s", strstr(flags, " hypervisor") ? "virtual" : "");
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:f}", "name", record_machine(), "cpu", model, "family", family,
                     "model", number, "cpus", cpu_count(), "kind", hypervisor, "memory_gib", gib);
}

/* ---- What was measured ------------------------------------------------------------------------------------------- */

static void first_line(FILE *f, char *text, size_t size)
{
    *text = 0;
    if (f && !fgets(text, (int)size, f)) *text = 0;
    text[strcspn(text, "\n")] = 0;
}

static void git_says(const char *what, char *text, size_t size)
{
    char command[1400];
    snprintf(command, sizeof command, "git -C '%s' %s 2>/dev/null", data_root(), what);
    FILE *f = popen(command, "r");
    first_line(f, text, size);
    if (f) pclose(f);
}

static const char *commit(void)
{
    static char text[64];
    char        dirty[200];
    if (*text) return text;
    git_says("rev-parse --short=10 HEAD", text, sizeof text - 8);
    if (!*text) return strcpy(text, "nocommit");
    git_says("status --porcelain --untracked-files=no", dirty, sizeof dirty);
    return *dirty ? strcat(text, "-dirty") : text;
}

static const char *utc(const char *format)
{
    static char text[40];
    time_t      now = time(NULL);
    struct tm   t;
    strftime(text, sizeof text, format, gmtime_r(&now, &t));
    return text;
}

static json_t *four(const double v[4])
{
    return json_pack("{s:f, s:f, s:f, s:f}", "L1", v[0], "L2", v[1], "L3", v[2], "memory", v[3]);
}

static json_t *limits_record(const Limits *l)
{
    return json_pack("{s:f, s:f, s:o, s:o, s:[I, I, I]}", "fma_f32", l->fma[0], "fma_f64", l->fma[1], "read",
                     four(l->read), "copy", four(l->copy), "cache", (json_int_t)l->cache[0], (json_int_t)l->cache[1],
                     (json_int_t)l->cache[2]);
}

json_t *record_run(const Limits *l, uint64_t seed, Peer **peer, int peers)
{
    char  flags[1000], path[1100];
    snprintf(path, sizeof path, "%s/build/flags/cc_ref", data_root());
    FILE *f = fopen(path, "r");
    first_line(f, flags, sizeof flags);
    if (f) fclose(f);
    json_t *python = json_array();
    for (int i = 0; i < peers; i++) json_array_append_new(python, peer_record(peer[i]));
    const char *date = utc("%Y-%m-%dT%H:%M:%SZ");
    char        id[64];
    snprintf(id, sizeof id, "%s-%dt", date, l->threads);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:i, s:I, s:o, s:o, s:o}", "kind", "run", "id", id,
                     "date", date, "commit", commit(), "machine", machine_record(), "compiler", __VERSION__, "flags",
                     flags, "method", METHOD, "threads", l->threads, "seed", (json_int_t)seed, "limits",
                     limits_record(l), "python_peers", python, "absent", peers_absent());
}

static uint64_t hash_text(uint64_t h, const char *s)
{
    for (; *s; s++) h = (h ^ (unsigned char)*s) * 1099511628211u;
    return (h ^ 0xff) * 1099511628211u;
}

static uint64_t hash_number(uint64_t h, double v)
{
    char text[40];
    snprintf(text, sizeof text, "%.17g", v);
    return hash_text(h, text);
}

/* Two rows may be compared only if their case and method are the same: everything that defines them goes in here. */
void record_version(const Bench *b, char out[17])
{
    uint64_t h = hash_text(14695981039346656037u, METHOD);
    h = hash_text(h, b->name);
    h = hash_text(h, b->flops_text ? b->flops_text : "");
    h = hash_text(h, b->bytes_text ? b->bytes_text : "");
    for (int i = 0; i < b->n_dims; i++) h = hash_number(h, b->size[i]);
    h = hash_number(h, b->cold);
    h = hash_number(h, b->tolerance);
    h = hash_number(h, (double)b->seed);
    for (int i = 0; i < b->buffers; i++) {
        const Buffer *f = &b->buffer[i];
        if (f->role == ROLE_SCRATCH) continue;
        h = hash_text(h, f->name);
        h = hash_number(h, f->type * 8 + f->role);
        h = hash_number(h, (double)f->n);
    }
    snprintf(out, 17, "%016llx", (unsigned long long)h);
}

static const char *dtype_of(const Bench *b)
{
    for (int i = 0; i < b->buffers; i++)
        if (b->buffer[i].type == TYPE_F64) return "f64";
    return "f32";
}

/* Round by round: both were measured within the same moments. */
Interval contestant_ratio(const Contestant *other, const Contestant *ours)
{
    double ratio[MAX_SAMPLES];
    int    n = other->samples < ours->samples ? other->samples : ours->samples;
    for (int i = 0; i < n; i++) ratio[i] = other->sample[i] / ours->sample[i];
    return interval_of(ratio, n);
}

static json_t *against(const Bench *b, const Contestant *ours)
{
    json_t *all = json_object();
    for (int i = 0; i < b->contestants; i++) {
        const Contestant *c = &b->contestant[i];
        if (!c->is_peer || !c->samples) continue;
        Interval r = contestant_ratio(c, ours);
        json_object_set_new(all, c->label, json_pack("[f, f, f]", r.median, r.low, r.high));
    }
    return all;
}

static void add_times(json_t *row, const Bench *b, const Contestant *c)
{
    Interval t = interval_of(c->sample, c->samples);
    json_t  *samples = json_array();
    for (int i = 0; i < c->samples; i++) json_array_append_new(samples, json_real(c->sample[i]));
    json_object_set_new(row, "seconds", json_real(t.median));
    json_object_set_new(row, "low", json_real(t.low));
    json_object_set_new(row, "high", json_real(t.high));
    json_object_set_new(row, "calls", json_integer(c->calls));
    json_object_set_new(row, "samples", samples);
    json_object_set_new(row, "cpu_per_wall", json_real(c->wall > 0 ? c->cpu / c->wall : 0));
    json_object_set_new(row, "error", json_real(c->error));
    json_object_set_new(row, "allowed", json_real(c->allowed));
    if (!c->is_peer) json_object_set_new(row, "against", against(b, c));
}

json_t *record_row(const Bench *b, const Contestant *c, const Limits *l, const char *run)
{
    char        version[17];
    const char *by;
    double      limit = case_limit(l, b, &by);
    json_t     *size = json_array();
    record_version(b, version);
    for (int i = 0; i < b->n_dims; i++) json_array_append_new(size, json_integer(b->size[i]));
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:i, s:s, s:s, s:b, s:s, s:s, s:f, s:f, s:f, s:s, s:f, s:f}", "kind",
        "row", "run", run, "version", version, "room", b->room, "case", b->name, "dims", b->dims, "size", size, "dtype",
        dtype_of(b), "threads", b->threads, "contestant", c->label, "library", c->version, "peer", (int)c->is_peer,
        "state", b->cold ? "cold" : "hot", "clock", b->threads == 1 ? "cpu" : "wall", "flops", b->flops, "bytes",
        b->bytes, "limit", limit, "limit_by", by, "load", b->load, "clock_change",
        b->clock_before > 0 ? b->clock_after / b->clock_before : 1);
    CHECK(row, "bench: a row that is no JSON (%s, %s)", b->name, c->label);
    if (b->cold) json_object_set_new(row, "flushed", json_real(c->flushed));
    if (b->memory && c->memory >= 0) json_object_set_new(row, "memory", json_integer(c->memory));
    if (c->peer) json_object_set_new(row, "settings", json_string(peer_settings(c->peer)));
    if (*c->wrong) json_object_set_new(row, "wrong", json_string(c->wrong));
    else if (*c->absent) json_object_set_new(row, "absent", json_string(c->absent));
    else if (c->samples) add_times(row, b, c);
    return row;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
}

const char *record_new_file(char *path, size_t size)
{
    for (int n = 1; n < 1000; n++) {
        char again[16] = "";
        if (n > 1) snprintf(again, sizeof again, "-%d", n);
        snprintf(path, size, "%s/bench/results/%s/%s-%s%s.jsonl", data_root(), record_machine(), utc("%Y-%m-%d"),
                 commit(), again);
        make_folders(path);
        int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (file >= 0) return close(file), NULL;
        if (errno != EEXIST) return sentence("cannot make %s: %s", path, strerror(errno));
    }
    return sentence("%s and 998 more are there already", path);
}

const char *record_write(const char *path, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(7));
    json_decref(object);
    if (!text) return "a result that is no JSON";
    FILE *f = fopen(path, "a");
    if (!f) {
        free(text);
        return sentence("cannot write %s: %s", path, strerror(errno));
    }
    fprintf(f, "%s\n", text);
    free(text);
    return fclose(f) ? sentence("cannot write %s: %s", path, strerror(errno)) : NULL;
}

const char *record_read(const char *path, json_t **out)
{
    FILE *f = fopen(path, "r");
    if (!f) return sentence("cannot read %s: %s", path, strerror(errno));
    char       *line = NULL;
    size_t      room = 0;
    const char *why = NULL;
    *out = json_array();
    for (int n = 1; !why && getline(&line, &room, f) > 0; n++) {
        json_error_t error;
        json_t      *object = json_loads(line, 0, &error);
        if (!json_is_object(object)) why = sentence("%s:%d: not a line of JSON: %s", path, n, error.text);
        else json_array_append(*out, object);
        json_decref(object);
    }
    free(line);
    fclose(f);
    if (why) json_decref(*out), *out = NULL;
    return why;
}
