#!/bin/sh
# clean-root.sh [user|root|both|plain|dist] [COMMAND...] -- proves the README's promise: on a clean Debian with git and make and nothing
# else, a fresh clone and the two commands (or COMMANDs, each in quotes) do everything. SUITE=bookworm (12) or trixie (13). Makes the root with debootstrap in
# a folder of its own, clones this repository's HEAD into it, and runs them as a user with sudo, as root, or both. plain: a
# user without sudo, on a machine that has a compiler. dist: such a user without git, and what
# `make dist` wrote to ARCHIVE= (course.tar.gz) in place of a clone.
# Needs root, debootstrap and a Debian mirror; MIRROR=, ROOTS= (where; default /var/tmp), KEEP=1 leaves the roots there.
set -e
who=${1:-both}; [ $# -gt 0 ] && shift
[ $# -gt 0 ] || case $who in dist) set -- 'make stage0' 'make grade EX=start' 'make next' 'make hint EX=start' ;; *) set -- 'make tour' 'make check' ;; esac
[ "$(id -u)" = 0 ] || { echo "clean-root.sh needs root, for debootstrap and chroot"; exit 1; }
command -v debootstrap >/dev/null || { echo "clean-root.sh needs debootstrap: apt-get install debootstrap"; exit 1; }
repo=$(git rev-parse --show-toplevel)
roots=$(mktemp -d "${ROOTS:-/var/tmp}/clean-root.XXXXXX")
finish() {
    for r in user root plain dist; do umount "$roots/$r/proc" 2>/dev/null || :; umount -R -l "$roots/$r/dev" 2>/dev/null || :; done
    [ -n "$KEEP" ] && echo "kept: $roots" || rm -rf --one-file-system "$roots"
}
trap finish EXIT
trap 'exit 130' INT TERM

echo "clean root: debootstrap ${SUITE:-bookworm}, with git and make"
debootstrap --variant=minbase --include=git,make,sudo,ca-certificates "${SUITE:-bookworm}" "$roots/base" $MIRROR >"$roots/log" 2>&1 ||
    { tail -n 3 "$roots/log"; exit 1; }
# The way to the mirror is the machine's own affair: names, certificates, apt's settings.
cp -L /etc/resolv.conf /etc/hosts "$roots/base/etc/"
cp -r /etc/apt/apt.conf.d/. "$roots/base/etc/apt/apt.conf.d/"
rm -f "$roots/base/etc/apt/apt.conf.d/docker-"*
[ -f /etc/ssl/certs/ca-certificates.crt ] && cp -L /etc/ssl/certs/ca-certificates.crt "$roots/base/etc/ssl/certs/"
git clone -q --bare "$repo" "$roots/base/srv/course.git"

status=0
try() {    # WHO COMMAND...
    as=$1; shift
    root=$roots/$as
    cp -a "$roots/base" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"    # with its shm and pts
    chroot "$root" useradd -m student
    if [ "$as" = plain ] || [ "$as" = dist ]; then chroot "$root" sh -c 'apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev' >"$roots/log" 2>&1
    else echo 'student ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/student"; fi
    home=/home/student
    if [ "$as" = root ]; then home=/root; else chroot "$root" chown -R student /srv/course.git; fi
    run() { if [ "$as" = root ]; then chroot "$root" env -i PATH="$PATH" HOME=/root TERM=dumb sh -c "$1"
            else chroot "$root" su - student -c "$1"; fi; }
    here=$home/'my course'; [ "$as" = plain ] || [ "$as" = dist ] && here=$home/course
    if [ "$as" = dist ]; then
        chroot "$root" apt-get purge -y git sudo >"$roots/log" 2>&1
        run "tar -xzf -" <"${ARCHIVE:-course.tar.gz}"
    else run "git clone -q /srv/course.git '$here'"; fi
    for command in "$@"; do
        echo "clean root, as $as: $command"
        start=$(date +%s)
        if run "cd '$here' && $command" </dev/null; then echo "clean root, as $as: $command: ok, $(($(date +%s) - start)) s"
        else echo "clean root, as $as: $command: FAILED, $(($(date +%s) - start)) s"; status=1; fi
    done
}
case $who in
both) try user "$@"; try root "$@" ;;
user | root | plain | dist) try "$who" "$@" ;;
*) echo "clean-root.sh: user, root, both, plain or dist"; exit 2 ;;
esac
exit $status
