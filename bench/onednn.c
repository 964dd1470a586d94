/* onednn.c -- oneDNN's primitives as contestants. */
#ifdef HAVE_DNNL
#include "onednn.h"
#include <stdlib.h>
#include "check.h"

#if DNNL_VERSION_MAJOR >= 3
bool onednn_describe(Description *d, const int *size)
{
    return dnnl_memory_desc_create_with_tag(d, 2, (dnnl_dims_t){ size[0], size[1] }, dnnl_f32, dnnl_ab) == dnnl_success;
}
void onednn_forget(Description d) { dnnl_memory_desc_destroy(d); }
static dnnl_status_t remember(dnnl_memory_t *m, Description d, dnnl_engine_t engine, const void *data)
{
    return dnnl_memory_create(m, d, engine, (void *)(uintptr_t)data);
}
#else
bool onednn_describe(Description *d, const int *size)
{
    return dnnl_memory_desc_init_by_tag(d, 2, (dnnl_dims_t){ size[0], size[1] }, dnnl_f32, dnnl_ab) == dnnl_success;
}
void onednn_forget(Description d) { (void)d; }
static dnnl_status_t remember(dnnl_memory_t *m, Description d, dnnl_engine_t engine, const void *data)
{
    return dnnl_memory_create(m, &d, engine, (void *)(uintptr_t)data);
}
#endif

bool onednn_attach(Primitive *p, Description d, int what, const void *data)
{
    dnnl_memory_t *m = &p->memory[p->n];
    if (remember(m, d, p->engine, data) != dnnl_success) return false;
    p->arg[p->n++] = (dnnl_exec_arg_t){ what, *m };
    return true;
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

void onednn_free(Bench *b, const int *size)
{
    Primitive *p = bench_kept(b);
    (void)size;
    for (int i = 0; i < p->n; i++) dnnl_memory_destroy(p->memory[i]);
    if (p->run) dnnl_primitive_destroy(p->run);
    if (p->stream) dnnl_stream_destroy(p->stream);
    if (p->engine) dnnl_engine_destroy(p->engine);
    free(p);
}

void onednn_run(Bench *b, const int *size)
{
    Primitive *p = bench_kept(b);
    (void)size;
    dnnl_primitive_execute(p->run, p->stream, p->n, p->arg);
    dnnl_stream_wait(p->stream);
}
#else
typedef int NoOnednn; /* a file must hold something */
#endif
