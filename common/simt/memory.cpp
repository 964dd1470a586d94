/* memory.cpp -- the device's memory: SIMT_MEMORY bytes of an address range of its own, a closed page on either side of
 * every buffer, and addresses that come round again as late as possible. */
#include "inside.h"
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sys/mman.h>
#include <ucontext.h>

namespace simt {
static constexpr uintptr_t PAGE = 4096;
static uintptr_t arena, arena_size, cursor;
static size_t memory_size, memory_used;
static std::map<uintptr_t, Buffer *> &buffers = *new std::map<uintptr_t, Buffer *>;    /* freed ones until reused */
static Buffer **page_buffer;                /* of the buffer that a page belongs to */
static int opened = 1;

static uintptr_t pages(uintptr_t n) { return (n + PAGE - 1) / PAGE * PAGE; }
bool in_arena(uintptr_t address) { return address - arena < arena_size; }
Buffer *buffer_of(uintptr_t address) { return in_arena(address) ? page_buffer[(address - arena) / PAGE] : nullptr; }

static Buffer *live(const void *p)
{
    Buffer *b = buffer_of((uintptr_t)p);
    return b && !b->freed ? b : nullptr;
}

bool is_device(const void *p, size_t size)
{
    Buffer *b = live(p);
    return b && (uintptr_t)p - b->base <= b->size && size <= b->size - ((uintptr_t)p - b->base);
}

/* ---- Host code may touch it, or not ---- */

static void protect(const Buffer *b, bool open)
{
    mprotect((void *)b->base, pages(b->size), open ? PROT_READ | PROT_WRITE : PROT_NONE);
}

void open_memory(bool open)
{
    if (!checked) return;
    opened += open ? 1 : -1;
    if (opened != open) return;             /* it was open already, or stays so */
    for (auto &entry : buffers)
        if (!entry.second->freed && !entry.second->managed) protect(entry.second, open);
}
Open::Open() { start(), open_memory(true); }
Open::~Open() { open_memory(false); }

void wrote(const void *p, size_t size)
{
    Buffer *b = live(p);
    if (b && b->shadow) shadow_wrote(b->shadow, (uintptr_t)p - b->base, size);
}

/* ---- What is at an address ---- */

static std::string label(const Buffer *b)
{
    size_t n = b->size / b->element;
    std::string what = b->element == 1 ? text("%zu bytes", n) : text("%zu elements of %zu bytes", n, b->element);
    return (b->name.empty() ? "a buffer" : b->name) + " (" + what +
           (b->at.file ? ", cudaMalloc at " + place(b->at) : "") + ")";
}

static const Buffer *nearest(uintptr_t address, uintptr_t *distance)
{
    const Buffer *near = nullptr;
    *distance = ~(uintptr_t)0;
    for (auto &entry : buffers) {
        const Buffer *b = entry.second;
        uintptr_t end = b->base + b->size, d = address < b->base ? b->base - address
                                               : address < end   ? 0
                                                                 : address - end + 1;
        if (d < *distance) *distance = d, near = b;
    }
    return near;
}

const char *fault_kind(uintptr_t address)
{
    uintptr_t distance;
    const Buffer *near = nearest(address, &distance);
    if (address < PAGE) return "null-pointer";
    if (!near || !in_arena(address)) return "host-pointer";
    return near->freed && distance < PAGE ? "use-after-free" : "out-of-bounds";
}

std::string describe(uintptr_t address)
{
    uintptr_t distance;
    const Buffer *near = nearest(address, &distance);
    if (address < PAGE) return "a null pointer";
    if (!near || !in_arena(address)) return text("%p, which is no memory of the device", (void *)address);
    if (near->freed && distance < PAGE) return label(near) + ", which cudaFree gave back";
    if (address < near->base) return text("%zu bytes before ", (size_t)(near->base - address)) + label(near);
    size_t offset = address - near->base;
    if (offset < near->size) return text("byte %zu of ", offset) + label(near);
    return text("element %zu of ", offset / near->element) + label(near);
}

/* ---- Faults: the processor found what no check had ---- */

static void *fault_pc(const ucontext_t *u)
{
#if defined(__x86_64__)
    return (char *)u->uc_mcontext.gregs[REG_RIP] + 1;       /* place_of() looks in front of it */
#elif defined(__aarch64__)
    return (char *)u->uc_mcontext.pc + 1;
#else
    (void)u;
    return nullptr;
#endif
}

static struct sigaction before[2];          /* what SIGSEGV and SIGBUS did */

static void on_fault(int signal_number, siginfo_t *info, void *context)
{
    uintptr_t address = (uintptr_t)info->si_addr;
    Place at = place_of(fault_pc((ucontext_t *)context));
    if (in_kernel()) {
        std::string me = who(*core, *core->now);
        if (on_fiber_stack(address))
            stop_at(cudaErrorIllegalAddress, "stack-overflow", at, "",
                    me + ": its stack is full: large local arrays, or recursion? SIMT_STACK=256K makes it larger");
        stop_at(cudaErrorIllegalAddress, fault_kind(address), at, "", me + ": reads or writes " + describe(address));
    }
    if (in_arena(address))
        say(ERROR, "device-pointer-on-host", at, "",
            "host code reads or writes " + describe(address) + "; copy it with cudaMemcpy first");
    sigaction(signal_number, &before[signal_number == SIGBUS], nullptr);        /* who was asked before us goes on */
}

static void tell_leaks()
{
    for (auto &entry : buffers)
        if (!entry.second->freed && !sticky())
            say(ERROR, "leak", entry.second->at, entry.second->name, label(entry.second) + " was never given back");
}

void memory_init()
{
    memory_size = setting("SIMT_MEMORY", (size_t)1 << 30);
    arena_size = pages(std::max(memory_size * 4, (size_t)64 << 30));
    void *p = MAP_FAILED;                   /* an address range only; less where the process may not have so much */
    for (;; arena_size = pages(arena_size / 2)) {
        p = mmap(nullptr, arena_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p != MAP_FAILED || arena_size <= memory_size) break;
    }
    size_t table = arena_size / PAGE * sizeof *page_buffer;
    page_buffer =
        (Buffer **)mmap(nullptr, table, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || page_buffer == MAP_FAILED) {
        fprintf(stderr, "simt: no address range of SIMT_MEMORY=%zu bytes\n", memory_size);
        exit(1);
    }
    arena = cursor = (uintptr_t)p;
    struct sigaction fault {};
    fault.sa_sigaction = on_fault;
    fault.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;  /* we leave it by another stack */
    sigaction(SIGSEGV, &fault, &before[0]);
    sigaction(SIGBUS, &fault, &before[1]);
    if (checked) open_memory(false);
    if (checked) atexit(tell_leaks);
}

/* ---- cudaMalloc, cudaFree ---- */

static void forget(Buffer *b)
{
    for (uintptr_t page = b->base; page < b->base + pages(b->size); page += PAGE)
        page_buffer[(page - arena) / PAGE] = nullptr;
    buffers.erase(b->base);
    delete b;
}

/* The next gap of that many bytes from the cursor on, freed buffers counting as gaps; 0: none before the end. */
static uintptr_t gap(uintptr_t from, size_t room)
{
    uintptr_t at = from;
    auto entry = buffers.upper_bound(from);
    if (entry != buffers.begin()) {
        const Buffer *before = std::prev(entry)->second;
        if (!before->freed) at = std::max(at, before->base + pages(before->size) + PAGE);
    }
    for (; entry != buffers.end() && entry->second->base < at + room; ++entry)
        if (!entry->second->freed) at = entry->second->base + pages(entry->second->size) + PAGE;
    return at + room <= arena + arena_size ? at : 0;
}

static uintptr_t place_for(size_t size)
{
    size_t room = pages(size) + 2 * PAGE;
    uintptr_t at = gap(cursor, room);
    if (!at) at = gap(arena, room);
    if (!at) return 0;
    cursor = at + room;
    for (auto entry = buffers.lower_bound(at); entry != buffers.end() && entry->second->base < at + room;)
        forget((entry++)->second);
    if (auto entry = buffers.lower_bound(at); entry != buffers.begin() && std::prev(entry)->second->freed &&
                                              std::prev(entry)->second->base + std::prev(entry)->second->size > at)
        forget(std::prev(entry)->second);
    return at + PAGE;
}
} // namespace simt

