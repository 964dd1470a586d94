/* hostile.h -- what every reader of files must stand: cut, flipped, packed and extended files, and what is no file. */
#pragma once
#include "arena.h"

typedef const char *ReadFile(Arena *, const char *path);

/* A failure says `what`, names the file, and leaves the arena as it was. */
void hostile_refused(ReadFile *, const char *path, const char *what);

/* A folder, a pipe, a device, nothing. Then good bytes packed: read, but not with a piece missing or more behind. */
void hostile_files(ReadFile *, const void *good, size_t n);

/* Every shorter file from `least` bytes on is refused: below that it may be another good file. */
void hostile_cuts(ReadFile *, const void *good, size_t n, size_t least);

/* Every bit flipped: a sentence, or other values. Never a crash, and nothing left behind. */
void hostile_flips(ReadFile *, const void *good, size_t n);
