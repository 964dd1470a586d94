/* needs L1 */
/* runs_system.c -- asks a shell to do something. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "start.h"

static void attack(void)
{
    if (system("true")) abort();
}

/* frame.c follows: attack(), then the honest work */
