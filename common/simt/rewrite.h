/* rewrite.h -- what of a .cu file is not C++, said in C++. */
#pragma once
#include <stdio.h>

/*
 *   kernel<<<grid, block, shared, stream>>>(a, b)  ->  a call of simt::launcher (simt.h), with the kernel in a lambda
 *   extern __shared__ float s[];                   ->  float *s = the block's dynamic shared memory
 *
 * Every line stays on its number, so what the compiler says and what gdb shows is the file as it was written. Comments,
 * strings and raw strings are left alone. A launch inside a macro's body is rewritten there.
 */

/* What an #include "name" should name instead; NULL: leave it. The caller keeps the string. */
typedef const char *RewriteInclude(void *with, const char *name);

/* Writes text[0 .. size), rewritten, to out. `path` is for the complaint. *changed: whether anything was. NULL, or a
 * sentence with file and line: a launch whose kernel or whose end cannot be found. */
const char *rewrite(FILE *out, const char *path, const char *text, size_t size, RewriteInclude *include, void *with,
                    int *changed);
