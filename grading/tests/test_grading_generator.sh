# test_grading_generator.sh -- skeletons, steps and mutants: what is accepted, and what is refused with file:line.
box=$(mktemp -d "${TMPDIR:-/tmp}/generator.XXXXXX") || exit 1
trap 'rm -rf "$box"' EXIT
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; }
skeleton() { awk -f grading/skeleton.awk "$box/a.c" >"$box/out" 2>"$box/err"; }
# refused WHAT LINE MESSAGE: the source on stdin is refused there, and nothing that stands in a region was printed
# before
refused() {
    cat >"$box/a.c"
    skeleton && no "$1: accepted" || ok
    grep -q "a.c:$2: .*$3" "$box/err" && ok || no "$1: no '$2: $3' in: $(cat "$box/err")"
    grep -q secret "$box/out" && no "$1: the solution was handed out" || ok
}

# ---- What a skeleton is ------------------------------------------------------------------------------------------

cat >"$box/a.c" <<'C'
/* a.c */
static int helper(int x) { return x; }

/* exercise: the helper that doubles */
static int twice(int x)
{
    return 2 * x;
}
/* end */

int a_one(int x, int y)
{
    int z = x;
    /* exercise: add y, * 2 / 3 */
    z += y;         /* secret */
    for (;;)
        break;
    /* end */
    return z;
}

int a_two(int x)
{
	/* exercise: mend this */
	return x;
	/* given:
	return -x;  /+ as it was +/
	*/
	/* end */
}
int a_three(int x) { return helper(x); }
C
cat >"$box/want" <<'C'
/* a.c */
static int helper(int x) { return x; }

/* TODO: the helper that doubles */

int a_one(int x, int y)
{
    int z = x;
    TODO("add y, * 2 / 3");
    return z;
}

int a_two(int x)
{
	return -x;  /+ as it was +/
}
int a_three(int x) { return helper(x); }
C
skeleton && cmp -s "$box/out" "$box/want" && ok || { no "the skeleton"; diff "$box/want" "$box/out"; cat "$box/err"; }
cp "$box/out" "$box/a2.c"
awk -f grading/skeleton.awk "$box/a2.c" | cmp -s - "$box/a2.c" && ok || no "the skeleton of a skeleton is not itself"

# ---- Nearly right ------------------------------------------------------------------------------------------------

refused "no end" 3 "without an end" <<'C'
void a(void)
{
    /* exercise: x */
    secret();
}
C
refused "end without a region" 2 "end without a region" <<'C'
void a(void) {
    /* end */
}
C
refused "two begins" 3 "inside the region of line 2" <<'C'
void a(void) {
    /* exercise: x */
    /* exercise: y */
    secret();
    /* end */
}
C
refused "an empty region" 3 "nothing in it" <<'C'
void a(void) {
    /* exercise: x */
    /* end */
}
C
refused "a quote" 1 "quote or a backslash" <<'C'
    /* exercise: say "x" */
    secret();
    /* end */
C
refused "a backslash" 1 "quote or a backslash" <<'C'
    /* exercise: x \ y */
    secret();
    /* end */
C
for near in '/*exercise: x */' '/* Exercise: x */' '/* exercise : x */' '/* exercise:x */' '/* exercise: x' \
    'int z; /* exercise: x */' '/* exercise: x */ int z;' '/* exercise: */' '/** exercise: x */'; do
    printf 'void a(void) {\n    %s\n    secret();\n    /* end */\n}\n' "$near" >"$box/near.c"
    refused "nearly: $near" 2 "exercise: what to write" <"$box/near.c"
done
for near in '/*end*/' '/* End */' '}  /* end */' '/* end */ }'; do
    printf 'void a(void) {\n    /* exercise: x */\n    secret();\n    %s\n    return;\n}\n' "$near" >"$box/near.c"
    refused "nearly: $near" 4 "end \*/ on a line" <"$box/near.c"
