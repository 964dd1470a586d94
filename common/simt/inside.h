/* inside.h -- what the files of the runtime share; nobody else includes it. */
#pragma once
#include "include/cuda_runtime_api.h"
#include <string>
#include <vector>

namespace simt {

/* ---- fiber.cpp: stacks that wait for each other on one core ---- */

struct Fiber {
    void *sp;       /* where its registers lie; without our own switch, a ucontext_t */
    char *stack;    /* the lowest usable byte; NULL: the core's own stack */
};
void fibers_init(size_t stack_size);
Fiber *fiber_new(void (*entry)());
void fiber_reset(Fiber *, void (*entry)());
void fiber_switch(Fiber *from, Fiber *to);
bool on_fiber_stack(uintptr_t address);

/* ---- schedule.cpp ---- */

enum State { READY, AT_BARRIER, AT_MEETING, AT_ACTIVE_MASK, RETURNED };

struct Thread {
    uint3 index;
    int rank;               /* x fastest, within the block */
    State state;
    Fiber *fiber;
    Thread *next;           /* in a queue */
    Place at;               /* where it waits */
    unsigned mask;          /* at a meeting */
    Together together;
    void *mine;
    unsigned active;        /* what active_mask() answers */
    unsigned turns;         /* atomics and fences since it last stood back */
    uint64_t steps;         /* basic blocks, in check mode */
};
struct Group {              /* lanes that wait for the rest of their mask */
    unsigned mask, came;
    Together together;
    Place at;
    bool synchronises;
};
struct Warp {
    unsigned alive;
    std::vector<Group> groups;
};
struct Launch {
    void (*call)(void *);
    void *context;
    dim3 grid, block;
    size_t shared;
    const char *name;
    Place at;
    unsigned threads;       /* of a block */
    uint64_t blocks, number;
};
struct Queue {
    Thread *first, *last;
    void push(Thread *t)
    {
        t->next = nullptr;
        (first ? last->next : first) = t;
        last = t;
    }
    Thread *pop()
    {
        Thread *t = first;
        first = t->next;
        return t;
    }
};
struct Core {               /* one thread of the operating system, and the block it runs */
    const Launch *launch = nullptr;
    uint64_t block = 0;     /* x fastest */
    uint3 block_index{};
    std::vector<Thread> threads;
    std::vector<Warp> warps;
    std::vector<unsigned> order;            /* SIMT_ORDER=random */
    Thread *now = nullptr;                  /* NULL: host code */
    Fiber own{}, *fiber = &own;
    std::vector<Fiber *> idle, fibers;
    Queue ready{}, waiting{};               /* waiting: at the barrier */
    unsigned started = 0, alive = 0, arrived = 0, returned = 0;
    Place barrier{};                        /* of the first to arrive */
    bool between_lanes = false;             /* in a together(): what the hooks tell is our own doing */
    bool barriers_differ = false, told_of_returned = false, failed = false;
    Votes votes{0, true, false}, voted{};
    char *dynamic = nullptr;
};
extern thread_local Core *core;
constexpr size_t DYNAMIC_MAX = 256 << 10;

void start();                               /* the runtime, once */
size_t setting(const char *name, size_t otherwise);     /* a number of the environment, K, M or G behind it */
void run_kernel(Launch &);
[[noreturn]] void leave_block();            /* the current block goes no further, nor does the launch */

/* ---- memory.cpp ---- */

struct Shadow;
struct Buffer {
    uintptr_t base;
    size_t size, element;                   /* element: sizeof(T) of cudaMalloc(T **) */
    std::string name;                       /* as in cudaMalloc(&name, ...), or empty */
    Place at;
    bool managed, freed;
    Shadow *shadow;                         /* check mode */
};
void memory_init();
void memory_reset();                        /* all of it is given back, after what leaked was told */
bool in_arena(uintptr_t);
Buffer *buffer_of(uintptr_t);               /* live or freed; NULL: none */
std::string describe(uintptr_t address);    /* "8 bytes past the end of a, ..." */
const char *fault_kind(uintptr_t address);  /* "out-of-bounds", "use-after-free", ... */
void open_memory(bool);                     /* check mode: host code may or may not touch it */

/* ---- stream.cpp ---- */

void set_error(cudaError_t);

/* ---- graph.cpp ---- */

bool is_captured(cudaStream_t);
bool capture(cudaStream_t, void (*run)(void *), void (*release)(void *), void *context);     /* false: do it yourself */

/* ---- report.cpp ---- */

std::string text(const char *format, ...) __attribute__((format(printf, 1, 2)));
std::string place(Place);                   /* "file.cu:12" */
std::string who(const Core &, const Thread &);      /* "block (0,0,0), thread (3,0,0)" */
std::string ranges(const std::vector<int> &);       /* "0-47, 50" */
std::string quoted(const std::string &);    /* for JSON */
void report_init();
void say(Severity, const char *kind, Place, const std::string &variable, const std::string &message);
[[noreturn]] void stop_at(cudaError_t, const char *kind, Place, const std::string &variable,
                          const std::string &message);

/* ---- symbols.cpp ---- */

extern const uintptr_t load_offset;         /* where the executable was loaded, less where it was linked */
Place place_of(const void *pc);             /* of the instruction before pc */
extern const char *const by_address;        /* the file of a Place whose line is the address (lines_later) */
/* A place in 32 bits: an instruction, by its distance from the executable's beginning, or a Place. */
inline uint32_t site_of(const void *pc) { return (uint32_t)((uintptr_t)pc - load_offset); }
uint32_t site_of(Place);
Place site_place(uint32_t);
struct Symbol {
    uintptr_t address;                      /* of a __shared__ variable: its offset in the TLS segment */
    size_t size;
    std::string name, function;
};
const std::vector<Symbol> &shared_symbols();        /* sorted */
const std::vector<Symbol> &thread_symbols();        /* thread_local and not __shared__ */
const std::vector<Symbol> &global_symbols();
size_t static_shared(const std::string &kernel);        /* bytes of its __shared__ variables */

/* ---- check.cpp, in check mode only ---- */

enum Access : uint8_t { LOAD, STORE, ATOMIC };
void check_init();
void check_block(Core &);
void check_atomic(Core &, uintptr_t, size_t, Place);
const char *verb(Access);                   /* "reads" */
std::string name_at(const Core &, uintptr_t address, size_t size, std::string *variable);
struct Home {                               /* the array that an address is in */
    std::string name;
    uintptr_t base;
};
Home home_of(const Core &, uintptr_t address);

/* ---- shadow.cpp ---- */

Shadow *shadow_new(size_t size);
void shadow_free(Shadow *);
void shadow_wrote(Shadow *, size_t offset, size_t size);
size_t shadow_unwritten(Shadow *, size_t offset, size_t size);      /* the first byte nobody wrote, or size */
void shadow_access(Core &, Shadow *, size_t offset, uintptr_t address, size_t size, Access, uint32_t site);
void shadow_synchronise(Core &, uintptr_t address);     /* an atomic or a flag at that address */
void shadow_volatile(bool);                             /* the next access is one */
void shadow_block(Core &, Shadow *statics, Shadow *dynamic);
extern bool store_pending;                              /* a store whose value is looked at by the next hook */
void settle_now(Core &);
inline void settle_pending(Core &c)
{
    if (store_pending) settle_now(c);
}
void check_launch(const Launch &);
void check_barrier(Core &);
void check_warp(Core &, int warp, unsigned lanes, bool synchronises);
void check_fence(Core &);
void check_returned(Core &, const Thread &);

/* ---- counters.cpp ---- */

enum What : uint8_t { GLOBAL, SHARED, BLOCK };
struct Record {                             /* what a lane did: an access, or a basic block */
    uintptr_t address;
    uint32_t site;
    uint8_t size;
    What what;
    Access kind;
};
struct Count {
    uint64_t requests, lanes, bytes;
    uint64_t sectors, least_sectors;        /* global; least: those that the bytes would fill */
    uint64_t waves, least_waves;            /* shared; least: without bank conflicts */
    uint64_t longest;                       /* atomics: lanes at one address, one after the other */
};
extern bool counting;
Count count_of(const Record *const *lane);  /* one request; NULL: a lane that takes no part */
void add(Count &, const Count &);
std::string access_name(What, Access, unsigned size);       /* "global load 4B" */
void counters_init();
void count_launch(const Launch &);
void count_barrier();
void count_global(Core &, uintptr_t address, size_t size, Access, uint32_t site);
void count_shared(Core &, uintptr_t address, size_t size, Access, uint32_t site);
void count_step(Core &, uint32_t site);
void count_flush(Core &, int warp);

/* ---- log.cpp: what SIMT_LOG keeps of a kernel, for pictures ---- */

extern bool logging;
void log_init();
void log_launch(const Launch &);
void log_request(const Core &, int warp, const Record *const *lane, const Count &);
void log_steps(const Core &, int warp, const std::vector<Record> *lanes);       /* of its 32 lanes */
void log_barrier(const Core &);
} // namespace simt
