/* fuzz.c -- bytes become a file, and the file goes to the target. */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { KEPT = 4 << 20 };                /* an arena that has grown is slow to empty */
static Arena *arena;
static char   path[64];

Arena *fuzz_arena(void) { return arena; }

static volatile uint8_t touched;

void fuzz_expect(const char *wrong, const Tensor *const *x, int n)
{
    CHECK(!wrong || !strncmp(wrong, path, strlen(path)), "the sentence does not name the file: %s", wrong);
    CHECK(!wrong || arena_in_use(arena) == 0, "%zu bytes are left behind: %s", arena_in_use(arena), wrong);
    for (int i = 0; i < n && !wrong; i++)
        for (size_t k = 0, bytes = tensor_bytes(x[i]); k < bytes; k++) touched ^= ((const uint8_t *)x[i]->data)[k];
}

/* A file in memory: no disk, and a path that the readers can open. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (arena && arena_reserved(arena) > KEPT) arena_free(arena), arena = NULL;
    if (!arena) arena = arena_new("fuzz");
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size, "fuzz: no file in memory");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    fuzz_target(path);
    arena_reset(arena);
    close(fd);
    return 0;
}
