#!/bin/sh
# doctor.sh -- what this machine has, what is missing, the line that installs it, what still works without it.
value() { sed -n "s/^$1 *:= *//p" build/config.mk; }
row() {    # NAME WHAT-IS-HERE THING
    if [ -n "$2" ]; then printf '  ok       %-11s %s\n' "$1" "$2"
    else printf '  missing  %-11s %s\n' "$1" "$(awk -v t="$3" '!/^#/ && $2 == t { for (i = 6; i <= NF; i++) printf "%s ", $i }' scripts/packages)"
         lack="$lack $3"; fi
}
first() { "$@" 2>/dev/null | head -n 1; }
lib() { [ -n "$(value "$1")" ] && echo "$2"; }
threads=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
cpu=$(awk -F': ' '/model name|Model|CPU part/ { print $2; exit }' /proc/cpuinfo 2>/dev/null)
lack=
echo "machine    $(uname -sm), ${cpu:-unknown processor}, $threads threads, $(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)"
case $(uname -s)-$(uname -m) in
Linux-x86_64 | Linux-aarch64) ;;
*) echo "  This system is not supported directly: open the folder in the container of .devcontainer/." ;;
esac
cc=$(command -v gcc || command -v clang)
row compiler  "$(first "${cc:-false}" --version)" cc
row git       "$(first git --version)" git
row clang     "$(first clang --version)" clang
row C++       "$(v=$(value cxx); [ -n "$v" ] && first "$v" --version)" gxx
row OpenBLAS  "$(lib blas_libs "$(value blas_libs | sed "s/.*-l/lib/")")" openblas
row oneDNN    "$(lib dnnl_libs libdnnl)" onednn
row Criterion "$(lib criterion_libs libcriterion)" criterion
row jansson   "$(lib jansson_libs libjansson)" jansson
row zlib      "$(lib zlib_libs libz)" zlib
row libpng    "$(lib png_libs libpng)" libpng
row gnuplot   "$(v=$(value gnuplot); [ -n "$v" ] && first "$v" --version)" gnuplot
row font      "$(find /usr/share/fonts build/deps/usr/share/fonts -name '*.ttf' 2>/dev/null | head -n 1)" font
row seccomp   "$(lib seccomp_libs libseccomp)" seccomp
row sodium    "$(lib sodium_libs libsodium)" sodium
row LIBLINEAR "$(lib liblinear_libs liblinear)" liblinear
row LIBSVM    "$(lib libsvm_libs libsvm)" libsvm
row bwrap     "$(first bwrap --version)" bwrap
row valgrind  "$(first valgrind --version)" valgrind
row xmllint   "$(xmllint --version 2>&1 | sed -n 1p)"  xmllint
row python3   "$(first python3 --version)" python3
row gdb       "$(first gdb --version)" gdb
nvcc=$(value nvcc)
if [ -n "$nvcc" ]; then printf '  ok       %-11s %s\n' nvcc "$("$nvcc" --version | tail -n 1)"; else printf '  -        %-11s %s\n' nvcc "not here, and not needed: everything runs on the CPU"; fi
if command -v nvidia-smi >/dev/null 2>&1 && gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null) && [ -n "$gpu" ]; then
    printf '  ok       %-11s %s\n' GPU "$gpu"
else printf '  -        %-11s %s\n' GPU "none, and none is needed"; fi
for set in mnist california-housing; do
    if [ -d "data/$set" ]; then printf '  ok       %-11s %s\n' data "data/$set"; else printf '  -        %-11s %s\n' data "$set is not here: make data (programs use the embedded sets until then)"; fi
done
if [ -n "$lack" ]; then
    if command -v apt-get >/dev/null 2>&1; then c=3 how='sudo apt-get install --no-install-recommends'
    elif command -v dnf >/dev/null 2>&1; then c=4 how='sudo dnf install'
    elif command -v pacman >/dev/null 2>&1; then c=5 how='sudo pacman -S'
    else c= how=; fi
    if [ -n "$c" ]; then
        echo "install    $how $(for t in $lack; do awk -v t="$t" -v c=$c '!/^#/ && $2 == t { gsub(/,/, " ", $c); print $c }' scripts/packages; done | tr '\n' ' ')"
    else echo "install    no package manager that this course knows: use the container of .devcontainer/"; fi
    echo "           (make tour and make check do that themselves)"
else
    echo "Everything is here."
fi
