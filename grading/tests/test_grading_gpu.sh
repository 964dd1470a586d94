# test_grading_gpu.sh -- a folder of kind gpu: what check mode finds and counts reaches the learner, who
# hides from it gains nothing, and what is hostile in a .cu file gets its verdict (those two with COURSE_FULL=1).
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; }
command -v g++ >/dev/null 2>&1 || { echo "g++ is not here: nothing to test"; echo "0 passed, 0 failed"; exit 0; }
dir=stage0/09_gpu_first_kernel name=gpu_first_kernel root=$PWD
box=$(mktemp -d "${TMPDIR:-/tmp}/gpu room.XXXXXX") || exit 1
chmod 711 "$box"
trap 'rm -rf "$box"' EXIT
mkdir -p "$box/build" "$box/work/$dir"
for f in common grading stage0 build/ref build/grade build/confine build/simt build/simtcc; do ln -s "$root/$f" "$box/$f"; done
cp build/toolchain "$box/build/toolchain"
cp "$dir/$name.h" "$box/work/$dir/"

# hand_in [SED...]: the reference with these changes; each must change something.
hand_in() {
    cp "$dir/$name.cu" "$box/mine"
    for change; do
        sed "$change" "$box/mine" >"$box/new"
        cmp -s "$box/mine" "$box/new" && no "nothing to change by $change"
        mv "$box/new" "$box/mine"
    done
    cp "$box/mine" "$box/work/$dir/$name.cu"
}
grade() { rm -f "$box/work/grade.json"; (cd "$box" && build/grade "$@" $dir) >"$box/out" 2>&1; tr -s ' \n' ' ' <"$box/out" >"$box/words"; }
says() { grep -qF -- "$2" "$box/words" && ok || { no "$1: no '$2'"; sed 's/^/    /' "$box/out" | head -n 40; }; }
silent() { grep -qF -- "$2" "$box/words" && no "$1: '$2'" || ok; }
verdict() { # WHAT STEP VERDICT
    grep -q "^  ${name}_$2 *$3 " "$box/out" && ok || { no "$1: not $3"; sed 's/^/    /' "$box/out" | head -n 20; }
}

# ---- Right values, and yet ---------------------------------------------------------------------------------------

hand_in 's/if (n < N) y\[n\] = a\[n\] + b\[n\];/(void)N, y[n] = a[n] + b[n];/' \
    's/int stride = gridDim.x \* blockDim.x;/int piece = (N + gridDim.x * blockDim.x - 1) \/ (gridDim.x * blockDim.x), first = (blockIdx.x * blockDim.x + threadIdx.x) * piece;/' \
    's/for (int n = blockIdx.x \* blockDim.x + threadIdx.x; n < N; n += stride)/for (int n = first; n < N \&\& n < first + piece; n++)/' \
    's/^    if (H > 0 && W > 0) mirror<<<.*/    static float p[4096], q[4096]; int n = H * W;\n    cudaMemcpy(p, x, n * 4, cudaMemcpyDeviceToHost);\n    for (int i = 0; i < n; i++) q[i] = p[i \/ W * W + W - 1 - i % W];\n    if (n) mirror<<<1, 1>>>(y, x, 1, 1), cudaMemcpy(y, q, n * 4, cudaMemcpyHostToDevice);/'
grade --seed 1
says 'correctness is whole' 'correctness 60'
says 'array, index, thread, line' "$name.cu:20: add: block (0,0,0), thread (5,0,0): reads element 5 of a (5 elements of 4 bytes)"
says 'the known mistake' 'Every thread adds, those behind N too'
says 'a counter' 'performance of gpu_first_kernel_axpy: global_load_sectors_per_request is 32, the reference'
says 'the known mistake of a counter' 'Each thread walks through a piece of its own'
says 'the host does the work' 'performance of gpu_first_kernel_mirror: not counted, for its kernels do next to nothing'
grade --seed 1                              # what is remembered of the same file
says 'the same again' 'Each thread walks through a piece of its own'

# ---- Wrong values are explained by check mode --------------------------------------------------------------------

hand_in 's/int stride = gridDim.x \* blockDim.x;/int stride = blockDim.x;/'
grade --seed 1 --step ${name}_axpy
verdict 'blocks in each other' axpy WRONG
says 'and what check mode says' 'check mode: gpu_first_kernel.cu:39: axpy: block (1,0,0), thread (0,0,0): reads y[2]'
says 'and the known mistake' "The step is one block's threads"

# ---- Who looks away ----------------------------------------------------------------------------------------------

no_points() {
    says "$1" "$2"
    says "$1" 'correctness 60 · robustness 0 · performance 0'
}
if [ -n "$COURSE_FULL" ]; then
hand_in 's/^static __global__ void add(/__attribute__((no_sanitize("thread"))) &/'
grade
no_points 'not looked at' 'the file speaks to what looks at it, the emulator'
hand_in 's/^enum { THREADS = 256 };.*/#ifdef __SANITIZE_THREAD__\nenum { THREADS = 256 };\n#else\nenum { THREADS = 128 };\n#endif/'
grade
no_points 'another file' 'the file is another one when check mode looks'
hand_in '$a namespace simt { void counters_reset(); }'
grade
no_points "the emulator's name" 'the file speaks to what looks at it, the emulator'
hand_in '$a static int simtile = 1;\nint similar() { return simtile; }'
grade
says 'a name that only looks like it' 'correctness 60 · robustness 20'
hand_in '$a extern "C" void device_expects(const char *);\nvoid quiet() { device_expects("race"); }'
grade
no_points "a probe's word" 'the file calls what its probes call'
fi
hand_in '$a extern "C" void __tsan_read4(void *p); void __tsan_read4(void *p) { (void)p; }'
grade --step ${name}_add
says 'a hook of its own' 'it defines a function of the emulator'
hand_in "\$a #include \"../../../$dir/$name.cu\""
grade --step ${name}_add
says 'the reference included' 'BUILD'

# ---- Hostile, and careless ---------------------------------------------------------------------------------------

levels=
[ -z "$COURSE_FULL" ] || levels='L0 L1 L2'
for level in $levels; do
    hand_in 's/^    add<<<gpu_first_kernel_blocks.*/    y[0] = a[0]; (void)b;/' 's/^static __global__ void add(/[[maybe_unused]] &/'
    grade --level $level --step ${name}_add
    grep -q 'this machine has no' "$box/out" && continue
    verdict 'a device pointer on the host' add WRONG
    says 'whose memory that is' 'host code reads or writes byte 0 of a'
    hand_in 's/^    if (n < N) y\[n\] = a\[n\] + b\[n\];/    for (volatile int i = 0; n < N \&\& i < 1;) y[n] = a[n] + b[n];/'
    grade --level $level --step ${name}_add
    verdict 'an endless kernel' add TIME
    [ $level = L0 ] && continue
    hand_in 's/#include <cuda_runtime.h>/&\n#include <unistd.h>/' 's/^    if (N == 0) return;$/&\n    if (fork() == 0) _exit(0);/'
    grade --level $level --step ${name}_add
    verdict 'another process' add FORBIDDEN
done

# ---- No C++ compiler ---------------------------------------------------------------------------------------------

grep -v '^cu\|^cxx' build/toolchain >"$box/build/toolchain"
hand_in
grade
says 'without a compiler' 'a .cu file needs a C++ compiler, and there is none: make doctor'
silent 'it leaves the denominator' '/100'

echo "$passed passed, $failed failed"
[ $failed = 0 ]
