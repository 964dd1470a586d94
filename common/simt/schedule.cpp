/* schedule.cpp -- threads are fibers; a block runs on one core until it ends; blocks go over the cores.
 *
 * A thread runs until it returns or waits: at a barrier, or for the other lanes of its warp. One that never waits costs
 * a call, and the next thread takes over its fiber. When nobody can run and somebody waits, that is a deadlock, and it
 * is told who waits where. A block never leaves its core, so __shared__ variables are thread_local, and what a block
 * computes does not depend on the number of cores. */
#include "inside.h"
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <sys/mman.h>

/* The index registers: what cuda_runtime.h declares const, so that no compiler's hook asks about them. */
extern "C" {
__thread uint3 simt_thread_index asm("threadIdx");
__thread uint3 simt_block_index asm("blockIdx");
__thread dim3 simt_block_dim asm("blockDim");
__thread dim3 simt_grid_dim asm("gridDim");
}

namespace simt {
thread_local Core *core;
static enum { FORWARD, REVERSE, RANDOM } order;
static uint64_t order_seed = 1;

bool in_kernel() { return core && core->now; }
int lane() { return core->now->rank & 31; }
void *dynamic_shared() { return core->dynamic; }

/* ---- Whose turn it is ---- */

static void thread_main();
static bool settle(Core &c);

static Fiber *free_fiber(Core &c)
{
    if (c.idle.empty()) {
        c.fibers.push_back(fiber_new(thread_main));
        return c.fibers.back();
    }
    Fiber *f = c.idle.back();
    c.idle.pop_back();
    return f;
}

static void go_to(Core &c, Fiber *to)
{
    Fiber *from = c.fiber;
    if (to == from) return;
    c.fiber = to;
    fiber_switch(from, to);
}

/* Somebody else: one that is ready, one that has not begun, or, when all have returned, the core itself. */
static void next(Core &c)
{
    for (;;) {
        if (c.ready.first) {
            c.now = c.ready.pop();
            simt_thread_index = c.now->index;
            return go_to(c, c.now->fiber);
        }
        if (c.started < c.launch->threads) return go_to(c, free_fiber(c));
        if (!c.alive) {
            c.now = nullptr;
            return go_to(c, &c.own);
        }
        if (!settle(c)) leave_block();
    }
}

void leave_block()
{
    Core &c = *core;
    c.failed = true;
    c.now = nullptr;
    go_to(c, &c.own);
    __builtin_unreachable();
}

void yield()
{
    Core *c = core;
    if (!c || !c->now) return;
    c->ready.push(c->now);
    if (c->started < c->launch->threads) /* else two who wait for a third that never began would take turns for ever */
        go_to(*c, free_fiber(*c));
    else
        next(*c);
}

void fence(Fence)
{
    Core *c = core;
    if (!c || !c->now) return;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (checked) check_fence(*c);
    if (++c->now->turns % 16 == 0) yield();
}

void atomic(void *p, size_t size, Place at)
{
    Core *c = core;
    if (!c || !c->now) return;
    if (++c->now->turns % 64 == 0) yield(); /* who spins on a lock lets its owner run */
    if (checked) check_atomic(*c, (uintptr_t)p, size, at);
}

/* ---- Barriers ---- */

static void release_barrier(Core &c, Thread *last)
{
    if (c.barriers_differ) {
        std::map<std::pair<std::string, int>, std::vector<int>> places;
        for (unsigned i = 0; i < c.launch->threads; i++) {
            const Thread &t = c.threads[i];
            if (t.state == AT_BARRIER || &t == last) places[{t.at.file, t.at.line}].push_back(t.rank);
        }
        std::string all;
        for (auto &p : places)
            all += (all.empty() ? "" : ", ") + text("threads %s at %s", ranges(p.second).c_str(),
                                                    place({p.first.first.c_str(), p.first.second}).c_str());
        say(ERROR, "barrier-divergence", c.barrier, "",
            text("block (%u,%u,%u) met in different __syncthreads(): %s; all threads of a block must come to the same "
                 "one",
                 c.block_index.x, c.block_index.y, c.block_index.z, all.c_str()));
    }
    if (c.returned && checked && !c.told_of_returned) {
        std::vector<int> gone;
        for (unsigned i = 0; i < c.launch->threads; i++)
            if (c.threads[i].state == RETURNED) gone.push_back((int)i);
        say(ERROR, "barrier-skipped", c.barrier, "",
            text("threads %s of block (%u,%u,%u) returned and never come to this __syncthreads(), where the other %u "
                 "wait; "
                 "all threads of a block must come",
                 ranges(gone).c_str(), c.block_index.x, c.block_index.y, c.block_index.z, c.alive));
        c.told_of_returned = true;
    }
    if (checked) check_barrier(c);
    c.voted = c.votes;
    c.votes = {0, true, false};
    while (c.waiting.first) {
        Thread *t = c.waiting.pop();
        t->state = READY;
        c.ready.push(t);
    }
    c.arrived = 0;
    c.barriers_differ = false;
}

void barrier(Place at)
{
    Core &c = *core;
    Thread *t = c.now;
    t->at = at;
    if (!c.arrived)
        c.barrier = at;
    else if (c.barrier.line != at.line)
        c.barriers_differ = true;
    if (++c.arrived == c.alive) return release_barrier(c, t);
    t->state = AT_BARRIER;
    c.waiting.push(t);
    next(c);
}

Votes barrier_votes(bool mine, Place at)
{
    Core &c = *core;
    c.votes = {c.votes.count + mine, c.votes.all && mine, c.votes.any || mine};
    barrier(at);
    return core->voted;
}

/* ---- Warps ---- */

static void hold(Core &c, int warp, size_t number, Thread *last)
{
    Group g = c.warps[warp].groups[number];
    c.warps[warp].groups.erase(c.warps[warp].groups.begin() + (long)number);
    Meeting m{ {}, g.came, g.at };
    for (int l = 0; l < 32; l++)
        if (g.came >> l & 1) m.lane[l] = c.threads[(size_t)warp * 32 + l].mine;
    if (checked) check_warp(c, warp, g.came, g.synchronises);
    c.between_lanes = true;
    if (g.together) g.together(m);
    c.between_lanes = false;
    for (int l = 0; l < 32; l++) {
        Thread *t = &c.threads[(size_t)warp * 32 + l];
        if (!(g.came >> l & 1) || t == last) continue;
        t->state = READY;
        c.ready.push(t);
    }
}

void meet(unsigned mask, Together together, void *mine, Place at, bool synchronises)
{
    Core &c = *core;
    Thread *t = c.now;
    int warp = t->rank / 32, lane = t->rank % 32;
    Warp &w = c.warps[warp];
    t->at = at, t->mask = mask, t->together = together, t->mine = mine;
    if (!(mask >> lane & 1)) {
        say(ERROR, "lane-not-in-mask", at, "",
            text("%s: lane %d calls with the mask 0x%08x, which does not name it", who(c, *t).c_str(), lane, mask));
        Meeting alone{ {}, 1u << lane, at };
        alone.lane[lane] = mine;
        c.between_lanes = true;
        if (together) together(alone);
        c.between_lanes = false;
        return;
    }
    size_t i = 0;
    while (i < w.groups.size() && !(w.groups[i].mask == mask && w.groups[i].together == together)) i++;
    if (i == w.groups.size()) w.groups.push_back({mask, 0, together, at, synchronises});
    w.groups[i].came |= 1u << lane;
    if (w.groups[i].came == (mask & w.alive)) return hold(c, warp, i, t);
    t->state = AT_MEETING;
    next(c);
}

void absent_lane(const Meeting &m, int lane, int from)
{
    Core &c = *core;
    const Thread &t = c.threads[(size_t)(c.now->rank / 32 * 32 + lane)];
    const Thread &other = c.threads[(size_t)(c.now->rank / 32 * 32 + from)];
    const char *why = (unsigned)other.rank >= c.launch->threads ? "the block has no such thread"
                      : other.state == RETURNED                 ? "it has returned"
                                                                : "the mask does not name it";
    say(ERROR, "inactive-lane", m.at, "",
        text("%s: lane %d reads the value of lane %d, which does not take part: %s (mask 0x%08x)", who(c, t).c_str(),
             lane, from, why, t.mask));
}

unsigned active_mask(Place at)
{
    Core &c = *core;
    c.now->at = at;
    c.now->state = AT_ACTIVE_MASK;
    next(c);
    return core->now->active;
}

/* Nobody can run. Those who asked for their active mask are answered now: together with the lanes that ask at the same
 * place. False, after a report: there are none, and the rest waits for ever. */
static bool settle(Core &c)
{
    bool answered = false;
    for (unsigned i = 0; i < c.launch->threads; i++) {
        if (c.threads[i].state != AT_ACTIVE_MASK) continue;
        unsigned active = 0, first = i / 32 * 32;
        for (unsigned k = first; k < first + 32 && k < c.launch->threads; k++)
            if (c.threads[k].state == AT_ACTIVE_MASK && c.threads[k].at.line == c.threads[i].at.line)
                active |= 1u << k % 32;
        for (unsigned k = first; k < first + 32; k++)
            if (active >> k % 32 & 1) {
                c.threads[k].active = active;
                c.threads[k].state = READY;
                c.ready.push(&c.threads[k]);
            }
        answered = true;
    }
    if (answered) return true;

    std::map<std::string, std::vector<int>> by;
    Place at{};
    for (unsigned i = 0; i < c.launch->threads; i++) {
        const Thread &t = c.threads[i];
        std::string what = "have returned";
        if (t.state == AT_BARRIER) what = "wait in __syncthreads() at " + place(t.at);
        if (t.state == AT_MEETING) {
            unsigned came = 0;
            for (const Group &g : c.warps[i / 32].groups)
                if (g.mask == t.mask && g.together == t.together) came = g.came;
            what = text("wait at %s for lanes 0x%08x of their warp, which their mask 0x%08x names", place(t.at).c_str(),
                        t.mask & c.warps[i / 32].alive & ~came, t.mask);
        }
        if (t.state != RETURNED && !at.file) at = t.at;
        by[what].push_back((int)i);
    }
    std::string all;
    for (auto &k : by) all += (all.empty() ? "threads " : "; threads ") + ranges(k.second) + " " + k.first;
    say(ERROR, "deadlock", at, "",
        text("block (%u,%u,%u) can go no further: %s", c.block_index.x, c.block_index.y, c.block_index.z, all.c_str()));
    set_error(cudaErrorLaunchTimeout);
    return false;
}

/* ---- A thread's life ---- */

static void thread_returned(Core &c, Thread *t)
{
    int warp = t->rank / 32;
    Warp &w = c.warps[warp];
    t->state = RETURNED;
    c.alive--;
    c.returned++;
    w.alive &= ~(1u << t->rank % 32);
    if (checked) check_returned(c, *t);
    for (size_t i = 0; i < w.groups.size();)        /* those who waited for it wait no longer */
        if (w.groups[i].came == (w.groups[i].mask & w.alive))
            hold(c, warp, i, nullptr), i = 0;
        else
            i++;
    if (c.arrived && c.arrived == c.alive) release_barrier(c, nullptr);
}

static void thread_main()
{
    for (;;) {
        Core &c = *core;
        if (c.started == c.launch->threads) {       /* nobody left to begin: the fiber rests */
            c.idle.push_back(c.fiber);
            next(c);
            continue;
        }
        unsigned k = c.started++;
        if (order == REVERSE) k = c.launch->threads - 1 - k;
        if (order == RANDOM) k = c.order[k];
        Thread *t = c.now = &c.threads[k];
        t->fiber = c.fiber;
        simt_thread_index = t->index;
        c.launch->call(c.launch->context);
        thread_returned(*core, t);
    }
}

/* ---- Blocks ---- */

static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 31) * 0x7fb5d329728ea185ull;
    x = (x ^ x >> 27) * 0x81dadef4bc2dd44dull;
    return x ^ x >> 33;
}

