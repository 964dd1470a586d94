/* check.cpp -- what the compiler tells in check mode: every load, store and basic block, every index of an array.
 *
 * A file compiled with -fsanitize=thread calls __tsan_read4(address) before a load of four bytes, and so on. Those
 * functions are here; the sanitizer's own library is not linked. */
#include "inside.h"
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <link.h>

namespace simt {
bool checked;
static uintptr_t tls, tls_size;             /* the executable's thread_local variables, on the one core of check mode */
static uintptr_t data, data_size;           /* its other variables: __device__, __constant__ */
static uintptr_t image, image_size;         /* all of it */
static Shadow *statics, *dynamic, *globals;
static std::vector<uint32_t> room;          /* by byte of tls: how many there are to its __shared__ variable's end */
static size_t step_limit;

void check_init()
{
    dl_iterate_phdr(
        [](dl_phdr_info *info, size_t, void *) {
            uintptr_t end = 0;
            image = ~(uintptr_t)0;
            for (int i = 0; i < info->dlpi_phnum; i++) {
                const ElfW(Phdr) &p = info->dlpi_phdr[i];
                uintptr_t at = info->dlpi_addr + p.p_vaddr;
                if (p.p_type == PT_TLS) tls = (uintptr_t)info->dlpi_tls_data, tls_size = p.p_memsz;
                if (p.p_type != PT_LOAD) continue;
                if (at < image) image = at;
                if (at + p.p_memsz > end) end = at + p.p_memsz;
                if (p.p_flags & PF_W) data = at, data_size = p.p_memsz;
            }
            image_size = end - image;
            return 1;
        },
        nullptr);
    statics = shadow_new(tls_size);
    dynamic = shadow_new(DYNAMIC_MAX);
    globals = shadow_new(data_size);
    shadow_wrote(globals, 0, data_size);
    room.resize(tls_size);
    for (const Symbol &s : shared_symbols())
        for (size_t i = 0; i < s.size; i++) room[s.address + i] = (uint32_t)(s.size - i);
    for (const Symbol &s : thread_symbols())        /* no constructor of a __shared__ variable runs: CUDA allows none */
        if (s.function.find("guard variable") == 0) *(char *)(tls + s.address) = 1;
    step_limit = setting("SIMT_STEPS", 20000000);
    counters_init();
}

/* Garbage, so that nobody's result is right by what the last block left. */
void check_block(Core &c)
{
    for (const Symbol &s : shared_symbols()) memset((void *)(tls + s.address), 0xa5, s.size);
    memset(c.dynamic, 0xa5, c.launch->shared);
    shadow_block(c, statics, dynamic);
}

/* ---- Where an address is ---- */

static const Symbol *symbol_at(const std::vector<Symbol> &symbols, uintptr_t address)
{
    size_t low = 0, high = symbols.size();
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (symbols[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? &symbols[low - 1] : nullptr;
}

static std::string element(const std::string &name, size_t offset, size_t size)
{
    return text("%s[%zu]", name.c_str(), offset / size);
}

/* "s[63]", counted in elements of the access's size; the plain name in *variable. */
std::string name_at(const Core &c, uintptr_t address, size_t size, std::string *variable)
{
    if (const Buffer *b = buffer_of(address)) {
        *variable = b->name;
        size_t unit = b->element > 1 ? b->element : size;
        return element(b->name.empty() ? "the buffer of " + place(b->at) : b->name, address - b->base, unit);
    }
    if (address - (uintptr_t)c.dynamic < DYNAMIC_MAX) {
        *variable = "dynamic shared memory";
        return text("byte %zu of the dynamic shared memory", (size_t)(address - (uintptr_t)c.dynamic));
    }
    bool shared = address - tls < tls_size;
    const Symbol *s = shared ? symbol_at(shared_symbols(), address - tls) : symbol_at(global_symbols(), address);
    if (!s) return text("%p", (void *)address);
    size_t offset = (shared ? address - tls : address) - s->address;
    *variable = s->name;
    return (shared ? "__shared__ " : "__device__ ") + (s->size <= size ? s->name : element(s->name, offset, size));
}

Home home_of(const Core &c, uintptr_t address)
{
    if (const Buffer *b = buffer_of(address)) return {b->name.empty() ? "the buffer of " + place(b->at) : b->name, b->base};
    if (address - (uintptr_t)c.dynamic < DYNAMIC_MAX) return {"dynamic shared memory", (uintptr_t)c.dynamic};
    const Symbol *s = symbol_at(shared_symbols(), address - tls);
    return s ? Home{s->name, tls + s->address} : Home{"", 0};
}

const char *verb(Access kind)
{
    return kind == LOAD ? "reads" : kind == STORE ? "writes" : "atomically changes";
}

[[noreturn]] static void outside(Core &c, const char *kind, Access access, uint32_t site, const std::string &variable,
                                 const std::string &what)
{
    stop_at(cudaErrorIllegalAddress, kind, site_place(site), variable,
            who(c, *c.now) + ": " + verb(access) + " " + what);
}

static void shared_access(Core &c, uintptr_t address, size_t size, Access kind, uint32_t site)
{
    size_t offset = address - tls;
    if (room[offset] < size) {
        const Symbol *s = symbol_at(shared_symbols(), offset);
        const Symbol *other = symbol_at(thread_symbols(), offset);
        if (other && offset < other->address + other->size) return; /* an index register, or the host's own */
        if (!s) return;
        outside(c, "out-of-bounds", kind, site, s->name,
                text("%zu bytes past the end of __shared__ %s, which has %zu bytes",
                     offset + size - s->address - s->size, s->name.c_str(), s->size));
    }
    shadow_access(c, statics, offset, address, size, kind, site);
    if (counting) count_shared(c, address, size, kind, site);
}

static void dynamic_access(Core &c, uintptr_t address, size_t size, Access kind, uint32_t site)
{
    size_t offset = address - (uintptr_t)c.dynamic, room = c.launch->shared;
    if (offset >= room || size > room - offset)
        outside(c, "out-of-bounds", kind, site, "dynamic shared memory",
                text("byte %zu of the dynamic shared memory, of which the launch at %s asks for %zu bytes", offset,
                     place(c.launch->at).c_str(), room));
    shadow_access(c, dynamic, offset, address, size, kind, site);
    if (counting) count_shared(c, address, size, kind, site);
}

static void global_access(Core &c, uintptr_t address, size_t size, Access kind, uint32_t site)
{
    const Buffer *b = buffer_of(address);
    size_t offset = b ? address - b->base : 0;
    if (!b || b->freed || offset >= b->size || size > b->size - offset) {
        uintptr_t first = b && !b->freed && offset < b->size ? b->base + b->size : address; /* the first byte outside */
        outside(c, fault_kind(first), kind, site, b ? b->name : "", describe(first));
    }
    shadow_access(c, b->shadow, offset, address, size, kind, site);
    if (counting) count_global(c, address, size, kind, site);
}

/* A thread that runs on and on stands back now and then; one that does not end is told. */
static SIMT_INLINE void tick(Core &c, uint32_t site)
{
    Thread *t = c.now;
    if (++t->steps % 4096) return;
    if (t->steps > step_limit)
        stop_at(cudaErrorLaunchTimeout, "endless", site_place(site), "",
                who(c, *t) +
                    text(": after %zu steps it still runs: an endless loop, or it waits for what no thread will "
                         "write (SIMT_STEPS raises the limit)",
                         step_limit));
    yield();
}

static void access(void *p, size_t size, Access kind, uint32_t site, bool aligned)
{
    Core &c = *core;
    uintptr_t a = (uintptr_t)p;
    settle_pending(c);
    tick(c, site);
    if (aligned && a % size && in_arena(a))
        stop_at(cudaErrorMisalignedAddress, "misaligned", site_place(site), "",
                who(c, *c.now) + ": " + verb(kind) + text(" %zu bytes at once at ", size) + describe(a) +
                    text("; such an address must be a multiple of %zu", size));
    if (in_arena(a)) return global_access(c, a, size, kind, site);
    if (a - tls < tls_size) return shared_access(c, a, size, kind, site);
    if (a - (uintptr_t)c.dynamic < DYNAMIC_MAX) return dynamic_access(c, a, size, kind, site);
    if (a - data < data_size) return shadow_access(c, globals, a - data, a, size, kind, site);
    if (a - image < image_size) return;     /* constants */
    bool null = a < 4096;
    outside(c, null ? "null-pointer" : "host-pointer", kind, site, "",
            null ? "a null pointer"
                 : text("%p, which is the host's memory; a kernel takes what cudaMalloc returned", p));
}

void check_atomic(Core &c, uintptr_t address, size_t size, Place at)
{
    if (on_fiber_stack(address)) return;
    shadow_synchronise(c, address);
    access((void *)address, size, ATOMIC, site_of(at), true);
}

/* A volatile access of global memory is how a flag is passed, by an address that the others poll. */
static void volatile_access(void *p, size_t size, Access kind, const void *pc)
{
    Core *c = core;
    if (!c || !c->now || on_fiber_stack((uintptr_t)p)) return;
    bool global = in_arena((uintptr_t)p) || (uintptr_t)p - data < data_size;
    if (global) shadow_synchronise(*c, (uintptr_t)p);
    shadow_volatile(global);
    access(p, size, kind, site_of(pc), true);
    shadow_volatile(false);
}

static SIMT_INLINE bool looked_at(const Core *c) { return c && c->now && !c->between_lanes; }

static SIMT_INLINE void plain_access(void *p, size_t size, Access kind, const void *pc, bool aligned)
{
    Core *c = core;
    if (looked_at(c) && !on_fiber_stack((uintptr_t)p)) access(p, size, kind, site_of(pc), aligned);
}

/* ---- Basic blocks ---- */

static void step(const void *pc)
{
    Core *c = core;
    if (!looked_at(c)) return;
    if (counting) count_step(*c, site_of(pc));
    tick(*c, site_of(pc));
}

/* The array's name, from the source. gcc's column is that of the closing bracket, clang's that of the name. */
static std::string array_name(const char *file, uint32_t line, uint32_t column)
{
    std::string text;
    FILE *f = fopen(file, "r");
    for (int c, n = 1; f && (uint32_t)n <= line && (c = getc(f)) != EOF;)
        if (c == '\n')
            n++;
        else if ((uint32_t)n == line)
            text += (char)c;
    if (f) fclose(f);
    auto in_name = [&](size_t i) { return isalnum((unsigned char)text[i]) || text[i] == '_'; };
    if (!column || column > text.size()) return "";
    size_t i = column - 1;
    if (text[i] != ']') i = std::min(text.find('[', i), text.size());
    while (i > 0 && i < text.size() && text[i] == ']') {            /* of s[2][3], back over both */
        int depth = 1;
        while (i > 0 && depth) i--, depth += text[i] == ']' ? 1 : text[i] == '[' ? -1 : 0;
        if (i > 0 && text[i - 1] == ']') i--;
    }
    size_t end = i;
    while (i > 0 && in_name(i - 1)) i--;
    return text.substr(i, end - i);
}

static std::string array_type(const char *name)         /* "'float [4]'" -> "float[4]" */
{
    std::string s;
    for (const char *c = name; *c; c++)
        if (*c != '\'' && !(*c == ' ' && c[1] == '[')) s += *c;
    return s;
}
} // namespace simt

using namespace simt;

/* ---- The compiler's names for all this ---- */

#define PC __builtin_return_address(0)
#define HOOKS(size)                                                                                                    \
    void __tsan_read##size(void *p) { plain_access(p, size, LOAD, PC, true); }                                         \
    void __tsan_write##size(void *p) { plain_access(p, size, STORE, PC, true); }                                       \
    void __tsan_unaligned_read##size(void *p) { plain_access(p, size, LOAD, PC, false); }                              \
    void __tsan_unaligned_write##size(void *p) { plain_access(p, size, STORE, PC, false); }                            \
    void __tsan_volatile_read##size(void *p) { volatile_access(p, size, LOAD, PC); }                                   \
    void __tsan_volatile_write##size(void *p) { volatile_access(p, size, STORE, PC); }                                 \
    void __tsan_unaligned_volatile_read##size(void *p) { volatile_access(p, size, LOAD, PC); }                         \
    void __tsan_unaligned_volatile_write##size(void *p) { volatile_access(p, size, STORE, PC); }
/* Real atomic operations, of the host's code or of our own atomicAdd: carried out, not looked at. */
#define REAL_ATOMICS(bits, T)                                                                                          \
    T __tsan_atomic##bits##_load(const volatile T *p, int) { return __atomic_load_n(p, 5); }                           \
    void __tsan_atomic##bits##_store(volatile T *p, T v, int) { __atomic_store_n(p, v, 5); }                           \
    T __tsan_atomic##bits##_exchange(volatile T *p, T v, int) { return __atomic_exchange_n(p, v, 5); }                 \
    T __tsan_atomic##bits##_fetch_add(volatile T *p, T v, int) { return __atomic_fetch_add(p, v, 5); }                 \
    T __tsan_atomic##bits##_fetch_sub(volatile T *p, T v, int) { return __atomic_fetch_sub(p, v, 5); }                 \
    T __tsan_atomic##bits##_fetch_and(volatile T *p, T v, int) { return __atomic_fetch_and(p, v, 5); }                 \
    T __tsan_atomic##bits##_fetch_or(volatile T *p, T v, int) { return __atomic_fetch_or(p, v, 5); }                   \
    T __tsan_atomic##bits##_fetch_xor(volatile T *p, T v, int) { return __atomic_fetch_xor(p, v, 5); }                 \
    T __tsan_atomic##bits##_compare_exchange_val(volatile T *p, T old, T v, int, int)                                  \
    {                                                                                                                  \
        __atomic_compare_exchange_n(p, &old, v, false, 5, 5);                                                          \
        return old;                                                                                                    \
    }                                                                                                                  \
    int __tsan_atomic##bits##_compare_exchange_strong(volatile T *p, T *old, T v, int, int)                            \
    {                                                                                                                  \
        return __atomic_compare_exchange_n(p, old, v, false, 5, 5);                                                    \
    }                                                                                                                  \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile T *p, T *old, T v, int, int)                              \
    {                                                                                                                  \
        return __atomic_compare_exchange_n(p, old, v, true, 5, 5);                                                     \
    }

struct ArrayIndex {                         /* the ABI of -fsanitize=bounds */
    struct {
        const char *file;
        uint32_t line, column;
    } at;
    struct Type {
        uint16_t kind, info;
        char name[1];
    } *array, *index;
};

extern "C" {
void __tsan_init() { checked = true; }      /* called by every file of check mode before main() */
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)
REAL_ATOMICS(8, uint8_t)
REAL_ATOMICS(16, uint16_t)
REAL_ATOMICS(32, uint32_t)
REAL_ATOMICS(64, uint64_t)
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(5); }
void __tsan_atomic_signal_fence(int) {}
void __tsan_read_range(void *p, size_t size) { plain_access(p, size, LOAD, PC, false); }
void __tsan_write_range(void *p, size_t size) { plain_access(p, size, STORE, PC, false); }
void __tsan_func_entry(void *) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void **, void *) {}
void __tsan_vptr_read(void **) {}
void *__tsan_memcpy(void *to, const void *from, size_t size)
{
    plain_access((void *)from, size, LOAD, PC, false);
    plain_access(to, size, STORE, PC, false);
    return memcpy(to, from, size);
}
void *__tsan_memmove(void *to, const void *from, size_t size)
{
    plain_access((void *)from, size, LOAD, PC, false);
    plain_access(to, size, STORE, PC, false);
    return memmove(to, from, size);
}
void *__tsan_memset(void *to, int byte, size_t size)
{
    plain_access(to, size, STORE, PC, false);
    return memset(to, byte, size);
}
void __sanitizer_cov_trace_pc() { step(PC); }

void __ubsan_handle_out_of_bounds(ArrayIndex *a, uintptr_t value)
{
    Place at = {a->at.file, (int)a->at.line};
    int bits = 1 << (a->index->info >> 1);
    long long index =
        a->index->info & 1 && bits < 64 ? (long long)(value << (64 - bits)) >> (64 - bits) : (long long)value;
    std::string name = array_name(a->at.file, a->at.line, a->at.column);
    std::string what = text("index %lld is outside of %s, a %s", index, name.empty() ? "an array" : name.c_str(),
                            array_type(a->array->name).c_str());
    if (!in_kernel()) return say(ERROR, "out-of-bounds", at, name, "host code: " + what);
    stop_at(cudaErrorIllegalAddress, "out-of-bounds", at, name, who(*core, *core->now) + ": " + what);
}
void __ubsan_handle_out_of_bounds_abort(ArrayIndex *a, uintptr_t value) { __ubsan_handle_out_of_bounds(a, value); }
}
