# test_dist.sh -- what make dist hands out: nothing of a reference is in it, and it gives the grades of the whole course,
# for the same file and seed. With COURSE_FULL=1 for every exercise, honest variant and known mistake; that gcc and make
# are enough is clean-root.sh's to show.
. grading/tests/links.sh
plain() { env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u MAKEOVERRIDES "$@"; }
dirs=$dir only='EX=start PROGRAMS=no'
[ -n "$COURSE_FULL" ] && dirs=$(echo stage[0-9]/[0-9][0-9]_*) only=
plain make -s dist OUT="$box/c.tar.gz" ARCHS="$(uname -m)" $only >"$box/out" 2>&1 && ok ||
    { no "make dist:"; cat "$box/out"; finish; }
mkdir "$box/handed out" && tar -xzf "$box/c.tar.gz" -C "$box/handed out" && ok || no "the archive cannot be unpacked"
there="$box/handed out/course"

here() { (cd "$there" && plain "$@") >"$box/out" 2>&1 </dev/null; }

# ---- Nothing of a reference ----
# A line that any skeleton or program hands out, such as a loop over n, gives nothing away, on its own or as a part.
{ cat stage*/*/main.c stage*/*/*.h stage*/*/plug.c common/*.h grading/*.[ch]
  for d in $dirs; do awk -f grading/skeleton.awk "$d/${d##*/[0-9][0-9]_}.c"; done; } >"$box/open" 2>/dev/null
for d in $dirs; do
    awk '{ bare = $0; sub(/^[ \t]+/, "", bare) }
        /^[ \t]*\/\* given:$/ { given = 1 } given { if (/^[ \t]*\*\/$/) given = 0; known[bare]; next }
        FNR != NR && /\/\* exercise: / { inside = 1; next } /^[ \t]*\/\* end \*\/$/ { inside = 0; next }
        length(bare) < 16 { next }
        inside { secret[bare]; next } { known[bare] }
        END { for (l in secret) if (!(l in known)) print l }' "$box/open" "$d/${d##*/[0-9][0-9]_}.c"
done | sort -u | while IFS= read -r l; do grep -qF -e "$l" "$box/open" || printf '%s\n' "$l"; done >"$box/secret"
[ "$(wc -l <"$box/secret")" -gt 1 ] && ok || no "no line of the references to look for"
found=$(cd "$there" && find . -type f ! -name '*.gz' ! -path './stage*/README.md' | while read -r f; do
    grep -aqFf "$box/secret" "$f" && echo "$f"; done)
[ -z "$found" ] && ok || no "lines of the references are in $found"
found=$(cd "$there" && find . -name .git -o -name 'bench_*' -o -path '*honest*' -o -path '*hostile*' -o -name 'Criterion*')
[ -z "$found" ] && ok || no "handed out: $found"
grader=$(echo "$there"/grading/bin/*/grader)
[ -z "$(nm "$grader" 2>/dev/null)" ] && ok || no "the grader has names that could be linked"
! grep -aq "$PWD" "$grader" "$there"/grading/bin/*/*/*/*.o && ok || no "a path of this machine is in what is handed out"

# ---- The commands ----
for s in $(for d in $dirs; do echo "${d%%/*}"; done | sort -u); do
    here make "$s"; says "$s" "next  work/$s/[0-9a-z_]+/[a-z_]+.c:[0-9]+"
done
here make grade EX=start
says 'the skeleton' '0/100 points'; says 'a known mistake is named' 'The last value is never written'
for c in next list 'hint EX=start' 'reset EX=start'; do here make $c && ok || { no "make $c:"; cat "$box/out"; }; done
here make solution; says solution 'left out: the references are not in this archive'
here make bench; says bench 'left out'
here make EX=strat grade; says 'a wrong name' "no exercise 'strat'. The nearest names: start"
here make export TO=csv; says export '"start_dot"'
if [ -n "$COURSE_FULL" ]; then
    cp stage0/00_start/start.c "$there/work/$dir/"
    here make run EX=start; says run 'of 359 recognised'
fi

# ---- The same grades ----
# Of a report all but points for performance, on which "complete" rests too: a count's seed is the machine's own. Of a
# value the first four digits: what is handed out is compiled for any processor, and adds without FMA.
essence() {
    awk '/"(course|complete|performance|cost_over_reference|points|of)":/ { next }
        /"(expected|got)": "-?[0-9.]+(e[-+][0-9]+)?"/ {
            split($0, part, "\""); printf "%s: %.4g\n", part[2], part[4]; next }
        { print }' "$1"
}
same() {    # DIR FILE
    n=${1##*/[0-9][0-9]_}
    for w in "$box/work/$1" "$there/work/$1"; do mkdir -p "$w" && cp "$2" "$w/$n.c"; done
    grade --seed 7 --level L0 "$1"
    here ./build/grade --seed 7 --level L0 "$1"
    essence "$box/work/grade.json" >"$box/a"; essence "$there/work/grade.json" >"$box/b"
    cmp -s "$box/a" "$box/b" && ok || { no "$2 is graded otherwise:"; diff "$box/a" "$box/b" | head -n 10; }
}
for d in $dirs; do
    n=${d##*/[0-9][0-9]_} m=build/ref/$d/mutants k=0
    mkdir -p "$box/work/$d"
    cp "$d/$n.h" "$box/work/$d/"
    rm -f "$box/work/grade.json" "$there/work/grade.json"
    same "$d" "$d/$n.c"
    same "$d" "$m/skeleton.c"
    printf 'int x = ;\n' >"$box/broken.c"; same "$d" "$box/broken.c"
    printf '#include "%s.h"\n' "$n" >"$box/empty.c"; same "$d" "$box/empty.c"
    while read -r step mutant mark; do
        k=$((k + 1))
        [ $((k % 4)) = 1 ] || [ -n "$COURSE_FULL" ] || continue
        same "$d" "$m/$step.$mutant.c"
    done <"$m/list"
    [ -z "$COURSE_FULL" ] || for f in "$d"/honest/*.c; do same "$d" "$f"; done
done
finish