using namespace simt;

void simt::memory_reset()
{
    if (checked) tell_leaks();
    for (auto &entry : buffers)
        if (!entry.second->freed) cudaFree((void *)entry.second->base);
}

static const char *variable(const char *expression)         /* "(void **)&a" -> "a"; "&p->x[i]" stays whole */
{
    const char *last = strrchr(expression, '&');
    return last ? last + 1 : expression;
}

cudaError_t simt_malloc(void **p, size_t size, size_t element, bool managed, const char *name, Place at)
{
    start();
    if (sticky()) return sticky();
    if (!p) return fail(cudaErrorInvalidValue);
    *p = nullptr;
    if (!size) return cudaSuccess;
    uintptr_t base = size <= memory_size - memory_used ? place_for(size) : 0;
    if (!base || mprotect((void *)base, pages(size), PROT_READ | PROT_WRITE)) return fail(cudaErrorMemoryAllocation);
    memory_used += size;
    Buffer *b = buffers[base] = new Buffer{base, size, element, variable(name), at, managed, false, nullptr};
    for (uintptr_t page = base; page < base + pages(size); page += PAGE) page_buffer[(page - arena) / PAGE] = b;
    if (checked) {
        memset((void *)base, 0xcd, size);   /* what was there before: nothing anybody should count on */
        b->shadow = shadow_new(size);
        if (managed) shadow_wrote(b->shadow, 0, size);      /* the host may write it unseen */
        if (!managed) protect(b, opened > 0);
    }
    *p = (void *)base;
    return cudaSuccess;
}