static void shuffle(Core &c)
{
    unsigned n = c.launch->threads;
    c.order.resize(n);
    for (unsigned i = 0; i < n; i++) c.order[i] = i;
    for (unsigned i = n - 1; i > 0; i--) {
        uint64_t r = mixed(mixed(mixed(order_seed) + c.launch->number) + c.block * 1024 + i);
        std::swap(c.order[i], c.order[r % (i + 1)]);
    }
}

static void run_block(Core &c, const Launch &l, uint64_t number)
{
    c.launch = &l;
    c.block = number;
    c.block_index = {(unsigned)(number % l.grid.x), (unsigned)(number / l.grid.x % l.grid.y),
                     (unsigned)(number / l.grid.x / l.grid.y)};
    simt_block_index = c.block_index;
    simt_block_dim = l.block;
    simt_grid_dim = l.grid;
    c.warps.resize((l.threads + 31) / 32);
    c.threads.resize(c.warps.size() * 32);
    uint3 i = {0, 0, 0};
    for (size_t rank = 0; rank < c.threads.size(); rank++) {
        Thread &t = c.threads[rank];
        t.index = i, t.rank = (int)rank, t.state = READY, t.turns = 0, t.steps = 0;
        if (++i.x == l.block.x) {
            i.x = 0;
            if (++i.y == l.block.y) i.y = 0, i.z++;
        }
    }
    for (size_t k = 0; k < c.warps.size(); k++) {
        unsigned left = l.threads - (unsigned)k * 32;
        c.warps[k].alive = left >= 32 ? ~0u : (1u << left) - 1;
        c.warps[k].groups.clear();
    }
    c.started = c.arrived = c.returned = 0;
    c.alive = l.threads;
    c.ready = c.waiting = {};
    c.votes = {0, true, false};
    c.barriers_differ = c.told_of_returned = c.failed = false;
    if (order == RANDOM) shuffle(c);
    if (order != FORWARD && !checked) memset(c.dynamic, 0xa5, l.shared);
    if (checked) check_block(c);
    next(c);
    if (c.failed) {
        c.idle = c.fibers;
        for (Fiber *f : c.fibers) fiber_reset(f, thread_main);
    }
}