done
refused "given outside" 1 "given: outside a region" <<'C'
/* given:
x
*/
C
refused "given not closed" 5 "line 3 is not closed" <<'C'
    /* exercise: x */
    secret();
    /* given:
    wrong();
    /* end */
C
refused "given on one line" 3 "not /\* given:" <<'C'
    /* exercise: x */
    secret();
    /* given: wrong(); */
    /* end */
C
refused "two given" 6 "second given" <<'C'
    /* exercise: x */
    secret();
    /* given:
    wrong();
    */
    /* given:
    worse();
    */
    /* end */
C
refused "a comment in given" 4 "comment ends inside" <<'C'
    /* exercise: x */
    secret();
    /* given:
    wrong(); /* why */
    */
    /* end */
C
printf 'void a(void) {\r\n    /* exercise: x */\r\n    secret();\r\n    /* end */\r\n}\r\n' >"$box/near.c"
refused "CRLF" 2 "on a line of its own" <"$box/near.c"

# ---- Steps -------------------------------------------------------------------------------------------------------

cat >"$box/s.c" <<'C'
#include "s.h"
static int forward(int x);
typedef int (*Fn)(int);
static const int table[] = { 1, 2 };
int s_none(int x) { return x; }
/* exercise: a helper */
static int helper(int x)
{
    return x;
}
/* end */
void s_file_scope(float *y, const float *a,
                  int N)
{
    y[0] = helper(N);
}
static int inner(int x)
{
    /* exercise: y */
    return x + 0;
    /* end */
}
float *s_pointer(int x)
{
    return inner(x) ? 0 : 0;
}
int s_mend(int x)
{
    /* exercise: z */
    return x;
    /* given:
int s_never(int x)
{
    */
    /* end */
}
int s_both(int x)
{
    /* exercise: z */
    x++;
    /* given:
    x--;
    */
    /* end */
    /* exercise: w */
    return 2 * x;
    /* end */
}
C
printf '%s\n' 's_none none 5' 's_file_scope todo 12' 's_pointer todo 23' 's_mend given 27' 's_both todo 37' >"$box/want"
awk -f grading/steps.awk "$box/s.c" >"$box/out"
cmp -s "$box/out" "$box/want" && ok || { no "steps"; diff "$box/want" "$box/out"; }
cp "$box/want" "$box/steps"
printf '%s\n' '6 11 s_file_scope' '19 21 s_pointer' '29 35 s_mend' '39 44 s_both' '45 47 s_both' >"$box/want"
awk -v regions=1 -f grading/steps.awk "$box/s.c" | sort -n >"$box/regions"
cmp -s "$box/regions" "$box/want" && ok || { no "regions"; diff "$box/want" "$box/regions"; }

# ---- Mutants -----------------------------------------------------------------------------------------------------

mutate() {
    mkdir -p "$box/m"
    (cd "$box" && awk -v out=m -f "$OLDPWD/grading/mutate.awk" steps regions mutants s.c >out 2>err)
}
cat >"$box/mutants" <<'M'
gone
- return inner(x) ? 0 : 0;
+
nothing

M
mutate && no "a block outside every region was accepted" || ok
grep -q "mutants:1: gone: its block lies in no region" "$box/err" && ok || no "outside: $(cat "$box/err")"
cat >"$box/mutants" <<'M'
helped
- {
-     return x;
- }
- /* end */
+ {
+     return 7;
+ }
Message.

twice_there
- return x;
+ return 8;
Message.
M
mutate && no "an ambiguous block was accepted" || ok
grep -q "mutants:11: twice_there: its block occurs [2-9] times" "$box/err" && ok || no "twice: $(cat "$box/err")"
cat >"$box/mutants" <<'M'
in_a_helper
- return x + 0;
+ return x + 1;
A static helper's mistake.

minus ~
- x++;
+ x += 2;
+     x -= 3;
This is a message
- that goes on with a dash.

