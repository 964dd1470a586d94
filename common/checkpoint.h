/* checkpoint.h -- save and load tensors as safetensors, crash-safe. */
#pragma once
#include "nn.h"

/* Temporary file, fsync, rename, fsync of the folder: after a crash the old file or the new one is there, whole.
 * `note` is kept in the file's metadata under "note" (a JSON string of the caller's; may be NULL). */
const char *checkpoint_save(const char *path, const NnParams *, const char *note);

/* Fills tensors that exist, by name: every name must be there with the same dtype and shape. A hostile or torn file
 * gets a sentence with path and offset, and changes no tensor. *note (if not NULL) is copied into the arena. */
const char *checkpoint_load(Arena *, const char *path, const NnParams *, const char **note);
/* Everything in the file, as new tensors of the arena. */
const char *checkpoint_read(Arena *, const char *path, NnParams *out);
