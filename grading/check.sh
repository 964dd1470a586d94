# check.sh DIR -- what a folder promises: lesson, names, warnings, skeleton, oracles, and the matrix of all its
# programs. A line a failure; ends with "N passed, N failed". TRIALS=10000: oracles and honest variants that often.
dir=$1
export LC_ALL=C
[ -z "$COURSE_FULL" ] || export TRIALS="${TRIALS:-10000}"
. grading/toolchain.sh
ref=build/ref/$dir out=build/other/$dir passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL  $dir: $*"; }
claim() { if [ "$1" = 0 ]; then ok; else shift; no "$*"; fi; }
mkdir -p "$out" && rm -f "$out"/*.so "$out"/*.c "$out"/*.fast "$out"/*.check "$out"/*.cu
warn='-Wall -Wextra -Wpedantic -Werror' todo='-Wno-unused -Wno-unused-parameter'

# quiet COMMAND: runs it; when it fails, shows what it said first.
quiet() { eval "$1" >"$out/said" 2>&1 || { head -n 4 "$out/said"; return 1; }; }

# ---- The lesson --------------------------------------------------------------------------------------------------

if [ -f "$dir/README.md" ]; then
    ok
    steps=$(awk '$2 != "none" { print $1 }' "$ref/mutants/steps" | tr '\n' ' ')
    awk -v steps="$steps" -v dir="$dir" -f grading/lesson.awk "$dir/README.md" >"$out/lesson"
    claim $? "README.md: $(grep -c . "$out/lesson") faults"; cat "$out/lesson"
else no "no README.md: the lesson"
fi
for f in "$dir"/plots/*; do
    [ -f "$f" ] || continue
    [ "$(wc -c <"$f")" -le 61440 ]; claim $? "$f is larger than 60 KB"
done
sed -n 2p "$dir/$name.h" | grep -q '^/\* kind: [a-z]*; needs: .* \*/$'
claim $? "$name.h: line 2 is not /* kind: ...; needs: ... */"

[ "$(awk '$2 != "none"' "$ref/mutants/steps" | wc -l)" -le 8 ]; claim $? "more than eight steps: that is two folders"

# ---- Names -------------------------------------------------------------------------------------------------------

if [ ! -s build/other/system ]; then
    { for l in libc.so.6 libm.so.6; do ${cc%% *} -print-file-name=$l; done
      for d in $common_libs; do
          case $d in -L*) ls "${d#-L}"/libopenblas*.so "${d#-L}"/libcblas.so 2>/dev/null ;; esac
      done
      ls /usr/local/cuda/lib64/libcudart.so 2>/dev/null; } |
        while read -r l; do nm -D --defined-only "$l"; done | sed -n 's/.* //; s/@.*//; p' |
        sort -u >build/other/system.$$
    mv build/other/system.$$ build/other/system
fi
for g in $(cat "$ref/globals"); do
    case $g in "$name" | "$name"_*) ok ;; *) no "the global $g does not begin with $name" ;; esac
    ! grep -qx "$g" build/other/system; claim $? "the global $g is also in libc, libm, BLAS or the CUDA runtime"
done

# ---- Warnings, and the skeleton ----------------------------------------------------------------------------------

awk -f grading/skeleton.awk "$dir/$name.$ext" >"$out/skeleton.$ext" &&
    awk -f grading/skeleton.awk "$out/skeleton.$ext" | cmp -s - "$out/skeleton.$ext"
claim $? "the skeleton of the skeleton is not itself"
printf '#include "%s.h"\nenum { USED };\n' "$name" >"$out/header.c"
for c in "$cc" "$other"; do
    [ -n "$c" ] || continue
    quiet "$c $warn -I$dir -fsyntax-only '$out/header.c'"; claim $? "${c%% *} does not take $name.h alone"
    [ $ext = c ] || continue
    quiet "$c $warn $todo -I$dir -fsyntax-only '$out/skeleton.c'"; claim $? "${c%% *} warns at the skeleton"
done
for c in "$cu" "$cuother"; do
    [ $ext = cu ] && [ -n "$c" ] || continue
    quiet "$c $warn $todo -I$dir -c -o '$out/skeleton.o' '$out/skeleton.cu'"; claim $? "${c%% -W*} warns at the skeleton"
done
for how in -DJUDGE -DORACLE_TESTS; do
    [ -z "$other" ] || quiet "$other $warn $how -I$dir -fsyntax-only '$dir/test_$name.c'"
    claim $? "${other%% *} warns at test_$name.c $how"
done

# ---- Oracles -----------------------------------------------------------------------------------------------------

"$ref/oracle" >"$out/oracle.log" 2>&1
claim $? "an oracle"; grep -aE 'FAIL|CRASH|SEED' "$out/oracle.log" | head -n 6

# ---- Programs for the matrix -------------------------------------------------------------------------------------

