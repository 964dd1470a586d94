# test_grade_all.sh -- a folder of submissions becomes a gradebook, whatever lies in it; and a receipt is held to what
# it says. One exercise, L1 where there is one; grading/class.sh makes up whole classes, to be timed by hand.
. grading/tests/links.sh
ln -s "$root/build/grade-all" "$root/build/verify" "$box/build/"
in=$box/in out=$box/out-of-it reference=$dir/start.c
mkdir "$box/tmp" && chmod 711 "$box" "$box/tmp" && export TMPDIR="$box/tmp"
csv=$out/gradebook.csv
grep -q '^sodium_libs *:= *-' build/config.mk || { echo "without libsodium there is no grade-all"; finish; }
level=L1; build/grade --level L1 $dir >/dev/null 2>&1; [ $? = 3 ] && level=L0
all() { (cd "$box" && build/grade-all --level $level --out "$out" "$@" "$in" $dir) >"$box/out" 2>"$box/err"; }
row() { grep -qE -- "$2" "$csv" && ok || { no "$1: no row like $2"; grep -v '^"learner"' "$csv"; }; }

mkdir -p "$in/right/$dir" "$in/wrong" "$in/none" "$in/broken" "$in/twice/$dir" "$in/early"
cp $reference "$in/right/$dir/"
sed 's/n < N; n++)/n < N - 1; n++)/' $reference >"$in/wrong/start.c"
echo 'int one(void) { return two; }' >"$in/broken/start.c"
cp $reference "$in/twice/$dir/"; { cat $reference; echo '/* */'; } >"$in/twice/start.c"
cp "$in/wrong/start.c" $dir/start.h "$in/early/"
sed -i 's/^#include "start.h"/&\n#include "own.h"/' "$in/early/start.c"; echo 'enum { OWN };' >"$in/early/own.h"

# ---- Odd names, links, pipes, folders, sizes -----------------------------------------------------------------------

cd "$in" || exit 1
mkdir -- '$(touch x)' '-rf' "$(printf 'two\nlines')" "$(printf 'latin\351')" '=1+1' 'a"b,c' link pipe folder huge
for l in '$(touch x)' ./-rf "$(printf 'two\nlines')" "$(printf 'latin\351')" '=1+1' 'a"b,c'; do
    cp "$in/broken/start.c" "$l/start.c"
done
ln -s "$root/$reference" link/start.c
mkfifo pipe/start.c
mkdir folder/start.c
truncate -s 1G huge/start.c
ln -s right "to right"
mkdir -p inner && ln -s "$root/stage0" inner/stage0
echo hello >"a file"
cd "$root" || exit 1

