/* graph.cpp -- graphs: the work that goes into a stream is kept instead of done, and can be done again and again. */
#include "include/host_functions.h"
#include "inside.h"
#include <map>
#include <memory>
#include <vector>

using namespace simt;

namespace {
struct Step {
    void (*run)(void *);
    void (*release)(void *);
    void *context;
};
struct Steps {                              /* of a graph and of all that was made of it */
    std::vector<Step> steps;
    ~Steps()
    {
        for (Step &s : steps) s.release(s.context);
    }
};
std::map<cudaStream_t, cudaGraph_t> &capturing = *new std::map<cudaStream_t, cudaGraph_t>;
} // namespace

struct SimtGraph { std::shared_ptr<Steps> kept = std::make_shared<Steps>(); };
struct SimtGraphExec { std::shared_ptr<Steps> kept; };

bool simt::is_captured(cudaStream_t stream) { return !capturing.empty() && capturing.count(stream); }

bool simt::capture(cudaStream_t stream, void (*run)(void *), void (*release)(void *), void *context)
{
    if (!is_captured(stream)) return false;
    capturing[stream]->kept->steps.push_back({ run, release, context });
    return true;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode)
{
    if (!stream || stream == cudaStreamLegacy) return fail(cudaErrorStreamCaptureUnsupported);
    if (is_captured(stream)) return fail(cudaErrorIllegalState);
    if (cudaError_t e = wait(stream)) return e;
    capturing[stream] = new SimtGraph;
    return sticky();
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    if (!is_captured(stream)) return fail(cudaErrorIllegalState);
    *graph = capturing[stream];
    capturing.erase(stream);
    return sticky();
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus *status)
{
    *status = is_captured(stream) ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return sticky();
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count)
{
    if (!graph || !count) return fail(cudaErrorInvalidValue);
    size_t all = graph->kept->steps.size();
    for (size_t i = 0; nodes && i < all && i < *count; i++) nodes[i] = (cudaGraphNode_t)&graph->kept->steps[i];
    *count = nodes && *count < all ? *count : all;
    return sticky();
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long)
{
    if (!exec || !graph) return fail(cudaErrorInvalidValue);
    *exec = new SimtGraphExec{ graph->kept };
    return sticky();
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    if (!exec) return fail(cudaErrorInvalidValue);
    std::shared_ptr<Steps> kept = exec->kept;       /* lives until the stream has come to it */
    submit(stream, [=] {
        for (Step &s : kept->steps)
            if (!sticky()) s.run(s.context);
    });
    return sticky();
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) { return delete exec, sticky(); }
cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return delete graph, sticky(); }
