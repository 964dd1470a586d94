/* file.h -- whole files in, whole files out: what the readers and writers here are made of. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The content of a plain file, unpacked where it is gzip. data[size] is a 0 more, for text; the caller frees data. A
 * folder, a pipe, torn or over-large gzip gets a sentence with path and offset, and nothing to free. */
typedef struct FileBytes { uint8_t *data; size_t size; } FileBytes;
const char *file_read(const char *path, FileBytes *out);

/* Open, fprintf or fwrite to f, close: the target is the old file until file_close has renamed the new one over it. Any
 * error, the disk being full too, comes back from file_close; the temporary file is gone then and the old one
 * untouched. durable: fsync of file and folder as well, so that not even a power cut leaves half of it. */
typedef struct FileWriter { FILE *f; char *path, *temporary; } FileWriter;
const char *file_open(FileWriter *, const char *path);
const char *file_close(FileWriter *, bool durable);

const char *file_make_folder(const char *path); /* and those above it */
