/* shadow.cpp -- who touched a word last, and whether that came before: races, and reads of what nobody wrote.
 *
 * Check mode runs on one core, so one clock counts everything that orders threads: barriers, meetings of a warp,
 * fences, atomics. An earlier access came before the present one when it belongs to an earlier launch, or to the same
 * thread; it belongs to the same block, and a barrier came in between; it belongs to the same warp, and a __syncwarp()
 * of both came in between; it was handed over: its thread (or one that a barrier or a warp had told) called
 * __threadfence() and then wrote an address by an atomic or, in global memory, volatile; and the present thread has
 * read that address since. Else the two may happen in any order, and if one of them writes, that is a race. */
#include "inside.h"
#include <cstring>
#include <map>
#include <memory>
#include <unordered_map>

namespace simt {
struct Event {
    uint32_t when;                          /* 0: never */
    uint32_t block, site;
    uint16_t rank;
    uint8_t mask, atomic;                   /* mask: which bytes of the word */
};
struct Cell {
    Event write, read[2];                   /* two readers: one of them is not the thread that writes next */
};
enum { PAGE_WORDS = 1024 };
struct Shadow {
    std::vector<std::unique_ptr<Cell[]>> pages;
    std::vector<uint8_t> written;           /* by word: a bit for each byte */
    uint32_t began = 0;                     /* what was before is another block's __shared__ memory */
};

static uint32_t now = 1;
static uint32_t launch_began, last_barrier;
static uint32_t met[32][32][32];            /* [warp][lane][other]: until when lane knows what other did */
static bool as_volatile;

Shadow *shadow_new(size_t size)
{
    size_t words = (size + 3) / 4;
    Shadow *s = new Shadow;
    s->pages.resize((words + PAGE_WORDS - 1) / PAGE_WORDS);
    s->written.resize(words);
    return s;
}
void shadow_free(Shadow *s) { delete s; }

static uint8_t bytes_of(size_t word, size_t offset, size_t size)
{
    size_t from = word * 4 < offset ? offset - word * 4 : 0, to = offset + size - word * 4;
    return (uint8_t)((0xf << from) & (0xf >> (to < 4 ? 4 - to : 0)));
}

void shadow_wrote(Shadow *s, size_t offset, size_t size)
{
    if (!size) return;
    for (size_t w = offset / 4; w <= (offset + size - 1) / 4; w++) s->written[w] |= bytes_of(w, offset, size);
}

size_t shadow_unwritten(Shadow *s, size_t offset, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!(s->written[(offset + i) / 4] >> (offset + i) % 4 & 1)) return i;
    return size;
}

/* ---- Hand-overs: a clock tells, for some threads, until when what they did is known ---- */

using Clock = std::map<uint64_t, uint32_t>;
static uint64_t key(uint32_t block, unsigned rank) { return (uint64_t)block << 16 | rank; }
static const unsigned WHOLE_BLOCK = 0xffff;

static struct {
    uint32_t fenced, barrier;               /* when it called __threadfence(), and the last barrier before that */
    Clock knows;
} threads[1024];
static Clock block_knows;                   /* what a barrier has told all of them */
static std::unordered_map<uintptr_t, Clock> handed;         /* by the address of the flag or counter */
static bool anybody_knows;

static void join(Clock &into, const Clock &from)
{
    for (auto &k : from) {
        uint32_t &t = into[k.first];
        if (t < k.second) t = k.second;
    }
}

static bool knows(const Clock &clock, const Event &e)
{
    auto thread = clock.find(key(e.block, e.rank)), block = clock.find(key(e.block, WHOLE_BLOCK));
    return (thread != clock.end() && e.when < thread->second) || (block != clock.end() && e.when < block->second);
}

void check_fence(Core &c)
{
    settle_pending(c);
    auto &t = threads[c.now->rank];
    t.fenced = ++now;
    t.barrier = last_barrier;
}

