/* epoch.h -- an epoch of any net over the digits of MNIST: the same images, order and start for everybody, Adam. */
#pragma once
#include "library.h"
#include "nn.h"

enum { EPOCH_PIXELS = 784, EPOCH_CLASSES = 10 };
typedef struct EpochNet {
    int            layers;              /* each a weight and biases, which start as N(0, 2 / inputs) and 0 */
    const int64_t *weights, *biases;    /* so many numbers; "w0", "b0", "w1", ... among the inputs */
    size_t         size;                /* of what make() fills */
    void         (*make)(void *net, Arena *, NnParams *);       /* parameters in the order above */
    Tensor      *(*forward)(Tape *, void *net, Tensor *x);      /* (n,784) -> (n,10) */
} EpochNet;

extern const int epoch_sizes[2][2];     /* images, batch; the last batch of 60000 by 128 is short */

/* Two of a row's functions want to know the net; the others are as they are. */
void epoch_inputs(Bench *, const int *size, const EpochNet *);
void epoch_setup(Bench *, const int *size, const EpochNet *);
void epoch_before(Bench *, const int *size);
void epoch_call(Bench *, const int *size);
void epoch_after(Bench *, const int *size);
void epoch_teardown(Bench *, const int *size);
#define EPOCH_ROW epoch_call, .dims = "NB", SIZES(epoch_sizes), .contestant = "library", .before = epoch_before, \
    .after = epoch_after, .teardown = epoch_teardown, .tolerance = 0.05, .memory = true, \
    .note = "loss and accuracy afterwards must agree to 5 %; MNIST where data/ has it, else images like it"
