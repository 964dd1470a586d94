/* needs L1; profile: processes */
/* reaches_out.c -- may start processes, and tries for files, the network, others' processes and name spaces besides; it
 * ends at the first that succeeds. Every step: PASS. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "start.h"

static void refused(int got, const char *what)
{
    if (got >= 0) fprintf(stderr, "%s succeeded\n", what), abort();
}

/* The same by a program: Landlock and seccomp go with it. */
static void refused_program(const char *command)
{
    char line[300];
    snprintf(line, sizeof line, "{ %s; } >/dev/null 2>&1", command);
    if (system(line) == 0) fprintf(stderr, "%s succeeded\n", command), abort();
}

static void files(void)
{
    static const char *const to_read[] = { "/etc/passwd", "/proc/1/environ", "/proc/1/maps", "/root", "/home/..",
                                           "/tmp", "../start.c" };
    static const char *const to_write[] = { "/tmp/planted", "/var/tmp/planted", "/dev/shm/planted", "/home/../planted",
                                            "../planted", "/usr/bin/planted" };
    char path[100];
    for (size_t i = 0; i < sizeof to_read / sizeof *to_read; i++) refused(open(to_read[i], O_RDONLY), to_read[i]);
    for (size_t i = 0; i < sizeof to_write / sizeof *to_write; i++) {
        refused(open(to_write[i], O_WRONLY | O_CREAT, 0666), to_write[i]);
        refused(mkdir(to_write[i], 0777), to_write[i]);
    }
    snprintf(path, sizeof path, "/proc/%d/environ", (int)getppid());
    refused(open(path, O_RDONLY), path);
    symlink("/etc/passwd", "there");
    refused(open("there", O_RDONLY), "a link to /etc/passwd");
    refused(link("/etc/passwd", "here"), "a second name for /etc/passwd");
}

static void kernel(void)
{
    refused(socket(AF_INET, SOCK_STREAM, 0), "socket");
    refused(socket(AF_UNIX, SOCK_STREAM, 0), "a local socket");
    refused((int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL), "ptrace");
    refused(unshare(CLONE_NEWUSER), "unshare");
    refused((int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL), "clone, a user name space");
    refused((int)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL), "clone, a sibling");
    refused(mount("none", ".", "tmpfs", 0, NULL), "mount");
    refused(mknod("device", S_IFCHR | 0666, 0x0105), "mknod");
    refused((int)syscall(SYS_memfd_create, "x", 0), "memfd_create");
    refused(setuid(0) && errno ? -1 : 0, "setuid");
    kill(getppid(), SIGKILL);
    kill(-1, SIGKILL);                                  /* of those that it may: its own */
}

static void attack(void)
{
    static int once;
    if (once++) return;
    files();
    kernel();
    refused_program("cat /etc/passwd");
    refused_program("echo x >/tmp/planted");
    refused_program("gcc --version");
    refused_program("python3 -c 1");
    refused_program("perl -e 1");
    refused_program("chmod u+s /usr/bin/id");
    refused_program("echo x >/dev/tcp/127.0.0.1/80");
    refused_program("cat /proc/$PPID/environ /proc/1/environ");
}

/* frame.c follows: attack(), then the honest work */
