/* modules.h -- layers as objects in C: a struct, a table of functions, and one visitor that knows every parameter. */
/* kind: kernel; needs: nothing */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "todo.h"

enum { MODULES_NAME = 64, MODULES_MOST = 16 };          /* letters of a name with its 0; layers in a sequence */

/* ---- What a layer is --------------------------------------------------------------------------------------------- */

/* Numbers that are learned, and their gradient. ndim 1: shape[0] numbers; ndim 2: (shape[0],shape[1]). */
typedef struct Param {
    char   name[MODULES_NAME];                          /* in full: "2.inner.0.weight" */
    float *value, *gradient;
    int    ndim, shape[2];
} Param;
typedef void ParamVisit(void *ctx, const Param *);

/* The table of a kind of layer: what it can do, shared by all layers of that kind. */
typedef struct Layer Layer;
typedef struct LayerKind {
    const char *name;
    void (*forward)(Layer *, float *y, const float *x, int N);              /* (N,out), (N,in); notes what backward
                                                                             * needs. x stays where it is until then */
    void (*backward)(Layer *, float *dx, const float *dy, int N);           /* (N,in), (N,out); for the forward before.
                                                                             * Gradients of parameters are ADDED TO */
    void (*visit)(Layer *, const char *prefix, ParamVisit *, void *ctx);    /* NULL: nothing to learn */
    void (*train)(Layer *, bool on);                                        /* NULL: no layers inside */
} LayerKind;

/* Every layer's struct begins with this, so a pointer to the one is a pointer to the other. Memory is the caller's. */
struct Layer {
    const LayerKind *kind;
    int              in, out;                           /* numbers in a row, before and after */
    bool             training;                          /* or in use */
};

/* Given: call the table. N >= 0 rows. */
void modules_forward(Layer *, float *y, const float *x, int N);
void modules_backward(Layer *, float *dx, const float *dy, int N);
void modules_visit(Layer *, const char *prefix, ParamVisit *, void *ctx);
void modules_train(Layer *, bool on);                   /* it, and all layers inside */

/* Given: "net", "0" -> "net.0"; "", "0" -> "0". */
void modules_join(char *name, const char *prefix, const char *part);        /* (MODULES_NAME) */

/* Given, as examples of what one visitor is good for: how many numbers are learned; value -= rate gradient, gradient
 * = 0, for all of them. */
int  modules_count(Layer *);
void modules_descend(Layer *, float rate);

/* ---- Layers ------------------------------------------------------------------------------------------------------ */

/* Given: y = x w^T + b. "weight" (out,in), "bias" (out). memory: w, b, dw, db; the caller fills it. */
typedef struct LinearLayer { Layer layer; float *w, *b, *dw, *db; const float *x; } LinearLayer;
void modules_linear(LinearLayer *, float *memory, int in, int out);         /* (2 (out in + out)) */

/*
 *   y = x where x > 0, else slope[c] x       for column c of a row
 *
 * "slope" (C), learned, 0.25 at first. He, Zhang, Ren, Sun: Delving Deep into Rectifiers, 2015.
 */
typedef struct PreluLayer { Layer layer; float *slope, *dslope; const float *x; } PreluLayer;
void modules_prelu(PreluLayer *, float *memory, int C);                     /* (2 C). Given */
void modules_prelu_forward(Layer *, float *y, const float *x, int N);       /* (N,C), (N,C). Notes x */
/* dx = dy where x > 0, else slope[c] dy.   dslope[c] += sum over the rows where x <= 0 of x dy, in double. */
void modules_prelu_backward(Layer *, float *dx, const float *dy, int N);

/*
 * Training: each number is dropped, y = 0, with probability p, else y = x / (1 - p). In use: y = x, nothing is drawn.
 * Number by number, u = modules_uniform(&state) says which: dropped if u < p. kept[i] notes 1 or 0 for the way back; in
 * use all are 1. 0 <= p < 1. Srivastava and others: Dropout, JMLR 2014.
 */
typedef struct DropoutLayer { Layer layer; float p; uint64_t state; unsigned char *kept; } DropoutLayer;
void  modules_dropout(DropoutLayer *, unsigned char *memory, int C, float p, uint64_t seed);    /* (N C). Given */
float modules_uniform(uint64_t *state);                 /* the next number from 0 to 1, 1 left out. Given */
void  modules_dropout_forward(Layer *, float *y, const float *x, int N);

/* ---- Layers of layers -------------------------------------------------------------------------------------------- */

/*
 * One after the other: x -> inside[0] -> inside[1] -> .. -> y. What leaves layer i lies at work + i N widest, and the
 * last writes y; widest is the largest in or out of all. Backwards the gradients take turns in both halves of dwork.
 * Names: "0.weight", the layer's place and then its own. 1 <= layers <= MODULES_MOST.
 */
typedef struct SequentialLayer {
    Layer  layer;
    Layer *inside[MODULES_MOST];
    int    layers, widest;
    float *work, *dwork;                                /* (layers - 1,N,widest), (2,N,widest) */
} SequentialLayer;
void modules_sequential(SequentialLayer *, Layer *const *inside, int layers, float *work, float *dwork);    /* given */
void modules_sequential_forward(Layer *, float *y, const float *x, int N);
void modules_sequential_backward(Layer *, float *dx, const float *dy, int N);
void modules_sequential_visit(Layer *, const char *prefix, ParamVisit *, void *ctx);

/* Given: y = x + inner(x). Names: "inner.weight". */
typedef struct ResidualLayer { Layer layer, *inner; } ResidualLayer;
void modules_residual(ResidualLayer *, Layer *inner);

/* ---- The state dict ---------------------------------------------------------------------------------------------- */

/*
 * All values as a file in memory, in safetensors' format, which PyTorch and common/checkpoint.h read:
 *   8 bytes           length of the header, little-endian
 *   the header        {"0.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"0.bias":{..}}, without blanks
 *                     but for those at its end that make its length a multiple of 8
 *   the values        one parameter after the other, in the order of the visitor; data_offsets count from here
 * Returns its size.
 */
int modules_save(char *file, Layer *);                                      /* (modules_room(layer)) */
int modules_room(Layer *);                              /* given: bytes that will do */

/* The other way, by name: in whatever order, and whatever else the file has. The first parameter that something is
 * wrong with decides; then no value is changed. */
enum {
    MODULES_LOADED,
    MODULES_TORN,                                       /* shorter than it says: 8 bytes, header or values */
    MODULES_MISSING,                                    /* a parameter is not there */
    MODULES_OTHER_SHAPE,
};
int modules_load(Layer *, const char *file, int size);
