/* show.c -- show LOG FOLDER: what SIMT_LOG=LOG wrote becomes a picture for each kernel, and a table. */
#include <stdio.h>
#include "show.h"

int main(int argc, char **argv)
{
    if (argc != 3) return fprintf(stderr, "usage: show LOG FOLDER\n"), 2;
    const char *failed = show_draw(argv[1], argv[2], stdout);
    if (failed) return fprintf(stderr, "%s\n", failed), 1;
    return 0;
}