cudaError_t cudaFree(void *p, Place at)
{
    start();
    if (!p) return sticky();
    cudaError_t e = wait_all();
    if (e) return e;
    Buffer *b = buffer_of((uintptr_t)p);
    if (!b || b->freed || b->base != (uintptr_t)p) {
        say(ERROR, "bad-free", at, b ? b->name : "",
            b && b->freed
                ? "cudaFree: " + describe((uintptr_t)p) + " already"
                : "cudaFree: " + describe((uintptr_t)p) + "; only what cudaMalloc returned can be given back");
        return fail(cudaErrorInvalidValue);
    }
    b->freed = true;
    memory_used -= b->size;
    if (b->shadow) shadow_free(b->shadow), b->shadow = nullptr;
    madvise((void *)b->base, pages(b->size), MADV_DONTNEED);
    protect(b, false);
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *all_bytes)
{
    start();
    *all_bytes = memory_size, *free_bytes = memory_size - memory_used;
    return sticky();
}

/* ---- Copies ---- */

uint64_t simt::bytes_to_host;

/* NULL, or what is wrong with one end of a copy. */
static std::string wrong_end(const char *which, const void *p, size_t size, bool device, const char *kind)
{
    Buffer *b = live(p);
    if (device && !b)
        return text("cudaMemcpy: %s is for a %s of device memory, but it gets %s", kind, which,
                    describe((uintptr_t)p).c_str());
    if (device && !is_device(p, size))
        return text("cudaMemcpy: %zu bytes are more than there are from byte %zu on in ", size,
                    (size_t)((uintptr_t)p - b->base)) +
               label(b);
    if (!device && b && !b->managed)
        return text("cudaMemcpy: %s is for a %s of host memory, but it gets ", kind, which) + describe((uintptr_t)p);
    return "";
}

static cudaError_t copy_check(void *to, const void *from, size_t size, cudaMemcpyKind kind, bool *to_device, Place at)
{
    static const char *const names[] = {"cudaMemcpyHostToHost", "cudaMemcpyHostToDevice", "cudaMemcpyDeviceToHost",
                                        "cudaMemcpyDeviceToDevice", "cudaMemcpyDefault"};
    start();
    if (sticky()) return sticky();
    if ((unsigned)kind > cudaMemcpyDefault) return fail(cudaErrorInvalidMemcpyDirection);
    bool from_device = kind == cudaMemcpyDefault ? in_arena((uintptr_t)from)
                                                 : kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    *to_device = kind == cudaMemcpyDefault ? in_arena((uintptr_t)to)
                                           : kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    if (!size) return cudaSuccess;
    std::string wrong = wrong_end("source", from, size, from_device, names[kind]);
    if (wrong.empty()) wrong = wrong_end("target", to, size, *to_device, names[kind]);
    if (wrong.empty()) {
        if (from_device && (!*to_device || live(to)->managed)) bytes_to_host += size;
        return cudaSuccess;
    }
    say(ERROR, "bad-copy", at, "", wrong);
    return fail(cudaErrorInvalidValue);
}

