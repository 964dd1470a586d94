/* confine.c -- process 1 of the sandbox that bubblewrap makes: enters L1 there, runs the program, tells how it ended.
 *
 *   confine PROFILE ARG...    PROFILE: a digit of Profile; t or -: may it start threads; n or -: are calls to be named
 *
 * The program is open on PROGRAM_FD, or ARG names a tool that runs it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "launch.h"

static bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

static bool for_tool(char **argv)
{
    for (int i = 1; argv[i]; i++)
        if (!strcmp(argv[i], LAUNCH_PROGRAM)) return true;
    return false;
}

static void run(const char *profile, char **argv)
{
    extern char **environ;
    Shut s = { .profile = (Profile)(profile[0] - '0'),
               .threads = profile[1] == 't',
               .name_calls = profile[2] == 'n',
               .home = ".",
               .program = is_open(PROGRAM_FD) ? PROGRAM_FD : -1,
               .preload = is_open(PRELOAD_FD) ? PRELOAD_FD : -1 };
    close(STATUS_FD);
    fcntl(EXCUSE_FD, F_SETFD, FD_CLOEXEC);
    if (s.preload >= 0) setenv("LD_PRELOAD", "/proc/self/fd/6", 1);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (!s.threads) setrlimit(RLIMIT_NPROC, &(struct rlimit){ 0, 0 });
    if (sandbox_enter(&s)) {
        if (for_tool(argv)) execve(argv[0], argv, environ);
        fcntl(PROGRAM_FD, F_SETFD, FD_CLOEXEC);
        fexecve(PROGRAM_FD, argv, environ);
    }
    (void)!write(EXCUSE_FD, "x", 1);
    _exit(1);
}

int main(int argc, char **argv)
{
    int status = 0;
    if (argc < 3 || strlen(argv[1]) != 3) return 2;
    pid_t pid = fork();
    if (pid == 0) run(argv[1], argv + 2);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) return 1;
    return write(STATUS_FD, &status, sizeof status) != sizeof status;
}
