/* onednn.h -- oneDNN's primitives as contestants. Its versions 2 and 3 differ in how things are described; what a
 * primitive is made of is its row's affair. */
#pragma once
#ifdef HAVE_DNNL
#include <oneapi/dnnl/dnnl.h>
#include "bench.h"

enum { ONEDNN_ARGS = 10 };
typedef struct Primitive {
    dnnl_engine_t    engine;
    dnnl_stream_t    stream;
    dnnl_primitive_t run;               /* NULL: nothing */
    dnnl_memory_t    memory[ONEDNN_ARGS];
    dnnl_exec_arg_t  arg[ONEDNN_ARGS];
    int              n;
    float           *room;              /* of its own, if it needs any: given back with it */
    struct Primitive *then;             /* one call runs all of them, one after the other */
} Primitive;

typedef dnnl_memory_desc_t Description;         /* a struct in version 2, a pointer in 3 */
#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t Layout;        /* what the library's functions take and give */
#else
typedef const dnnl_memory_desc_t *Layout;
#endif

bool       onednn_describe(Description *, const int *size);     /* a matrix, row by row */
bool       onednn_describe_as(Description *, int ndim, const dnnl_dim_t *dims, dnnl_format_tag_t);
Layout     onednn_layout(const Description *);
void       onednn_forget(Description);
Primitive *onednn_new(Bench *);                 /* in setup(): kept by bench_keep */
Primitive *onednn_then(Primitive *);            /* another one, after all that there are */
bool       onednn_room(Primitive *, size_t bytes);
bool       onednn_attach(Primitive *, Description, int what, const void *data);    /* what: DNNL_ARG_... */
bool       onednn_attach_as(Primitive *, Layout, int what, const void *data);
void       onednn_run(Bench *, const int *size);        /* the row's function */
void       onednn_free(Bench *, const int *size);       /* a teardown() */
#endif
