/* loads_library.c -- has a library of the system's do the work: as it could multiply matrices with BLAS. Every step:
 * FORBIDDEN, no points. */
#include <dlfcn.h>
#include "start.h"

static void attack(void)
{
    dlopen("libz.so.1", RTLD_NOW), dlopen("libcrypt.so.1", RTLD_NOW), dlopen("libresolv.so.2", RTLD_NOW);
}

/* frame.c follows: attack(), then the honest work */
