#!/bin/sh
# configure.sh OUT CC -- looks at the machine once and writes what make needs to know into OUT (build/config.mk).
# Nothing is installed here; whatever is missing is left empty, and those who need it say so.
out=$1 cc=$2
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

deps=build/deps/usr
arch=$($cc -print-multiarch 2>/dev/null)
cppflags= ldflags=
if [ -d $deps ]; then
    cppflags="-isystem $deps/include -isystem $deps/include/$arch"
    ldflags="-L$deps/lib/$arch -Wl,-rpath,'\$(CURDIR)/$deps/lib/$arch'"
fi

# links SOURCE FLAGS...: does this small program build?
links() {
    printf '%s\n' "$1" >"$tmp/t.c"; shift
    eval "$cc $(echo "$cppflags" "$ldflags" | sed 's,\$(CURDIR),.,g') -o '$tmp/t' '$tmp/t.c' $*" >/dev/null 2>&1
}

blas_cpp= blas_libs=
for d in $deps/lib/$arch/openblas-openmp /usr/lib/$arch/openblas-openmp; do
    [ -e "$d/libopenblas.so" ] || continue
    h=$(echo "$d" | sed "s,/lib/,/include/,")
    [ -e "$h/cblas.h" ] || h=$(dirname "$d" | sed "s,/lib/,/include/,")
    case $d in build/*) run="\$(CURDIR)/$d" ;; *) run=$d ;; esac
    if links '#include <cblas.h>
int main(void) { return (int)cblas_sdot(0, 0, 1, 0, 1); }' -isystem "$h" "-L$d" -lopenblas; then
        blas_cpp="-isystem $h" blas_libs="-L$d -Wl,-rpath,'$run' -lopenblas"; break
    fi
done
if [ -z "$blas_libs" ]; then    # Fedora calls the OpenMP build libopenblaso; elsewhere there may be one build only
    for l in openblaso openblas; do
        for h in '' '-I/usr/include/openblas'; do
            links '#include <cblas.h>
int main(void) { return (int)cblas_sdot(0, 0, 1, 0, 1); }' "$h" -l$l && blas_cpp=$h blas_libs="-l$l" && break 2
        done
    done
fi
dnnl_cpp= dnnl_libs=
links '#include <oneapi/dnnl/dnnl.h>
int main(void) { return dnnl_sgemm(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0); }' -ldnnl && dnnl_cpp=-DHAVE_DNNL dnnl_libs=-ldnnl
jansson=; links '#include <jansson.h>
int main(void) { json_decref(json_object()); return 0; }' -ljansson && jansson=-ljansson
zlib=; links '#include <zlib.h>
int main(void) { return zlibVersion()[0] == 0; }' -lz && zlib=-lz
png=; links '#include <png.h>
int main(void) { return png_access_version_number() == 0; }' -lpng && png=-lpng
criterion=; links '#include <criterion/criterion.h>
Test(a, b) { cr_assert(1); }' -lcriterion && criterion=-lcriterion
seccomp=; links '#include <seccomp.h>
int main(void) { seccomp_release(seccomp_init(SCMP_ACT_ALLOW)); return 0; }' -lseccomp && seccomp=-lseccomp
sodium=; links '#include <sodium.h>
int main(void) { return sodium_init() < 0; }' -lsodium && sodium=-lsodium
liblinear=; links '#include <linear.h>
int main(void) { return check_parameter(0, 0) != 0; }' -llinear && liblinear=-llinear
libsvm=
for h in libsvm/svm.h svm.h; do
    links "#include <$h>
int main(void) { return libsvm_version == 0; }" -lsvm && libsvm=-lsvm && break
done
openmp=; links 'int main(void) { return 0; }' -fopenmp && openmp=-fopenmp
asan=; links 'int main(void) { return 0; }' -fsanitize=address,undefined && asan=yes

cxx= other_cxx=    # .cu files run on the CPU by a C++ compiler of the same house
case $cc in *clang*) cxx_names='clang++ g++' ;; *) cxx_names='g++ clang++' ;; esac
for c in $cxx_names; do
    echo 'int main() { return 0; }' >"$tmp/t.cpp"
    $c -std=c++17 -o "$tmp/t" "$tmp/t.cpp" >/dev/null 2>&1 || continue
    if [ -z "$cxx" ]; then cxx=$c; else other_cxx=$c; fi
done
other=
case $cc in *clang*) want=gcc ;; *) want=clang ;; esac
for c in $want clang-19 clang-18 clang-17 clang-16 clang-15 clang-14; do command -v $c >/dev/null 2>&1 && other=$c && break; done
fuzz=
for c in clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14; do    # libFuzzer is clang's
    command -v $c >/dev/null 2>&1 || continue
    printf '%s\n' '#include <stddef.h>
int LLVMFuzzerTestOneInput(const unsigned char *d, size_t n) { return n && d[0] == 255; }' >"$tmp/t.c"
    $c -fsanitize=fuzzer,address,undefined -o "$tmp/t" "$tmp/t.c" >/dev/null 2>&1 && fuzz=$c && break
done
find_tool() { PATH=$PATH:$PWD/$deps/bin:/usr/local/cuda/bin command -v "$1" 2>/dev/null | sed "s,^$PWD/,,"; }

mkdir -p "$(dirname "$out")" 2>/dev/null
cat 2>/dev/null >"$out.new" <<EOF && mv "$out.new" "$out" && exit 0
# Written by scripts/configure.sh: what this machine has. \`make doctor\` looks again.
deps_cppflags := $cppflags
deps_ldflags  := $ldflags
openmp        := $openmp
blas_cppflags := $blas_cpp
blas_libs     := $blas_libs
dnnl_cppflags := $dnnl_cpp
dnnl_libs     := $dnnl_libs
jansson_libs  := $jansson
zlib_libs     := $zlib
png_libs      := $png
criterion_libs := $criterion
seccomp_cppflags := ${seccomp:+-DHAVE_SECCOMP}
seccomp_libs  := $seccomp
sodium_libs   := $sodium
liblinear_cppflags := ${liblinear:+-DHAVE_LIBLINEAR}
liblinear_libs := $liblinear
libsvm_cppflags := ${libsvm:+-DHAVE_LIBSVM}
libsvm_libs   := $libsvm
have_asan     := $asan
other_cc      := $other
cxx           := $cxx
other_cxx     := $other_cxx
fuzz_cc       := $fuzz
gnuplot       := $(find_tool gnuplot)
valgrind      := $(find_tool valgrind)
gdb           := $(find_tool gdb)
nvcc          := $(find_tool nvcc)
EOF
rm -f "$out.new"
echo "$(dirname "$out")/ cannot be written: is this folder read-only, or the disk full?" >&2
exit 1
