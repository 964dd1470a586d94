# mistakes.sh [DIR...] -- leave one out: each known mistake of a folder, graded as a learner's file. With all of them known
# it is recognised; with itself unknown it is taken for none of the rest: a wrong diagnosis is worse than none. SEEDS: the
# seeds (1). Without DIR: every folder that make has built. Ends with "N passed, N failed".
[ $# -gt 0 ] || set -- build/ref/stage[0-9]/*/mutants/made
root=$PWD passed=0 failed=0 left_out=0 false_ones=0
box=$(mktemp -d "${TMPDIR:-/tmp}/mistakes.XXXXXX") || exit 1
chmod 711 "$box"
trap 'rm -rf "$box"' EXIT
mkdir -p "$box/build/ref/grading"
for f in common grading stage[0-9] build/toolchain build/grade build/confine build/ref/libcommon.a build/simt build/simtcc; do
    [ ! -e "$root/$f" ] || ln -s "$root/$f" "$box/$f"
done
cp build/ref/grading/*.o "$box/build/ref/grading/"

diagnosed() {   # SEED: what the graded file is taken for, a word a step
    (cd "$box" && build/grade --seed "$1" "$dir") >"$box/out" 2>&1
    sed -n 's/.*"known_mistake": "\([^"]*\)".*/\1/p' "$box/work/grade.json" | tr '\n' ' '
}
claim() {       # WHAT GOT WANTED...
    what=$1 got=${2% }
    shift 2
    for want; do [ "$got" = "$want" ] && { passed=$((passed + 1)); return; }; done
    failed=$((failed + 1))
    echo "FAIL  $dir: $what is taken for ${got:-nothing known}"
    return 1
}
for dir; do
    dir=${dir#build/ref/} dir=${dir%/mutants/made} dir=${dir%/}
    name=${dir#*/*_} known=$root/build/ref/$dir/mutants
    mkdir -p "$box/build/ref/$dir" "$box/work/$dir"
    cp -a "build/ref/$dir/." "$box/build/ref/$dir/"
    cp "$dir/$name.h" "$box/work/$dir/"
    ending=c; [ -e "$dir/$name.c" ] || ending=cu
    while read -r step mutant mark <&3; do
        cp "$known/$step.$mutant.$ending" "$box/work/$dir/$name.$ending"
        for seed in ${SEEDS:-1}; do
            cp "$known/list" "$box/build/ref/$dir/mutants/list"
            claim "$mutant of $step, seed $seed," "$(diagnosed $seed)" "$mutant" ${mark:+""}
            grep -v "^$step $mutant\( \|\$\)" "$known/list" >"$box/build/ref/$dir/mutants/list"
            left_out=$((left_out + 1))
            claim "$mutant of $step, unknown, seed $seed," "$(diagnosed $seed)" "" || false_ones=$((false_ones + 1))
        done
    done 3<"$known/list"
    rm -rf "$box/work/$dir" "$box/build/ref/$dir"
done
echo "$left_out gradings with the mistake left out, $false_ones false diagnoses"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
