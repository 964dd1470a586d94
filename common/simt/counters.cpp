/* counters.cpp -- what a GPU's profiler would count, by the rules of CUDA's programming guide.
 *
 * A warp's access to global memory is one request; it moves the sectors of 32 bytes that its lanes touch. Its access to
 * shared memory takes one wave for each of the different words of four bytes that lie in the busiest of the 32 banks;
 * accesses of 8 and 16 bytes go by half and by quarter of a warp.
 * Lanes do not run in step here. The k-th time that each lane comes to a place since they last met is one request:
 * exact where lanes go round their loops equally often, close where not. */
#include "inside.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace simt {
struct Row {
    What what;
    Access kind;
    unsigned size;
    Count count;
};
struct Kernel {
    uint64_t launches, blocks, threads, warps, barriers;
    unsigned block_size;
    size_t shared;
    std::map<uint32_t, Row> sites;
    Count total[2][3];                      /* [What][Access] */
    uint64_t steps, step_lanes;
};

bool counting;
static std::vector<Record> logs[1024];
static std::map<std::string, Kernel> &kernels = *new std::map<std::string, Kernel>;
static Kernel *kernel;

/* ---- One request ---- */

static int distinct(uintptr_t *values, int n)
{
    std::sort(values, values + n);
    return (int)(std::unique(values, values + n) - values);
}

static int sectors_of(const Record *const *lane, int *least)
{
    uintptr_t sectors[32 * 5], addresses[32];
    int n = 0, m = 0;
    for (int l = 0; l < 32; l++) {
        if (!lane[l]) continue;
        addresses[m++] = lane[l]->address;
        for (uintptr_t s = lane[l]->address / 32; s <= (lane[l]->address + lane[l]->size - 1) / 32 && n < 160; s++)
            sectors[n++] = s;
        *least = lane[l]->size;
    }
    *least = (distinct(addresses, m) * *least + 31) / 32;
    return distinct(sectors, n);
}

static int waves_of(const Record *const *lane, int size, int *least)
{
    int together = size >= 16 ? 8 : size == 8 ? 16 : 32, waves = 0;
    *least = 0;
    for (int first = 0; first < 32; first += together) {
        uintptr_t words[32 * 4];
        int n = 0, bank[32] = {}, most = 0;
        for (int l = first; l < first + together; l++)
            for (int b = 0; lane[l] && b < size; b += 4) words[n++] = (lane[l]->address + (uintptr_t)b) / 4;
        n = distinct(words, n);
        for (int i = 0; i < n; i++) most = std::max(most, ++bank[words[i] % 32]);
        waves += most;
        *least += n > 0;
    }
    return waves;
}

static int longest_of(const Record *const *lane)
{
    int most = 0;
    for (int l = 0; l < 32; l++) {
        int same = 0;
        for (int k = 0; k < 32; k++) same += lane[l] && lane[k] && lane[k]->address == lane[l]->address;
        most = std::max(most, same);
    }
    return most;
}

void add(Count &c, const Count &x)
{
    c.requests += x.requests, c.lanes += x.lanes, c.bytes += x.bytes;
    c.sectors += x.sectors, c.least_sectors += x.least_sectors;
    c.waves += x.waves, c.least_waves += x.least_waves, c.longest += x.longest;
}

Count count_of(const Record *const *lane)
{
    const Record *any = nullptr;
    Count c = {};
    for (int l = 0; l < 32; l++)
        if (lane[l]) any = lane[l], c.lanes++;
    if (any->what == BLOCK) return c;
    int sectors = 0, least = 0, waves = 0, least_waves = 0;
    if (any->what == GLOBAL)
        sectors = sectors_of(lane, &least);
    else
        waves = waves_of(lane, any->size, &least_waves);
    c.requests = 1, c.bytes = c.lanes * any->size;
    c.sectors = (uint64_t)sectors, c.least_sectors = (uint64_t)least;
    c.waves = (uint64_t)waves, c.least_waves = (uint64_t)least_waves;
    if (any->kind == ATOMIC) c.longest = (uint64_t)longest_of(lane);
    return c;
}

