# hostile.sh [LEVEL...] [FILE...] -- each file of hostile/VERDICT/ gets exactly that verdict in every step, no points unless it is
# PASS, and leaves no process and no file. A file ends with the frame (frame.c) where that is all that it needs besides;
# one that is right but cheats for the rest of the points begins with `/* at most N points */`, one whose exercise may do
# more with `/* profile: NAME */`.
# Without LEVEL: one of each verdict at each level that this machine has; all of them where COURSE_FULL is set, or those
# that are named. It runs in a tree of links beside this one, so that work/ is not touched. Ends with "N passed, N failed".
box=$(mktemp -d "${TMPDIR:-/tmp}/hostile XXXXXX") || exit 1
chmod 711 "$box"
trap 'rm -rf "$box"' EXIT
root=$PWD dir=stage0/00_start passed=0 failed=0 skipped=0
fail() { failed=$((failed + 1)); echo "FAIL  $*"; }
mkdir -p "$box/build" "$box/work/$dir" "$box/tmp"
chmod 1777 "$box/tmp"
export TMPDIR="$box/tmp"
: >"$box/table"
links() { for f in common grading stage0 build/ref build/toolchain build/grade build/confine; do ln -s "$root/$f" "$1/$f"; done; }
links "$box"
# A tree whose exercise asks for a profile: the same but for line 2 of its header.
tree_of() {
    tree=$box${1:+/$1}
    [ -d "$tree" ] && return
    mkdir -p "$tree/build" "$tree/work/$dir"
    links "$tree"
    rm "$tree/stage0" && cp -r stage0 "$tree/stage0"
    sed "2s/ \*\/\$/; profile: $1 *\//" "$dir/start.h" >"$tree/$dir/start.h"
    cp "$tree/$dir/start.h" "$tree/work/$dir/"
}
cp "$dir/start.h" "$box/work/$dir/"
cp "$dir/start.c" "$box/work/$dir/"
(cd "$box" && build/grade --step start_scale $dir) >/dev/null 2>&1      # so that there are records of a grading to steal
mkfifo "$box/work/$dir/pipe.h"
export SECRET=never-to-be-shown

judge() {    # LEVEL FILE: does it get the verdict that its folder is named after?
    level=$1 file=$2 want=${2#grading/hostile/} want=${want%%/*}
    tree_of "$(sed -n '1s/.*profile: \([a-z]*\).*/\1/p' "$file")"
    cp "$file" "$tree/work/$dir/start.c"
    case $(tail -n 1 "$file") in '/* frame.c follows'*) cat grading/hostile/frame.c >>"$tree/work/$dir/start.c" ;; esac
    rm -f "$tree/work/grade.json"
    (cd "$tree" && build/grade --level "$level" $dir) >"$box/out" 2>&1
    got=$(awk '/"step": / { step = 1 } step && /"state": / { gsub(/[",]/, ""); printf "%s ", $2; step = 0 }' \
        "$tree/work/grade.json")
    points=$(awk '/"points": / && !seen++ { print int($2) }' "$tree/work/grade.json")
    [ -n "$got" ] || got=$(awk '/"state": / { gsub(/[",]/, ""); printf "%s %s ", $2, $2; exit }' "$tree/work/grade.json")
    wrong=
    [ "$got" = "$want $want " ] || wrong="its steps got ${got:-no verdict }instead of $want"
    most=$(sed -n '1s/.*at most \([0-9]*\) points.*/\1/p' "$file")
    [ "$points" -le "${most:-100}" ] || wrong="$wrong; $points points, $most at most"
    case $want in PASS) [ "$points" -ge 60 ] ;; *) [ "$points" = 0 ] ;; esac || wrong="$wrong; $points points"
    LC_ALL=C awk 'length($0) > 90 || /[^ -~\302\267]/' "$box/out" | grep -q . &&
        wrong="$wrong; a line of the report is too long or has more than plain letters"
    grep -q "$SECRET" "$box/out" "$tree/work/grade.json" && wrong="$wrong; the environment is told"
    for f in /tmp /var/tmp /dev/shm; do [ ! -e $f/planted ] || wrong="$wrong; $f/planted is there"; done
    if [ -n "$(ls -A "$box/tmp")" ]; then wrong="$wrong; files are left: $(ls "$box/tmp")"; rm -rf "$box/tmp"/*; fi
    if [ -z "$wrong" ]; then passed=$((passed + 1)); echo "$level $want" >>"$box/table"; else
        fail "$level $file: $wrong"; sed 's/^/    /' "$box/out" | head -n 30
    fi
}

levels= files=
for a; do case $a in */*) files="$files $a " ;; *) levels="$levels $a" ;; esac; done
[ -n "$levels" ] || for level in L0 L1 L2; do
    (cd "$box" && build/grade --level $level $dir) >/dev/null 2>&1
    [ $? = 3 ] && { echo "not on this machine: $level"; skipped=$((skipped + 1)); continue; }
    levels="$levels $level"
done
for level in $levels; do
    for verdict in grading/hostile/*/; do
        n=0
        for file in "$verdict"*.c; do
            [ $level = L0 ] && head -n 1 "$file" | grep -q 'needs L1' && continue
            [ -e /dev/nvidia0 ] && [ "$verdict" = grading/hostile/SKIP/ ] && continue
            [ -z "$files" ] || case $files in *" $file "*) ;; *) continue ;; esac
            n=$((n + 1))
            [ -n "$COURSE_FULL$files" ] || [ $# -gt 0 ] || [ $n = 1 ] || continue
            judge $level "$file"
        done
    done
done
left=
for p in /proc/[0-9]*; do                           # what outlived its grading runs a program or stands in a folder from here
    case $(readlink "$p/exe" 2>/dev/null):$(readlink "$p/cwd" 2>/dev/null) in
    "$box"/* | *:"$box"/tmp/*) left="$left ${p#/proc/}" ;;
    esac
done
if [ -z "$left" ]; then passed=$((passed + 1)); else fail "processes are left:$left"; fi
awk '{ n[$1 " " $2]++; level[$1]; verdict[$2] } END { for (l in level) for (v in verdict) if (n[l " " v])
    printf "%s  %-11s %3d as they should\n", l, v, n[l " " v] }' "$box/table" | sort
echo "$passed passed, $failed failed"
[ $failed = 0 ]
