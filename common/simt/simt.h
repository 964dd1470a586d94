/* simt.h -- the machine that runs kernels on a CPU: what our CUDA headers and the text that simtcc writes call. C++17.
 *
 *   include/cuda_runtime.h   CUDA's names, thin inline functions over this file
 *   schedule.cpp             threads are fibers, a block runs on one core, blocks go over the cores
 *   memory.cpp, stream.cpp   device memory, streams, events, errors
 *   check.cpp, shadow.cpp    check mode: what the compiler's hooks tell about each access
 *   counters.cpp, report.cpp what is counted, what is said
 *
 * Two builds of a .cu file, one library:
 *   fast    $(CXX) -std=c++17 -O2 -fno-strict-aliasing -Icommon/simt/include -include cuda_runtime.h
 *   check   the same at -O1 with -fsanitize=thread,bounds (simtcc.c has it all), and linked WITHOUT -fsanitize: the
 *           hooks that the compiler then calls (__tsan_read4, __ubsan_handle_out_of_bounds, ...) are ours.
 *           A program is in check mode as soon as one of its files was compiled so.
 * Both need -g: places are told by line. Both link libsimt.a -pthread.
 *
 * The environment:
 *   SIMT_MEMORY=1G     size of the device's memory (K, M, G)        SIMT_WORKERS=n  cores; check mode always takes one
 *   SIMT_ORDER=forward, reverse or random:seed, of threads and blocks
 *   SIMT_STRICT=1      the process exits with 86 if anything was reported, leaks too
 *   SIMT_REPORT=path   every finding as a line of JSON, appended    SIMT_COUNT=1 or =path: counters, as text or as JSON
 *   SIMT_LOG=path      accesses and steps of each kernel, for pictures (common/show.h), at the end
 *   SIMT_LIMITS=path   what counters may be at most, a line of JSON each; more is a finding
 *   SIMT_STEPS=n       basic blocks and accesses of a thread before it is called endless (check mode; 20 million)
 *   SIMT_STACK=64K     stack of one thread
 *
 * A program may have void simt_found(const char *kind, const char *message): it hears what is found, stderr does not.
 */
#pragma once
#include <cstddef>
#include <cstdint>
#include <tuple>
#include "vector_types.h"
#include "driver_types.h"

#define SIMT_INLINE inline __attribute__((always_inline))
#define SIMT_NO_HOOKS __attribute__((no_sanitize("thread"), no_sanitize("bounds")))

namespace simt {

/* A place in the source. As a default argument it is the caller's: void f(Place at = Place::here()). */
struct Place {
    const char *file;
    int line;
    static constexpr Place here(const char *file = __builtin_FILE(), int line = __builtin_LINE())
    {
        return {file, line};
    }
};

/* ---- Launches. simtcc turns kernel<<<g, b, s, st>>>(args) into
 *   ::simt::launcher(kernel, ::simt::configuration(g, b, s, st), "kernel")(args)
 * and where `kernel` may be a template with arguments to deduce, into
 *   ::simt::launcher([=](auto &...simt_a) SIMT_NO_HOOKS { kernel(simt_a...); },
 *                    ::simt::configuration(g, b, s, st), "kernel")(args) */

struct Configuration {
    dim3 grid, block;
    size_t shared;
    cudaStream_t stream;
};
SIMT_INLINE Configuration configuration(dim3 grid, dim3 block, size_t shared = 0, cudaStream_t stream = nullptr)
{
    return {grid, block, shared, stream};
}

/* Puts a kernel at the end of its stream. call(context) is one thread; release(context) comes after the last one. */
void launch(const Configuration &, const char *name, Place at, void (*call)(void *), void (*release)(void *),
            void *context);

/* A kernel and its arguments, kept until its stream comes to it. */
template <class Kernel, class... Args> struct Call {
    Kernel kernel;
    std::tuple<Args...> args;
    SIMT_NO_HOOKS static void thread(void *call) { std::apply(((Call *)call)->kernel, ((Call *)call)->args); }
    static void release(void *call) { delete (Call *)call; }
};
template <class Kernel> struct Launcher {
    Kernel kernel;
    Configuration how;
    const char *name;
    Place at;
    template <class... Args> void operator()(Args... args) const
    {
        using Kept = Call<Kernel, Args...>;
        launch(how, name, at, Kept::thread, Kept::release, new Kept{kernel, std::tuple<Args...>(args...)});
    }
};
template <class Kernel> SIMT_INLINE Launcher<Kernel> launcher(Kernel k, Configuration c, const char *name,
                                                             Place at = Place::here())
{
    return {k, c, name, at};
}

/* A kernel of one type: its arguments become what the parameters are, once, as a call's do. */
template <class... P> struct TypedLauncher {
    void (*kernel)(P...);
    Configuration how;
    const char *name;
    Place at;
    void operator()(P... args) const
    {
        auto k = kernel;
        launcher([k](auto &...a) SIMT_NO_HOOKS { k(a...); }, how, name, at)(args...);
    }
};
template <class... P>
SIMT_INLINE TypedLauncher<P...> launcher(void (*k)(P...), Configuration c, const char *name, Place at = Place::here())
{
    return {k, c, name, at};
}

/* ---- Inside a kernel ---- */

bool in_kernel();
int lane();                                   /* 0 .. 31 */
void barrier(Place at);                       /* __syncthreads() */
struct Votes { int count; bool all, any; };
Votes barrier_votes(bool mine, Place at);     /* __syncthreads_count, _and, _or */

/* Every warp operation. The lanes of `mask` meet; the last one to come calls together() once, with what each lane
 * brought: a pointer to a struct on its own stack, which it fills in (a shuffle's result). Lanes meet when mask and
 * together are the same. synchronises: the lanes see each other's writes from here on, as after __syncwarp(). */
struct Meeting {
    void *lane[32];                           /* NULL where the lane did not come */
    unsigned mask;                            /* who came: the mask, less the lanes that have returned */
    Place at;
};
using Together = void (*)(Meeting &);
void meet(unsigned mask, Together together, void *mine, Place at, bool synchronises = false);
unsigned active_mask(Place at);               /* the lanes that wait here too, when nobody else can run */

/* In together(): says that `lane` read from lane `from`, which did not come. */
void absent_lane(const Meeting &, int lane, int from);

void atomic(void *p, size_t size, Place at);  /* before an atomic operation: its record, and somebody else's turn */
enum Fence { FENCE_BLOCK, FENCE_DEVICE };
void fence(Fence);
void yield();                                 /* __nanosleep: somebody else's turn */
[[noreturn]] void stop(cudaError_t, const char *kind, Place at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));    /* this thread's finding ends the launch: assert, __trap */

