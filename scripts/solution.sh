#!/bin/sh
# solution.sh DIR NAME [STEP] [ALL] -- the learner's functions beside the reference's, a step at a time. A step that is
# not complete stays hidden until it is asked for: ALL is a word, any.
dir=$1 name=$2 only=$3 all=$4
. scripts/given.sh
src=$(source_of "$dir"); mine=work/$dir/$src ref=$dir/$src
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
colour=never
[ -t 1 ] && [ -z "$NO_COLOR" ] && [ "$TERM" != dumb ] && colour=always

# "softmax_log PASS 7.5 12.5" a step, as last graded: the grader writes a key a line.
graded() {
    [ -f work/grade.json ] && awk -v ex="\"$name\"" '
        $1 == "\"exercise\":" { on = index($2, ex) == 1 }
        { value = $2; gsub(/[",]/, "", value) }
        on && $1 == "\"step\":" { step = value; state = points = "" }
        on && step != "" && $1 == "\"state\":" { state = value }
        on && step != "" && $1 == "\"points\":" { points = value + 0 }
        on && step != "" && $1 == "\"of\":" { print step, state, points, value + 0; step = "" }' work/grade.json
}

lines() { awk -v f="$1" -f grading/steps.awk "$2" 2>/dev/null | awk -v f="$1" '$1 == f { print $3; exit }'; }

show() {    # STEP NOTE
    awk -v step="$1" -f scripts/step.awk "$mine" >"$tmp/yours"
    awk -v step="$1" -f scripts/step.awk "$ref" >"$tmp/reference"
    echo "$1 · $2"
    if [ ! -s "$tmp/yours" ]; then echo "  $mine has no such function; the reference:"; sed 's/^/+ /' "$tmp/reference"
    elif cmp -s "$tmp/yours" "$tmp/reference"; then echo "  yours is the reference, word for word"
    else
        echo "- yours, $mine:$(lines "$1" "$mine")"
        echo "+ the reference, $ref:$(lines "$1" "$ref")"
        # Whole functions, so no line numbers of pieces: what git says before the first line is left out.
        (cd "$tmp" && git --no-pager -c core.safecrlf=false diff --no-index --color=$colour -U1000 yours reference) |
            sed '1,/^[^-+ ]*@@ /d'
    fi
    echo
}

graded >"$tmp/graded"
awk -f grading/steps.awk "$ref" | awk '$2 != "none" { print $1 }' >"$tmp/steps"
if [ -n "$only" ] && ! grep -qx -- "$only" "$tmp/steps"; then
    echo "$name has no step $only; there are $(tr '\n' ' ' <"$tmp/steps")" >&2; exit 2
fi
hidden=
while read -r step <&3; do
    [ -z "$only" ] || [ "$only" = "$step" ] || continue
    set -- $(grep "^$step " "$tmp/graded")
    note="${3:+$3/$4 points}"
    if [ "$2" = PASS ] || [ -n "$all" ]; then show "$step" "${note:-not graded}"
    else hidden="$hidden $step"; echo "$step · ${2:-not graded}${note:+, $note}: not shown before it passes"; fi
done 3<"$tmp/steps"
[ -z "$hidden" ] && exit 0
set -- $hidden
echo "A hint instead:  make hint EX=$name.$1"
echo "All the same:    make solution EX=$name.$1 ALL=1"
