/* profile: threads */
/* threads_without_end.c -- may start threads, and starts them without end. Every step: TIME. */
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>
#include "start.h"

static void *idle(void *p)
{
    pause();
    return p;
}

static void attack(void)
{
    pthread_t t;
    for (;;) pthread_create(&t, NULL, idle, NULL);
}

/* frame.c follows: attack(), then the honest work */
