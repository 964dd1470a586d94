/* account.h -- who held the memory at its peak, and whether steps still ask the system for more. */
#pragma once
#include "tape.h"

/* Every arena that an op's inputs or outputs lie in is found at the door: the tapes' and the models'. Of arenas of one
 * name, the one that grew largest is kept. */
typedef struct Account Account;
Account *account_new(void);
void     account_watch(Account *, Tape *);
void     account_print(const Account *, FILE *);
void     account_free(Account *);       /* tape_unhook() it first from tapes that live on */
