/* graph.h -- one step of a program: its operations with their shapes, as a table and as a picture. */
#pragma once
#include "tape.h"

/* What is shown is the way forward of the first step that goes backward too, or else of the first step. */
typedef struct Graph Graph;
Graph *graph_new(void);
void   graph_watch(Graph *, Tape *);
void   graph_table(const Graph *, FILE *);      /* each op's inputs, parameters, outputs, FLOPs */
const char *graph_draw(const Graph *, const char *path);        /* an SVG; NULL, or why it cannot be written */
void   graph_free(Graph *);       /* tape_unhook() it first from tapes that live on */

/* ---- What graph.c keeps and graph_svg.c draws ---- */

typedef struct GraphEnd {               /* a tensor that goes into an op */
    const Tensor *id;                   /* to know it by: it is gone */
    Tensor  shape;                      /* a copy, for its shape and dtype */
    int     from;                       /* the op it comes from; -1: from outside */
    bool    parameter, again;           /* again: an earlier op has it too */
} GraphEnd;
typedef struct GraphOp {
    const char *name;
    GraphEnd   *in;
    int         n_in, n_out;
    const Tensor *out[MAX_OUT];         /* ids */
    Tensor      shape[MAX_OUT];
    bool        view, statistic[MAX_OUT];
    double      flops;
    char        note[40];               /* stands below its name, in place of the shape; empty: the shape */
} GraphOp;
typedef struct GraphStep {
    char     name[48];                  /* the tape's */
    GraphOp *op;
    int      n, room;
    int64_t  left_out;                  /* ops beyond MAX_OPS */
    bool     backward;                  /* it went backward */
    const char *title, *caption;        /* of the picture; NULL: they speak of the tape */
} GraphStep;
const GraphStep *graph_step(const Graph *);     /* NULL: nothing ran */
/* A step of anybody's making: an op without inputs is drawn as one from outside. NULL, or why it cannot be written. */
const char *graph_draw_step(const GraphStep *, const char *path);
typedef struct { char s[80]; } ShapeText;
ShapeText graph_shape(const Tensor *);          /* (3,4), and i32(3,4) where it is not what networks compute in */
