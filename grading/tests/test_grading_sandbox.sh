# test_grading_sandbox.sh -- the tables of sandbox.c against the kernel's own lists of calls, for both machines; kernels
# whose Landlock is older, or that have none; files that are no files.
. grading/tests/links.sh
. grading/toolchain.sh
cp "$dir/start.c" "$src"

# Every name is a call of some machine, and what a worker needs everywhere is a call of each.
awk '/^static const char \*const (computing|tooling|compiling|starting|marking|driving)/ { on = 1 } on { while (match($0, /"[a-z0-9_]+"/)) {
    print substr($0, RSTART + 1, RLENGTH - 2); $0 = substr($0, RSTART + RLENGTH) } } /NULL/ { on = 0 }' \
    grading/sandbox.c | sort -u >"$box/names"
[ "$(wc -l <"$box/names")" -gt 100 ] && ok || no "the tables of sandbox.c are not found"
cat >"$box/resolve.c" <<'C'
#include <seccomp.h>
#include <stdio.h>
int main(void)
{
    static const unsigned arch[] = { SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64, SCMP_ARCH_X86, SCMP_ARCH_ARM };
    char name[64];
    while (scanf("%63s", name) == 1) {
        printf("%s", name);
        for (int i = 0; i < 4; i++) printf(" %d", seccomp_syscall_resolve_name_arch(arch[i], name));
        printf("\n");
    }
    return 0;
}
C
if [ -n "$(sed -n 's/^seccomp_libs *:= *//p' build/config.mk)" ] &&
    eval "$cc -w -o '$box/resolve' '$box/resolve.c' -lseccomp" 2>/dev/null; then
    "$box/resolve" <"$box/names" >"$box/numbers"
    awk '$2 < 0 && $3 < 0 && $4 < 0 && $5 < 0' "$box/numbers" >"$box/unknown"
    [ ! -s "$box/unknown" ] && ok || no "no machine has these calls: $(cut -d ' ' -f 1 "$box/unknown" | tr '\n' ' ')"
    for name in read write openat close newfstatat mmap brk futex clock_gettime exit_group rt_sigaction writev ppoll; do
        grep -qx "$name" "$box/names" || [ $name = openat ] && ok || no "$name is in no table"
    done
    # aarch64 has the generic list: its numbers and libseccomp's must be the same, and nothing may be missing in one.
    # What it defines is what its own asm/unistd.h asks for; calls newer than the header are not in it.
    printf '#include <asm-generic/unistd.h>\n' |
        ${cc%% *} -E -dM -D__ARCH_WANT_RENAMEAT -D__ARCH_WANT_NEW_STAT -D__ARCH_WANT_SET_GET_RLIMIT \
            -D__ARCH_WANT_TIME32_SYSCALLS -D__ARCH_WANT_SYS_CLONE3 -D__ARCH_WANT_MEMFD_SECRET - 2>/dev/null |
        sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$/\1 \2/p; s/^#define __NR_\([a-z0-9_]*\) __NR3264_.*/\1 -/p' >"$box/generic"
    if [ -s "$box/generic" ]; then
        awk 'FNR == NR { n[$1] = $2; if ($2 + 0 > top) top = $2 + 0; next } $3 >= 0 && ($1 in n) && n[$1] != "-" && n[$1] != $3 { print $1, $3, n[$1] }
            $3 >= 0 && $3 <= top && !($1 in n) { print $1, $3, "none" } $3 < 0 && ($1 in n) && $1 !~ /64$/ { print $1, "none", n[$1] }' \
            "$box/generic" "$box/numbers" >"$box/differ"
        [ ! -s "$box/differ" ] && ok || { no "aarch64: name, libseccomp, the kernel's header:"; cat "$box/differ"; }
    else echo "no asm-generic/unistd.h here: aarch64's numbers are not compared"
    fi
else echo "no libseccomp here: its numbers are not compared"
fi