all && ok || no "status $?: $(cat "$box/err")"
says "the end" '^19 learners, 1 exercises: 10 graded, 0 kept from before, 9 not handed in or not taken, 0 faults'
[ "$(wc -l <"$csv")" = 20 ] && ok || no "the gradebook has $(wc -l <"$csv") lines"
row "a right file" '^"right",(100|80),(100|80),(100|80),"PASS","",""$'
row "a header of one's own" '^"early",[0-9]+,100,[0-9]+,"WRONG"'
row "a wrong file" '^"wrong",[0-9]+,100,[0-9]+,"WRONG","",""$'
row "nothing handed in" '^"none",0,100,0,"TODO","","start: not handed in"$'
row "does not compile" '^"broken",0,100,0,"BUILD","","start: work/stage0/00_start/start.c:1:'
row "twice" '^"twice",0,100,0,"BUILD","","start: handed in twice, and not the same: start.c and stage0/00_start/s'
row "a command as a name" '^"\$\(touch x\)",0,'
row "an option as a name" "^\"'-rf\",0,"
row "two lines as a name" '^"two%0alines",0,'
row "not UTF-8" '^"latin%e9",0,'
row "a formula" "^\"'=1\+1\",0,"
row "quotes and commas" '^"a""b,c",0,'
row "a link" '^"link",0,100,0,"BUILD","","start: start.c is a link, not a file"$'
row "a pipe" '^"pipe",0,100,0,"BUILD","","start: start.c is a pipe, not a file"$'
row "a folder" '^"folder",0,100,0,"BUILD","","start: start.c is a folder, not a file"$'
row "a gigabyte" '^"huge",0,100,0,"BUILD","","start: start.c has 1024.0 MB; a source has at most 256 KB"$'
row "a link to another's" '^"to right",0,100,0,"BUILD","","a link, not a folder"$'
row "a stage that is a link" '^"inner",0,100,0,"BUILD","","start: stage0 is a link or a file, not a folder"$'
row "a stray file" '^"a file",0,100,0,"BUILD","","a file, not a folder"$'
[ -z "$(find "$box" "$root" -maxdepth 2 -name x)" ] && ok || no "a name was run"
ls "$out" | grep -q '^-' && no "a folder of ours has an option's name" || ok
[ "$(stat -c %a "$out/course.key")" = 600 ] && ok || no "others can read the key"
[ -f "$out/right/feedback.md" ] && grep -q '^    stage0/00_start' "$out/right/feedback.md" && ok || no "no feedback"
grep -q 'not graded yet' "$out"/*/feedback.md && no "a refusal looks like a fault of ours" || ok

# ---- It goes on where it was, and only there ------------------------------------------------------------------------

cp "$csv" "$box/before"
all && ok || no "again: status $?"
says "again" ' 0 graded, 10 kept from before, 9 not'
cmp -s "$csv" "$box/before" && ok || no "the same again gives another gradebook"
cp "$in/wrong/start.c" "$in/broken/start.c"
printf '{"format": 1, "exerc' >"$out/wrong/grade.json"
rm -r "$out/early"
all
says "changed, torn and lost" ' 3 graded, 7 kept'
row "changed" '^"broken",[0-9]+,100,[0-9]+,"WRONG"'

# ---- Stopped, killed, twice at once ---------------------------------------------------------------------------------

more=$box/more
for n in 1 2 3 4; do mkdir -p "$more/l$n" && cp "$in/wrong/start.c" "$more/l$n/"; done
# cut SIGNAL: a run over these four that is sent it after its first grade.json
cut() {
    rm -rf "$box/cut"
    (cd "$box" && exec build/grade-all --level $level --jobs 1 --out "$box/cut" "$more" $dir) >"$box/out" 2>&1 &
    pid=$!
    until [ -n "$(ls "$box"/cut/*/grade.json 2>/dev/null)" ]; do sleep 0.02; kill -0 $pid 2>/dev/null || break; done
    kill -"$1" $pid
    wait $pid 2>/dev/null
}
if [ -n "$COURSE_FULL" ]; then
    cut TERM; [ $? = 1 ] && ok || no "stopped: not status 1"
    says "stopped" '^Stopped: [1-4] graded, 0 kept from before; the same command goes on$'
    [ -z "$(ls "$TMPDIR")" ] && ok || no "a run that was stopped leaves: $(ls "$TMPDIR")"
