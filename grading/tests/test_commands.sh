# test_commands.sh -- what make promises its users: names, flags, the learner's files, a path with spaces.
. grading/tests/copy.sh

run make && ok || no "make alone"
says "make alone" '^Learn$'
says "make alone" 'make grade EX=softmax'

# Names.
run make grade EX=sofmax && no "an unknown name was accepted" || ok
says "unknown name" "no exercise 'sofmax'.*softmax"
run env EX=nosuch CI=yes ARCH=none make list && ok || no "an EX in the environment counts"
for ex in start 00_start stage0/00_start start.start_dot work/stage0/00_start/; do
    run make -n hint EX=$ex && ok || no "EX=$ex is not understood"
done

# Flags: nothing to do twice; a linker's flag compiles nothing; a compiler's flag compiles again.
run make V=1 worker-objects STAGE=0 SETUP=no && ok || no "stage 0 does not build"
run make V=1 worker-objects STAGE=0
[ -s "$box/out" ] && no "a second build does something: $(head -n 2 "$box/out")" || ok
run make V=1 worker-objects STAGE=0 LDFLAGS=-Wl,-O1
grep -q ' -c ' "$box/out" && no "LDFLAGS compiled something" || ok
says "LDFLAGS" '-Wl,-O1'
run make V=1 build/ref/stage0/00_start/start.o CFLAGS=-O1
says "CFLAGS" ' -O1 .* -c .*start.c'

# The learner's files.
run make stage0 && ok || no "make stage0 in a path with spaces"
says "make stage0" 'next  work/stage0/00_start/start.c:[0-9]+'
file="$mine/stage0/00_start/start.c"
echo '/* mine */' >>"$file"
run make stage0 && grep -q mine "$file" && ok || no "make stage0 changed the learner's file"
run make reset EX=start && ok || no "make reset"
grep -q mine "$file" && no "reset left the old file" || ok
grep -q mine "$mine"/stage0/00_start/start.c.bak-* && ok || no "reset kept no backup"
run make solution EX=start && ok || no "make solution"
says "make solution" 'start_dot · .*not shown before it passes'
run make solution EX=start.start_dot ALL=1 && ok || no "make solution ALL=1"
says "make solution ALL=1" '^\+ .*sum \+= '
run make list && ok || no "make list"
says "make list" '^stage0 .*0/[0-9]+ done, 0 of [0-9]+ points'
says "make list" '^  00_start +[0-9]+ to write'
run make next TRACK=nosuch && no "an unknown track was accepted" || ok
says "unknown track" "no track 'nosuch'"
run make run EX=start MINE=1 && no "a program ran on unwritten code" || ok
says "unwritten" 'not written yet'
run make run && no "make run without EX" || ok
says "make run" 'needs EX='

# A new folder builds, and passes what it can.
run make new EX=stage2/98_twice && ok || no "make new"
run make check-run EX=twice && ok || { no "make check of a new folder"; tail -n 12 "$box/out"; }
asked=$(sed -n '/^[^#]/{ s/.* | //; s/#/[0-9.e-]+/p; }' "$copy/stage2/98_twice/predict")
run make run EX=twice ARGS=--quick; says "what its predict asks" "$asked"
run make new EX=stage2/98_twice && no "make new overwrote a folder" || ok
run make new EX=twice && no "make new without a stage" || ok
run make new EX=stage3/01_softmax && no "make new took a name twice" || ok

# A folder that cannot be written.
if [ "$(id -u)" != 0 ]; then
    rm -rf "$mine"; chmod a-w "$copy"
    run make stage0 && no "make stage0 in a read-only folder" || ok
    says "read-only" 'cannot be written'
    chmod u+w "$copy"
fi
finish
