/* show.h -- pictures of what a kernel does, from the log of common/simt (SIMT_LOG). */
#pragma once
#include <stdio.h>

/* A picture for each kernel of the log: FOLDER/KERNEL.svg, and beside it KERNEL.tsv with the numbers that it shows. In
 * it stands, for each line of the source that reads or writes memory, the costliest request of a warp: 32 lanes above,
 * sectors of 32 bytes or the 32 banks below. Then the threads of block 0 over time, with barriers and idle lanes.
 * The same as text goes to `table`, unless that is NULL. NULL, or a sentence. */
const char *show_draw(const char *log, const char *folder, FILE *table);
