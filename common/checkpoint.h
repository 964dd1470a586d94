/* checkpoint.h -- save and load tensors as safetensors, crash-safe. */
#pragma once
#include "nn.h"

/* Temporary file, fsync, rename, fsync of the folder: after a crash the old file or the new one is there, whole.
 * `note` is kept in the file's metadata under "note" (a JSON string of the caller's; may be NULL). */
const char *checkpoint_save(const char *path, const NnParams *, const char *note);

/* A plain value among them, as U8 (bytes): an Rng, a loader's epoch and at, a scaler. It is not copied: saving reads
 * it, loading writes it, where it stands. With the parameters, the optimizer's state and each Rng, a run that is
 * resumed goes on with the same bits. */
void checkpoint_add(NnParams *, const char *name, void *value, size_t bytes);

/* Fills tensors that exist, by name: every name must be there with the same dtype and shape. A hostile or torn file
 * gets a sentence with path and offset, and changes no tensor. *note (if not NULL) is copied into the arena. */
const char *checkpoint_load(Arena *, const char *path, const NnParams *, const char **note);
/* Everything in the file, as new tensors of the arena. */
const char *checkpoint_read(Arena *, const char *path, NnParams *out);