static void request(const Core &core, int warp, const Record *const *lane)
{
    int l = 0;
    while (!lane[l]) l++;
    const Record &any = *lane[l];
    Count c = count_of(lane);
    if (any.what == BLOCK) {
        kernel->steps++, kernel->step_lanes += c.lanes;
        return;
    }
    Row &row = kernel->sites[any.site];
    row.what = any.what, row.kind = any.kind, row.size = any.size;
    add(row.count, c);
    add(kernel->total[any.what][any.kind], c);
    if (logging) log_request(core, warp, lane, c);
}

/* ---- From the lanes' logs to requests ---- */

void count_flush(Core &c, int warp)
{
    std::vector<Record> *log = &logs[warp * 32];
    std::map<std::pair<uint32_t, uint32_t>, const Record *[32]> requests;       /* (site, which time) */
    std::map<uint32_t, uint32_t> times;
    bool alike = true;
    const std::vector<Record> *first = nullptr;
    for (int l = 0; l < 32; l++) {
        if (log[l].empty()) continue;
        if (!first) first = &log[l];
        alike = alike && log[l].size() == first->size();
        for (size_t i = 0; alike && i < first->size(); i++) alike = log[l][i].site == (*first)[i].site;
    }
    if (!first) return;
    if (logging) log_steps(c, warp, log);
    if (alike) {
        for (size_t i = 0; i < first->size(); i++) {
            const Record *lane[32] = {};
            for (int l = 0; l < 32; l++)
                if (!log[l].empty()) lane[l] = &log[l][i];
            request(c, warp, lane);
        }
    } else {
        for (int l = 0; l < 32; l++) {
            times.clear();
            for (const Record &r : log[l]) requests[{r.site, times[r.site]++}][l] = &r;
        }
        for (auto &r : requests) request(c, warp, r.second);
    }
    for (int l = 0; l < 32; l++) log[l].clear();
}

void count_global(Core &c, uintptr_t address, size_t size, Access kind, uint32_t site)
{
    logs[c.now->rank].push_back({address, site, (uint8_t)std::min(size, (size_t)128), GLOBAL, kind});
}
void count_shared(Core &c, uintptr_t address, size_t size, Access kind, uint32_t site)
{
    logs[c.now->rank].push_back({address, site, (uint8_t)std::min(size, (size_t)16), SHARED, kind});
}
void count_step(Core &c, uint32_t site) { logs[c.now->rank].push_back({0, site, 0, BLOCK, LOAD}); }
void count_barrier() { kernel->barriers++; }

void count_launch(const Launch &l)
{
    kernel = &kernels[l.name];
    kernel->launches++;
    kernel->blocks += l.blocks;
    kernel->threads += l.blocks * l.threads;
    kernel->warps += l.blocks * ((l.threads + 31) / 32);
    kernel->block_size = l.threads;
    kernel->shared = l.shared + static_shared(l.name);
    for (auto &log : logs) log.clear();
    if (logging) log_launch(l);
}

/* ---- What is told ---- */

static double ratio(uint64_t a, uint64_t b) { return b ? (double)a / (double)b : 0; }

static double value(const Kernel &k, const char *name)
{
    static const char *const spaces[] = {"global", "shared"}, *const kinds[] = {"load", "store", "atomic"};
    for (int s = 0; s < 2; s++)
        for (int a = 0; a < 3; a++) {
            const Count &c = k.total[s][a];
            std::string prefix = text("%s_%s_", spaces[s], kinds[a]);
            if (strncmp(name, prefix.c_str(), prefix.size())) continue;
            const char *what = name + prefix.size();
            if (!strcmp(what, "requests")) return (double)c.requests;
            if (!strcmp(what, "bytes")) return (double)c.bytes;
            if (s == GLOBAL && !strcmp(what, "sectors")) return (double)c.sectors;
            if (s == GLOBAL && !strcmp(what, "sectors_per_request")) return ratio(c.sectors, c.requests);
            if (s == GLOBAL && !strcmp(what, "efficiency")) return ratio(c.least_sectors, c.sectors);
            if (s == SHARED && !strcmp(what, "waves")) return (double)c.waves;
            if (s == SHARED && !strcmp(what, "waves_per_request")) return ratio(c.waves, c.requests);
            if (s == SHARED && !strcmp(what, "conflicts")) return (double)(c.waves - c.least_waves);
            if (a == ATOMIC && !strcmp(what, "same_address")) return ratio(c.longest, c.requests);
        }
    if (!strcmp(name, "launches")) return (double)k.launches;
    if (!strcmp(name, "blocks")) return (double)k.blocks;
    if (!strcmp(name, "threads")) return (double)k.threads;
    if (!strcmp(name, "warps")) return (double)k.warps;
    if (!strcmp(name, "barriers")) return (double)k.barriers;
    if (!strcmp(name, "steps")) return (double)k.steps;
    if (!strcmp(name, "active_lanes")) return ratio(k.step_lanes, k.steps);
    if (!strcmp(name, "occupancy"))
        return (double)blocks_per_multiprocessor((int)k.block_size, k.shared) * ((k.block_size + 31) / 32 * 32) /
               limits.threads_per_multiprocessor;
    return -1;
}