/* ---- Cores ---- */

struct Pool {
    std::mutex mutex;
    std::condition_variable begin, end;
    const Launch *launch;
    uint64_t number;
    size_t threads, busy;
    std::atomic<uint64_t> next;
};
static Pool &pool = *new Pool{};            /* never destroyed: its threads outlive main() */

static void work(Core &c, const Launch &l)
{
    for (;;) {
        uint64_t i = pool.next.fetch_add(1, std::memory_order_relaxed);
        if (i >= l.blocks || sticky()) break;
        run_block(c, l, order == REVERSE ? l.blocks - 1 - i : i);
    }
    c.launch = nullptr;
}

static Core *core_new()
{
    Core *c = core = new Core;
    c->dynamic = (char *)mmap(nullptr, DYNAMIC_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t signals{};                      /* for the signal of a stack that is full */
    signals.ss_size = 1 << 16;
    signals.ss_sp = malloc(signals.ss_size);
    sigaltstack(&signals, nullptr);
    return c;
}

static void core_main()
{
    Core *c = core_new();
    for (uint64_t seen = 0;;) {
        const Launch *l;
        {
            std::unique_lock<std::mutex> lock(pool.mutex);
            pool.begin.wait(lock, [&] { return pool.number != seen; });
            seen = pool.number;
            l = pool.launch;
        }
        work(*c, *l);
        std::lock_guard<std::mutex> lock(pool.mutex);
        if (--pool.busy == 0) pool.end.notify_one();
    }
}

void run_kernel(Launch &l)
{
    static uint64_t launches;
    l.number = ++launches;
    open_memory(true);
    if (checked) check_launch(l);
    pool.next = 0;
    static size_t workers = checked ? 1 : setting("SIMT_WORKERS", std::thread::hardware_concurrency());
    bool shared = workers > 1 && l.blocks > 1;
    if (shared) {
        for (; pool.threads < workers - 1; pool.threads++) std::thread(core_main).detach();
        std::lock_guard<std::mutex> lock(pool.mutex);
        pool.launch = &l;
        pool.busy = pool.threads;
        pool.number++;
        pool.begin.notify_all();
    }
    work(*core, l);
    if (shared) {
        std::unique_lock<std::mutex> lock(pool.mutex);
        pool.end.wait(lock, [] { return pool.busy == 0; });
    }
    open_memory(false);
}

size_t setting(const char *name, size_t otherwise)
{
    const char *s = getenv(name);
    if (!s || !*s) return otherwise;
    char *end;
    size_t n = strtoull(s, &end, 10);
    const char *unit = strchr("KMG", *end ? *end & ~32 : '?');
    return unit ? n << (10 * ((*end & ~32) == 'K' ? 1 : (*end & ~32) == 'M' ? 2 : 3)) : n;
}

void start()
{
    static bool started;
    if (started) return;
    started = true;
    if (const char *o = getenv("SIMT_ORDER")) {
        order = !strncmp(o, "reverse", 7) ? REVERSE : !strncmp(o, "random", 6) ? RANDOM : FORWARD;
        if (const char *seed = strchr(o, ':')) order_seed = strtoull(seed + 1, nullptr, 10);
    }
    report_init();
    fibers_init(setting("SIMT_STACK", 64 << 10));
    memory_init();
    core_new();
    if (checked) check_init();
}
} // namespace simt
