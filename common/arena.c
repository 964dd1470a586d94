/* arena.c -- chunks that grow, lists of what came back, and a book of who holds what. */
#define _DEFAULT_SOURCE /* mmap, madvise */
#include "arena.h"
#include "check.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef __has_feature /* clang's question; gcc answers by a macro */
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h> /* what was given back may not be touched */
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { LINE = 64, SMALL_PAGE = 4096, HUGE_PAGE = 2 << 20, FIRST_CHUNK = 1 << 20, CLASSES = 512, OWNERS = 96 };

typedef struct Chunk {
    struct Chunk *next;
    char         *mem;
    size_t        size, used;
    void         *map;                  /* mem begins in it at the next page */
    size_t        mapped;
} Chunk;

/* Blocks that came back. Not linked through the blocks themselves: the host cannot write into a device's memory. */
typedef struct List {
    void **block;
    int    n, room;
} List;

struct Arena {
    const char *name;
    Chunk      *first, *now;
    List        list[CLASSES];
    ArenaOwner       owner[OWNERS];          /* the last stands for all who found no place */
    int         owners;
    size_t      in_use, peak, reserved;
};

/* Eight sizes to a doubling: at most an eighth is wasted, and a sequence one token longer finds yesterday's blocks. */
static int round_up(size_t *bytes)
{
    size_t lines = *bytes ? (*bytes - 1) / LINE + 1 : 1;
    int    log2 = 63 - __builtin_clzll(lines), shift = log2 > 3 ? log2 - 3 : 0;
    size_t steps = ((lines - 1) >> shift) + 1; /* 1 .. 16 */
    *bytes = (steps << shift) * LINE;
    return 8 * shift + (int)steps;
}

/* ---- Who holds what ---- */

static ArenaOwner *find_owner(Arena *a, const char *name)
{
    for (int i = 0; i < a->owners; i++)
        if (a->owner[i].name == name || !strcmp(a->owner[i].name, name)) return &a->owner[i];
    ArenaOwner *o = &a->owner[a->owners < OWNERS ? a->owners++ : OWNERS - 1];
    o->name = a->owners < OWNERS ? name : "others";
    return o;
}

static void count_in(Arena *a, size_t bytes, const char *owner)
{
    find_owner(a, owner)->now += bytes;
    a->in_use += bytes;
    if (a->in_use <= a->peak) return;
    a->peak = a->in_use;
    for (int i = 0; i < a->owners; i++) a->owner[i].at_peak = a->owner[i].now;
}

static void count_out(Arena *a, size_t bytes, const char *owner)
{
    ArenaOwner *o = find_owner(a, owner);
    CHECK(o->now >= bytes, "arena %s: %s gives back %zu bytes and holds %zu", a->name, owner, bytes, o->now);
    o->now -= bytes;
    a->in_use -= bytes;
}

const char *arena_name(const Arena *a) { return a->name; }
int arena_owners(const Arena *a, const ArenaOwner **owner) { return *owner = a->owner, a->owners; }
size_t arena_in_use(const Arena *a) { return a->in_use; }
size_t arena_peak(const Arena *a) { return a->peak; }
size_t arena_reserved(const Arena *a) { return a->reserved; }

void arena_report(const Arena *a, FILE *f)
{
    fprintf(f, "arena %s: %zu bytes in use, %zu at the peak, %zu reserved\n", a->name, a->in_use, a->peak, a->reserved);
    for (int i = 0; i < a->owners; i++)
        fprintf(f, "    %-24s %14zu now %14zu at the peak\n", a->owner[i].name, a->owner[i].now, a->owner[i].at_peak);
}

/* ---- What the system is asked for ---- */

static atomic_long requests;

long arena_requests(void) { return requests; }
void arena_requested(void) { requests++; }

/* ---- Chunks ---- */

