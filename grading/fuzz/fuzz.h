/* fuzz.h -- what the fuzz targets share. A target defines fuzz_target; libFuzzer calls it with what it makes up, and
 * replay.c with the files of a corpus. */
#pragma once
#include <stdbool.h>
#include "check.h"
#include "tensor.h"

void fuzz_target(const char *path);     /* reads the file; whatever is in it must do no harm */

/* The arena of this input, emptied for each. */
Arena *fuzz_arena(void);

/* wrong NULL: every byte of x is touched. Else the sentence must name the file, and the arena must hold nothing. */
void fuzz_expect(const char *wrong, const Tensor *const *x, int n);
