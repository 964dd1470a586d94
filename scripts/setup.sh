#!/bin/sh
# setup.sh tour|check -- installs what is missing, by the system's package manager, saying what; asks nothing. Nothing is
# fetched when nothing is missing. SETUP=no turns it off. As root or with `sudo -n`; else Debian's packages are fetched
# and unpacked under build/deps, without root.
for_what=${1:-check}
CC=${CC:-gcc}
table=scripts/packages

probe() {    # is this thing of the table here?
    case $1 in
    cc)       command -v "$CC" >/dev/null 2>&1 && command -v ld >/dev/null 2>&1 && echo 'int main(void) { return 0; }' | $CC -x c -o /dev/null - 2>/dev/null ;;
    gxx)      command -v g++ >/dev/null 2>&1 || command -v clang++ >/dev/null 2>&1 ;;
    git | gdb | valgrind | xmllint | python3) command -v $1 >/dev/null 2>&1 ;;
    clang)    command -v clang >/dev/null 2>&1 || [ "$CC" = clang ] ;;
    gnuplot)  command -v gnuplot >/dev/null 2>&1 || [ -x build/deps/usr/bin/gnuplot ] ;;
    font)     [ -n "$(find /usr/share/fonts build/deps/usr/share/fonts -name '*.ttf' 2>/dev/null | head -n 1)" ] ;;
    openblas) has blas_libs ;;
    onednn)   has dnnl_libs ;;
    criterion) has criterion_libs ;;
    jansson)  has jansson_libs ;;
    zlib)     has zlib_libs ;;
    libpng)   has png_libs ;;
    seccomp)  has seccomp_libs ;;
    sodium)   has sodium_libs ;;
    liblinear) has liblinear_libs ;;
    libsvm)   has libsvm_libs ;;
    bwrap)    command -v bwrap >/dev/null 2>&1 ;;
    *)        return 1 ;;
    esac
}
has() { [ -f build/config.mk ] && grep -q "^$1 *:= *[^ ]" build/config.mk; }

missing() {    # the things of the table that are needed for $for_what and not here
    awk -v what="$for_what" '!/^#/ && NF && (what == "check" || $1 == "tour") { print $2 }' $table | while read -r thing; do
        probe "$thing" || echo "$thing"
    done
}
packages() {    # their names for this package manager (column 3 apt, 4 dnf, 5 pacman)
    for thing in $1; do awk -v t="$thing" -v c="$2" '!/^#/ && $2 == t && $c != "-" { gsub(/,/, " ", $c); print $c }' $table; done | tr '\n' ' '
}

look() { sh scripts/configure.sh build/config.mk "$CC" 2>/dev/null || { mkdir -p build 2>/dev/null || { echo "build/ cannot be written: is this folder read-only?" >&2; exit 1; }; }; }

# gcc, clang or a library may have come or gone since the machine was last looked at.
[ -f build/config.mk ] || look
lack=$(missing)
[ -n "$lack" ] && look && lack=$(missing)
[ -z "$lack" ] && exit 0
lack=$(echo $lack)

if [ "$SETUP" = no ]; then
    echo "set-up: missing here: $lack. SETUP=no was given, so nothing is installed."
else
    if command -v apt-get >/dev/null 2>&1; then manager=apt column=3
    elif command -v dnf >/dev/null 2>&1; then manager=dnf column=4
    elif command -v pacman >/dev/null 2>&1; then manager=pacman column=5
    else manager=; fi
    root=
    if [ "$(id -u)" = 0 ]; then root=env; elif sudo -n true 2>/dev/null; then root='sudo -n'; fi
    if [ -z "$manager" ]; then
        echo "set-up: missing here: $lack. No apt, dnf or pacman on this system; open the container in .devcontainer/ instead."
    else
        list=$(packages "$lack" $column)
        log=build/setup.log
        if [ -n "$root" ]; then
            echo "set-up: installing $list(for: $lack)"
            case $manager in
            apt) { $root apt-get update && $root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $list; } >$log 2>&1 ;;
            dnf) $root dnf install -y $list >$log 2>&1 ;;
            pacman) $root pacman -Sy --needed --noconfirm $list >$log 2>&1 ;;
            esac || { echo "set-up: $manager could not install everything; $log ends:"; tail -n 4 $log | sed 's/^/    /'; }
        elif [ $manager = apt ]; then
            echo "set-up: no root and no sudo without a password; unpacking $list under build/deps"
            sh scripts/unpack.sh $list >$log 2>&1 || { echo "set-up: that did not work; $log ends:"; tail -n 4 $log | sed 's/^/    /'; }
        else
            echo "set-up: missing here: $lack. With root: $manager install $list"
        fi
    fi
    look
    lack=$(echo $(missing))
fi
[ -z "$lack" ] && exit 0

# What the course cannot do without, and what it can.
for thing in $lack; do
    awk -v t="$thing" '!/^#/ && $2 == t { for (i = 6; i <= NF; i++) printf "%s%s", (i > 6 ? " " : "  without " t ": "), $i; print "" }' $table
done
for thing in cc openblas jansson zlib libpng; do
    case " $lack " in *" $thing "*) echo "set-up: $thing is missing, and nothing builds without it. Install it and try again: make doctor says how." >&2; exit 1 ;; esac
done
case "$for_what $lack" in check*criterion*) echo "set-up: Criterion is missing, and the tests need it: make doctor says how." >&2; exit 1 ;; esac
exit 0
