/* arena.h -- memory that is given out by the piece and taken back all at once. */
#pragma once
#include <stddef.h>
#include <stdio.h>

typedef enum { DEV_CPU, DEV_CUDA, DEV_COUNT } Device;
typedef struct Arena Arena;

Arena *arena_new(const char *name);
void   arena_free(Arena *);
void   arena_reset(Arena *);     /* O(1): the chunks stay, so the same requests get the same addresses again */

/* 64-byte aligned, not zeroed; huge pages for big chunks. `owner` says who asked, so that the report can say who holds
 * what. Memory that runs out ends the program after that report: an op has no way to return a sentence. */
void  *arena_alloc(Arena *, Device, size_t bytes, const char *owner);
void   arena_give_back(Arena *, Device, void *block, size_t bytes, const char *owner);
void   arena_pass_on(Arena *, size_t bytes, const char *from, const char *to);

/* NULL where there is not that much. For sizes that come from a file. */
void  *arena_try(Arena *, Device, size_t bytes, const char *owner);

size_t arena_in_use(const Arena *);
size_t arena_peak(const Arena *);
size_t arena_reserved(const Arena *);       /* asked of the system; steady once the first step is over */
void   arena_report(const Arena *, FILE *); /* who holds it now, who held it at the peak */

typedef struct ArenaOwner { const char *name; size_t now, at_peak; } ArenaOwner;
const char *arena_name(const Arena *);
int    arena_owners(const Arena *, const ArenaOwner **);  /* how many; they lie in the arena */
long   arena_requests(void);                /* how often all arenas and tapes have asked the system for memory */
void   arena_requested(void);               /* counts one */
