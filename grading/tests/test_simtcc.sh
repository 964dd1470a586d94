# test_simtcc.sh -- the driver that compiles .cu files for the CPU: headers, lines, dependencies, links, complaints.
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; }
is() { [ "$2" = "$3" ] && ok || no "$1: '$2', not '$3'"; }
command -v g++ >/dev/null 2>&1 || { echo "g++ is not here: nothing to test"; echo "0 passed, 0 failed"; exit 0; }
simtcc=$PWD/build/simtcc
dir=$(mktemp -d) && mkdir "$dir/sub" "$dir/far" || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

cat >sub/launch.cuh <<'X'
#pragma once
#include "plain.h"
#include "deep.cuh"
template <class F> __global__ void each(F f, int *y) { y[threadIdx.x] = f(threadIdx.x + ONE); }
template <class F> void run(F f, int *y) { each<<<1, 4>>>(f, y); }
X
echo '#define ONE 1' >sub/plain.h
echo '#include "launch.cuh"
inline void nothing_to_launch(int) {}' >sub/deep.cuh
echo '__global__ inline void far(int *y) { y[0] += 100; }
inline void go_far(int *y) { far<<<1, 1>>>(y); }' >far/far.cuh
cat >x.cu <<'X'
#include <cstdio>
#include "sub/launch.cuh"
#include "far.cuh"
struct Square { int operator()(int x) const { return x * x; } };
int main()
{
    int *y, host[4];
    cudaMalloc(&y, sizeof host);
    run(Square(), y);
    go_far(y);
    cudaMemcpy(host, y, sizeof host, cudaMemcpyDeviceToHost);
    printf("%d %d %d %d\n", host[0], host[1], host[2], host[3]);
    cudaFree(y);
}
X
"$simtcc" -Ifar -Wall -Wextra x.cu -o x >said 2>&1
is "headers beside the file and in -I are rewritten" "$? $(./x) $(cat said)" "0 101 4 9 16 "
is "nothing is left behind" "$(ls)" "$(printf 'far\nsaid\nsub\nx\nx.cu')"

"$simtcc" -Ifar -c x.cu -MMD -MP >said 2>&1
is "an object is named after the file" "$(ls *.o *.d)" "$(printf 'x.d\nx.o')"
is "dependencies are what was written" \
    "$(tr ' \\' '\n\n' <x.d | grep -E '^(x|sub|far)' | grep -v : | sort -u | tr '\n' ' ')" \
    "far/far.cuh sub/deep.cuh sub/launch.cuh sub/plain.h x.cu "

printf '__global__ void k(int *y) { y[0] = 1; }\nvoid f(int *y)\n{\n    k<<<1,\n       1>>>(y);\n    wrong();\n}\n' >bad.cu
"$simtcc" -c bad.cu -o bad.o -MD >said 2>&1
is "the compiler's status is ours" "$?" 1
is "a fault is told at its line" "$(grep -o 'bad.cu:6:[0-9]*: error' said)" "bad.cu:6:5: error"
is "what failed leaves nothing" "$(ls bad*)" bad.cu

printf '\nvoid f(int *y)\n{\n    k<<<1, 1>(y);\n}\n' >open.cu
"$simtcc" -c open.cu >said 2>&1
is "a launch without an end" "$? $(cat said)" "1 simtcc: open.cu:4: no >>> ends this launch"
printf 'void f(int *y) { ; <<<1, 1>>>(y); }\n' >nobody.cu
is "a launch of nothing" "$("$simtcc" -c nobody.cu 2>&1)" "simtcc: nobody.cu:1: which kernel is it that <<< launches?"
is "no file" "$("$simtcc" -c x.c 2>&1)" "simtcc: which .cu file? build/simtcc [--check] -c x.cu -o x.o"
is "a file that is not there" "$("$simtcc" -c y.cu 2>&1 | grep -c 'y.cu')" 1
is "no compiler" "$("$simtcc" --with=no-such-compiler -c x.cu 2>&1)" \
    "simtcc: no-such-compiler is not there, and .cu files need a C++ compiler (make doctor)"

cat >blas.cu <<'X'
#include <cublas_v2.h>
#include <cstdio>
int main()
{
    float *x, r = 0;
    cublasHandle_t h;
    cublasCreate(&h);
    cudaMalloc(&x, 12);
    cudaMemcpy(x, (const float[]){ 1, 2, 3 }, 12, cudaMemcpyHostToDevice);
    cublasSdot(h, 3, x, 1, x, 1, &r);
    printf("%g\n", r);
    cudaFree(x);
    cublasDestroy(h);
}
X
"$simtcc" --check blas.cu -lcublas -o blas >said 2>&1
is "-lcublas is the library's own" "$? $(SIMT_STRICT=1 ./blas 2>&1)" "0 14"
is "no sanitizer is linked" "$(ldd ./blas | grep -cE 'tsan|ubsan')" 0
echo "$passed passed, $failed failed"
[ $failed = 0 ]
