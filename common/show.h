/* show.h -- pictures of what a kernel does, from the log of common/simt (SIMT_LOG). */
#pragma once

/* A picture for each kernel of the log: FOLDER/KERNEL.svg, and beside it KERNEL.tsv with the numbers that it shows. In
 * it stands, for each line of the source that reads or writes memory, the costliest request of a warp: 32 lanes above,
 * sectors of 32 bytes or the 32 banks below. Then the threads of block 0 over time, with barriers and idle lanes.
 * A table of the same goes to stdout. NULL, or a sentence. */
const char *show_draw(const char *log, const char *folder);
