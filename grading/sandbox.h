/* sandbox.h -- how far code that nobody trusts is shut in, by means of the kernel that need no privilege. */
#pragma once
#include <stdbool.h>

/* L0: a process with limits. L1: Landlock and seccomp besides: it reads the system's libraries, writes into its own
 * empty folder, and asks the kernel for what computing needs. L2: the same inside bubblewrap: it sees no other process,
 * no network and no other file. A level is there if it has been seen to hold on this machine. */
typedef enum { LEVEL_0, LEVEL_1, LEVEL_2, LEVEL_COUNT } Level;

/* What it is, and so what it may ask for. The only place where that is said: the tables in sandbox.c. */
typedef enum {
    PROFILE_WORKER,                     /* a learner's code in a worker */
    PROFILE_SANITIZER,                  /* the same, built with the sanitizers */
    PROFILE_TOOL,                       /* the same, run by valgrind, which writes its counts */
    PROFILE_COMPILER,                   /* compilers and linkers, which start one another */
    PROFILE_COUNT
} Profile;

/* What an exercise may ask for besides, on the second line of its header: `profile: threads, gpu`. A row each of the
 * table at the top of sandbox.c. */
enum {
    MAY_THREADS   = 1,                  /* it starts threads */
    MAY_PROCESSES = 2,                  /* it starts processes and the programs of scripts, in a folder of folders */
    MAY_GPU       = 4,                  /* it uses NVIDIA's devices, and threads */
    MAY_ALL       = 8
};
/* What that line asks for; *unknown: a word of it that is no row of the table, or NULL. */
unsigned sandbox_may(const char *line, const char **unknown);
int      sandbox_tasks(unsigned may);   /* how many processes and threads at once; 1: itself */

typedef struct Shut {
    Profile     profile;
    unsigned    may;
    bool        name_calls;             /* a forbidden call is a signal that can be caught, not the end */
    bool        alone;                  /* nothing else of its user's is there: a user of its own, or bubblewrap */
    const char *home;                   /* the folder that it may write in; NULL: none */
    const char *const *readable;        /* files and folders besides the system's, closed by NULL; or NULL */
    int         program, preload;       /* open files that it may run and load; -1: none */
} Shut;

bool  sandbox_has(Level);               /* tried once, in a child that must fail to break out */
bool  sandbox_enter(const Shut *);      /* L1, for the rest of this process's life: between fork and exec */

/* The descriptors of a process that launch.c starts: worker.c knows the first two. */
enum { SEED_FD = 3, RECORD_FD, PROGRAM_FD, PRELOAD_FD, EXCUSE_FD, STATUS_FD, CONFINE_FD, FIRST_CLOSED };
#define LAUNCH_PROGRAM "./program"      /* among argv: argv[0] is a tool that runs the program */

/* What is open as PROGRAM_FD, or the tool, takes this process's place; where `shut`, from inside L1. It is the last: it
 * cannot start another. home, program and preload are found here. Where it cannot, a byte goes to EXCUSE_FD. */
void  sandbox_become(const Shut *, bool shut, const char *const *argv, const char *const *env)
    __attribute__((noreturn));
/* bubblewrap's arguments, how many: a new root with the system's folders, home as /home, the devices of what it may,
 * and there the program confine, open as that descriptor (a number, as text); NULL: only to see whether it works. */
int   sandbox_bwrap(const char **argv, int most, const char *home, unsigned may, const char *confine);
const char *sandbox_words(Level);       /* "L1, Landlock and seccomp" */
