# test_update.sh -- make update: a course that goes on while the learner works. A small one of its own, with a past, a
# clone and a work/.
box=$(mktemp -d "${TMPDIR:-/tmp}/an update XXXXXX") || exit 1
trap 'chmod -R u+w "$box"; rm -rf "$box"' EXIT
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; }
says() {
    grep -qE -- "$2" "$box/out" && ok || { no "$1: no line like '$2' in:"; sed 's/^/    /' "$box/out" | head -n 30; }
}
silent() { ! grep -qE -- "$2" "$box/out" && ok || no "$1: $(grep -E -- "$2" "$box/out" | head -n 1)"; }
unset GIT_DIR GIT_WORK_TREE
git_up() { git -C "$box/up" -c user.name=t -c user.email=t@localhost -c commit.gpgsign=false "$@"; }
publish() { git_up add -A && git_up commit -q -m "$1"; }
update() { (cd "$box/course" && sh scripts/update.sh) >"$box/out" 2>&1 </dev/null; }
edit() { sed "$1" "$2" >"$box/edited" && cat "$box/edited" >"$2"; }

dir=stage0/00_start up="$box/up/$dir" mine="$box/course/work/$dir"
mkdir -p "$up" "$box/up/grading" && cp -r scripts "$box/up/" && cp grading/*.awk "$box/up/grading/"
cp $dir/start.c $dir/start.h $dir/README.md "$up/" && printf '/work/\n' >"$box/up/.gitignore"
git_up init -q && publish "The course"
git clone -q "$box/up" "$box/course"
(cd "$box/course" && sh scripts/work.sh stage stage0 $dir) >"$box/out" 2>&1 && ok ||
    { no "the first skeletons"; cat "$box/out"; }

update && ok || no "nothing to do: status $?"
says "nothing to do" '^pull   nothing new$'
says "nothing to do" '^merge  work/ has all of it already$'

# The learner has written one function; the course mends the comment above the other and the lesson. This work/ is older
# than the record of what was given: its history knows too.
git -C "$box/course/work" update-ref -d refs/course/given
edit 's/n < N - 1/n < N/' "$mine/start.c"
edit 's,This one is yours: three lines,This one is all yours: three lines,' "$up/start.c"
edit 's/^# .*/# Begin here/' "$up/README.md"
publish "The second function has a better comment"
update && ok || no "a clean merge: status $?"
says "a clean merge" '^pull   1 new$'
says "a clean merge" '^         The second function has a better comment$'
says "a clean merge" "^merged work/$dir/start.c   \(before: .*start.c.bak-"
says "a clean merge" "^new    work/$dir/README.md"
grep -q 'n < N;' "$mine/start.c" && grep -q 'all yours' "$mine/start.c" && ok || no "a clean merge lost something"
grep -q 'all yours' "$mine"/start.c.bak-* && no "the backup is not the old file" || ok
update
says "once more" '^merge  work/ has all of it already$'

# Both change the same line.
edit 's/all yours: three lines/mine now/' "$mine/start.c"
edit 's/all yours: three lines/yours: two lines or three/' "$up/start.c"
publish "Two lines will do"
cp "$mine/start.c" "$box/kept"
update && ok || no "a conflict: status $?"
says "a conflict" "^OPEN   work/$dir/start.c is as it was"
says "a conflict" '^ +<<<<<<< yours'
cmp -s "$box/kept" "$mine/start.c" && ok || no "a conflict changed the learner's file"
update
says "a conflict that is left open" "^OPEN   work/$dir/start.c.conflict: mend it"
awk '/^<<<<<<< /{ on = 1; next } /^=======$/ { on = 2; next } /^>>>>>>> /{ on = 0; next } on != 2' \
    "$mine/start.c.conflict" | sed 's/mine now/mine, and yours/' >"$mine/start.c"
rm "$mine/start.c.conflict"
update
says "a conflict that was mended" '^merge  work/ has all of it already$'
grep -q 'mine, and yours' "$mine/start.c" && ok || no "the mended file was changed"

# The number changes; the header too.
git_up mv $dir stage0/01_start && up="$box/up/stage0/01_start" && echo '/* more */' >>"$up/start.h"
publish "A number, a header"
update && ok || no "a folder that moved: status $?"
says "a folder that moved" '^moved  work/stage0/00_start to work/stage0/01_start$'
mine="$box/course/work/stage0/01_start"
says "a header" '^new    work/stage0/01_start/start.h$'
cmp -s "$up/start.h" "$mine/start.h" && grep -q 'mine, and yours' "$mine/start.c" && ok ||
    no "the moved folder is not whole"

# Nothing to pull from, changes of one's own, no work/.
mv "$box/up" "$box/away"
update && ok || no "offline: status $?"
says "offline" '^pull   origin/.* cannot be reached: '
says "offline" '^merge  work/ has all of it already$'
mv "$box/away" "$box/up"
echo '/* other */' >>"$up/start.h" && publish "Other"
echo '/* own */' >>"$box/course/stage0/01_start/start.h"
update && ok || no "a changed clone: status $?"
says "a changed clone" '^pull   not done, for this clone has changes of its own'
git -C "$box/course" checkout -q -- . && mv "$box/course/work" "$box/work"
update && ok || no "no work/: status $?"
says "no work/" '^merge  work/ is not there yet'
mv "$box/work" "$box/course/work"
if [ "$(id -u)" != 0 ]; then
    chmod -R a-w "$box/course/work"
    update && no "a read-only work/: status 0" || ok
    says "a read-only work/" 'cannot be written: nothing was merged'
fi

# A machine without git: skeletons all the same, and one sentence about it.
mkdir -p "$box/bin" "$box/bare/grading" "$box/bare/$dir" && cp -r scripts "$box/bare/" && cp grading/*.awk "$box/bare/grading/"
cp $dir/start.c $dir/start.h $dir/README.md "$box/bare/$dir/"
for f in /usr/bin/* /bin/*; do [ "${f##*/}" = git ] || ln -sf "$f" "$box/bin/"; done
(cd "$box/bare" && PATH="$box/bin" sh scripts/work.sh stage stage0 $dir) >"$box/out" 2>&1 && ok || no "without git: status $?"
says "without git" '^git is not here: work/ keeps no history'
silent "without git" 'cannot be written|could not be written'
[ -s "$box/bare/work/$dir/start.c" ] && ok || no "without git: no skeleton"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