/* ---- Findings. kind is a word for programs ("race"); a finding is told once for its kind, kernel and place ---- */

enum Severity { NOTE, ERROR };
void report(Severity, const char *kind, Place at, const char *format, ...) __attribute__((format(printf, 4, 5)));
int reports();                                /* errors told so far */

/* What was counted in check mode: over all launches of a kernel since the last reset. NULL: of all kernels. The names
 * are in README.md; a name that does not exist is -1. Waits for the device. C calls it simt_counter(). */
double counter(const char *kernel, const char *name);
void counters_reset();                        /* from here on everything is counted */
void log_start();                             /* from here on kernels are logged, as under SIMT_LOG */
bool log_write(const char *path);             /* what was logged since. C: simt_log_start(), simt_log_write() */
extern bool checked;                          /* check mode */
extern uint64_t bytes_to_host;                /* so many were copied there, or to managed memory, from the device */
extern bool lines_later;                      /* a place that only addr2line knows is told as "@1a2b", the address */

/* ---- Memory and streams, for what is built on them (cuBLAS, graphs, cooperative launches) ---- */

cudaError_t fail(cudaError_t);                /* remembers it for cudaGetLastError; returns it */
cudaError_t sticky();                         /* the error after which nothing works any more, or cudaSuccess */

/* Device memory is open to host code while one of these lives (check mode closes it between kernels). */
struct Open {
    Open();
    ~Open();
    Open(const Open &) = delete;
    Open &operator=(const Open &) = delete;
};
bool is_device(const void *p, size_t size = 1);      /* all of it in one live buffer */
void wrote(const void *p, size_t size);              /* host code filled device memory: it is initialised now */
void pinned(const void *p, size_t size);             /* cudaMallocHost gave it, cudaFreeHost (size 0) took it */

/* work(context) at the end of the stream, then release(context). */
void submit(cudaStream_t, void (*work)(void *), void (*release)(void *), void *context);
template <class Work> void submit(cudaStream_t stream, Work work)
{
    submit(stream, [](void *p) { (*(Work *)p)(); }, [](void *p) { delete (Work *)p; }, new Work(work));
}
cudaError_t wait(cudaStream_t);               /* until the stream is empty */
cudaError_t wait_all();

/* What the device has. The limits are those of compute capability 8.0 (A100); shared memory above 48 KiB is asked for
 * by cudaFuncSetAttribute. */
struct Limits {
    int multiprocessors = 108, threads_per_block = 1024, threads_per_multiprocessor = 2048;
    int blocks_per_multiprocessor = 32, registers = 65536;
    size_t shared_per_block = 48 << 10, shared_per_block_optin = 163 << 10, shared_per_multiprocessor = 164 << 10;
};
extern const Limits limits;
int blocks_per_multiprocessor(int threads, size_t shared);   /* by threads, blocks, shared memory; not registers */

/* `extern __shared__ T x[]` outside a function. */
void *dynamic_shared();
template <class T> struct Dynamic {
    SIMT_INLINE operator T *() const { return (T *)dynamic_shared(); }
    template <class U> SIMT_INLINE explicit operator U *() const { return (U *)dynamic_shared(); }
};
} // namespace simt

SIMT_INLINE void *simt_dynamic() { return simt::dynamic_shared(); }
