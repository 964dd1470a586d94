# ready.sh BIN DIR NAME -- lays out under build/ what the grader looks for, from what was handed out: one program under
# the names of all, the probes, the steps, and for each known mistake a file with its name, which that program reads.
bin=$1 dir=$2 name=$3 facts=grading/facts/$2
m=build/ref/$dir/mutants
link() { ln -sf "$PWD/$1" "$2" 2>/dev/null || cp "$1" "$2"; }
mkdir -p "$m" || { echo "build/ cannot be written: is the disk full, or this folder read-only?" >&2; exit 1; }
cp "$facts/steps" "$facts/list" "$facts/calls" "$m/" && cp "$facts/globals" "build/ref/$dir/" || exit 1
echo deleted >"$m/deleted.so"
while read -r step mutant mark; do echo "$step.$mutant" >"$m/$step.$mutant.so"; done <"$m/list"
for f in "build/ref/$dir/worker" "build/ref/$dir/judge" "$m/frame"; do link "$bin/grader" "$f" || exit 1; done
cp "$bin/$dir/probes.o" "build/ref/$dir/test_$name.worker.o" || exit 1
for v in asan count debug; do
    from=$bin/$dir/$v.probes.o
    [ -e "$from" ] || from=$bin/$dir/probes.o
    mkdir -p "build/$v/$dir" && cp "$from" "build/$v/$dir/test_$name.worker.o" || exit 1
done
# Where nobody has counted for this kind of machine, nothing is worth comparing, and no points hang on it.
cp "$bin/$dir/reference.counts" "build/count/$dir/" 2>/dev/null || echo 'costs 1' >"build/count/$dir/reference.counts"
. grading/toolchain.sh
for n in $needs; do         # the references of other exercises that this one asks for
    for o in "$bin"/stage[0-9]/[0-9][0-9]_"$n/$n.o"; do
        to=build/ref/${o#"$bin/"}
        [ -e "$o" ] && mkdir -p "${to%/*}" && cp "$o" "$to"
    done
done
: >"build/ref/$dir/ready"
