# test_readme.sh -- every command of README.md's blocks, run in a copy. `make tour` and `make check` are run by
# scripts/clean-root.sh, the fetching of data by test_data; the longer ones only in check-full.
. grading/tests/copy.sh

commands() { awk '/^```/ { on = !on; next } on && /^make/ { sub(/ *#.*/, ""); sub(/ +$/, ""); print }' README.md; }
commands >"$box/commands"
[ "$(wc -l <"$box/commands")" -ge 12 ] && ok || no "README.md has few commands"
while read -r command; do
    case $command in
    'make tour' | 'make check' | 'make data'*) continue ;;
    'make bench'*) [ -n "$COURSE_FULL" ] || continue ;;
    'make grade EX=softmax') run make stage2 ;;
    'make run EX=start MINE=1') cp "$copy/stage0/00_start/start.c" "$mine/stage0/00_start/" ;;
    'make check EX='*) command=$(echo "$command" | sed 's/make check/make check-run/') ;;
    esac
    run sh -c "$command" && ok || { no "$command"; tail -n 6 "$box/out" | sed 's/^/    /'; }
done <"$box/commands"
cat "$box/commands" | grep -q . || no "no command was run"

# Links lead somewhere.
for link in $(grep -oE '\]\([^)#:]+\)' README.md | sed 's/^](//; s/)$//'); do [ -e "$link" ] && ok || no "README.md links to $link"; done
# What make leaves is in build/, work/ and data/ only, but for results, and the folder that README asks to make.
rm -rf "$copy/stage2/08_layernorm"
(cd "$copy" && git init -q . && git add -A) >/dev/null 2>&1
(cd "$copy" && git ls-files) | grep -v '^bench/results/' | sort >"$box/after"
grep -v '^bench/results/' "$box/files" | sort | diff - "$box/after" >"$box/diff" && ok || { no "files were left outside build/, work/ and data/:"; head -n 5 "$box/diff"; }
finish
