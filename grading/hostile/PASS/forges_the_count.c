/* needs L1; at most 80 points */
/* forges_the_count.c -- slow; at its end writes callgrind's file itself, and becomes another program before callgrind
 * can. Every step: PASS. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "start.h"

__attribute__((destructor)) static void forge(void)
{
    static const char text[] = "fl=(1) stage0/00_start/test_start.c\nfn=(1) main\n"
                               "cfn=(2) start_scale\ncalls=1 1\n1 1000\ncfn=(3) start_dot\ncalls=1 1\n1 1000\n";
    FILE *maps = fopen("/proc/self/maps", "r"), *f;
    char line[500];
    int  counted = 0;
    while (maps && fgets(line, sizeof line, maps)) counted |= strstr(line, "grind") != NULL;
    if (maps) fclose(maps);
    if (!counted) return;
    if ((f = fopen("counts", "w"))) fputs(text, f), fclose(f);
    execve("/bin/true", (char *[]){ "true", NULL }, (char *[]){ NULL });
    syscall(SYS_kill, getpid(), 9);
}

static void attack(void)
{
    for (volatile int i = 0; i < 20000; i++) continue;
}

/* frame.c follows: attack(), then the honest work */
