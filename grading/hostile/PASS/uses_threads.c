/* profile: threads */
/* uses_threads.c -- may start threads, and works by eight of them. Every step: PASS. */
#define _GNU_SOURCE
#include <pthread.h>
#include "start.h"

static void *nothing(void *p) { return p; }

static void attack(void)
{
    pthread_t t[8];
    for (int i = 0; i < 8; i++) pthread_create(&t[i], NULL, nothing, NULL);
    for (int i = 0; i < 8; i++) pthread_join(t[i], NULL);
}

/* frame.c follows: attack(), then the honest work */
