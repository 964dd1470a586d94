# copy.sh -- sourced by the tests that run commands: a copy of the tree, build/ included, in a folder whose name has a space.
# Sets $copy; counts by ok and no; `finish` prints the closing line.
box=$(mktemp -d "${TMPDIR:-/tmp}/course.XXXXXX") || exit 1
trap 'chmod -R u+w "$box" 2>/dev/null; rm -rf "$box"' EXIT
copy="$box/a copy of the course"
mkdir "$copy" "$copy/build"
mine="$copy"/work          # the learner's files there
git ls-files -co --exclude-standard | while read -r f; do [ -e "$f" ] && printf '%s\n' "$f"; done >"$box/files"
tar -cf - -T "$box/files" | tar -xf - -C "$copy" || exit 1
for f in build/config.mk build/toolchain build/flags build/ref build/grade build/watch build/progress build/matrix build/bench build/plots build/simt build/simtcc; do
    [ -e $f ] && cp -a $f "$copy/build/"
done
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; }
# says WHAT PATTERN: does the last command's output ($box/out) have that line?
says() { grep -qE -- "$2" "$box/out" && ok || { no "$1: no line like '$2' in:"; head -n 12 "$box/out" | sed 's/^/    /'; }; }
run() { (cd "$copy" && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS "$@") >"$box/out" 2>&1 </dev/null; }
finish() { echo "$passed passed, $failed failed"; [ $failed = 0 ]; exit; }
