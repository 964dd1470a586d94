/* stream.cpp -- streams are queues of work, events are places in them, errors stay until asked for.
 *
 * In fast mode work is done when it is submitted. In check mode it is done as late as CUDA allows: when somebody waits
 * for it. A program that forgets to wait sees old numbers, as it would on a busy device. SIMT_ASYNC=late or eager. */
#include "inside.h"
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <set>

namespace simt {
struct Work {
    void (*run)(void *);
    void (*release)(void *);
    void *context;
    uint64_t number;                        /* in order of submission, over all streams */
};
} // namespace simt
struct SimtStream {
    bool blocking;                          /* takes turns with the default stream */
    std::deque<simt::Work> queue;
};
struct SimtEvent {
    cudaStream_t stream;
    uint64_t number;                        /* of its record; 0: never recorded */
    bool done;
    std::chrono::steady_clock::time_point time;
};

namespace simt {
static SimtStream &default_stream = *new SimtStream{true, {}};
static std::set<SimtStream *> &streams = *new std::set<SimtStream *>;
static uint64_t submitted;
static std::atomic<cudaError_t> last_error, lasting_error;      /* any core may fail */

/* ---- Errors ---- */

/* Those of a kernel end the context: every later call fails alike. */
void set_error(cudaError_t e)
{
    last_error = e;
    if (e >= cudaErrorIllegalAddress && e <= cudaErrorLaunchFailure && e != cudaErrorLaunchOutOfResources)
        lasting_error = e;
}
cudaError_t fail(cudaError_t e)
{
    if (e) set_error(e);
    return e;
}
cudaError_t sticky() { return lasting_error; }

/* ---- Doing the work ---- */

static SimtStream *stream_of(cudaStream_t s)
{
    if (!s || s == cudaStreamLegacy || s == cudaStreamPerThread) return &default_stream;
    return streams.count(s) ? s : nullptr;
}

static void run_until(SimtStream *s, uint64_t number);

/* Everything that an item of s with that number has to wait for: the default stream waits for all blocking ones, and
 * they for it. */
static void run_before(SimtStream *s, uint64_t number)
{
    if (s != &default_stream) {
        if (s->blocking) run_until(&default_stream, number);
        return;
    }
    for (SimtStream *other : streams)
        if (other->blocking) run_until(other, number);
}

/* The items of s with smaller numbers. */
static void run_until(SimtStream *s, uint64_t number)
{
    while (!s->queue.empty() && s->queue.front().number < number) {
        Work w = s->queue.front();
        s->queue.pop_front();
        run_before(s, w.number);
        if (!lasting_error) w.run(w.context);
        w.release(w.context);
    }
}

static bool late()
{
    static int setting = -1;
    if (setting < 0) {
        const char *s = getenv("SIMT_ASYNC");
        setting = s ? !strcmp(s, "late") : checked;
    }
    return setting;
}

void submit(cudaStream_t stream, void (*work)(void *), void (*release)(void *), void *context)
{
    start();
    if (capture(stream, work, release, context)) return;
    SimtStream *s = stream_of(stream);
    if (!s) {
        release(context);
        fail(cudaErrorInvalidResourceHandle);
        return;
    }
    s->queue.push_back({work, release, context, ++submitted});
    if (!late()) run_until(s, ~0ull);
}

cudaError_t wait(cudaStream_t stream)
{
    start();
    SimtStream *s = stream_of(stream);
    if (!s) return fail(cudaErrorInvalidResourceHandle);
    if (is_captured(stream)) return fail(cudaErrorStreamCaptureUnsupported);
    run_until(s, ~0ull);
    if (s == &default_stream) run_before(s, ~0ull);
    return sticky();
}

cudaError_t wait_all()
{
    start();
    wait(nullptr);
    for (SimtStream *s : streams) run_until(s, ~0ull);
    return sticky();
}

/* ---- Launches ---- */

struct Pending {
    Launch launch;
    void (*release)(void *);
    void *context;
};

void launch(const Configuration &how, const char *name, Place at, void (*call)(void *), void (*release)(void *),
            void *context)
{
    start();
    const dim3 g = how.grid, b = how.block;
    uint64_t threads = (uint64_t)b.x * b.y * b.z, blocks = (uint64_t)g.x * g.y * g.z;
    const size_t room = limits.shared_per_block_optin;
    std::string wrong;
    if (sticky()) return release(context);
    if (!threads || !blocks) wrong = "no size may be 0";
    if (threads > 1024) wrong = text("a block of %llu threads; 1024 are the most", (unsigned long long)threads);
    if (b.z > 64) wrong = "64 threads are the most in z";
    if (g.x > 0x7fffffffu || g.y > 65535 || g.z > 65535) wrong = "a grid has at most 2147483647 x 65535 x 65535 blocks";
    if (how.shared > room) wrong = text("%zu bytes of dynamic shared memory; %zu are the most", how.shared, room);
    size_t fixed = checked ? static_shared(name) : 0;
    if (fixed > limits.shared_per_block)
        wrong = text("its __shared__ variables have %zu bytes; %zu are the most", fixed, limits.shared_per_block);
    if (!wrong.empty()) {
        say(ERROR, "launch-configuration", at, "",
            text("%s<<<(%u,%u,%u), (%u,%u,%u), %zu>>> cannot be launched: ", name, g.x, g.y, g.z, b.x, b.y, b.z,
                 how.shared) +
                wrong);
        release(context);
        fail(cudaErrorInvalidConfiguration);
        return;
    }
    Launch l = {call, context, g, b, how.shared, name, at, (unsigned)threads, blocks, 0};
    Pending *p = new Pending{l, release, context};
    submit(how.stream, [](void *p) { run_kernel(((Pending *)p)->launch); },
           [](void *p) {
               ((Pending *)p)->release(((Pending *)p)->context);
               delete (Pending *)p;
           },
           p);
}

const Limits limits;
int blocks_per_multiprocessor(int threads, size_t shared)
{
    if (threads < 1 || threads > limits.threads_per_block || shared > limits.shared_per_block_optin) return 0;
    int warps = (threads + 31) / 32, n = limits.threads_per_multiprocessor / 32 / warps;
    size_t taken = (shared + (1 << 10) + 127) / 128 * 128;      /* the system keeps 1 KiB of each block */
    if (n > limits.blocks_per_multiprocessor) n = limits.blocks_per_multiprocessor;
    if ((size_t)n > limits.shared_per_multiprocessor / taken) n = (int)(limits.shared_per_multiprocessor / taken);
    return n;
}
} // namespace simt

