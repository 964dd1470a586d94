/* image.h -- what image.c asks of libpng: between those two files only. */
#pragma once
#include "file.h"
#include "tensor.h"

const char *png_decode(Arena *, const char *path, const FileBytes *, Tensor **out);
const char *png_encode(const char *path, const Tensor *, FileBytes *out);  /* the caller frees out->data */
