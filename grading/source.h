/* source.h -- what a learner writes in an exercise's folder: NAME.c, or NAME.cu where the kind is gpu. */
#pragma once
#include <stdio.h>
#include <unistd.h>

static inline const char *source_ending(const char *dir, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%.400s/%.100s.cu", dir, name);
    return access(path, F_OK) ? "c" : "cu";
}