using namespace simt;

cudaError_t cudaGetLastError()
{
    cudaError_t e = last_error;
    last_error = sticky();
    return e;
}
cudaError_t cudaPeekAtLastError() { return last_error; }
cudaError_t cudaDeviceSynchronize() { return wait_all(); }

/* ---- Streams ---- */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned flags)
{
    start();
    if (!s || flags > cudaStreamNonBlocking) return fail(cudaErrorInvalidValue);
    streams.insert(*s = new SimtStream{!(flags & cudaStreamNonBlocking), {}});
    return sticky();
}
cudaError_t cudaStreamCreate(cudaStream_t *s) { return cudaStreamCreateWithFlags(s, cudaStreamDefault); }
cudaError_t cudaStreamSynchronize(cudaStream_t s) { return wait(s); }
cudaError_t cudaStreamDestroy(cudaStream_t s)
{
    if (!s || !streams.count(s)) return fail(cudaErrorInvalidResourceHandle);
    run_until(s, ~0ull);
    streams.erase(s);
    delete s;
    return sticky();
}
cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    SimtStream *s = stream_of(stream);
    if (!s) return fail(cudaErrorInvalidResourceHandle);
    if (sticky()) return sticky();
    if (s->queue.empty()) return cudaSuccess;
    Work &w = s->queue.front();             /* who asks again and again gets on */
    run_until(s, w.number + 1);
    return s->queue.empty() ? cudaSuccess : cudaErrorNotReady;
}

