/* start.h -- your first functions: one is written, one has a mistake in it, one is yours. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * Every array holds N values, N >= 0; N = 0 does nothing. Outputs come first, then inputs, then sizes in capitals: it
 * is so in the whole course. y is written, whatever was in it before; y may be the same array as a or b. Inputs stay as
 * they are. A NaN or an infinity goes through as C computes it.
 */

/* y[n] = a[n] + b[n]. This one is written. */
void start_add(float *y, const float *a, const float *b, int N);

/* y[n] = c a[n] */
void start_scale(float *y, const float *a, float c, int N);

/* The sum of a[n] b[n]; 0 for N = 0. Summed in double, so that it is right to a float's last digit or two. */
float start_dot(const float *a, const float *b, int N);
