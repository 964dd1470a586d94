# test_progress.sh -- guesses before measuring, and how far one has come: from what grading left in work/, torn or
# whole.
. grading/tests/links.sh
ln -s "$PWD/scripts" "$PWD/Makefile" "$box/"
mkdir -p "$box/build/out"
here() { (cd "$box" && "$@") >"$box/out" 2>&1 </dev/null; }
git_work() { git -C "$box/work" -c user.name=t -c user.email=t@localhost -c commit.gpgsign=false "$@"; }
progress() { here "$root/build/progress" "$@"; }

# ---- Guesses -----------------------------------------------------------------------------------------------------

cat >"$box/make" <<'SH'
#!/bin/sh
echo run >>runs
exec build/ref/stage0/00_start/start --out pictures
SH
chmod +x "$box/make"
look() { here sh scripts/predict.sh look $dir ./make; }
awk -f grading/skeleton.awk $dir/start.c >"$src"
guess="$box/work/predict/start.txt"
look && ok || no "the first look: status $?"
says "the first look" '^Guess  before you measure: work/predict/start.txt asks 2 numbers of you$'
grep -q '^recognised =$' "$guess" && ok || no "no questions in work/predict"
[ -e "$box/runs" ] && no "it measured what nobody guessed" || ok
sed 's/^recognised =/recognised = 250   # hm/; s/^ones =/ones = about 20/' "$guess" >"$box/g" && cp "$box/g" "$guess"
look && ok || no "a guess: status $?"
says "a guess" '^Guess  start.recognised: 250, measured 329, off by 24 %$'
says "no number" '^work/predict/start.txt:[0-9]+: "about 20" is no number'
[ "$(grep -c . "$box/runs")" = 1 ] && ok || no "measured $(grep -c . "$box/runs") times"
sed 's/= 250/= 329/; s/about 20/18/' "$guess" >"$box/g" && cp "$box/g" "$guess"
look
says "a second guess" '^Guess  start.ones: 18, measured 18, exactly$'
silent "a second guess" 'recognised'
[ "$(grep -c . "$box/runs")" = 2 ] && ok || no "what was measured is measured again"
look
[ -s "$box/out" ] && no "it repeats itself" || ok
here sh scripts/predict.sh show $dir
says "show" '^ +recognised: 250, measured 329, off by 24 %$'
says "show" 'the file says 329 now; the first guess counts'
echo 'nosuch = 3' >>"$guess"
look && ok || no "an unknown question: status $?"
says "an unknown question" "there is no question 'nosuch'"
for f in stage[0-9]/*/predict; do       # four fields, one #, a command of this course
    awk -F ' [|] ' '/^#/ { next }
        NF != 4 || gsub(/#/, "#", $4) != 1 || $3 !~ /^make (run|bench) EX=/ || length($2) > 120 {
            print FILENAME ":" FNR; bad = 1 }
        END { exit bad }' "$f" >"$box/bad" && ok || no "not a question: $(cat "$box/bad")"
done
if [ -n "$COURSE_FULL" ]; then          # every question is answered by its command
    rm -f "$box/work/predict/measured"
    for f in stage[0-9]/*/predict; do
        d=${f%/predict} n=${d##*/??_}
        mkdir -p "$box/work/$d" && awk -f grading/skeleton.awk $d/$n.c >"$box/work/$d/$n.c"
        here sh scripts/predict.sh ask "$d"
        sed 's/ =$/ = 10/' "$box/work/predict/$n.txt" >"$box/g" && cp "$box/g" "$box/work/predict/$n.txt"
        (cd "$box" && sh scripts/predict.sh look "$d" "make -C '$root'") >"$box/out" 2>&1
        [ "$(grep -c '^Guess .*, measured ' "$box/out")" = "$(grep -vc '^#' "$f")" ] && ok ||
            { no "$f is not answered"; cat "$box/out"; }
    done
fi

# ---- Progress ----------------------------------------------------------------------------------------------------

rm -rf "$box/work" && mkdir -p "$box/work/$dir"
progress core && ok || no "nothing graded: status $?"
says "nothing graded" '^core: 0 of [0-9]+ folders, 0 of [0-9.]+ hours, 0 of [0-9]+ points$'
says "nothing graded" '^  start +\[-+\] +not begun +0.5 h$'
says "nothing graded" '^Nothing is graded yet: make grade$'
cp $dir/start.c "$src" && git init -q "$box/work"
entry='{"exercise": "%s", "folder": "x", "points": %d, "of": 100, "complete": %s, "state": "GRADED", "steps": []}'
day=1700000000
version() {
    day=$((day + 86400))
    GIT_AUTHOR_DATE="$day +0000" GIT_COMMITTER_DATE="$day +0000" git_work commit -qam graded
}
write() { printf '{"format": 1, "exercises": ['"$entry"']}' "$@" >"$box/work/grade.json"; git_work add -A; version; }
write start 30 false
echo '{"format": 1, "exerc' >"$box/work/grade.json"; version
write start 100 true
write start 90 false
entry="$entry, $entry"
write start 100 true other 40 false
mkdir "$box/work/predict"
{ printf 'softmax\tabove\t100\t85.5\t2026-11-21\n'
  printf 'folder_of_a_long_name\tquestion_of_a_long_name\t-1.23457e+30\t0.123457\t2026-11-21\n'
  printf 'torn\t7\n<b>\t"x"\t-3\t5\t2026-11-21\n'; } >"$box/work/predict/measured"
progress core && ok || no "progress: status $?"
says "progress" '^core: 1 of [0-9]+ folders, 0.5 of [0-9.]+ hours, 100 of [0-9]+ points$'
says "progress" '^  start +\[#{16}\] +100/100  done +0.5 h$'
says "progress" '^Beside the track$'
says "progress" '^  other +\[#{6}-{10}\] +40/100  begun'
says "progress" '^4 gradings, 2023-11-15 to 2023-11-19$'
says "progress" '^1 version of work/grade.json could not be read'
says "progress" '^  softmax.above +100 +85.5   off by 17 %$'
sed 's/·/./g' "$box/out" | awk 'length($0) > 80' | grep . && no "more than 80 columns" || ok
tsv=$box/build/out/progress/points.tsv
grep -qE '	140	' "$tsv" && ok || { no "the plot has not the last sum"; cat "$tsv"; }
echo '{' >"$box/work/grade.json"
progress core && ok || no "a torn grade.json: status $?"
says "a torn grade.json" '^4 gradings'
git_work checkout -q -- grade.json
page=$box/build/out/progress/index.html
progress --html core && ok || no "the page: status $?"
says "the page" '^page: build/out/progress/index.html$'
grep -qE 'https?://|<link|<script|@import|url\(' "$page" && no "the page needs something else" || ok
grep -q '&lt;b&gt;' "$page" && ! grep -q '<b>' "$page" && ok || no "text of the learner's is not escaped"
grep -q 'prefers-color-scheme:dark' "$page" && grep -q '<progress max=100 value=100>' "$page" && ok ||
    no "the page lacks a part"
[ ! -e "${tsv%.tsv}.svg" ] || grep -q 'data:image/svg+xml;base64,' "$page" && ok || no "no picture in the page"
progress nosuch && no "an unknown track" || ok
says "an unknown track" "no track 'nosuch'"
finish
