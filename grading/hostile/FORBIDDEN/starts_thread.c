/* needs L1 */
/* starts_thread.c -- starts a thread where the exercise has none. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <pthread.h>
#include "start.h"

static void *idle(void *p) { return p; }

static void attack(void)
{
    pthread_t t;
    if (!pthread_create(&t, NULL, idle, NULL)) pthread_join(t, NULL);
}

/* frame.c follows: attack(), then the honest work */