/* An atomic or a flag: what was handed over at that address is known now; what was fenced is handed over. */
void shadow_synchronise(Core &c, uintptr_t address)
{
    int rank = c.now->rank;
    auto &t = threads[rank];
    if (!handed.empty()) {
        auto flag = handed.find(address);
        if (flag != handed.end()) join(t.knows, flag->second), anybody_knows = true;
    }
    if (!t.fenced) return;
    Clock &flag = handed[address];
    Clock mine = t.knows;
    join(mine, block_knows);
    mine[key((uint32_t)c.block, WHOLE_BLOCK)] = t.barrier;
    mine[key((uint32_t)c.block, (unsigned)rank)] = t.fenced;
    for (int l = 0; l < 32; l++)
        if (uint32_t until = met[rank / 32][rank % 32][l]; until > t.barrier && l != rank % 32)
            mine[key((uint32_t)c.block, (unsigned)(rank / 32 * 32 + l))] = until < t.fenced ? until : t.fenced;
    join(flag, mine);
}

/* ---- Barriers, warps, blocks, launches ---- */

void check_barrier(Core &c)
{
    settle_pending(c);
    last_barrier = ++now;
    if (counting) {
        count_barrier();
        for (size_t w = 0; w < c.warps.size(); w++) count_flush(c, (int)w);
        if (logging) log_barrier(c);
    }
    if (!anybody_knows) return;
    for (unsigned i = 0; i < c.launch->threads; i++) {
        join(block_knows, threads[i].knows);
        threads[i].knows.clear();
    }
}

void check_warp(Core &c, int warp, unsigned lanes, bool synchronises)
{
    settle_pending(c);
    if (counting && lanes == c.warps[warp].alive) count_flush(c, warp);
    if (!synchronises) return;
    uint32_t together[32] = {};
    ++now;
    Clock all;
    for (int l = 0; l < 32; l++) {
        if (!(lanes >> l & 1)) continue;
        for (int k = 0; k < 32; k++)
            if (together[k] < met[warp][l][k]) together[k] = met[warp][l][k];
        together[l] = now;
        if (anybody_knows) join(all, threads[warp * 32 + l].knows);
    }
    for (int l = 0; l < 32; l++) {
        if (!(lanes >> l & 1)) continue;
        memcpy(met[warp][l], together, sizeof together);
        if (anybody_knows) threads[warp * 32 + l].knows = all;
    }
}

void check_returned(Core &c, const Thread &t)
{
    settle_pending(c);
    int warp = t.rank / 32;
    if (counting && !c.warps[warp].alive) count_flush(c, warp);
}

void shadow_block(Core &c, Shadow *statics, Shadow *dynamic)
{
    last_barrier = statics->began = dynamic->began = ++now;
    for (const Symbol &s : shared_symbols())
        memset(&statics->written[s.address / 4], 0, (s.address % 4 + s.size + 3) / 4);
    memset(dynamic->written.data(), 0, (c.launch->shared + 3) / 4);
    for (unsigned i = 0; i < c.launch->threads; i++) {
        threads[i].fenced = 0;
        if (anybody_knows) threads[i].knows.clear();
    }
    block_knows.clear();
}

void check_launch(const Launch &l)
{
    if (counting) count_launch(l);
    launch_began = ++now;
    handed.clear();
    anybody_knows = false;
    for (auto &t : threads) t.knows.clear();
}

static bool was_handed_over(unsigned rank, const Event &e)
{
    return knows(threads[rank].knows, e) || knows(block_knows, e);
}

static SIMT_INLINE bool before(uint32_t block, unsigned rank, const Event &e)
{
    if (e.when < launch_began) return true;
    if (e.block == block) {
        if (e.rank == rank || e.when < last_barrier) return true;
        if (e.rank / 32 == rank / 32 && e.when < met[rank / 32][rank % 32][e.rank % 32]) return true;
    }
    return anybody_knows && was_handed_over(rank, e);
}

/* ---- Races ---- */

static std::string thread_name(const Core &c, const Event &e)
{
    const dim3 b = c.launch->block, g = c.launch->grid;
    std::string s = e.block == (uint32_t)c.block ? ""
                    : text("block (%u,%u,%u), ", e.block % g.x, e.block / g.x % g.y, e.block / g.x / g.y);
    return s + text("thread (%u,%u,%u)", e.rank % b.x, e.rank / b.x % b.y, e.rank / b.x / b.y);
}