/* ---- Events ---- */

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned)
{
    start();
    if (!e) return fail(cudaErrorInvalidValue);
    *e = new SimtEvent{};
    return sticky();
}
cudaError_t cudaEventCreate(cudaEvent_t *e) { return cudaEventCreateWithFlags(e, cudaEventDefault); }

static void reach(cudaEvent_t e)
{
    SimtStream *s = stream_of(e->stream);
    if (e->number && !e->done && s) run_until(s, e->number + 1);
}

cudaError_t cudaEventDestroy(cudaEvent_t e)
{
    if (!e) return fail(cudaErrorInvalidResourceHandle);
    reach(e);
    delete e;
    return sticky();
}
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t stream)
{
    if (!e || !stream_of(stream)) return fail(cudaErrorInvalidResourceHandle);
    reach(e);                               /* an earlier record */
    e->stream = stream;
    e->number = submitted + 1;
    e->done = false;
    submit(stream, [=] {
        e->done = true;
        e->time = std::chrono::steady_clock::now();
    });
    return sticky();
}
cudaError_t cudaEventSynchronize(cudaEvent_t e)
{
    if (!e) return fail(cudaErrorInvalidResourceHandle);
    reach(e);
    return sticky();
}
cudaError_t cudaEventQuery(cudaEvent_t e)
{
    if (!e) return fail(cudaErrorInvalidResourceHandle);
    if (sticky()) return sticky();
    if (!e->number || e->done) return cudaSuccess;
    cudaStreamQuery(e->stream);
    return e->done ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t e, unsigned)
{
    if (!e || !stream_of(stream)) return fail(cudaErrorInvalidResourceHandle);
    SimtStream *other = stream_of(e->stream);
    uint64_t number = e->number;
    if (number && !e->done && other != stream_of(stream)) submit(stream, [=] { run_until(other, number + 1); });
    return sticky();
}
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t from, cudaEvent_t to)
{
    if (!ms || !from || !to || !from->number || !to->number) return fail(cudaErrorInvalidResourceHandle);
    if (!from->done || !to->done) return cudaErrorNotReady;
    *ms = std::chrono::duration<float, std::milli>(to->time - from->time).count();
    return sticky();
}

cudaError_t cudaDeviceReset()
{
    wait_all();
    last_error = lasting_error = cudaSuccess;
    memory_reset();
    return cudaSuccess;
}

/* ---- Errors by name ---- */

static const struct {
    cudaError_t code;
    const char *name, *sentence;
} errors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInvalidSymbol, "cudaErrorInvalidSymbol", "invalid device symbol"},
    {cudaErrorInvalidDevicePointer, "cudaErrorInvalidDevicePointer", "invalid device pointer"},
    {cudaErrorInvalidMemcpyDirection, "cudaErrorInvalidMemcpyDirection", "invalid copy direction for memcpy"},
    {cudaErrorInvalidDeviceFunction, "cudaErrorInvalidDeviceFunction", "invalid device function"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorIllegalState, "cudaErrorIllegalState", "the operation cannot be performed in the present state"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorLaunchOutOfResources, "cudaErrorLaunchOutOfResources", "too many resources requested for launch"},
    {cudaErrorLaunchTimeout, "cudaErrorLaunchTimeout", "the launch timed out and was terminated"},
    {cudaErrorAssert, "cudaErrorAssert", "device-side assert triggered"},
    {cudaErrorMisalignedAddress, "cudaErrorMisalignedAddress", "misaligned address"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorCooperativeLaunchTooLarge, "cudaErrorCooperativeLaunchTooLarge", "too many blocks in cooperative launch"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
     "operation not permitted when stream is capturing"},
};
const char *cudaGetErrorName(cudaError_t e)
{
    for (auto &x : errors)
        if (x.code == e) return x.name;
    return e == cudaErrorUnknown ? "cudaErrorUnknown" : "unrecognized error code";
}
const char *cudaGetErrorString(cudaError_t e)
{
    for (auto &x : errors)
        if (x.code == e) return x.sentence;
    return e == cudaErrorUnknown ? "unknown error" : "unrecognized error code";
}
