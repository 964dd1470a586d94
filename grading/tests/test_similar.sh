# test_similar.sh -- make similar: copies are found when names, order and comments were changed; right answers written
# another way, untouched skeletons and copies of the reference accuse nobody; odd files get a reason.
box=$(mktemp -d "${TMPDIR:-/tmp}/similar.XXXXXX") || exit 1
trap 'rm -rf "$box"' EXIT
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; head -n 8 "$box/said" | sed 's/^/    /'; }
subs=$box/subs csv=$box/similar.csv
rooms=
similar() { "${SIMILAR:-build/similar}" --out "$csv" "$@" >"$box/said" 2>&1; }
says() { grep -qE -- "$2" "$box/said" && ok || no "$1: no line like '$2'"; }
put() { mkdir -p "$subs/$1" && cp "$2" "$subs/$1/$3.c"; }
marked() { grep -cE '^"[a-z_]+","[^"]*","[^"]+",yes,' "$csv"; }

# Other names, no comments, the functions in reverse order.
disguise() {
    names='n|c|k|i|j|t|d|m|b|h|o|sum|total|max|dot|row|rows|best|from|to|score|scale|lse|s|p|q'
    sed -E "s,/\*.*\*/,,; s/\b($names)\b/my_\1/g" "$1" |
        awk 'BEGIN { RS = "" } { p[NR] = $0 } END { print p[1]; for (i = NR; i > 1; i--) print "\n/* mine */\n" p[i] }'
}

# ---- Honest ones -------------------------------------------------------------------------------------------------

# Exercises whose honest variants were written apart; elsewhere one may be another with a function exchanged.
for name in start linear_regression kmeans softmax mlp attention; do rooms="$rooms $(ls -d stage*/??_$name)"; done
n=0
for d in $rooms; do
    name=${d##*/??_}
    put "the reference" $d/$name.c $name
    awk -f grading/skeleton.awk $d/$name.c >"$box/skeleton"
    put untouched "$box/skeleton" $name && put untouched_too "$box/skeleton" $name
    for h in $d/honest/*.c; do put "$(basename "$h" .c)" "$h" $name; n=$((n + 1)); done
done
similar "$subs" && ok || no "status"
[ "$(marked)" = 0 ] && ok || no "honest ones are accused: $(grep ',yes,' "$csv" | head -n 2)"
says "honest ones" '1 written nearly as the reference is'
says "untouched" 'too little of their own to tell'

# ---- Copies ------------------------------------------------------------------------------------------------------

for d in ${rooms#*start}; do
    name=${d##*/??_}
    for h in $d/honest/*.c; do disguise "$h" >"$box/copy"; put "copy_of_$(basename "$h" .c)" "$box/copy" $name; done
done
similar "$subs"
missed=
for d in ${rooms#*start}; do
    for h in $d/honest/*.c; do
        b=$(basename "$h" .c)
        grep -qE "^\"${d##*/??_}\",\"(copy_of_$b\",\"$b|$b\",\"copy_of_$b)\",yes," "$csv" && ok ||
            no "a copy of $h was not found"
    done
done
[ "$(marked)" = $((n - 2)) ] && ok || no "$(marked) pairs are marked, $((n - 2)) are copies"
[ "$(sed -n 's/^"[a-z_]*","[^"]*","[^"]*",yes,\([0-9]*\),.*/\1/p' "$csv" | sort -n | head -n 1)" -ge 80 ] && ok ||
    no "a whole copy shares less than 80 %"
similar --exercise mlp "$subs"
says "one exercise" '^stage2/05_mlp: .* 2 pairs to read side by side'
[ "$(wc -l <"$box/said")" -le 6 ] && ok || no "--exercise shows others"
# Half a copy: the other half is another's own.
mkdir -p "$subs/half"
awk 'BEGIN { RS = ""; ORS = "\n\n" } NR <= 6' stage2/19_attention/honest/key_by_key.c >"$subs/half/attention.c"
similar --exercise attention "$subs"
grep -qE '^"attention","(half","key_by_key|key_by_key","half)",yes' "$csv" && ok || no "half a copy was not found"
# A whole class with the same text.
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    mkdir -p "$box/class/$i" && cp stage2/05_mlp/honest/rows_of_weights.c "$box/class/$i/mlp.c"
done
similar "$box/class"
says "a class of one text" '12 have nearly all in common with many others'

# ---- Odd submissions ---------------------------------------------------------------------------------------------

odd=$box/odd
mkdir -p "$odd/\$(touch x)" "$odd/-rf" "$odd/=cmd|x" "$odd/a
newline" "$odd/$(printf 'nu\377l')" "$odd/link" "$odd/pipe" "$odd/folder/start.c" "$odd/large" "$odd/zeros" \
    "$odd/empty" "$odd/deep/stage0/07_start" "$odd/esc$(printf '\033[31m')" "$odd/nothing"
for f in "$odd"/*/; do cp stage0/00_start/honest/halves.c "${f}start.c" 2>/dev/null; done
mv "$odd/deep/start.c" "$odd/deep/stage0/07_start/"; rm "$odd/nothing/start.c"
rm -rf "$odd"/folder/start.c "$odd"/link/start.c "$odd"/pipe/start.c && mkdir "$odd/folder/start.c"
ln -s ../deep/stage0/07_start/start.c "$odd/link/start.c" && mkfifo "$odd/pipe/start.c"
ln -s deep "$odd/linked_learner"; : >"$odd/a file"
truncate -s 1G "$odd/large/start.c"; head -c 5000 /dev/zero >"$odd/zeros/start.c"; : >"$odd/empty/start.c"
for i in 1 2 3 4 5 6; do printf '"/*\\' ; head -c 20000 /dev/urandom; done >"$odd/zeros/start.c"
similar "$odd" && ok || no "odd submissions: status $?"
[ -e x ] && no "a name was run" || ok
says "a link" 'not compared: link: start.c is a link, not a file'
says "a learner that is a link" 'not compared: linked_learner: a link'
says "a pipe" 'not compared: pipe: start.c is a pipe, not a file'
says "a folder" 'not compared: folder: start.c is a folder, not a file'
says "1 GB" 'not compared: large: start.c has 1024.0 MB'
says "copies under odd names" '14 submissions, 21 pairs'
grep -q "$(printf '[\033\377]')" "$box/said" && no "a control character reached the terminal" || ok
grep -q "'=cmd" "$csv" && grep -q '"nu\\xffl"' "$csv" && ok || no "names in the CSV"
! command -v python3 >/dev/null || python3 -c 'import csv, sys
rows = list(csv.reader(open(sys.argv[1], newline="", encoding="utf-8"), strict=True))
assert len(rows) > 5 and {len(r) for r in rows} == {10}' "$csv" && ok || no "the CSV does not parse"
echo old >"$csv"
similar "$box/no such folder"; [ $? = 1 ] && ok || no "no such folder: status"
says "no such folder" 'no such folder: No such file'
[ "$(cat "$csv")" = old ] && ok || no "the old file is gone"
similar "$box/subs/half"; [ $? = 1 ] && ok || no "no submissions: status"
says "no submissions" 'no submission: DIR holds a folder a learner'
similar; [ $? = 2 ] && ok || no "no folder: status"
similar --exercise start "$odd" && build/similar --exercise start "$odd" >"$box/other" &&
    cmp -s "$box/said" "$box/other" && ok || no "with OUT= it prints another text"

echo "$passed passed, $failed failed"
[ $failed = 0 ]
