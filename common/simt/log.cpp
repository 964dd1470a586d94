/* log.cpp -- what a picture of a kernel needs: each line's costliest request, lane by lane, and block 0 over time.
 *
 * Lanes do not run in step here. For the picture they are put in step again as hardware without independent threads
 * did it: of the lanes' next steps the one that stands first in the program runs, with all lanes that are there. Time is
 * made up, but says what costs: a basic block takes 1, an access to shared memory its waves, one to global memory a
 * quarter of its sectors, at least 1. Of a kernel that was launched several times the launch that did most is kept. */
#include "inside.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <tuple>

namespace simt {
bool logging;
enum { MOST_STEPS = 4096 };                 /* of a warp; then block 0 is left, for more is no picture */

struct Shot {                               /* what a line did */
    What what;
    Access kind;
    unsigned size;
    Count total, worst;
    uint64_t block;
    int warp;
    Home home;
    bool there[32];
    long long at[32];                       /* bytes from the array's beginning */
};
struct Run {                                /* steps of a warp that look the same */
    char kind;                              /* b: a basic block; g, s: an access to global, shared memory */
    uint32_t active, gone;                  /* lanes that do it; lanes that have returned */
    unsigned time;
};
struct Sample {
    std::string name;
    Place at;
    dim3 grid, block;
    std::map<uint32_t, Shot> shots;         /* by site */
    std::map<std::pair<int, int>, std::vector<Run>> time;   /* by phase between barriers, and warp */
    unsigned steps[32];                     /* kept, by warp */
    int phase;
    uint64_t weight;                        /* requests and steps: the launch that did most is kept */
    bool cut;
};
static Sample &sample = *new Sample{};      /* never destroyed: there may be launches after main() */
static std::vector<Sample> &kept = *new std::vector<Sample>;    /* a kernel each, in the order of their first launch */

static void keep()
{
    if (!sample.weight) return;
    auto same = [](const Sample &s) { return s.name == sample.name; };
    auto old = std::find_if(kept.begin(), kept.end(), same);
    if (old == kept.end())
        kept.push_back(sample);
    else if (sample.weight > old->weight)
        *old = sample;
    sample.weight = 0;
}

void log_launch(const Launch &l)
{
    keep();
    sample = {};
    sample.name = l.name, sample.at = l.at, sample.grid = l.grid, sample.block = l.block;
}

/* Sectors or waves that could be saved; of equal ones, the request of most lanes (and then block 0's last: a first row,
 * or warp 0, may be right by luck). */
static bool worse(const Count &a, const Count &b)
{
    auto excess = [](const Count &c) { return c.sectors + c.waves - c.least_sectors - c.least_waves; };
    return excess(a) != excess(b) ? excess(a) > excess(b) : a.lanes > b.lanes;
}

void log_request(const Core &c, int warp, const Record *const *lane, const Count &count)
{
    const Record &any = **std::find_if(lane, lane + 32, [](const Record *r) { return r; });
    Shot &s = sample.shots[any.site];
    sample.weight++;
    add(s.total, count);
    bool first = s.total.requests == 1, more = worse(count, s.worst), less = worse(s.worst, count);
    if (!first && !more && (less || c.block)) return;
    s.what = any.what, s.kind = any.kind, s.size = any.size;
    s.worst = count, s.block = c.block, s.warp = warp, s.home = home_of(c, any.address);
    for (int l = 0; l < 32; l++) {
        s.there[l] = lane[l];
        s.at[l] = lane[l] ? (long long)(lane[l]->address - s.home.base) : 0;
    }
}

/* ---- Time ---- */

static unsigned time_of(const Record *const *lane, What what)
{
    if (what == BLOCK) return 1;
    Count c = count_of(lane);
    return (unsigned)std::max<uint64_t>(1, what == SHARED ? c.waves : (c.sectors + 3) / 4);
}

void log_steps(const Core &c, int warp, const std::vector<Record> *lanes)
{
    size_t next[32] = {};
    if (c.block) return;
    if (sample.steps[warp] > MOST_STEPS) sample.cut = true;
    if (sample.cut) return;
    std::vector<Run> &runs = sample.time[{sample.phase, warp}];
    for (;;) {
        const Record *now = nullptr, *lane[32] = {};
        for (int l = 0; l < 32; l++)
            if (next[l] < lanes[l].size() && (!now || lanes[l][next[l]].site < now->site)) now = &lanes[l][next[l]];
        if (!now) return;
        Run run = {now->what == BLOCK ? 'b' : now->what == GLOBAL ? 'g' : 's', 0, 0, 0};
        for (int l = 0; l < 32; l++) {
            if (next[l] == lanes[l].size()) {
                if ((unsigned)(warp * 32 + l) >= c.launch->threads || c.threads[(size_t)warp * 32 + l].state == RETURNED)
                    run.gone |= 1u << l;
            } else if (const Record &r = lanes[l][next[l]]; r.site == now->site && r.what == now->what) {
                lane[l] = &r, run.active |= 1u << l, next[l]++;
            }
        }
        run.time = time_of(lane, now->what);
        sample.weight++, sample.steps[warp]++;
        if (Run *last = runs.empty() ? nullptr : &runs.back();
                 last && last->kind == run.kind && last->active == run.active && last->gone == run.gone)
            last->time += run.time;
        else
            runs.push_back(run);
    }
}

void log_barrier(const Core &c)
{
    if (!c.block) sample.phase++;
}

/* ---- The file: a line of JSON for each kernel, then its lines of source, then its warps ---- */

static void write_shot(FILE *f, const std::string &kernel, Place at, const Shot &s)
{
    bool global = s.what == GLOBAL;
    auto ull = [](uint64_t x) { return (unsigned long long)x; };
    fprintf(f,
            "{\"kernel\": %s, \"file\": %s, \"line\": %d, \"access\": %s, \"global\": %s, \"bytes\": %u, \"array\": %s, "
            "\"requests\": %llu, \"all\": %llu, \"all_at_best\": %llu, \"moved\": %llu, \"at_best\": %llu, "
            "\"block\": %llu, \"warp\": %d, \"at\": [",
            quoted(kernel).c_str(), quoted(at.file ? at.file : "").c_str(), at.line,
            quoted(access_name(s.what, s.kind, s.size)).c_str(), global ? "true" : "false", s.size,
            quoted(s.home.name).c_str(), ull(s.total.requests), ull(global ? s.total.sectors : s.total.waves),
            ull(global ? s.total.least_sectors : s.total.least_waves), ull(global ? s.worst.sectors : s.worst.waves),
            ull(global ? s.worst.least_sectors : s.worst.least_waves), ull(s.block), s.warp);
    for (int l = 0; l < 32; l++)
        fprintf(f, "%s%s", l ? ", " : "", s.there[l] ? std::to_string(s.at[l]).c_str() : "null");
    fprintf(f, "]}\n");
}

/* A line may have become several instructions: those that read or write the same array count as one. */
static void write_shots(FILE *f, const Sample &s)
{
    using Key = std::tuple<int, std::string, What, Access, unsigned, uintptr_t>;
    std::map<Key, std::pair<Place, Shot>> lines;
    for (auto &entry : s.shots) {
        const Shot &shot = entry.second;
        Place at = site_place(entry.first);
        Key key = {at.line, at.file ? at.file : "", shot.what, shot.kind, shot.size, shot.home.base};
        auto old = lines.find(key);
        if (old == lines.end()) {
            lines[key] = {at, shot};
            continue;
        }
        Count total = old->second.second.total;
        add(total, shot.total);
        if (worse(shot.worst, old->second.second.worst)) old->second.second = shot;
        old->second.second.total = total;
    }
    for (auto &line : lines) write_shot(f, s.name, line.second.first, line.second.second);
}

static void write_time(FILE *f, const Sample &s)
{
    for (auto &entry : s.time) {
        fprintf(f, "{\"kernel\": %s, \"phase\": %d, \"warp\": %d, \"runs\": [", quoted(s.name).c_str(), entry.first.first,
                entry.first.second);
        bool first = true;
        for (const Run &r : entry.second) {
            fprintf(f, "%s[\"%c\", %u, %u, %u]", first ? "" : ", ", r.kind, r.active, r.gone, r.time);
            first = false;
        }
        fprintf(f, "]}\n");
    }
}

bool log_write(const char *path)
{
    wait_all();
    keep();
    lines_later = false;
    FILE *f = fopen(path, "w");
    if (!f) return fprintf(stderr, "simt: %s: %s\n", path, strerror(errno)), false;
    for (const Sample &s : kept) {
        fprintf(f,
                "{\"kernel\": %s, \"file\": %s, \"line\": %d, \"grid\": [%u, %u, %u], \"threads\": [%u, %u, %u], "
                "\"cut\": %s}\n",
                quoted(s.name).c_str(), quoted(s.at.file ? s.at.file : "").c_str(), s.at.line, s.grid.x, s.grid.y,
                s.grid.z, s.block.x, s.block.y, s.block.z, s.cut ? "true" : "false");
        write_shots(f, s);
        write_time(f, s);
    }
    kept.clear();
    return fclose(f) == 0;
}

void log_start()
{
    wait_all();
    logging = counting = checked;
    sample.weight = 0;
    kept.clear();
}

void log_init()
{
    const char *path = getenv("SIMT_LOG");
    logging = path && *path;
    if (logging)
        atexit([] { log_write(getenv("SIMT_LOG")); });
}
} // namespace simt

extern "C" void simt_log_start() { simt::log_start(); }
extern "C" int simt_log_write(const char *path) { return simt::log_write(path); }
