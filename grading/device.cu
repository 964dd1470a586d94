/* device.cu -- device.h for workers and oracles of folders of kind gpu: buffers on the device for as long as a trial
 * lasts, and what the emulator finds and counts meanwhile, sent as records. */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>
#include "device.h"

extern "C" {
/* worker.c's; an oracle has none of these. */
void worker_found(const char *kind, const char *sentence) __attribute__((weak));
void worker_count(const char *counter, double value) __attribute__((weak));
void device_start(void);
const char *device_end(void);
void simt_found(const char *kind, const char *message);
}

namespace {
struct Buffer {
    std::string name;
    void *device = nullptr;
    size_t size = 0;
    bool input = false;
    std::vector<char> host;                 /* what it was, and what came back */
};
std::vector<Buffer *> buffers;              /* of this trial */
std::string expected;
bool told;                                  /* a finding, in this trial */
void *hoard;
int trials;
size_t brought_home;                        /* bytes, by device_back() */

[[noreturn]] void fail(const std::string &sentence)
{
    simt_found("cuda-error", sentence.c_str());
    abort();
}

/* What the emulator said of it says more than the error's name. */
void must(cudaError_t e)
{
    if (e == cudaSuccess) return;
    if (told) abort();
    fail(std::string("CUDA says: ") + cudaGetErrorString(e));
}

void *allocate(void **p, size_t size, size_t element, const char *name)
{
#ifdef __SIMT__
    must(simt_malloc(p, size ? size : element, element, false, name, simt::Place{ nullptr, 0 }));
#else
    (void)element, (void)name;
    must(cudaMalloc(p, size ? size : element));
#endif
    return *p;
}

bool looked_at()
{
#ifdef __SIMT__
    return simt::checked;
#else
    return false;
#endif
}

template <class T> T *fresh(const char *name, int n, const T *host, bool input)
{
    Buffer *b = new Buffer;
    b->name = name, b->size = (size_t)n * sizeof(T), b->input = input;
    allocate(&b->device, b->size, sizeof(T), name);
    buffers.push_back(b);
    if (host) {
        b->host.assign((const char *)host, (const char *)host + b->size);
        must(cudaMemcpy(b->device, host, b->size, cudaMemcpyHostToDevice));
    }
    return (T *)b->device;
}

template <class T> T *poisoned(const char *name, int n, T poison)
{
    std::vector<T> host((size_t)n, poison);
    return fresh<T>(name, n, looked_at() ? nullptr : host.data(), false);
}

float nan_of_ours()                         /* probe.c's, which no arithmetic makes */
{
    const unsigned bits = 0x7fc0dead;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

const void *back(const void *device)
{
    must(cudaGetLastError());
    must(cudaDeviceSynchronize());
    for (Buffer *b : buffers)
        if (b->device == device) {
            b->host.resize(b->size + 1);
            must(cudaMemcpy(b->host.data(), device, b->size, cudaMemcpyDeviceToHost));
            brought_home += b->size;
            return b->host.data();
        }
    fail("device_back() takes what device_in(), device_inout() and device_out() returned");
}

/* NULL, or the input that is no more what it was. */
const char *changed()
{
    static char text[200];
    for (Buffer *b : buffers) {
        if (!b->input) continue;
        std::vector<char> now(b->size);
        must(cudaMemcpy(now.data(), b->device, b->size, cudaMemcpyDeviceToHost));
        for (size_t i = 0; i < b->size; i++)
            if (now[i] != b->host[i]) {
                snprintf(text, sizeof text, "element %zu of the input %s was changed", i / 4, b->name.c_str());
                return text;
            }
    }
    return nullptr;
}

void give_back()
{
    for (Buffer *b : buffers) cudaFree(b->device), delete b;
    buffers.clear();
    if (hoard) cudaFree(hoard), hoard = nullptr;
    cudaDeviceReset();                      /* what is still there is told: a leak */
    expected.clear(), told = false;
}

#ifdef __SIMT__
/* One core, so that atomics come in one order; and a device that a worker's limits have room for. */
__attribute__((constructor)) void settle()
{
    setenv("SIMT_WORKERS", "1", 0), setenv("SIMT_MEMORY", "8M", 0);
    simt::lines_later = getenv("WORKER") != nullptr;        /* addr2line is not to be started in there */
}

/* Sectors of 32 bytes that come from memory, words that a bank serves, and basic blocks of a warp, by the time that an
 * A100's multiprocessor has for each: 10 bytes a cycle come from memory. Lanes at one address wait for each other. */
double cost()
{
    static const char *const spaces[] = { "global", "shared" }, *const kinds[] = { "load", "store", "atomic" };
    double sum = simt::counter(nullptr, "steps");
    for (int s = 0; s < 2; s++)
        for (const char *kind : kinds) {
            std::string of = std::string(spaces[s]) + "_" + kind + "_";
            sum += s ? simt::counter(nullptr, (of + "waves").c_str())
                     : 3 * simt::counter(nullptr, (of + "sectors").c_str());
            if (!strcmp(kind, "atomic"))
                sum += 2 * simt::counter(nullptr, (of + "same_address").c_str()) *
                       simt::counter(nullptr, (of + "requests").c_str());
        }
    return sum;
}
#endif
} // namespace

extern "C" {
void simt_found(const char *kind, const char *message)
{
    if (expected.find(std::string(" ") + kind + " ") != expected.npos) return;
    told = true;
    if (worker_found) worker_found(kind, message);
    else fprintf(stderr, "%s [%s]\n", message, kind);
}

void device_start(void)
{
    if (trials++) give_back();
#ifdef __SIMT__
    if (looked_at()) simt::counters_reset();
    simt::bytes_to_host = brought_home = 0;
#endif
}

const char *device_end(void)
{
    must(cudaDeviceSynchronize());
    must(cudaGetLastError());               /* whoever left one behind should have been told */
#ifdef __SIMT__
    if (looked_at() && worker_count) {
        worker_count("cost", cost());
        worker_count("bytes_to_host", (double)(simt::bytes_to_host - brought_home));
    }
#endif
    const char *damage = changed();
    give_back();
    return damage;
}

const float *device_in(const char *name, const float *host, int n) { return fresh(name, n, host, true); }
const int   *device_in_ints(const char *name, const int *host, int n) { return fresh(name, n, host, true); }
float       *device_inout(const char *name, const float *host, int n) { return fresh(name, n, host, false); }
int         *device_inout_ints(const char *name, const int *host, int n) { return fresh(name, n, host, false); }
float       *device_out(const char *name, int n) { return poisoned(name, n, nan_of_ours()); }
int         *device_out_ints(const char *name, int n) { return poisoned(name, n, -2147483647 - 1); }
const float *device_back(const float *device) { return (const float *)back(device); }
const int   *device_back_ints(const int *device) { return (const int *)back(device); }

void device_leaves(int bytes)
{
    size_t left, all;
    must(cudaMemGetInfo(&left, &all));
    if (left > (size_t)bytes) allocate(&hoard, left - (size_t)bytes, 1, "what other programs hold");
}

void device_expects(const char *kind) { expected += std::string(" ") + kind + " "; }

void emit_counter(const char *counter)
{
#ifdef __SIMT__
    cudaDeviceSynchronize();
    if (looked_at() && worker_count) worker_count(counter, simt::counter(nullptr, counter));
#else
    (void)counter;
#endif
}
}
