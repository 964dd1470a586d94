/* onednn.c -- oneDNN's primitives as contestants. */
#ifdef HAVE_DNNL
#include "onednn.h"
#include <stdlib.h>
#include "check.h"

#if DNNL_VERSION_MAJOR >= 3
bool onednn_describe_as(Description *d, int ndim, const dnnl_dim_t *dims, dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(d, ndim, dims, dnnl_f32, tag) == dnnl_success;
}
Layout onednn_layout(const Description *d) { return *d; }
void   onednn_forget(Description d) { dnnl_memory_desc_destroy(d); }
#else
bool onednn_describe_as(Description *d, int ndim, const dnnl_dim_t *dims, dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(d, ndim, dims, dnnl_f32, tag) == dnnl_success;
}
Layout onednn_layout(const Description *d) { return d; }
void   onednn_forget(Description d) { (void)d; }
#endif

bool onednn_describe(Description *d, const int *size)
{
    return onednn_describe_as(d, 2, (dnnl_dims_t){ size[0], size[1] }, dnnl_ab);
}

bool onednn_attach_as(Primitive *p, Layout d, int what, const void *data)
{
    dnnl_memory_t *m = &p->memory[p->n];
    CHECK(p->n < ONEDNN_ARGS, "bench: a primitive with more than %d operands", ONEDNN_ARGS);
    if (dnnl_memory_create(m, d, p->engine, (void *)(uintptr_t)data) != dnnl_success) return false;
    p->arg[p->n++] = (dnnl_exec_arg_t){ what, *m };
    return true;
}

bool onednn_attach(Primitive *p, Description d, int what, const void *data)
{
    return onednn_attach_as(p, onednn_layout(&d), what, data);
}

Primitive *onednn_new(Bench *b)
{
    Primitive *p = calloc(1, sizeof *p);
    CHECK(p, "bench: no memory");
    bench_keep(b, p);
    if (dnnl_engine_create(&p->engine, dnnl_cpu, 0) ||
        dnnl_stream_create(&p->stream, p->engine, dnnl_stream_default_flags))
        bench_absent(b, "oneDNN makes no engine here");
    return p;
}

Primitive *onednn_then(Primitive *p)
{
    Primitive *next = calloc(1, sizeof *next);
    CHECK(next, "bench: no memory");
    next->engine = p->engine;
    next->stream = p->stream;
    while (p->then) p = p->then;
    return p->then = next;
}

bool onednn_room(Primitive *p, size_t bytes)
{
    p->room = aligned_alloc(64, (bytes + 63) / 64 * 64);
    return p->room;
}

void onednn_free(Bench *b, const int *size)
{
    Primitive    *p = bench_kept(b);
    dnnl_engine_t engine = p->engine;
    dnnl_stream_t stream = p->stream;
    (void)size;
    while (p) {
        Primitive *then = p->then;
        for (int i = 0; i < p->n; i++) dnnl_memory_destroy(p->memory[i]);
        if (p->run) dnnl_primitive_destroy(p->run);
        free(p->room);
        free(p);
        p = then;
    }
    if (stream) dnnl_stream_destroy(stream);
    if (engine) dnnl_engine_destroy(engine);
}

void onednn_run(Bench *b, const int *size)
{
    const Primitive *p = bench_kept(b), *first = p;
    (void)size;
    for (; p; p = p->then)
        CHECK(!p->run || !dnnl_primitive_execute(p->run, p->stream, p->n, p->arg), "bench: oneDNN could not run");
    dnnl_stream_wait(first->stream);
}
#else
typedef int NoOnednn; /* a file must hold something */
#endif
