/* table.c -- a case as a person reads it: who took how long, how near the limit, against the fastest peer. */
#include <math.h>
#include <string.h>
#include "harness.h"

const char *seconds_text(double s, char out[16])
{
    static const struct {
        double unit;
        const char *name;
    } units[] = { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "us" }, { 1e-9, "ns" } };
    size_t u = 0;
    while (u < 3 && s < 0.9995 * units[u].unit) u++;
    double v = s / units[u].unit;
    snprintf(out, 16, v < 9.995 ? "%.2f %s" : v < 99.95 ? "%.1f %s" : "%.0f %s", v, units[u].name);
    return out;
}

/* What is flushed comes from memory, however little it is. */
double case_limit(const Limits *l, const Bench *b, const char **what)
{
    bool doubles = false;
    for (int i = 0; i < b->buffers; i++) doubles |= b->buffer[i].type == TYPE_F64;
    if (!b->cold) return machine_seconds(l, b->flops, b->bytes, doubles, what);
    double arithmetic = b->flops / l->fma[doubles], traffic = b->bytes / machine_bandwidth(l, INFINITY, what);
    if (arithmetic > traffic) *what = "arithmetic";
    return fmax(arithmetic, traffic);
}

static const Contestant *fastest_peer(const Bench *b)
{
    const Contestant *best = NULL;
    for (int i = 0; i < b->contestants; i++) {
        const Contestant *c = &b->contestant[i];
        if (!c->is_peer || !c->samples) continue;
        if (!best || interval_of(c->sample, c->samples).median < interval_of(best->sample, best->samples).median)
            best = c;
    }
    return best;
}

static void size_text(const Bench *b, char *out, size_t room)
{
    size_t n = 0;
    *out = 0;
    for (int i = 0; i < b->n_dims && n < room; i++)
        n += (size_t)snprintf(out + n, room - n, "%s%d", i ? "x" : "", b->size[i]);
}

static const char *rate_text(const Bench *b, double seconds, char out[24])
{
    bool arithmetic = b->flops / 4 > b->bytes;  /* more than 4 flops a byte: on this side of the roofline's ridge */
    if (!(b->flops > 0) && !(b->bytes > 0)) return strcpy(out, "");
    snprintf(out, 24, "%.3g %s", (arithmetic ? b->flops : b->bytes) / seconds / 1e9, arithmetic ? "GFLOP/s" : "GB/s");
    return out;
}

/* Empty for rows that do not ask for it. */
static const char *memory_text(const Bench *b, const Contestant *c, char out[24])
{
    *out = 0;
    if (!b->memory) return out;
    if (c->memory < 0) snprintf(out, 24, "%11s  ", "?");
    else snprintf(out, 24, "%7.1f MiB  ", (double)c->memory / (1 << 20));
    return out;
}

static void row(const Bench *b, const Contestant *c, const Contestant *peer, double limit, FILE *f)
{
    char name[160], time[16], rate[24], memory[24], ratio[48] = "", near[16] = "";
    snprintf(name, sizeof name, "%s%s%s", c->label, *c->version ? " " : "", c->version);
    if (*c->wrong || *c->absent || !c->samples) {
        fprintf(f, "  %-28.28s %s%s\n", name, *c->wrong ? "WRONG, so not timed: " : "takes no part: ",
                *c->wrong ? c->wrong : *c->absent ? c->absent : "it has no sample");
        return;
    }
    Interval t = interval_of(c->sample, c->samples);
    if (limit > 0) snprintf(near, sizeof near, "%.0f%%", 100 * limit / t.median);
    if (peer && !c->is_peer) {
        Interval r = contestant_ratio(peer, c);
        bool even = r.low <= 1 && 1 <= r.high;
        snprintf(ratio, sizeof ratio, "%.2fx [%.2f, %.2f]%s", r.median, r.low, r.high, even ? " =" : "");
    } else if (c == peer) {
        snprintf(ratio, sizeof ratio, "1x");
    }
    fprintf(f, "  %-28.28s %8s +-%4.1f%% %13s %5s  %s%s\n", name, seconds_text(t.median, time),
            100 * fmax(t.high - t.median, t.median - t.low) / t.median, rate_text(b, t.median, rate), near,
            memory_text(b, c, memory), ratio);
}

void table_case(const Bench *b, const Limits *l, FILE *f)
{
    char              size[80], time[16];
    const char       *by;
    double limit = case_limit(l, b, &by), change = b->clock_before > 0 ? b->clock_after / b->clock_before : 1;
    const Contestant *peer = fastest_peer(b);
    size_text(b, size, sizeof size);
    fprintf(f, "\n%s %s=%s, %d thread%s, %s", b->name, b->dims, size, b->threads, b->threads > 1 ? "s" : "",
            b->cold ? "cold" : "hot");
    if (limit > 0) fprintf(f, "; limit %s (%s)", seconds_text(limit, time), by);
    fprintf(f, "\n  %-28s %8s %7s %13s %5s  %s%s\n", "", "median", "", "rate", "limit",
            b->memory ? "peak memory  " : "", peer ? "against the fastest peer" : "no peer");
    for (int i = 0; i < b->contestants; i++)
        if (!b->contestant[i].hidden) row(b, &b->contestant[i], peer, limit, f);
    if (b->note) fprintf(f, "  %s\n", b->note);
    if (fabs(change - 1) > 0.03)
        fprintf(f, "  The clock changed by %.0f %% meanwhile: measure again on a quiet machine.\n", 100 * (change - 1));
}
