/* profile.h -- where the time goes, by operation: calls, seconds, FLOPs, bytes, and how near the machine's limit. */
#pragma once
#include <stdio.h>
#include "machine.h"
#include "tape.h"

typedef struct Profile Profile;
Profile *profile_new(void);
void     profile_watch(Profile *, Tape *);      /* as many tapes as there are: their ops are added up */
/* Forward and backward apart; behind an op of backward stands whose gradient it works out. limits may be NULL. */
void     profile_print(const Profile *, const Limits *, FILE *);
void     profile_free(Profile *);       /* tape_unhook() it first from tapes that live on */

/* One call's cost, as far as the node says: Op.flops, or one for each element of the outputs; every input and output
 * once, an output in place twice. A view costs nothing. Tables count whole, however few of their rows are looked up. */
double   profile_flops(const Node *);
double   profile_bytes(const Node *);
bool     profile_is_view(const Node *);
