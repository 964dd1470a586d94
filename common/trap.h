/* trap.h -- stops at the first NaN: names the operation that made it, the step, the index, and whether it came in. */
#pragma once
#include "tape.h"

/* Outputs are looked through after every kernel. A NaN always ends the program, through CHECK: the callers are listed.
 * An infinity does where no input has one, except from mask_fill and fill, which are asked for it. */
typedef struct Trap Trap;
Trap *trap_new(void);
void  trap_watch(Trap *, Tape *);
void  trap_free(Trap *);       /* tape_unhook() it first from tapes that live on */
