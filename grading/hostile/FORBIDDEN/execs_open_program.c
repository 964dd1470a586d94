/* needs L1 */
/* execs_open_program.c -- starts a program as the grader starts it: from a file that is open. Every step: FORBIDDEN, no
 * points. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    static char *argv[] = { "true", NULL }, *env[] = { NULL };
    int fd = open("/bin/true", O_RDONLY);
    if (fd < 0) return;
    dup2(fd, 5);
    syscall(SYS_execveat, 5, "", argv, env, AT_EMPTY_PATH);
}

/* frame.c follows: attack(), then the honest work */
