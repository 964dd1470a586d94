/* scratch.c -- a folder of the test's own. */
#define _GNU_SOURCE /* nftw, mkdtemp */
#include "scratch.h"
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static char folder[64];

void scratch_begin(void)
{
    strcpy(folder, "/tmp/scratch-XXXXXX");
    if (!mkdtemp(folder)) perror(folder), abort();
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *f)
{
    (void)s, (void)kind, (void)f;
    return remove(path);
}

void scratch_end(void) { nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

const char *scratch(const char *name)
{
    static char path[8][PATH_MAX];
    static int i;
    i = (i + 1) % 8;
    snprintf(path[i], sizeof *path, "%s%s%s", folder, *name ? "/" : "", name);
    return path[i];
}

const char *scratch_write(const char *name, const void *bytes, size_t n)
{
    const char *path = scratch(name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f)) perror(path), abort();
    return path;
}

const char *scratch_gzip(const char *name, const void *bytes, size_t n)
{
    const char *path = scratch(name);
    gzFile f = gzopen(path, "wb6");
    if (!f || gzwrite(f, bytes, (unsigned)n) != (int)n || gzclose(f) != Z_OK) perror(path), abort();
    return path;
}

size_t scratch_read(const char *name, char *text, size_t size)
{
    FILE *f = fopen(scratch(name), "rb");
    size_t n = f ? fread(text, 1, size - 1, f) : 0;
    text[n] = 0;
    if (f) fclose(f);
    return n;
}

bool scratch_has(const char *text, const char *what)
{
    bool has = text && strstr(text, what);
    if (!has) fprintf(stderr, "expected \"%s\" in: %s\n", what, text ? text : "(nothing)");
    return has;
}

bool scratch_fine(const char *wrong)
{
    if (wrong) fprintf(stderr, "%s\n", wrong);
    return !wrong;
}
