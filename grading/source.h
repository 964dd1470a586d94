/* source.h -- what a learner writes in an exercise's folder: NAME.c, or NAME.cu where the kind is gpu. */
#pragma once
#include <stdio.h>
#include <unistd.h>

static inline const char *source_ending(const char *dir, const char *name)
{
    char c[600], cu[600];                   /* both: NAME.cu is a twin, and NAME.c what is learnt */
    snprintf(c, sizeof c, "%.400s/%.100s.c", dir, name);
    snprintf(cu, sizeof cu, "%.400s/%.100s.cu", dir, name);
    return access(c, F_OK) && !access(cu, F_OK) ? "cu" : "c";
}