double counter(const char *name_of_kernel, const char *name)
{
    wait_all();
    if (name_of_kernel) {
        auto k = kernels.find(name_of_kernel);
        return k == kernels.end() ? value(Kernel{}, name) : value(k->second, name);
    }
    Kernel all{};
    for (auto &k : kernels) {
        const Kernel &x = k.second;
        all.launches += x.launches, all.blocks += x.blocks, all.threads += x.threads, all.warps += x.warps;
        all.barriers += x.barriers, all.steps += x.steps, all.step_lanes += x.step_lanes;
        all.block_size = x.block_size, all.shared = x.shared;
        for (int s = 0; s < 2; s++)
            for (int a = 0; a < 3; a++) add(all.total[s][a], x.total[s][a]);
    }
    return value(all, name);
}

void counters_reset()
{
    wait_all();
    counting = checked;
    kernels.clear();
}

static std::vector<std::pair<Place, const Row *>> rows_of(const Kernel &k)
{
    std::vector<std::pair<Place, const Row *>> rows;
    for (auto &site : k.sites) rows.push_back({site_place(site.first), &site.second});
    std::sort(rows.begin(), rows.end(), [](auto &a, auto &b) { return a.first.line < b.first.line; });
    return rows;
}

std::string access_name(What what, Access kind, unsigned size)
{
    static const char *const kinds[] = {"load", "store", "atomic"};
    return text("%s %s %uB", what == GLOBAL ? "global" : "shared", kinds[kind], size);
}
static std::string access_name(const Row &r) { return access_name(r.what, r.kind, r.size); }

static void print_text(FILE *f)
{
    for (auto &k : kernels) {
        const Kernel &x = k.second;
        fprintf(
            f,
            "%s: %llu launches, %llu threads, %.1f of 32 lanes active, %llu barriers, occupancy %.0f %% of an A100\n",
            k.first.c_str(), (unsigned long long)x.launches, (unsigned long long)x.threads, value(x, "active_lanes"),
            (unsigned long long)x.barriers, 100 * value(x, "occupancy"));
        for (auto &row : rows_of(x)) {
            const Row &r = *row.second;
            const Count &c = r.count;
            bool global = r.what == GLOBAL;
            fprintf(f, "  %-20s %-18s %8llu requests, %4.1f lanes: %5.2f %s a request, %.2f at best%s\n",
                    place(row.first).c_str(), access_name(r).c_str(), (unsigned long long)c.requests,
                    ratio(c.lanes, c.requests), global ? ratio(c.sectors, c.requests) : ratio(c.waves, c.requests),
                    global ? "sectors" : "waves",
                    global ? ratio(c.least_sectors, c.requests) : ratio(c.least_waves, c.requests),
                    r.kind == ATOMIC ? text(", %.1f lanes at one address", ratio(c.longest, c.requests)).c_str() : "");
        }
    }
}

