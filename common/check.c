/* check.c -- errors are sentences. */
#define _GNU_SOURCE /* dl_iterate_phdr, pipe2 */
#include "check.h"
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- The stack: the line that matters is the caller's, several frames up ---- */

enum { DEEP = 24, HEX = 20 };

typedef struct Span { uintptr_t load, from, to; } Span;

/* Where the program itself lies: libraries are not what the reader wrote. The first object listed is the program. */
static int find_program(struct dl_phdr_info *object, size_t size, void *found)
{
    (void)size;
    Span *s = found;
    *s = (Span){ .load = object->dlpi_addr, .from = UINTPTR_MAX };
    for (int i = 0; i < object->dlpi_phnum; i++) {
        uintptr_t at = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
        if (object->dlpi_phdr[i].p_type != PT_LOAD) continue;
        if (at < s->from) s->from = at;
        if (at + object->dlpi_phdr[i].p_memsz > s->to) s->to = at + object->dlpi_phdr[i].p_memsz;
    }
    return 1;
}

/* addr2line comes with the compiler's binutils. No shell: a folder's name may hold anything. */
static FILE *start_addr2line(char *const argv[], pid_t *pid)
{
    int fd[2];
    if (pipe2(fd, O_CLOEXEC)) return NULL;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    extern char **environ;
    bool failed = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fd[1]);
    if (!failed) return fdopen(fd[0], "r");
    close(fd[0]);
    return NULL;
}

/* Its lines are "op_matmul at matmul.c:41", with " (inlined by) " before those that the compiler merged. */
static void print_frames(FILE *from)
{
    char line[512];
    while (fgets(line, sizeof line, from)) {
        const char *inlined = " (inlined by) ", *frame = line;
        if (!strncmp(line, inlined, strlen(inlined))) frame += strlen(inlined);
        if (!strncmp(frame, "??", 2)) continue;
        char *place = strstr(frame, " at "), *more = strstr(frame, " (discriminator");
        if (!place) continue;
        *place = 0, place += strlen(" at ");
        if (more) *more = 0;
        if (!strcmp(frame, "print_stack") || !strcmp(frame, "check_failed")) continue;
        place[strcspn(place, "\n")] = 0;
        fprintf(stderr, "    %-24s %s\n", frame, place);
        if (!strcmp(frame, "main")) break;
    }
}

static bool print_stack(void)
{
    void *frame[DEEP];
    char exe[32], hex[DEEP][HEX];
    char *argv[DEEP + 8] = { "addr2line", "-e", exe, "-s", "-f", "-i", "-p" };
    int n = backtrace(frame, DEEP), argc = 7;
    Span program = { 0 };
    dl_iterate_phdr(find_program, &program);
    snprintf(exe, sizeof exe, "/proc/%ld/exe", (long)getpid());
    for (int i = 1; i < n; i++) { /* 0 is here. An address is where the call returns to: the call is one byte before */
        uintptr_t at = (uintptr_t)frame[i];
        if (at < program.from || at >= program.to) continue;
        snprintf(hex[i], HEX, "%lx", (unsigned long)(at - program.load - 1));
        argv[argc++] = hex[i];
    }
    pid_t pid;
    FILE *from = argc > 7 ? start_addr2line(argv, &pid) : NULL;
    if (!from) return false;
    print_frames(from);
    fclose(from);
    waitpid(pid, NULL, 0);
    return true;
}

void check_failed(const char *file, int line, const char *format, ...)
{
    va_list args;
    fflush(stdout);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    if (!print_stack()) fprintf(stderr, "    at %s:%d (with addr2line, the callers would be listed)\n", file, line);
    abort();
}

/* ---- Sentences ---- */

const char *sentence(const char *format, ...)
{
    enum { KEPT = 8, LENGTH = 1024 };
    static _Thread_local char text[KEPT][LENGTH];
    static _Thread_local unsigned next;
    char *s = text[next++ % KEPT], made[LENGTH]; /* made apart: an argument may be the text that is about to go */
    va_list args;
    va_start(args, format);
    vsnprintf(made, LENGTH, format, args);
    va_end(args);
    return strcpy(s, made);
}
