/* part.c -- a worker of the reference that can make the known mistakes. Where they are shared objects, the grader has
 * one preloaded; a static program loads nothing, so the file on that descriptor holds the mistake's name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "launch.h"
#include "many.h"

enum { BROKEN = 70 };

int worker_main(int argc, char **argv);
int part_main(int argc, char **argv);

static int choose(const char *name)
{
    int found = 0;
    for (const Variant *v = variants; v->name; v++)
        if (!strcmp(v->name, name)) *v->slot = v->function, found++;
    return found;
}

int part_main(int argc, char **argv)
{
    char name[200];
    if (!getenv("LD_PRELOAD")) return worker_main(argc, argv);
    ssize_t n = read(PRELOAD_FD, name, sizeof name - 1);
    name[n > 0 ? n : 0] = 0;
    name[strcspn(name, "\n")] = 0;
    return choose(name) ? worker_main(argc, argv) : BROKEN;
}
