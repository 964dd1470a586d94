/* resident.c -- how much memory a call takes at most: the kernel's high-water mark of this process's resident pages. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"

/* "VmHWM:     1234 kB" in /proc/self/status, in bytes; -1 where there is none. */
static int64_t status_says(const char *key)
{
    char    line[256];
    int64_t bytes = -1;
    FILE   *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key))) bytes = strtoll(line + strlen(key), NULL, 10) << 10;
    if (f) fclose(f);
    return bytes;
}

/* What the heap holds free goes back first, else the call would find its memory resident already. */
int64_t resident_mark(void)
{
    malloc_trim(0);
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (!f) return -1;
    bool written = fputs("5", f) >= 0;      /* 5: the mark falls to what is resident now */
    if (fclose(f) || !written) return -1;
    return status_says("VmRSS:");
}

int64_t resident_peak(void) { return status_says("VmHWM:"); }
