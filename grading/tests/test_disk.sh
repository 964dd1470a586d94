# test_disk.sh -- a folder that cannot be written, a full disk, work/ on another file system, a command killed half-way,
# root and not: each gets a sentence and a status, and nothing of the learner's is lost. Mounts are made in a name space of
# their own, where the kernel lets us have one.
. grading/tests/copy.sh
src=stage0/00_start/start.c
if unshare -rm true 2>/dev/null; then mounts=yes
else mounts=; echo "no user name spaces here: read-only and full disks are not tried"; fi

# inside MOUNT-COMMANDS COMMAND...: in the copy, after the mounts
inside() {
    setup=$1; shift
    (cd "$copy" && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS unshare -rm sh -c "$setup || exit 99
        cd . && shift && exec \"\$@\"" sh - "$@") >"$box/out" 2>&1 </dev/null
}
read_only='mount --bind . . && mount -o remount,bind,ro . && cd "$PWD"'
fails() { [ $? != 0 ] && ok || no "$1: status 0"; }
unchanged() { cmp -s "$box/mine" "$mine/$src" && ok || no "$1: the learner's file is another"; }

run make stage0 && ok || no "make stage0"
{ cat "$mine/$src"; echo '/* mine */'; } >"$box/mine" && cp "$box/mine" "$mine/$src"

# ---- Read-only ---------------------------------------------------------------------------------------------------

if [ -n "$mounts" ]; then
    for c in stage0 grade doctor ${COURSE_FULL:+run bench export tour} check; do
        inside "$read_only" make $c EX=start SETUP=no
        fails "make $c, read-only"
        says "make $c, read-only" 'cannot be written.*read-only|read-only.*cannot be written'
        [ "$(grep -c . "$box/out")" -le 5 ] && ok || no "make $c, read-only: $(grep -c . "$box/out") lines"
    done
    for c in 'reset EX=start' update clean 'new EX=stage4/77_other' 'data MIRROR=common'; do
        inside "$read_only" make $c
        says "make $c, read-only" 'read-only|Read-only|cannot be written'
    done
    for c in help next 'solution EX=start' ${COURSE_FULL:+list ops}; do
        inside "$read_only" make $c && ok || no "make $c, read-only: status $?"
    done
    unchanged "read-only"
fi

# ---- A full disk -------------------------------------------------------------------------------------------------

small_work='mv work work.old && mkdir work && room=$(($(du -sk work.old | cut -f 1) + 100))k &&
    mount -t tmpfs -o size=$room tmpfs work && cp -r work.old/. work/'
full_work="$small_work"' && { cat /dev/zero >work/filled 2>/dev/null; :; }'
whole='find work -name "*.new*" | grep . && exit 1
    for f in stage1/*/*.h stage1/*/README.md; do [ ! -e work/$f ] || cmp $f work/$f || exit 1; done
    cmp work/stage0/00_start/start.c work.old/stage0/00_start/start.c'
restore() { rm -rf "$mine" && mv "$mine.old" "$mine"; }
if [ -n "$mounts" ]; then
    for c in 'stage1' 'reset EX=start' 'grade EX=start' 'update'; do
        inside "$full_work" sh -c "make $c; s=\$?; $whole; exit \$s"
        status=$?
        says "make $c, a full disk" 'could not be written|cannot be written|Not written|No space left'
        grep -qE '^cmp: |differ|\.new' "$box/out" && no "make $c, a full disk, torn: $(tail -n 2 "$box/out")" || ok
        case $c in grade*) [ $status = 0 ] ;; *) [ $status != 0 ] ;; esac && ok ||
            no "make $c, a full disk: status $status"
        restore
    done
    full_build='mkdir -p full && mount -t tmpfs -o size=64k tmpfs full && { cat /dev/zero >full/x 2>/dev/null; :; }
        mv build build.old && ln -s full build'
    for c in stage0 'grade EX=start' doctor; do
        inside "$full_build" make $c
        fails "make $c, build/ on a full disk"
        says "make $c, build/ on a full disk" 'build/ cannot be written: .*the disk full'
        rm -rf "$copy/build" && mv "$copy/build.old" "$copy/build"
    done
    # No room for temporary files: that is nobody's zero.
    run make grade EX=start; cp "$mine/grade.json" "$box/graded"
    full_tmp='mkdir -p full && mount -t tmpfs -o size=64k tmpfs full && { cat /dev/zero >full/x 2>/dev/null; :; }
        export TMPDIR="$PWD/full"'
    inside "$full_tmp" make grade EX=start && ok || no "no room for temporary files: status $?"
    says "no room for temporary files" 'INTERNAL +.*|/full cannot be written: No space left on device'
    grep -q BUILD "$box/out" && no "no room for temporary files: it is called the learner's fault" || ok
    cmp -s "$mine/grade.json" "$box/graded" && ok || no "no room for temporary files: points are lost"
    inside "$full_tmp" make next && ok || no "no room for temporary files: make next"
    unchanged "a full disk"
