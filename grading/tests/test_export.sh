# test_export.sh -- grade.json in four formats of others: each is read by somebody else's parser, whatever a learner's code
# said; a damaged grade.json gets a sentence.
box=$(mktemp -d "${TMPDIR:-/tmp}/export.XXXXXX") || exit 1
trap 'rm -rf "$box"' EXIT
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; }
json=$box/grade.json
export_to() { "${EXPORT:-build/export}" --from "$json" --out "$box/out" "$@" >"$box/said" 2>&1; }
command -v xmllint >/dev/null || echo "xmllint is not here: JUnit's XML is not held against its schema"
command -v python3 >/dev/null || echo "python3 is not here: JSON and CSV are not read by another's parser"

# Files for others' parsers, which read all of them at the end: to start one for each would take longer than all else.
kept=0
mkdir "$box/kept"
keep() { kept=$((kept + 1)); cp "$box/out" "$box/kept/$kept.$1"; printf '%s\n' "$2" >"$box/kept/$kept"; }
valid() {    # WHAT KIND [OPTION...]
    what=$1 kind=$2; shift 2
    rm -f "$box/out"
    if export_to "$@" "$kind"; then keep "$kind" "$what"; else no "$what as $kind: $(cat "$box/said")"; fi
}
all_read() {    # WHOSE COUNT OF
    passed=$((passed + $2))
    [ "$2" = "$3" ] || no "$1 reads $2 of $3 files, such as $(sed -n "s,$box/kept/,,; 1p" "$box/said"), which is $(
        cat "$box/kept/$(sed -n "s,$box/kept/\\([0-9]*\\).*,\\1,p" "$box/said" | head -n 1)")"
}
refused() {    # WHAT PATTERN: a sentence that names the file, and the old output stays
    echo old >"$box/out"
    for kind in junit gradescope exercism csv; do
        export_to $kind; [ $? = 1 ] || no "$1 as $kind: accepted"
        [ "$(wc -l <"$box/said")" = 1 ] && grep -qE "^$json.*$2" "$box/said" && ok || no "$1: $(cat "$box/said")"
        [ "$(cat "$box/out")" = old ] && ok || no "$1 as $kind: the old file is gone"
    done
}

# ---- Every verdict, every state ----------------------------------------------------------------------------------

step() {    # NAME STATE POINTS VERDICT...
    printf '%s{"step": "%s", "state": "%s", "points": %s, "of": 12.5, "correctness": %s, "robustness": 0.0,' \
        "$comma" "$1" "$2" "$3" "$3"
    printf ' "performance": 0.0, "line": 7, "probes": ['
    comma=,; shift 3
    sep=
    for v; do
        printf '%s{"probe": "p_%s", "verdict": "%s"' "$sep" "$v" "$v"
        [ "$v" = PASS ] || printf ', "trial": 0, "text": "what was said", "signal": "SIGSEGV"'
        [ "$v" = WRONG ] && printf ', "place": "dx[0]", "expected": "-0.25", "got": "nan", "tolerance": "6.0e-07"'
        printf '}'; sep=,
    done
    printf ']}'
}
exercise() {    # NAME STATE POINTS TEXT STEPS
    printf '{"exercise": "%s", "folder": "stage2/03_%s", "points": %s, "of": 100, "complete": false,' "$1" "$1" "$3"
    printf ' "state": "%s", "text": "%s", "seed": "0x51c2", "compiler": "gcc", "course": "v0", "isolation": "L1",' \
        "$2" "$4"
    printf ' "correctness": %s.0, "robustness": 0.0, "performance": 0.0, "steps": [%s]}' "$3" "$5"
}
report() { printf '{"format": 1, "exercises": [%s]}\n' "$1" >"$json"; }

comma=
steps=$(step a WRONG 2 PASS WRONG CRASH EARLY-EXIT; comma=,; step b TIME 0 TIME BLOCKED OUTPUT MEMORY FORBIDDEN
        step c TODO 0 TODO SKIP; step d PASS 12.5 PASS)
report "$(exercise softmax GRADED 14 '' "$steps"),$(exercise one BUILD 0 'x.c:1: error' ''),$(
    exercise two TODO 0 'not begun' ''),$(exercise three SKIP 0 'needs a GPU' '')"