fi
cut KILL
(cd "$box" && build/grade-all --level $level --out cut "$more" $dir) >"$box/out" 2>&1
says "killed" '^4 learners, 1 exercises: [0-3] graded, [1-4] kept from before'
grep -c '"WRONG"' "$box/cut/gradebook.csv" | grep -qx 4 && ok || no "after a kill not all have their row"
rm -rf "$TMPDIR"/*
(cd "$box" && flock cut build/grade-all --level $level --out cut "$more" $dir) >"$box/out" 2>&1; [ $? = 2 ] && ok ||
    no "two runs write to one place"
says "two runs" 'another make grade-all writes there'
(cd "$box" && build/grade-all --level $level --out "$more/here" "$more" $dir) >"$box/out" 2>&1; [ $? = 2 ] && ok ||
    no "OUT in DIR is taken"
rmdir "$more/here"

# ---- A neighbour's file ---------------------------------------------------------------------------------------------

if [ $level = L1 ]; then
    for up in "$in/right/$dir" ${COURSE_FULL:+../../../../../../in/right/$dir "$root/stage0/00_start"}; do
        printf '#include "%s/start.c"\n' "$up" >"$more/l1/start.c"
        (cd "$box" && build/grade-all --out cut "$more" $dir) >"$box/out" 2>&1
        grep -q '^"l1",0,100,0,"BUILD"' "$box/cut/gradebook.csv" && ok || no "$up can be included"
    done
fi

# ---- Our own fault is nobody's zero ---------------------------------------------------------------------------------

rm "$box/build/ref" && mkdir -p "$box/build/ref/grading" "$box/build/ref/stage0"
cp -p build/ref/grading/worker.o build/ref/grading/probe.o "$box/build/ref/grading/"
cp -rp build/ref/$dir "$box/build/ref/stage0/"
printf '#!/bin/sh\nexit 1\n' >"$box/build/ref/$dir/judge"
rm -r "$in"/[!wn]* && all --jobs 1; [ $? = 3 ] && ok || no "a broken judge: status $?"
row "a broken judge" '^"wrong",0,0,,"INTERNAL","start",""$'
grep -q '^wrong, start: the judge gave no verdict' "$out/infrastructure.txt" && ok ||
    no "infrastructure.txt: $(cat "$out/infrastructure.txt")"
grep -q 'fault of its own' "$out/wrong/feedback.md" && ok || no "feedback does not say whose fault it is"
rm -r "$box/build/ref" && ln -s "$root/build/ref" "$box/build/ref"

# ---- Seeds ----------------------------------------------------------------------------------------------------------

seed() { awk -F'"' '/"seed"/ { print $4 }' "$out/$1/grade.json"; }
all && one=$(seed wrong)
mkdir "$in/wronger" && cp "$in/wrong/start.c" "$in/wronger/" && all && two=$(seed wronger)
[ -n "$one" ] && [ "$one" != "$two" ] && ok || no "two learners have the same seed: $one"
cp "$out/course.key" "$box/key" && rm -r "$out" && all --key "$box/key"
[ "$(seed wrong)" = "$one" ] && [ ! -f "$out/course.key" ] && ok ||
    no "the key gives another seed: $(seed wrong), not $one"
rm -r "$in/wronger"
if [ -n "$COURSE_FULL" ]; then
    echo 0123456789abcdefx >"$box/key2" && all --key "$box/key2"
    [ "$(seed wrong)" != "$one" ] && ok || no "another key gives the same seed"
fi
echo short >"$box/key2"; all --key "$box/key2"
[ $? = 2 ] && grep -q 'holds no key' "$box/err" && ok || no "a short key"

# ---- Receipts -------------------------------------------------------------------------------------------------------

verify() { (cd "$box" && build/verify --level $level "$@" $dir) >"$box/out" 2>&1; }
cp "$in/wrong/start.c" "$src" && grade $dir
verify work/grade.json && ok || no "an honest receipt: status $?"
says "an honest receipt" '^ +holds$'
verify --key "$box/key" --learner wrong work/grade.json; [ $? = 1 ] && ok || no "another's seed: status $?"
says "another's seed" 'the seed is not this course.s for the learner wrong'
all --key "$box/key"
verify --work "$in/wrong" --key "$box/key" "$out/wrong/grade.json" && ok || no "a class's receipt: status $?"
says "a class's receipt" '^ +holds$'
verify --work "$in/wrong" --key "$box/key" --learner wronger "$out/wrong/grade.json"
[ $? = 1 ] && ok || no "a neighbour's receipt"
sed 's/"verdict": "WRONG"/"verdict": "PASS"/' "$box/work/grade.json" >"$box/forged.json"
verify --work work "$box/forged.json"; [ $? = 1 ] && ok || no "forged verdicts: status $?"
says "forged verdicts" 'PASS is claimed, WRONG found'
sed 's/"points": [0-9]*,/"points": 100,/' "$box/work/grade.json" >"$box/forged.json"
verify --work work "$box/forged.json"; [ $? = 1 ] && ok || no "forged points: status $?"
says "forged points" 'points: 100 is claimed, its parts make'
echo '/* changed since */' >>"$src"
verify work/grade.json; [ $? = 1 ] && ok || no "a changed file: status $?"
says "a changed file" 'start.c is not the file that was graded'
head -c 200 "$box/work/grade.json" >"$box/torn.json"
verify --work work "$box/torn.json"; [ $? = 2 ] && ok || no "a torn receipt: status $?"
says "a torn receipt" 'torn.json is no whole grade.json'
finish