fi

# ---- work/ on another file system --------------------------------------------------------------------------------

other=$(mktemp -d /dev/shm/course.XXXXXX 2>/dev/null)
if [ -n "$other" ] && [ "$(stat -c %d "$other")" != "$(stat -c %d "$copy")" ]; then
    mv "$mine" "$mine.old" && cp -r "$mine.old/." "$other/" && ln -s "$other" "$mine"
    run make stage0 && ok || no "work/ elsewhere: make stage0"
    run make grade EX=start && ok || no "work/ elsewhere: make grade"
    says "work/ elsewhere" '^Wrote  work/grade.json'
    cmp -s "$box/mine" "$other/$src" && ok || no "work/ elsewhere: the learner's file is another"
    run make reset EX=start && ok || no "work/ elsewhere: make reset"
    cmp -s "$box/mine" "$other/$src".bak-* && ok || no "work/ elsewhere: no backup"
    [ -L "$mine" ] && ok || no "work/ elsewhere: the link is gone"
    rm "$mine" && mv "$mine.old" "$mine"
else echo "no other file system at /dev/shm: work/ elsewhere is not tried"; fi
rm -rf "$other"

# ---- Killed half-way ---------------------------------------------------------------------------------------------

for c in 'grade EX=start' 'reset EX=start' stage2; do
    for wait in ${COURSE_FULL:+0.05 0.1 0.2} 0.15 0.4 ${COURSE_FULL:+0.6 0.8}; do
        cp "$box/mine" "$mine/$src"
        (cd "$copy" && exec env -u MAKEFLAGS -u MAKELEVEL setsid make $c) >/dev/null 2>&1 </dev/null &
        sleep $wait
        kill -9 -- -$! 2>/dev/null; wait $! 2>/dev/null
        if ! cmp -s "$box/mine" "$mine/$src"; then      # reset had come that far: the old one is beside it
            for b in "$mine/$src".bak-*; do cmp -s "$box/mine" "$b" && break; done
            [ "${c%% *}" = reset ] && cmp -s "$box/mine" "$b" && ok || no "make $c, killed: the learner's file is lost"
        fi
    done
done
find "$mine/.git" -name '*.lock' -exec touch -d '1 hour ago' {} +
cp "$box/mine" "$mine/$src"
run make stage2 && ok || no "after kills: make stage2"
for f in "$mine"/stage2/*/*.h; do cmp -s "$f" "$copy/${f#"$mine"/}" && ok || no "after kills: ${f##*/} is torn"; done
run make grade EX=start && ok || no "after kills: make grade"
says "after kills" '^Wrote  work/grade.json'
[ -z "$(cd "$mine" && git --git-dir=.git status --porcelain 2>&1)" ] && ok || no "after kills: the history stands still"

# Two resets in a second keep two backups; a damaged repository in work/ leaves the course's own alone.
rm -f "$mine/$src".bak-*
run make reset EX=start; run make reset EX=start
for b in "$mine/$src".bak-*; do cmp -s "$box/mine" "$b" && break; done
cmp -s "$box/mine" "$b" && ok || no "a second reset took the first one's backup"
(cd "$copy" && git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm one && echo x >staged &&
    git add staged)
rm "$mine/.git/HEAD"
run make grade EX=start && ok || no "a damaged work/.git: make grade"
[ "$(git -C "$copy" rev-list --count HEAD)" = 1 ] && ok ||
    no "a damaged work/.git: the course's repository has a commit"
says "a damaged work/.git" "^Not kept in work/'s history"
run make stage0 && [ -f "$mine/.git/HEAD" ] && ok || no "a damaged work/.git is not mended by make stage0"

# ---- Another user ------------------------------------------------------------------------------------------------

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$box"
    as_nobody() { run setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent "$@"; }
    as_nobody make grade EX=start
    fails "somebody else's folder"
    says "somebody else's folder" 'cannot be written'
    chown -R 65534:65534 "$copy"
    as_nobody make grade EX=start && ok || no "not root: make grade"
    says "not root" '^Wrote  work/grade.json'
    as_nobody make reset EX=start && ok || no "not root: make reset"
    run make grade EX=start && ok || no "root in another's folder: make grade"      # git will not commit there
    says "root in another's folder" '^Wrote  work/grade.json'
else echo "not root, or no setpriv: other users are not tried"; fi
finish
