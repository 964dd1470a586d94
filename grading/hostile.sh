# hostile.sh -- each file of hostile/VERDICT/ gets exactly that verdict in every step, no points unless it is PASS,
# and leaves no process. It runs in a tree of links beside this one, so that work/ is not touched. Ends with "N
# passed, N failed".
box=$(mktemp -d "${TMPDIR:-/tmp}/hostile XXXXXX") || exit 1
trap 'rm -rf "$box"' EXIT
root=$PWD dir=stage0/00_start passed=0 failed=0
mkdir -p "$box/build" "$box/work/$dir"
for f in common grading stage0 build/ref build/toolchain build/grade; do ln -s "$root/$f" "$box/$f"; done
cp "$dir/start.h" "$box/work/$dir/"
for file in grading/hostile/*/*.c; do
    want=${file#grading/hostile/} want=${want%%/*}
    head -n 1 "$file" | grep -q 'needs L1' && continue
    cp "$file" "$box/work/$dir/start.c"
    rm -f "$box/work/grade.json"
    (cd "$box" && build/grade $dir) >"$box/out" 2>&1
    got=$(awk '/"step": / { step = 1 } step && /"state": / { gsub(/[",]/, ""); printf "%s ", $2; step = 0 }' \
        "$box/work/grade.json")
    points=$(awk '/"points": / && !seen++ { print int($2) }' "$box/work/grade.json")
    wrong=
    [ "$got" = "$want $want " ] || wrong="its steps got ${got:-no verdict }instead of $want"
    case $want in PASS) [ "$points" -ge 60 ] ;; *) [ "$points" = 0 ] ;; esac || wrong="$wrong; $points points"
    awk 'length($0) > 90 || /\033/' "$box/out" | grep -q . &&
        wrong="$wrong; a line of the report is too long or has escapes"
    if [ -z "$wrong" ]; then passed=$((passed + 1)); else
        failed=$((failed + 1)); echo "FAIL  $file: $wrong"; sed 's/^/    /' "$box/out" | head -n 30
    fi
done
left=
for p in /proc/[0-9]*; do                           # a process that outlived its grading still runs a program from here
    case $(readlink "$p/exe" 2>/dev/null) in "$box"/*) left="$left ${p#/proc/}" ;; esac
done
if [ -z "$left" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL  processes are left:$left"; fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
