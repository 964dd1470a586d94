/* onednn.h -- oneDNN's primitives as contestants: matrices, row by row. Its versions 2 and 3 differ in how things are
 * described; what a primitive is made of is its row's affair. */
#pragma once
#ifdef HAVE_DNNL
#include <oneapi/dnnl/dnnl.h>
#include "bench.h"

typedef struct Primitive {
    dnnl_engine_t    engine;
    dnnl_stream_t    stream;
    dnnl_primitive_t run;
    dnnl_memory_t    memory[3];
    dnnl_exec_arg_t  arg[3];
    int              n;
} Primitive;

typedef dnnl_memory_desc_t Description;         /* of a matrix: a struct in version 2, a pointer in 3 */

bool       onednn_describe(Description *, const int *size);
void       onednn_forget(Description);
Primitive *onednn_new(Bench *);                 /* in setup(): kept by bench_keep */
bool       onednn_attach(Primitive *, Description, int what, const void *data);    /* what: DNNL_ARG_... */
void       onednn_run(Bench *, const int *size);        /* the row's function */
void       onednn_free(Bench *, const int *size);       /* a teardown() */
#endif
