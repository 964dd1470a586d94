/* profile: processes */
/* runs_scripts.c -- what an exercise of scripts may do: pipes, folders, jobs, a signal to its own child, git. PASS. */
#include <stdio.h>
#include <stdlib.h>
#include "start.h"

static const char script[] =
    "set -e; rm -rf a r; mkdir a; printf '2\\n1\\n' | sort | tee a/out >/dev/null; [ \"$(head -n 1 a/out)\" = 1 ]\n"
    "mv a/out a/in; ln -s in a/link; [ \"$(ls a | wc -l)\" = 2 ]; grep -q 2 <a/link\n"
    "printf '#!/bin/sh\\nawk \"BEGIN { print 6 * 7 }\"\\n' >a/run\n"
    "chmod +x a/run 2>/dev/null && PATH=a:$PATH || alias run='sh a/run'\n"
    "[ \"$(run)\" = 42 ]\n"
    "sleep 100 & kill $!; wait $! || [ $? = 143 ]\n"
    "[ -x /usr/bin/git ] && chmod 755 a 2>/dev/null || exit 0\n"
    "export HOME=. GIT_CONFIG_NOSYSTEM=1; git init -q r 2>/dev/null; cp a/in r/; git -C r add in\n"
    "git -C r -c user.name=a -c user.email=a@b commit -qm one; [ \"$(git -C r log --format=%s)\" = one ]\n";

static void attack(void)
{
    static int once;
    if (!once++ && system(script)) exit(1);             /* an exit would be EARLY-EXIT */
}

/* frame.c follows: attack(), then the honest work */