for kind in junit gradescope csv; do valid "every verdict" $kind; done
for name in softmax one two three; do valid "$name" exercism --exercise $name; done
export_to junit
grep -q 'tests="12" failures="8" errors="0" skipped="2"' "$box/out" && ok || no "the counts of JUnit"
grep -q 'dx\[0\]: expected -0.25, got nan (tolerance 6.0e-07)' "$box/out" && ok || no "JUnit has no values"
export_to exercism; [ $? = 1 ] && grep -q 'say EX=softmax' "$box/said" && ok || no "exercism of many: $(cat "$box/said")"
export_to --exercise nosuch csv; [ $? = 1 ] && grep -q 'nosuch is not in it' "$box/said" && ok || no "an unknown name"
export_to --exercise softmax exercism; grep -q '"status": "fail"' "$box/out" && ok || no "exercism's status"
export_to csv; grep -q '"a","WRONG",2,12.5,.*"p_WRONG","dx\[0\]: expected' "$box/out" && ok || no "the rows of CSV"
build/export --from "$json" csv | cmp -s - "$box/out" && ok || no "printed, it is another"
build/export --from "$json" nosuch 2>"$box/said"; [ $? = 2 ] && ok || no "an unknown format"

# ---- What strangers say ------------------------------------------------------------------------------------------

big=$(head -c 70000 /dev/zero | tr '\0' x)
for bad in ']]></failure><x>&y;' '\\\"quoted\\\", \\n' '=cmd|calc' '@SUM(A1)' '\u0001\u001b[31m\u007f\u0085' '-' '1e5' \
    '\uffff\ufffe\ufdd0' '\ud83d\ude00 \u202e' ',,,;;\r\n\t' '<!--' '\uff1dcmd' ' =1+1' "$big" ' x'; do
    comma=
    steps=$(step "$bad" "$bad" 0 PASS "$bad" WRONG | sed 's/what was said/&/')
    report "$(exercise "$bad" GRADED 0 "$bad" "$steps"),$(exercise "n$bad" BUILD 0 "$bad" '')"
    for kind in junit gradescope csv; do valid "$(printf %.30s "$bad")" $kind; done
    report "$(exercise n "$bad" 0 "$bad" '')"
    valid "$(printf %.30s "$bad")" exercism
done

# ---- Damaged -----------------------------------------------------------------------------------------------------

comma=
report "$(exercise softmax GRADED 14 '' "$(step a WRONG 2 PASS WRONG)")"
cp "$json" "$box/good"
for n in 0 1 20 60 200 400; do head -c $n "$box/good" >"$json"; refused "torn after $n bytes" 'damaged'; done
echo '[]' >"$json"; refused 'a list' 'not a grade.json'
echo '{"format": 2, "exercises": []}' >"$json"; refused 'a newer one' 'format 2'
echo '{"format": 1}' >"$json"; refused 'no exercises' 'not a list'
echo '{"format": 1, "exercises": []}' >"$json"; refused 'an empty one' 'no exercise'
for field in exercise folder state points correctness steps step of verdict probes; do
    sed "s/\"$field\":/\"not_$field\":/" "$box/good" >"$json"; refused "no $field" "$field"
done
sed 's/"points": 14/"points": "14"/' "$box/good" >"$json"; refused 'points as text' 'points|number|real'
sed 's/"steps": \[/"steps": [5, /' "$box/good" >"$json"; refused 'a step that is a number' 'step 1'
printf '\000\001\002' >"$json"; refused 'bytes' 'damaged'
rm "$json"; refused 'none' 'No such file'
mkdir "$json"; refused 'a folder' 'a folder, not a file'
rmdir "$json"
cp "$box/good" "$json"
build/export --from "$json" --out "$box/no/such" csv 2>"$box/said"; [ $? = 1 ] && grep -q 'No such file' "$box/said" &&
    ok || no "a folder that is not there"
build/export --from "$json" csv 2>"$box/said" >/dev/full; [ $? = 1 ] && grep -q 'No space' "$box/said" && ok ||
    no "a full disk: $(cat "$box/said")"
# Bytes that were changed at random, the same ones in every run: a sentence or a valid file, never a signal.
awk 'BEGIN { srand(5); for (i = 0; i < 40; i++) print int(rand() * 600), int(rand() * 255) + 1 }' >"$box/places"
while read -r at byte; do
    cp "$box/good" "$json"
    printf "$(printf '\\%03o' "$byte")" | dd of="$json" bs=1 seek="$at" conv=notrunc 2>/dev/null
    export_to junit
    case $? in
    0) keep junit "byte $at is $byte" ;;
    1) [ "$(wc -l <"$box/said")" = 1 ] && ok || no "byte $at is $byte: $(cat "$box/said")" ;;
    *) no "byte $at is $byte: status $?" ;;
    esac
done <"$box/places"

if command -v xmllint >/dev/null; then
    set -- "$box"/kept/*.junit
    xmllint --noout --schema "${JUNIT_XSD:-grading/tests/junit.xsd}" "$@" >"$box/read" 2>&1
    grep -v ' validates$' "$box/read" >"$box/said"
    all_read xmllint "$(grep -c ' validates$' "$box/read")" $#
fi
if command -v python3 >/dev/null; then
    set -- "$box"/kept/*.*
    python3 grading/tests/exported.py "$@" >"$box/said" 2>&1
    all_read Python "$(tail -n 1 "$box/said")" $#
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
