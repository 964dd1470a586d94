#!/bin/sh
# predict.sh COMMAND ... -- guesses before measuring. A folder's file `predict` asks, work/predict/NAME.txt answers, and
# what was measured is a line more in work/predict/measured: NAME, question, guess, truth, date. The first guess counts.
#   ask 'DIRS'           write the questions to work/predict, where they are not yet
#   look 'DIRS' MAKE     measure what has been guessed and not been measured; say how near it was
#   show 'DIRS'          questions, guesses, truths
. scripts/given.sh
record=work/predict/measured

questions() { awk -F ' [|] ' '!/^#/ && NF >= 4' "$1/predict" 2>/dev/null; }
field() { printf '%s\n' "$1" | awk -F ' [|] ' -v n="$2" '{ print $n }'; }

ask() {
    for dir in $1; do
        name=$(name_of "$dir") file=work/predict/$(name_of "$dir").txt
        [ -f "$dir/predict" ] && [ ! -f "$file" ] && [ -f "work/$dir/$(source_of "$dir")" ] || continue
        mkdir -p work/predict 2>/dev/null || fail "work/predict cannot be written: $unwritable"
        { echo "# $name: a guess before you measure. Write a number behind each =; make grade EX=$name then"
          echo "# measures, and shows both. The first guess is the one that counts; what is left empty is not measured."
          questions "$dir" | awk -F ' [|] ' '{ printf "\n# %s\n%s =\n", $2, $1 }'; } | put "$file" || exit 1
    done
}

# "NAME GUESS" a line; what is no number is said on stderr.
guesses() {
    [ -f "work/predict/$1.txt" ] || return 0
    awk -v file="work/predict/$1.txt" '
        /^[ \t]*(#|$)/ { next }
        { eq = index($0, "="); name = substr($0, 1, eq - 1); value = substr($0, eq + 1)
          gsub(/[ \t\r]/, "", name); sub(/#.*/, "", value); gsub(/^[ \t]+|[ \t\r]+$/, "", value) }
        !eq { printf "%s:%d: no = in this line\n", file, FNR > "/dev/stderr"; next }
        value == "" { next }
        value !~ /^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$/ {
            printf "%s:%d: \"%s\" is no number; write it as 1234.5 or 1e6\n", file, FNR, value > "/dev/stderr"; next }
        { print name, value + 0 }' "work/predict/$1.txt"
}

recorded() {    # NAME QUESTION
    [ -f $record ] && awk -F '\t' -v n="$1" -v q="$2" '$1 == n && $2 == q && NF == 5 { print $3, $4; exit }' $record
}

# The number at the # of TEXT in a command's output.
find_number() {
    awk -v text="$1" 'BEGIN { number = "[-+]?[0-9]+([.][0-9]*)?(e[-+]?[0-9]+)?"; power = sub(/exp\(#\)/, "#", text)
                              at = index(text, "#"); before = substr(text, 1, at - 1); after = substr(text, at + 1) }
        match($0, before number after) {
            s = substr($0, RSTART, RLENGTH)
            if (before != "") sub(before, "", s)
            match(s, "^" number); v = substr(s, 1, RLENGTH)
            print power ? sprintf("%.4g", exp(v)) : v + 0; exit }'
}

compare() {    # NAME.QUESTION GUESS TRUTH
    awk -v what="$1" -v guess="$2" -v truth="$3" 'BEGIN {
        off = guess - truth; if (off < 0) off = -off; size = truth < 0 ? -truth : truth
        if (off == 0) how = "exactly"
        else if (size == 0 || guess * truth <= 0) how = sprintf("off by %.3g", off)
        else if (off < size) how = sprintf("off by %.0f %%", 100 * off / size)
        else how = sprintf("%.3g times too large", guess / truth)
        if (off > 0 && off < 0.005 * size) how = "off by less than 1 %"
        printf "Guess  %s: %s, measured %s, %s\n", what, guess, truth, how }'
}

look() {
    tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT || exit 1
    for dir in $1; do
        name=$(name_of "$dir")
        [ -f "$dir/predict" ] || continue
        ask "$dir"
        guesses "$name" >"$tmp/guesses"
        if [ ! -s "$tmp/guesses" ] && grep -q 'TODO(' "work/$dir/$(source_of "$dir")" && [ "$(echo $1 | wc -w)" = 1 ]; then
            echo "Guess  before you measure: work/predict/$name.txt asks $(questions "$dir" | wc -l) numbers of you"
        fi
        while read -r question guess <&3; do
            asked=$(questions "$dir" | awk -F ' [|] ' -v q="$question" '$1 == q')
            [ -n "$asked" ] ||
                { echo "work/predict/$name.txt: there is no question '$question' in $dir/predict"; continue; }
            [ -z "$(recorded "$name" "$question")" ] || continue
            command=$(field "$asked" 3)
            if [ "$command" != "$ran" ]; then
                echo "Guess  measuring, once: $command" >&2
                (eval "$2 ${command#make }") >"$tmp/said" 2>&1 </dev/null || ran=
                ran=$command
            fi
            truth=$(find_number "$(field "$asked" 4)" <"$tmp/said")
            if [ -z "$truth" ]; then
                echo "Guess  $name.$question could not be measured: $command ends:"
                tail -n 2 "$tmp/said"
                continue
            fi
            printf '%s\t%s\t%s\t%s\t%s\n' "$name" "$question" "$guess" "$truth" "$(date +%Y-%m-%d)" >>$record ||
                fail "$record cannot be written: $unwritable"
            compare "$name.$question" "$guess" "$truth"
        done 3<"$tmp/guesses"
    done
}

show() {
    for dir in $1; do
        name=$(name_of "$dir")
        [ -f "$dir/predict" ] || continue
        ask "$dir"
        echo "$name   (your guesses: work/predict/$name.txt)"
        guesses "$name" >"${TMPDIR:-/tmp}/guesses.$$"
        questions "$dir" | while read -r asked; do
            question=$(field "$asked" 1)
            echo "  $(field "$asked" 2)"
            set -- $(recorded "$name" "$question")
            now=$(awk -v q="$question" '$1 == q { print $2 }' "${TMPDIR:-/tmp}/guesses.$$")
            if [ $# = 2 ]; then compare "$question" "$1" "$2" | sed 's/^Guess/     /'
                [ "${now:-$1}" = "$1" ] || echo "       the file says $now now; the first guess counts"
            elif [ -n "$now" ]; then echo "       $question: $now, not measured yet: make grade EX=$name"
            else echo "       $question: no guess"; fi
        done
        rm -f "${TMPDIR:-/tmp}/guesses.$$"
    done
}

command=$1; shift
case $command in
ask | look | show) $command "$@" ;;
*) fail "predict.sh: no command $command" ;;
esac
