/* prints_escapes.c -- honest, but what it prints would turn a terminal, a page and a table upside down. Every step:
 * PASS. */
#define _GNU_SOURCE
#include <stdio.h>
#include "start.h"

static void attack(void)
{
    printf("\033[2J\033]0;title\007 ]]> </script><script>alert(1)</script> =cmd()|x \"quoted\" \x01\xff\n");
}

/* frame.c follows: attack(), then the honest work */