static void print_json(FILE *f)
{
    static const char *const names[] = { "launches",
                                         "blocks",
                                         "threads",
                                         "warps",
                                         "barriers",
                                         "active_lanes",
                                         "occupancy",
                                         "global_load_sectors_per_request",
                                         "global_store_sectors_per_request",
                                         "shared_load_waves_per_request",
                                         "shared_store_waves_per_request" };
    for (auto &k : kernels) {
        fprintf(f, "{\"kernel\": %s", quoted(k.first).c_str());
        for (const char *n : names) fprintf(f, ", \"%s\": %.10g", n, value(k.second, n));
        fprintf(f, "}\n");
        for (auto &row : rows_of(k.second)) {
            const Row &r = *row.second;
            const Count &c = r.count;
            fprintf(f,
                    "{\"kernel\": %s, \"file\": %s, \"line\": %d, \"access\": %s, \"requests\": %llu, \"lanes\": %llu, "
                    "\"bytes\": %llu, \"%s\": %llu, \"at_best\": %llu}\n",
                    quoted(k.first).c_str(), quoted(row.first.file ? row.first.file : "").c_str(), row.first.line,
                    quoted(access_name(r)).c_str(), (unsigned long long)c.requests, (unsigned long long)c.lanes,
                    (unsigned long long)c.bytes, r.what == GLOBAL ? "sectors" : "waves",
                    (unsigned long long)(r.what == GLOBAL ? c.sectors : c.waves),
                    (unsigned long long)(r.what == GLOBAL ? c.least_sectors : c.least_waves));
        }
    }
}

/* The line that costs most against what it could cost. */
static std::string worst_line(const Kernel &k)
{
    Place worst{};
    const Row *most = nullptr;
    double excess = 0;
    for (auto &row : rows_of(k)) {
        const Count &c = row.second->count;
        double more = (double)(c.sectors + c.waves) - (double)(c.least_sectors + c.least_waves);
        if (more > excess) excess = more, worst = row.first, most = row.second;
    }
    if (!most) return "";
    const Count &c = most->count;
    return text("; %s, a %s, needs %.1f %s a request, %.1f at best", place(worst).c_str(), access_name(*most).c_str(),
                ratio(c.sectors + c.waves, c.requests), most->what == GLOBAL ? "sectors" : "waves",
                ratio(c.least_sectors + c.least_waves, c.requests));
}

/* SIMT_LIMITS: lines of the form {"kernel": "transpose", "counter": "global_load_sectors_per_request", "max": 4.2}. */
static void hold_limits(const char *path)
{
    FILE *f = fopen(path, "r");
    char line[512], name[128], what[128];
    double most;
    if (!f) return say(ERROR, "limit", {}, "", text("SIMT_LIMITS: %s cannot be read", path));
    for (int n = 1; fgets(line, sizeof line, f); n++) {
        if (line[strspn(line, " \t\r\n")] == 0) continue;
        int got = sscanf(line, " { \"kernel\" : \"%127[^\"]\" , \"counter\" : \"%127[^\"]\" , \"max\" : %lf }", name,
                         what, &most);
        double is = got == 3 ? counter(name, what) : -1;
        if (got != 3 || is < 0)
            say(ERROR, "limit", {path, n}, "",
                got == 3 ? text("there is no counter %s", what)
                         : "a limit reads {\"kernel\": \"name\", \"counter\": \"name\", \"max\": number}");
        else if (!kernels.count(name))
            say(ERROR, "limit", {path, n}, "", text("no kernel %s was launched", name));
        else if (!(is <= most))
            say(ERROR, "limit", {path, n}, "",
                text("%s of %s is %.2f; at most %.2f was asked for", what, name, is, most) + worst_line(kernels[name]));
    }
    fclose(f);
}

void counters_init()
{
    const char *out = getenv("SIMT_COUNT"), *limits = getenv("SIMT_LIMITS");
    log_init();
    counting = logging || (out && *out && strcmp(out, "0")) || (limits && *limits);
    if (!counting) return;
    atexit([] {
        const char *out = getenv("SIMT_COUNT"), *limits = getenv("SIMT_LIMITS");
        wait_all();
        if (limits && *limits) hold_limits(limits);
        if (!out || !*out || !strcmp(out, "0")) return;
        if (!strcmp(out, "1")) return print_text(stderr);
        FILE *f = fopen(out, "w");
        if (!f) return perror(out);
        print_json(f);
        fclose(f);
    });
}
} // namespace simt

extern "C" double simt_counter(const char *kernel, const char *name) { return simt::counter(kernel, name); }
