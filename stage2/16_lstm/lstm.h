/* lstm.h -- long short-term memory: gates and a cell, over a sequence and back; how to start, what is kept. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * B sequences of T steps, none of which knows of another; IN numbers come in at each step, H go out. All arrays are
 * row-major, the letters in the margin are their shapes. (T,B,...): step t of all sequences lies together.
 *
 *   z = x W_ih^T + h_before W_hh^T + b               the sums of four layers side by side, H each: i f g o
 *   i, f, o = 1 / (1 + exp(-z))                      the gates: write, keep, show, from 0 (shut) to 1 (open)
 *   g = tanh(z)                                      the candidate: what would be written
 *   c = f c_before + i g                             the cell: what is remembered
 *   h = o tanh(c)                                    what is shown, to the next step and to the layer above
 *
 * Hochreiter, Schmidhuber: Long Short-Term Memory, Neural Computation 9, 1997 (no f there: it was always 1); Gers,
 * Schmidhuber, Cummins: Learning to Forget, Neural Computation 12, 2000. The order i f g o is PyTorch's.
 *
 * T, B, IN >= 0, H >= 1; IN = 0: nothing comes in. An h or c of before the first step that is NULL is zeros. No
 * infinite or huge z makes a NaN; a NaN in a sequence stays in its own. Outputs overlap neither inputs nor each other,
 * except where a line below allows it. No array has 2^31 elements.
 */

/* z of one step. */
void lstm_sums(float *z,                                                            /* (B,4H) */
               const float *x, const float *before,                                 /* (B,IN), (B,H) or NULL */
               const float *w_ih, const float *w_hh, const float *b,                /* (4H,IN), (4H,H), (4H) */
               int B, int IN, int H);

/* From z the gates (and g), from them c and h. gate may be z. */
void lstm_cell(float *h, float *c, float *gate,                                     /* (B,H), (B,H), (B,4H) */
               const float *z, const float *before,                                 /* (B,4H), the c of before */
               int B, int H);

/* All steps: y and c hold every h and c, gate every gate. h0, c0: those of before the first step. */
void lstm_forward(float *y, float *c, float *gate,                                  /* (T,B,H), (T,B,H), (T,B,4H) */
                  const float *x, const float *h0, const float *c0,                 /* (T,B,IN), (B,H), (B,H) or NULL */
                  const float *w_ih, const float *w_hh, const float *b, int T, int B, int IN, int H);

/*
 * One step back. dh is all that reaches this h; dc is what reaches this c from the step after it alone.
 *   e = dc + dh o (1 - tanh^2 c)                     all that reaches this c
 *   dz: of i  e g i (1 - i)      of f  e c_before f (1 - f)      of g  e i (1 - g^2)      of o  dh tanh(c) o (1 - o)
 *   dc = e f                                         changed: now what reaches the c of before
 */
void lstm_cell_backward(float *dz, float *dc,                                       /* (B,4H), (B,H): changed */
                        const float *dh, const float *gate, const float *c,         /* (B,H), (B,4H), (B,H) */
                        const float *before, int B, int H);                         /* (B,H) or NULL: the c of before */

/*
 * Back through time: dz of every step. dh and dc come with what reaches the last h and c from outside beside dy, mostly
 * zeros, and leave with what reaches h0 and c0. At each step dh + dy reaches h, and dh = dz W_hh the h of before.
 * T = 0 changes nothing.
 */
void lstm_backward(float *dz, float *dh, float *dc,                                 /* (T,B,4H), (B,H), (B,H) */
                   const float *dy, const float *gate, const float *c,              /* (T,B,H) or NULL: zeros, ... */
                   const float *c0, const float *w_hh, int T, int B, int H);

/*
 * What dz of all steps is to the inputs and the parameters: nothing here waits for another step.
 *   dx = dz W_ih      dW_ih += dz^T x      dW_hh += dz^T h_before      db += sum of dz's rows
 * dx is written, or NULL: nobody wants it; the others are ADDED TO.
 */
void lstm_weights_backward(float *dx, float *dw_ih, float *dw_hh, float *db,        /* (T,B,IN), as the parameters */
                           const float *dz, const float *x, const float *h0,        /* (T,B,4H), (T,B,IN), (B,H) */
                           const float *y, const float *w_ih, int T, int B, int IN, int H);     /* (T,B,H), (4H,IN) */

/*
 * Biases to start with where things are to be remembered for up to T steps, T >= 3. u: uniform numbers from 0 to 1.
 *   of f  log(1 + u (T - 2))      of i  minus that      of g and o  0
 * so that a cell forgets over 2 + u (T - 2) steps: where z is the bias alone, f = 1 - 1/(2 + u (T - 2)), and i = 1 - f.
 * Tallec, Ollivier: Can recurrent neural networks warp time?, arXiv:1804.11188.
 */
void lstm_chrono(float *b, const float *u, int T, int H);                           /* (4H), (H) */

/* How much of each cell of step t is still in the last one: the product of f over all later steps. Of the last: 1. */
void lstm_kept(float *kept, const float *gate, int T, int B, int H);                /* (T,B,H), (T,B,4H) */
