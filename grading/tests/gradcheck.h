/* gradcheck.h -- is the value right, and is the gradient its slope? And what the tests of the core share. */
#pragma once
#include "ops.h"

/* Fresh in every test, on memory full of NaN, so that nothing passes because it was zero. A suite's .init and .fini. */
extern Arena *model;
extern Tape  *tape;
void    gradcheck_begin(void);
void    gradcheck_end(void);

double  uniform(double low, double high);                   /* from the seed that a failure prints; SEED= sets it */
Tensor *param(int ndim, const int64_t *shape);              /* REAL, +-(0.1 .. 1), wants a gradient */
Tensor *constant(int ndim, const int64_t *shape);
Tensor *targets(int64_t N, int64_t C);                      /* i32 (N), in 0 .. C-1 */
Tensor *numbers(int n, const double *value);                /* REAL (n) constant */
#define NUMBERS(...) numbers((int)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double)), (double[]){ __VA_ARGS__ })

double  epsilon(void);                                      /* of real */
void    expect(const char *what, int64_t i, double got, double want, double tolerance);
void    expect_shape(const Tensor *, int ndim, const int64_t *shape);
void    expect_values(const char *what, const Tensor *, int n, const double *want);    /* exactly; NaN equals NaN */
#define EXPECT_VALUES(x, ...) \
    expect_values(#x, x, (int)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double)), (double[]){ __VA_ARGS__ })

/* f must end the program with this in its sentence. It runs in a child process. */
void    expect_refusal(void (*f)(void), const char *says);

/* ---- A function against its own differences ---- */

typedef Tensor *Function(Tape *, Tensor **in, void *ctx);   /* tape_recompute takes the same kind */

/* The gradients of sum(r f(in)), r random, against central differences of f. */
void gradcheck(Function *f, Tensor **in, int n_in, void *ctx);
#define GRADCHECK(f, ctx, ...) \
    gradcheck(f, (Tensor *[]){ __VA_ARGS__ }, (int)(sizeof((Tensor *[]){ __VA_ARGS__ }) / sizeof(Tensor *)), ctx)

/* ---- An op against a plain version in double ---- */

/* A sum, and the largest of its terms and partial sums: rounding errors are of that size. */
typedef struct Sum { double value, size; } Sum;
void add_term(Sum *, double term);
void add_sized(Sum *, double term, double size);            /* where the term's own error is larger than its rounding */

enum { MAX_IN = 8 };
typedef struct Plain {
    Tensor     **in, *y;                /* for their shapes */
    int          n_in;
    double      *x[MAX_IN];             /* the inputs in row-major order, whatever their strides; NULL for none */
    const void  *ctx;
} Plain;
typedef struct PlainOp {
    const char *name;
    Function   *op;
    void      (*forward)(Sum *y, const Plain *);
    void      (*backward)(Sum **dx, const double *dy, const Plain *);   /* adds; dx[i] NULL: not wanted */
} PlainOp;

/* backward against central differences of forward, within 1e-6; then the op's value and gradient against both, within
 * 4 sqrt(K) epsilon times the size of what was summed. K: how many terms a sum has. */
void plaincheck(const PlainOp *, double K, Tensor **in, int n_in, const void *ctx);
#define PLAINCHECK(op, K, ctx, ...) \
    plaincheck(op, K, (Tensor *[]){ __VA_ARGS__ }, (int)(sizeof((Tensor *[]){ __VA_ARGS__ }) / sizeof(Tensor *)), ctx)

/* A parameter in one of three layouts: 0 as it is, 1 its last two dimensions stored exchanged, 2 a slice of something
 * larger. Of 1 and 2 it is a view, and the gradient goes to its base. */
enum { LAYOUTS = 3 };
Tensor *laid_out(int layout, int ndim, const int64_t *shape);
