# test_tools.sh -- the flags that every program has: a profile, a trace, a memory account, a summary, a graph.
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; sed 's/^/    /' "$tmp/out" | tail -n 30; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
run() { "$@" >"$tmp/out" 2>&1 </dev/null; }
says() { grep -qE -- "$1" "$tmp/out" && ok || no "it does not say '$1'"; }
mlp=build/ref/$(ls -d stage*/[0-9][0-9]_mlp)/mlp
quick="--quick --starts=1 --epochs=4 --out=$tmp/out.d"

[ -x "$mlp" ] || { echo "make check builds $mlp first"; exit 1; }
run "$mlp" $quick --with=library --profile --trace="$tmp/t.json" --nan-trap --memory --summary --graph="$tmp/g.svg"
says '^summary: '
says '1 +linear +\(32,64\) +\(64,64\) \(64\) +\(32,64\) +4160 '
says '^  4 operations, 4810 parameters, [0-9.]+ MFLOP forward$'
says '^profile: [1-9][0-9]* steps, '
says '^    linear +[1-9][0-9]* .* [0-9]+% (arithmetic|L1|L2|L3|memory)$'
says '^    linear_backward \(linear\) +[1-9]'
says '^memory: [0-9]+ of [1-9][0-9]* steps asked the system for more, [0-9]+ times in all; the last was step [0-9]+$'
says '^    optimizer +[0-9.]+ MiB'
says ' s; pictures: '     # the last line stays the last
grep -q '^</svg>' "$tmp/g.svg" && grep -q '>linear<' "$tmp/g.svg" && ok || no 'the graph'
tail -n 1 "$tmp/t.json" | grep -qx ']}' && grep -q '"name":"linear_backward","cat":"backward"' "$tmp/t.json" && ok || no 'the trace'

run "$mlp" $quick --with=own --data=nosuch --trace=/no/such/folder/t.json && no 'it ran' || ok
says '^mlp: cannot write /no/such/folder/t.json: No such file or directory$'
run build/ref/stage0/00_start/start --quick --out="$tmp/out.d" --profile --summary && ok || no 'start'
says '^profile: no operation has run on a tape$'
says '^summary: no operation has run on a tape$'

# The list of operations: each of ops.h has its file, and a file its lines.
run make --silent ops
for n in $(sed -nE 's/^(Tensor \*|Recurrent |void +)op_([a-z_0-9]+)\(.*/\2/p' common/ops.h); do
    grep -qE "^ *[1-9][0-9]*  common/ops/[a-z_0-9]+\.c +(.*, )?$n(,|$)" "$tmp/out" || no "make ops does not show $n"
done
grep -q missing "$tmp/out" && no 'an operation without a file' || ok
for f in tape program arena tensor ops nn optim profile; do [ -f "common/$f.h" ] && grep -q "$f.h" common/README.md && ok || no "common/README.md does not name $f.h"; done
for f in $(grep -oE '\]\([a-z_/0-9.]+\)' common/README.md | tr -d '()]'); do [ -e "common/$f" ] && ok || no "common/README.md points to $f"; done

echo "$passed passed, $failed failed"
[ $failed = 0 ]
