/* writes_code.c -- asks for memory that can run code, long before main. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include "start.h"

static void write_code(int argc, char **argv, char **env)
{
    (void)argc, (void)argv, (void)env;
    mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = write_code;

static void attack(void) {}

/* frame.c follows: attack(), then the honest work */
