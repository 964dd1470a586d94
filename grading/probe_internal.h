/* probe_internal.h -- what worker, judge and oracle need of probe.c, and a test file does not. */
#pragma once
#include "probe.h"

typedef struct ProbeBuffer {
    char  *p, *base;             /* the values; the mapping, which ends in a guard page */
    void  *frozen;               /* what they were at probe_freeze(), or NULL */
    size_t n, size, mapped;      /* values, bytes of one, bytes mapped with the guard page */
    int    dtype;
    bool   input;
} ProbeBuffer;

void probe_start(uint64_t seed, const char *name, int trial);   /* forget all buffers, start the random stream */
const ProbeBuffer *probe_buffers(int *count);                   /* of this trial, in the order they were made */
const char *probe_damage(void);                                 /* NULL, or which buffer was changed that may not be */
/* device.cu's, where a folder of kind gpu links it: gives back what the trial has on the device; NULL, or the input
 * there that was changed. device_end: what was counted is sent. */
void device_start(void) __attribute__((weak));
const char *device_end(void) __attribute__((weak));
const char *probe_touched(const void *address);                 /* NULL, or whose guard page that address is in */