# A kernel whose Landlock is of version 1, 2 or 3; one that has none. This one's says so by a library that goes before.
cat >"$box/older.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
long syscall(long number, ...)
{
    static long (*real)(long, ...);
    va_list ap;
    long a[5];
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    va_start(ap, number);
    for (int i = 0; i < 5; i++) a[i] = va_arg(ap, long);
    va_end(ap);
    if (number == 444 && !a[0] && getenv("LANDLOCK")) {       /* landlock_create_ruleset asked for its version */
        if (atoi(getenv("LANDLOCK"))) return atoi(getenv("LANDLOCK"));
        errno = EOPNOTSUPP;
        return -1;
    }
    return real(number, a[0], a[1], a[2], a[3], a[4]);
}
C
older() {   # VERSION FILE: graded where Landlock has that version
    cp "$2" "$src"
    case $(tail -n 1 "$2") in '/* frame.c follows'*) cat grading/hostile/frame.c >>"$src" ;; esac
    (cd "$box" && LANDLOCK=$1 LD_PRELOAD=./older.so build/grade --level L1 --step start_scale $dir) >"$box/out" 2>&1
}
if (cd "$box" && build/grade --level L1 --step start_scale $dir) >/dev/null 2>&1 &&
    eval "$cc -w -shared -fPIC -o '$box/older.so' '$box/older.c'" 2>/dev/null; then
    h=grading/hostile
    for version in 1 2 3; do
        older $version $h/PASS/keeps_a_log.c; says "Landlock $version, honest" 'start_scale +PASS'
        older $version $h/FORBIDDEN/truncates_by_reading.c; says "Landlock $version, cuts" 'start_scale +FORBIDDEN'
    done
    older 1 $h/WRONG/reads_secrets.c; says 'Landlock 1, reads' 'start_scale +WRONG'
    older 0 $h/PASS/keeps_a_log.c; says 'no Landlock' '^this machine has no L1, only L0'
else echo "no L1 on this machine: older kernels are not tried"
fi

# Where an endless loop was is told at every level: bubblewrap passes no signal on.
sed 's/double sum = 0;/double sum = 0;\n    for (volatile int forever = 1; forever;) continue;/' $dir/start.c >"$src"
line=$(grep -n forever "$src" | cut -d : -f 1)
for level in L0 L1 L2; do
    (cd "$box" && build/grade --level $level --step start_dot $dir) >"$box/out" 2>&1 || continue    # not on this machine
    says "an endless loop at $level" "^    line    work/$dir/start.c:$line"
done

# profile: gpu. /dev/zero stands where NVIDIA's device would: it can be opened and asked, and nothing else is allowed.
rm "$box/stage0" && cp -r stage0 "$box/stage0"
profile() { sed "2s/ \*\/\$/; profile: $1 *\//" "$dir/start.h" >"$box/$dir/start.h"; cp "$box/$dir/start.h" "$box/work/$dir/"; }
cat >"$box/gpu.c" <<'C'
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "start.h"
static void *nothing(void *p) { return p; }
static void attack(void)
{
    pthread_t t;
    int fd = open("/dev/nvidia0", O_RDWR);
    if (fd < 0 || ioctl(fd, 0x46, 0) != -1 || errno != ENOTTY) abort();
    if (pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL)) abort();
    if (open("/etc/passwd", O_RDONLY) >= 0 || socket(AF_INET, SOCK_STREAM, 0) >= 0 || fork() >= 0) abort();
}
C
cat grading/hostile/frame.c >>"$box/gpu.c" && cp "$box/gpu.c" "$src"
device='mount -t tmpfs tmpfs dev && for d in null zero random urandom; do : >dev/$d && mount --bind /dev/$d dev/$d; done &&
    : >dev/nvidia0 && mount --bind /dev/zero dev/nvidia0 && mount --rbind dev /dev'
mkdir "$box/dev"
for p in gpu threads; do
    profile $p
    (cd "$box" && unshare -rm sh -c "$device || exit 9; build/grade --level L1 --step start_scale $dir") >"$box/out" 2>&1
    status=$?
    [ $status = 0 ] || { echo "no device can be put in place of NVIDIA's here: not tried"; break; }
    case $p in gpu) says 'a device' 'start_scale +PASS' ;; *) says 'a device, not asked for' 'start_scale +CRASH' ;; esac
done
profile gpus; grade $dir; says 'an unknown profile' 'start.h: no profile is called gpus: threads, processes'
cp "$dir/start.h" "$box/$dir/"; cp "$dir/start.h" "$box/work/$dir/"

# A pipe where a file should be: nobody waits for it.
rm -f "$src" && mkfifo "$src" && grade $dir; says 'a pipe as the source' 'not a readable file'
rm -f "$src" "$box/work/$dir/start.h" && cp "$dir/start.c" "$src" && mkfifo "$box/work/$dir/start.h"
grade $dir; says 'a pipe as the header' 'differs from the contract'
finish
