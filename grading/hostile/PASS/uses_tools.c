/* profile: processes */
/* uses_tools.c -- many tools, each in its own way of asking the kernel: nothing that they need is refused; at L1
 * without a user of its own a mode and a time are. PASS. */
#include <stdio.h>
#include <stdlib.h>
#include "start.h"

static const char script[] =
    "set -e; exec 2>&1; mkdir -p t/in && cd t; printf 'b 2\\na 1\\n' >in/x\n"
    "cp -rp in out 2>/dev/null || cp -r in out; cmp in/x out/x\n"
    "sed -i s/1/3/ out/x; ! diff in/x out/x >/dev/null; mv out/x y; rm -r out\n"
    "find . -type f -exec cat {} + | sort -r | uniq -c | wc -l | grep -q 3\n"
    "seq 9 | xargs -n 3 echo | tail -n 1 | grep -q 9\n"
    "tar cf - in | tar xOf - in/x | cmp - in/x; gzip -c y | gunzip | cmp - y\n"
    "dd if=/dev/zero of=z bs=1k count=3 2>/dev/null\n"
    "[ $(stat -c %s z) = 3072 ]; split -n 3 z p; [ \"$(cat p??* | wc -c)\" = 3072 ]\n"
    "t=$(mktemp ./XXXX); touch -d yesterday $t 2>/dev/null || touch $t\n"
    "timeout 5 true; timeout 0.1 sleep 5 || [ $? = 124 ]; (trap 'echo end >e' EXIT); grep -q end e\n"
    "mkfifo f; cat f >g &\n"
    "echo through >f; wait; grep -q through g\n"
    "date +%s | grep -q 1; nproc >/dev/null; du -s . >/dev/null; yes | head -n 2 >/dev/null\n"
    "bash -c 'a=(1 2); [[ ${#a[@]} = 2 ]]; cat <(echo one) <<<two >/dev/null'\n"
    "bash -c 'set -m; sleep 9 & kill %1; wait %1; [ $? = 143 ]'\n"
    "sha256sum in/x | cut -c 1-8 | grep -q '^[0-9a-f]*$'; shuf -n 1 in/x >/dev/null\n"
    "ln in/x h; [ \"$(readlink -f y)\" ]\n";

static void attack(void)
{
    static int once;
    if (once++) return;
    if (system(script)) exit(1);
}

/* frame.c follows: attack(), then the honest work */
