/* todo.c -- what TODO() does in a program: say what is not written yet, and end. The grader's worker has its own. */
#include "todo.h"
#include <stdio.h>
#include <stdlib.h>

void todo_reached(const char *file, int line, const char *what)
{
    fflush(stdout);
    fprintf(stderr, "%s:%d: not written yet: %s\n", file, line, what);
    exit(1);
}
