/* keeps_a_log.c -- honest: writes a file into its own folder, reads it and removes it. Every step: PASS. */
#define _GNU_SOURCE
#include <stdio.h>
#include "start.h"

static void attack(void)
{
    char line[20];
    FILE *f = fopen("log.txt", "w+");
    if (!f) return;
    fprintf(f, "hello\n");
    rewind(f);
    if (fgets(line, sizeof line, f)) fputs(line, stdout);
    fclose(f);
    remove("log.txt");
}

/* frame.c follows: attack(), then the honest work */