static void copy(void *to, const void *from, size_t size, Place at)
{
    Open open;
    if (Buffer *b = live(from); b && b->shadow) {
        size_t offset = (uintptr_t)from - b->base, good = shadow_unwritten(b->shadow, offset, size);
        if (good < size)
            say(NOTE, "uninitialised-copy", at, b->name,
                text("cudaMemcpy reads byte %zu of ", offset + good) + label(b) + ", which nobody has written");
    }
    memmove(to, from, size);
    wrote(to, size);
}

/* Only pinned memory of the host is copied later on. Other memory is read before the call returns, by way of a buffer
 * of CUDA's, and written before it returns. */
static std::map<uintptr_t, size_t> &pins = *new std::map<uintptr_t, size_t>;
void simt::pinned(const void *p, size_t size)
{
    if (size)
        pins[(uintptr_t)p] = size;
    else
        pins.erase((uintptr_t)p);
}
static bool is_pinned(const void *p)
{
    auto after = pins.upper_bound((uintptr_t)p);
    return after != pins.begin() && (uintptr_t)p - std::prev(after)->first < std::prev(after)->second;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t size, cudaMemcpyKind kind, cudaStream_t stream, Place at)
{
    bool to_device;
    cudaError_t e = copy_check(to, from, size, kind, &to_device, at);
    if (e) return e;
    if (to_device && !in_arena((uintptr_t)from) && !is_pinned(from)) {
        std::vector<char> staged((const char *)from, (const char *)from + size);
        submit(stream, [=] { copy(to, staged.data(), size, at); });
        return sticky();
    }
    submit(stream, [=] { copy(to, from, size, at); });
    return to_device || is_pinned(to) ? sticky() : wait(stream);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t size, cudaMemcpyKind kind, Place at)
{
    bool to_device;
    cudaError_t e = copy_check(to, from, size, kind, &to_device, at);
    if (e) return e;
    submit(nullptr, [=] { copy(to, from, size, at); });
    return wait(nullptr);
}

cudaError_t cudaMemsetAsync(void *p, int byte, size_t size, cudaStream_t stream, Place at)
{
    start();
    if (sticky()) return sticky();
    if (!is_device(p, size)) {
        say(ERROR, "bad-copy", at, "", text("cudaMemset of %zu bytes at ", size) + describe((uintptr_t)p));
        return fail(cudaErrorInvalidValue);
    }
    submit(stream, [=] {
        Open open;
        memset(p, byte, size);
        wrote(p, size);
    });
    return sticky();
}

cudaError_t cudaMemset(void *p, int byte, size_t size, Place at)
{
    cudaError_t e = cudaMemsetAsync(p, byte, size, nullptr, at);
    return e ? e : wait(nullptr);
}

cudaError_t simt_to_symbol(void *symbol, size_t room, const void *from, size_t size, size_t offset, cudaStream_t stream)
{
    start();
    if (offset > room || size > room - offset) return fail(cudaErrorInvalidValue);
    submit(stream, [=] {
        Open open;
        memcpy((char *)symbol + offset, from, size);
    });
    return wait(stream);
}

cudaError_t simt_from_symbol(void *to, const void *symbol, size_t room, size_t size, size_t offset, cudaStream_t stream)
{
    start();
    if (offset > room || size > room - offset) return fail(cudaErrorInvalidValue);
    bytes_to_host += size;
    submit(stream, [=] {
        Open open;
        memcpy(to, (const char *)symbol + offset, size);
        wrote(to, size);
    });
    return wait(stream);
}
