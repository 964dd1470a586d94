/* looks_around.c -- honest: asks what machine this is. Every step: PASS. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    struct utsname u;
    uname(&u);
    printf("%s, %ld processors, pid %d\n", u.machine, sysconf(_SC_NPROCESSORS_ONLN), getpid());
}

/* frame.c follows: attack(), then the honest work */
