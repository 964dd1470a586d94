/* watch.c -- runs a command now and whenever a file is saved, until Ctrl-C.
 *
 *   build/watch FILE COMMAND
 *
 * Editors save in many ways: in place, in pieces, by a new file that is renamed over the old. So the folder is listened
 * to, and what counts is whether the file is another than the one last looked at. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"

/* Where nobody tells of changes (a network's or Windows' folder), a look now and then sees them; a file that is still
 * being written is left alone for a moment. */
enum { LOOK_MS = 400, SETTLE_MS = 20 };

static volatile sig_atomic_t ended;
static void end(int signal) { ended = signal; }

/* false: there is no such file at the moment. */
static bool look(const char *path, struct stat *s)
{
    memset(s, 0, sizeof *s);
    return !stat(path, s);
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Until something may have happened in the folder. It may have been moved away and made anew: asked for each time. */
static void wait_for_change(int fd, const char *folder)
{
    char news[4096];
    if (fd >= 0) inotify_add_watch(fd, folder, IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_CREATE);
    poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, LOOK_MS);
    while (fd >= 0 && read(fd, news, sizeof news) > 0) continue;
}

static void settle(const char *path, struct stat *s)
{
    for (struct stat before; !ended;) {
        before = *s;
        poll(NULL, 0, SETTLE_MS);
        if (look(path, s) && same(&before, s)) return;
    }
}

/* Ctrl-C is for the watcher and what it runs, not for the make above it, which would call it an error. */
static pid_t take_terminal(void)
{
    pid_t before = tcgetpgrp(0);
    if (before < 0 || before != getpgrp()) return -1;
    signal(SIGTTOU, SIG_IGN);
    if (setpgid(0, 0) || tcsetpgrp(0, getpid())) return -1;
    return before;
}

static void run(const char *command, const char *path, bool clear)
{
    char   clock[20];
    double start = now();
    time_t t = time(NULL);
    strftime(clock, sizeof clock, "%H:%M:%S", localtime(&t));
    if (clear) printf("\033[H\033[2J");
    else printf("\n---- %s ----\n", clock);
    fflush(stdout);
    int status = system(command);
    if (status < 0) printf("it could not be graded: %s\n", strerror(errno));
    if (WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGINT)) ended = SIGINT;
    if (!ended) printf("watching %s: graded in %.1f s; Ctrl-C ends\n", path, now() - start);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct stat seen, current;
    if (argc != 3) return fprintf(stderr, "usage: build/watch FILE COMMAND\n"), 2;
    const char *path = argv[1], *term = getenv("TERM"), *slash = strrchr(path, '/');
    if (!look(path, &seen)) return fprintf(stderr, "%s is not there: %s\n", path, strerror(errno)), 2;
    char folder[4096];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    bool  clear = isatty(1) && !(term && !strcmp(term, "dumb"));
    pid_t above = take_terminal();
    int   fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    signal(SIGTERM, end), signal(SIGHUP, end);
    sigaction(SIGINT, &(struct sigaction){ .sa_handler = end }, NULL);
    for (bool fresh = true, gone = false; !ended;) {
        if (fresh) run(argv[2], path, clear);
        wait_for_change(fd, folder);
        fresh = look(path, &current) && !same(&current, &seen);
        if (fresh) settle(path, &current), seen = current, gone = false;
        else if (!current.st_ino && !gone) gone = true, printf("%s is gone; it is waited for\n", path), fflush(stdout);
    }
    printf("\n");
    if (above >= 0) tcsetpgrp(0, above);
    return 0;
}
