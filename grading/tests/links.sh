# links.sh -- sourced by the grader's tests: a tree of links to this one in a folder with a space in its name, with a
# work/ of its own. Sets $box and $src, the learner's start.c there. ok, no, says and finish count.
box=$(mktemp -d "${TMPDIR:-/tmp}/a tree XXXXXX") || exit 1
trap 'chmod -R u+w "$box"; rm -rf "$box"' EXIT
root=$PWD dir=stage0/00_start src=$box/work/$dir/start.c passed=0 failed=0
mkdir -p "$box/build" "$box/work/$dir"
for f in common grading stage[0-9] build/ref build/toolchain build/grade build/confine build/asan build/count build/debug build/simt build/simtcc; do
    [ -e "$f" ] && ln -s "$PWD/$f" "$box/$f"
done
cp "$dir/start.h" "$box/work/$dir/"
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; }
grade() { (cd "$box" && build/grade "$@") >"$box/out" 2>&1 </dev/null; }
# says WHAT PATTERN, silent WHAT PATTERN: does the last report have such a line?
says() {
    grep -qE -- "$2" "$box/out" && ok || { no "$1: no line like '$2' in:"; sed 's/^/    /' "$box/out" | head -n 40; }
}
silent() { ! grep -qE -- "$2" "$box/out" && ok || no "$1: $(grep -E -- "$2" "$box/out" | head -n 1)"; }
finish() { echo "$passed passed, $failed failed"; [ $failed = 0 ]; exit; }