/* Mapped, not malloc'd: pages come when they are touched, and sanitizers too let a size be more than there is. */
static Chunk *new_chunk(Arena *a, size_t size)
{
    size_t page = size >= HUGE_PAGE ? HUGE_PAGE : SMALL_PAGE;
    if (size > SIZE_MAX / 4) return NULL;
    arena_requested();
    size = (size + page - 1) / page * page;
    Chunk *c = malloc(sizeof *c);
    if (!c) return NULL;
    *c = (Chunk){ .size = size, .mapped = size + page };
    c->map = mmap(NULL, c->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (c->map == MAP_FAILED) {
        free(c);
        return NULL;
    }
    c->mem = (char *)(((uintptr_t)c->map + page - 1) / page * page);
    if (page == HUGE_PAGE) madvise(c->mem, size, MADV_HUGEPAGE);
    ASAN_POISON_MEMORY_REGION(c->mem, size);
    a->reserved += size;
    return c;
}

/* The next chunk with that much room, twice as big as the last, or as big as it can be had. */
static bool next_chunk(Arena *a, size_t bytes)
{
    while (a->now->next) {
        a->now = a->now->next;
        a->now->used = 0; /* arena_reset leaves this to be done here */
        if (bytes <= a->now->size) return true;
    }
    size_t twice = 2 * a->now->size;
    a->now->next = new_chunk(a, twice > bytes ? twice : bytes);
    if (!a->now->next && twice > bytes) a->now->next = new_chunk(a, bytes);
    if (!a->now->next) return false;
    a->now = a->now->next;
    return true;
}

Arena *arena_new(const char *name)
{
    Arena *a = calloc(1, sizeof *a);
    CHECK(a, "arena %s: out of memory", name);
    a->name = name;
    a->first = a->now = new_chunk(a, FIRST_CHUNK);
    CHECK(a->first, "arena %s: out of memory", name);
    return a;
}

void arena_free(Arena *a)
{
    for (Chunk *c = a->first, *next; c; c = next) {
        next = c->next;
        ASAN_UNPOISON_MEMORY_REGION(c->mem, c->size);
        munmap(c->map, c->mapped);
        free(c);
    }
    for (int i = 0; i < CLASSES; i++) free(a->list[i].block);
    free(a);
}

/* No loop over tensors or blocks: the lists and the owners are few. Chunks further on are emptied when reached. */
void arena_reset(Arena *a)
{
    for (int i = 0; i < CLASSES; i++) a->list[i].n = 0;
    for (int i = 0; i < a->owners; i++) a->owner[i].now = 0;
    for (Chunk *c = a->first; c != a->now->next; c = c->next) ASAN_POISON_MEMORY_REGION(c->mem, c->size);
    a->now = a->first;
    a->now->used = 0;
    a->in_use = 0;
}

/* ---- Blocks ---- */

void *arena_try(Arena *a, Device device, size_t bytes, const char *owner)
{
    CHECK(device == DEV_CPU, "arena %s: built without CUDA", a->name);
    if (bytes > SIZE_MAX / 4) return NULL;
    List *l = &a->list[round_up(&bytes)];
    char *block;
    if (l->n > 0) {
        block = l->block[--l->n];
    } else {
        if (a->now->used + bytes > a->now->size && !next_chunk(a, bytes)) return NULL;
        block = a->now->mem + a->now->used;
        a->now->used += bytes;
    }
    count_in(a, bytes, owner);
    ASAN_UNPOISON_MEMORY_REGION(block, bytes);
    return block;
}

void *arena_alloc(Arena *a, Device device, size_t bytes, const char *owner)
{
    void *block = arena_try(a, device, bytes, owner);
    if (block) return block;
    arena_report(a, stderr);
    CHECK(0, "arena %s: out of memory: %s wants %zu bytes more", a->name, owner, bytes);
    return NULL;
}

void arena_give_back(Arena *a, Device device, void *block, size_t bytes, const char *owner)
{
    CHECK(device == DEV_CPU, "arena %s: built without CUDA", a->name);
    List *l = &a->list[round_up(&bytes)];
    count_out(a, bytes, owner);
    if (l->n == l->room) {
        arena_requested();
        l->room = l->room ? 2 * l->room : 16;
        l->block = realloc(l->block, (size_t)l->room * sizeof *l->block);
        CHECK(l->block, "arena %s: out of memory", a->name);
    }
    ASAN_POISON_MEMORY_REGION(block, bytes);
    l->block[l->n++] = block;
}

void arena_pass_on(Arena *a, size_t bytes, const char *from, const char *to)
{
    round_up(&bytes);
    count_out(a, bytes, from);
    count_in(a, bytes, to);
}