deleted
- x++;
+
It is not there.

two_blocks
- x++;
+ x += 4;
- return 2 * x;
+ return -x;
Both places have it.
M
mutate && ok || no "good mutants were refused: $(cat "$box/err")"
printf '%s\n' 's_pointer in_a_helper' 's_both minus ~' 's_both deleted' 's_both two_blocks' >"$box/want"
cmp -s "$box/want" "$box/out" && ok || no "the list: $(cat "$box/out")"
grep -q '^    x += 2;$' "$box/m/s_both.minus.c" && grep -q '^        x -= 3;$' "$box/m/s_both.minus.c" && ok ||
    no "indentation of a mutant"
[ "$(cat "$box/m/alone")" = s_pointer.in_a_helper ] && ok || no "alone: $(cat "$box/m/alone")"
for n in minus deleted two_blocks; do
    awk -v n=$n '$0 == "#define s_both s_both__" n { on = 1 } on { print } /^#undef/ { on = 0 }' "$box/m/all.c" \
        >"$box/copy"
    { echo "#define s_both s_both__$n"; sed -n '/^int s_both/,/^}/p' "$box/m/s_both.$n.c"; echo '#undef s_both'; } |
        sed 's/^ *//' >"$box/want"
    sed 's/^ *//' "$box/copy" | cmp -s - "$box/want" && ok || { no "the copy $n"; diff "$box/want" "$box/copy"; }
done
grep -q '^    x += 4;$' "$box/m/s_both.two_blocks.c" && grep -q '^    return -x;$' "$box/m/s_both.two_blocks.c" && ok ||
    no "a second block"
[ "$(diff "$box/s.c" "$box/m/s_both.deleted.c" | grep -c '^[<>]')" = 1 ] && ok || no "a lone + deletes one line"
# bad WHAT MESSAGE: mutants on stdin
bad() {
    cat >"$box/mutants"
    mutate && no "$1 was accepted" || ok
    grep -q "$2" "$box/err" && ok || no "$1: $(cat "$box/err")"
}
printf 'a\n- x++;\n+ x--;\n' | bad "a mutant without a message" 'mutants:1: a: no message'
printf 'a\n+ x--;\nText.\n' | bad "a mutant without a block" 'mutants:1: a: no block'
printf 'a\n- x++;\nText.\n' | bad "a mutant without a replacement" 'mutants:1: a: nothing to put'
printf 'a\n- x++;\n+ x--;\n- x--;\nText.\n' | bad "a second block without a replacement" 'mutants:1: a: nothing to put'
printf 'a\n- x++;\n+ x--;\n- return x + 0;\n+ return 1;\nText.\n' | bad "blocks in two steps" 'mutants:1: a: its blocks lie in two steps'
printf 'a\n- x++;\n+ x--;\n- x++;\n+ x = 0;\nText.\n' | bad "blocks on top of each other" 'mutants:1: a: its blocks overlap'
printf 'a\n- x++;\n+ x--;\nText.\n\na\n- x++;\n+\nText.\n' | bad "one name twice" 'mutants:6: a second mutant a'
printf 'A name\n- x++;\n+ x--;\nText.\n' | bad "a name of two words" 'mutants:1: not the name'
printf 'a\n- int s_never(int x)\n+ x--;\nText.\n' | bad "a block in a given: text" 'occurs 0 times'
printf 'a\n- x ++;\n+ x--;\nText.\n' | bad "a block that differs by a blank" 'occurs 0 times'

# ---- Every folder that there is: what is handed out has no region left -------------------------------------------

for c in stage[0-9]/*/test_*.c; do
    d=${c%/*} n=${c##*/test_}
    [ -f "$d/$n" ] || continue
    awk -f grading/skeleton.awk "$d/$n" >"$box/out" 2>"$box/err" && ! grep -q 'exercise:\|/\* end' "$box/out" && ok ||
        no "$d: $(cat "$box/err")"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
