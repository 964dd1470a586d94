# part.sh VARIANT DIR -- what is handed out of an exercise without its source. build/VARIANT/DIR/part.o: the worker, the
# reference and the known mistakes in one object, of which no name is left to link but main_NAME. probes.o: the probes,
# ready to be linked to a learner's code; asan.probes.o and count.probes.o for the sanitizers and for callgrind.
variant=$1 dir=$2
. grading/toolchain.sh
b=build/$variant m=build/ref/$dir/mutants out=build/$variant/$dir/part
cc=$(cat "build/flags/cc_$variant")
for t in nm ld objcopy; do eval "$t=\$(${cc%% *} -print-prog-name=$t)"; done
rm -rf "$out" && mkdir -p "$out" || exit 1
fail() { echo "make dist: $dir: $*" >&2; exit 1; }

functions=$($nm -g --defined-only "$b/$dir/$name.o" | awk '$2 == "T" { print $3 }')
other=$($nm -g --defined-only "$b/$dir/$name.o" | awk '$2 != "T" { print $3 }')
[ -z "$other" ] || fail "the reference has data of its own that others see, and those cannot be exchanged: $other"

# renamed AS FROM TO: every function FUNCTION becomes FUNCTION__AS.
renamed() {
    set -- "$1" "$2" "$3" $(for f in $functions; do echo --redefine-sym "$f=${f}__$1"; done)
    from=$2 to=$3; shift 3
    $objcopy "$@" "$from" "$to" || fail "objcopy"
}
# -O0 as where they are known from: a mistake stays one.
compiled() {
    eval "$cc -w -O0 -g0 -I$dir -c -o '$out/$2.o' '$m/$2.c'" || fail "$2 does not compile"
    renamed "$1" "$out/$2.o" "$out/$2.o"
}
compiled all all
compiled deleted deleted
while read -r one; do compiled "${one#*.}" "$one"; done <"$m/alone"

{   echo '#include "many.h"'
    for f in $functions; do echo "FUNCTION($f); void ${f}__deleted(void);"; done
    while read -r step mutant mark; do
        if grep -qx "$step.$mutant" "$m/alone"; then for f in $functions; do echo "void ${f}__$mutant(void);"; done
        else echo "void ${step}__$mutant(void);"; fi
    done <"$m/list"
    echo 'const Variant variants[] = {'
    for f in $functions; do echo "    { \"deleted\", &slot_$f, ${f}__deleted },"; done
    while read -r step mutant mark; do
        changed=$step
        grep -qx "$step.$mutant" "$m/alone" && changed=$functions
        for f in $changed; do echo "    { \"$step.$mutant\", &slot_$f, ${f}__$mutant },"; done
    done <"$m/list"
    echo '    { 0, 0, 0 }'
    echo '};'
} >"$out/variants.c"
eval "$cc -Igrading/dist -c -o '$out/variants.o' '$out/variants.c'" || fail "the table of mistakes"
renamed reference "$b/$dir/$name.o" "$out/reference.o"
$objcopy --redefine-sym main=worker_main "$b/grading/worker.o" "$out/worker.o" || fail objcopy
$ld -r -o "$out.all.o" "$out"/*.o "$b/grading/dist/part.o" "$b/grading/probe.o" "$b/$dir/test_$name.worker.o" \
    $(others "$variant") || fail "ld"
$objcopy --redefine-sym "part_main=main_$name" --redefine-sym "__start_probes=__start_probes_$name" \
    --redefine-sym "__stop_probes=__stop_probes_$name" --rename-section "probes=probes_$name" "$out.all.o" &&
    $objcopy --strip-debug --keep-global-symbol="main_$name" "$out.all.o" "$out.o" || fail objcopy
rm -rf "$out" "$out.all.o"

# The same flags as measure.c's. Of the debugger's knowledge the lines alone; the machine's folders are nobody's affair.
flags() { sed -n "s/^#define $1 \"\([^\"]*\)\".*/\1/p" grading/measure.c | grep -e "$2"; }
probes() {
    to=$1; shift
    eval "$cc \"\$@\" -w -g1 -ffile-prefix-map='$PWD=.' -I$dir -c -o '$b/$dir/$to' '$dir/test_$name.c'" ||
        fail "its probes"
}
case $variant in *x86_64) counted=x86-64 ;; *) counted=armv8 ;; esac
probes probes.o
probes asan.probes.o $(flags SANITIZE fsanitize)
probes count.probes.o $(flags COUNTED "march=$counted")