static void race(const Core &c, const Event &old, bool old_writes, uintptr_t address, size_t size, Access kind,
                 uint32_t site)
{
    using Pair = std::pair<uint32_t, uint32_t>;
    static std::map<Pair, bool> &told = *new std::map<Pair, bool>;      /* there may be launches after main() */
    if (told[{old.site, site}]) return;
    told[{old.site, site}] = true;
    std::string variable, name = name_at(c, address, size, &variable);
    const char *was = old.atomic ? "changed it atomically" : old_writes ? "wrote it" : "read it";
    const char *why = old.block == (uint32_t)c.block ? "no barrier lies between the two"
                                                     : "blocks run in any order, and nothing hands it over";
    say(ERROR, "race", site_place(site), variable,
        who(c, *c.now) + text(": %s %s, and ", verb(kind), name.c_str()) + thread_name(c, old) + " " + was + " at " +
            place(site_place(old.site)) + "; " + why);
}

/* Two threads that write the same value do no harm. The hook comes before the store, so we look when the next one
 * comes. */
static struct {
    Event old;
    uintptr_t address;
    size_t size;
    uint32_t site;
    unsigned char bytes[16];
    Thread thread;
} pending;
bool store_pending;

void settle_now(Core &c)
{
    store_pending = false;
    if (!memcmp((void *)pending.address, pending.bytes, pending.size)) return;
    Thread *t = c.now;
    c.now = &pending.thread;
    race(c, pending.old, true, pending.address, pending.size, STORE, pending.site);
    c.now = t;
}

static void conflict(Core &c, const Event &old, bool old_writes, uintptr_t address, size_t size, Access kind,
                     uint32_t site)
{
    if (!old_writes || kind != STORE || old.atomic || size > sizeof pending.bytes)
        return race(c, old, old_writes, address, size, kind, site);
    store_pending = true;
    pending.old = old, pending.address = address, pending.size = size, pending.site = site;
    pending.thread = *c.now;
    memcpy(pending.bytes, (void *)address, size);
}

void shadow_volatile(bool on) { as_volatile = on; }

static SIMT_INLINE void word_access(Core &c, Shadow *s, size_t w, uint8_t mask, uintptr_t address, size_t size,
                                    Access kind, uint32_t site)
{
    bool atomic = kind == ATOMIC || as_volatile;
    const uint32_t block = (uint32_t)c.block;
    const unsigned rank = (unsigned)c.now->rank;
    auto over = [&](const Event &old) { return old.when < s->began || before(block, rank, old); };
    if (kind != STORE && (s->written[w] & mask) != mask) {
        std::string variable, name = name_at(c, address, size, &variable);
        say(ERROR, "uninitialised", site_place(site), variable,
            who(c, *c.now) + ": reads " + name + ", which nobody has written");
    }
    s->written[w] |= mask;
    auto &page = s->pages[w / PAGE_WORDS];
    if (!page) page.reset(new Cell[PAGE_WORDS]());
    Cell &cell = page[w % PAGE_WORDS];
    Event e = {now, block, site, (uint16_t)rank, mask, atomic};
    if (cell.write.mask & mask && !(atomic && cell.write.atomic) && !over(cell.write))
        conflict(c, cell.write, true, address, size, kind, site);
    if (kind == LOAD) {                     /* in the place of a reader that nobody needs to know of any more */
        if (over(cell.read[0]))
            cell.read[0] = e;
        else if (over(cell.read[1]))
            cell.read[1] = e;
        return;
    }
    for (const Event &r : cell.read)
        if (r.mask & mask && !(atomic && r.atomic) && !over(r)) conflict(c, r, false, address, size, kind, site);
    cell.write = e;
}

void shadow_access(Core &c, Shadow *s, size_t offset, uintptr_t address, size_t size, Access kind, uint32_t site)
{
    if (size == 4 && offset % 4 == 0) return word_access(c, s, offset / 4, 0xf, address, size, kind, site);
    for (size_t w = offset / 4; w <= (offset + size - 1) / 4; w++)
        word_access(c, s, w, bytes_of(w, offset, size), address, size, kind, site);
}
} // namespace simt
