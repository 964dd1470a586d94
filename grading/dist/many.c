/* many.c -- one static program in place of many: the grader, the judge, what else make calls, and of every exercise a
 * worker with the reference and the known mistakes. Which of them it is, the name says that it is called by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "many.h"

/* "grade" of build/grade, "softmax" of softmax and of build/ref/stage2/03_softmax/worker. */
static const char *name_of(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (strcmp(name, "worker") || !slash) return name;
    snprintf(out, size, "%.*s", (int)(slash - path), path);
    name = strrchr(out, '/') ? strrchr(out, '/') + 1 : out;
    return name + strspn(name, "0123456789_");
}

int main(int argc, char **argv)
{
    char room[4096];
    const char *name = name_of(argc ? argv[0] : "", room, sizeof room);
    for (const Program *p = programs; p->name; p++)
        if (!strcmp(p->name, name)) return p->main(argc, argv);
    fprintf(stderr, "%s: this grader has no part of that name\n", name);
    return EXIT_FAILURE;
}