# shared SOURCE NAME COMPILER: as a shared object that goes before the frame's functions
shared() {
    quiet "$3 -w -g0 -fPIC -I$dir -c -o '$out/$2.o' '$1' && ld -shared -soname exercise.so -o '$out/$2.so' '$out/$2.o'"
    claim $? "$1 does not build ($2)"
    rm -f "$out/$2.o"
}
# program SOURCE NAME COMPILER MODE: of kind gpu as a program of its own, fast or in check mode
program() {
    quiet "$3 -w -g0 -I$dir -c -o '$out/$2.o' '$1' && sh grading/link.sh '$dir' '$out/$2.o' '$out/$2.$4' >'$out/linked'"
    claim $? "$1 does not build ($2)"
    rm -f "$out/$2.o"
}
case $ext in
c)  shared "$dir/$name.c" same.O0 "$cc -O0"
    [ -z "$other" ] || shared "$dir/$name.c" same.other "$other" ;;
cu) program "$dir/$name.cu" same.O0 "$cu -O0" fast
    [ -z "$cuother" ] || program "$dir/$name.cu" same.other "$cuother" fast ;;
esac
honest=0
for h in "$dir"/honest/*.$ext; do
    [ -f "$h" ] || continue
    honest=$((honest + 1))
    if [ $ext = c ]; then shared "$h" "honest.$(basename "$h" .c)" "$cc"
    else
        program "$h" "honest.$(basename "$h" .cu)" "$cu" fast
        program "$h" "honest.$(basename "$h" .cu)" "$cucheck" check
    fi
done
case $(sed -n 2p "$dir/$name.h") in
*kind:\ kernel* | *kind:\ gpu*) [ $honest -ge 2 ]; claim $? "honest/ holds $honest variants, a kernel needs 2" ;;
esac

# Half the file: up to the comment above the function in the middle.
: >"$out/empty.$ext"
middle=$(awk '{ l[NR] = $3 } END { print (NR > 1 ? l[int(NR / 2) + 1] : 0) }' "$ref/mutants/steps")
awk -v cut="$middle" 'NR < cut' "$dir/$name.$ext" >"$out/half.$ext"
awk -v cut="$middle" '$3 < cut { print $1 }' "$ref/mutants/steps" >"$out/written"
for p in skeleton empty half; do
    if [ $ext = c ]; then compiler=$cc; else compiler=$cu; fi
    quiet "$compiler -w -I$dir -c -o '$out/$p.o' '$out/$p.$ext' && sh grading/link.sh '$dir' '$out/$p.o' '$out/$p'"
    claim $? "$p.$ext does not build"
done
# Of kind gpu they take as long as all the rest: in make check-full.
[ $ext = c ] || { rm -rf "$out/mutants"; other=; [ -z "$TRIALS" ] || other=$cuother; }
[ -z "$other" ] || quiet "sh grading/mutants.sh '$dir' '$out/mutants' '$other'"
claim $? "the mutants do not build with ${other%% -*}"

build/matrix "$dir" >"$out/matrix.log"
claim $? "the matrix of its programs"; grep FAIL "$out/matrix.log" | head -n 20
# ---- What takes longer: make check-full --------------------------------------------------------------------------

if [ -n "$TRIALS" ] && [ $ext = cu ]; then      # threads and blocks in other orders
    for order in reverse random:5; do
        SEED=3 SIMT_ORDER=$order "$ref/worker.check" '*' 24 2>&1 >"$out/printed" | head -n 3 >"$out/said"
        [ ! -s "$out/said" ]; claim $? "the reference in check mode, order $order: $(cat "$out/said")"
    done
elif [ -n "$TRIALS" ] && quiet "$cc -fsanitize=address,undefined -o '$out/probe' -x c - </dev/null -shared"; then
    asan="$cc -O1 -w -fsanitize=address,undefined -fno-sanitize-recover=all -I$dir -Wl,--as-needed"
    quiet "$asan -o '$out/sanitized' '$dir/test_$name.c' '$dir/$name.c' grading/worker.c grading/probe.c $(others ref) \
        $libs"
    claim $? "the reference does not build with the sanitizers"
    quiet "SEED=1 ASAN_OPTIONS=detect_leaks=0 '$out/sanitized' '*' 100"; claim $? "the reference under the sanitizers"
fi
if [ -n "$TRIALS" ]; then           # the whole way: the reference as a learner's file has full marks
    tree=$(mktemp -d) && mkdir -p "$tree/build" "$tree/work/$dir" && cp "$dir/$name.h" "$dir/$name.$ext" "$tree/work/$dir/"
    for f in common grading stage[0-9] build/ref build/toolchain build/grade build/simt build/simtcc; do ln -s "$PWD/$f" "$tree/$f"; done
    (cd "$tree" && build/grade --strict "$dir") >"$out/graded" 2>&1
    claim $? "the reference has no full marks: $(grep '^Score' "$out/graded")"
    rm -rf "$tree"
fi
set -- $(tail -n 1 "$out/matrix.log")
case $2 in passed*) passed=$((passed + $1)) failed=$((failed + $3)) ;; esac
echo "$passed passed, $failed failed"
[ $failed = 0 ]
