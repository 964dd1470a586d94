/* one_thread_exit.c -- ends the only thread, and with it the process. Every step: EARLY-EXIT, no points. */
#define _GNU_SOURCE
#include <pthread.h>
#include "start.h"

static void attack(void)
{
    pthread_exit(NULL);
}

/* frame.c follows: attack(), then the honest work */
