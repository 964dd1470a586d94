# test_show.sh -- make show: the emulator's log holds what lanes did, the pictures show it, and a log that is none gets a sentence.
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; }
is() { [ "$2" = "$3" ] && ok || no "$1: '$2', not '$3'"; }
command -v g++ >/dev/null 2>&1 || { echo "g++ is not here: nothing to test"; echo "0 passed, 0 failed"; exit 0; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
unset SIMT_COUNT SIMT_LIMITS SIMT_ORDER SIMT_STRICT
SIMT_LOG=$dir/log build/simt/check/counters >/dev/null || no 'a program that is logged'

# Of requests that cost the same, block 0's last is kept: here warp 31's, row 31 of 64 columns.
# KERNEL ACCESS: requests, what the costliest moves and could, all of it, the first lanes' bytes
access() { awk -v k="\"kernel\": \"$1\"" -v a="\"access\": \"$2\"" 'index($0, k) && index($0, a)' "$dir/log" |
    sed 's/.*"requests": \([0-9]*\), "all": \([0-9]*\), .*"moved": \([0-9]*\), "at_best": \([0-9]*\),.*"at": .\([^,]*, [^,]*, [^,]*\),.*/\1 \2 \3 \4: \5/'; }
is 'a row is read as it lies' "$(access transpose_naive 'global load 4B')" '128 512 4 4: 7936, 7940, 7944'
is 'a column is written a row apart' "$(access transpose_naive 'global store 4B')" '128 4096 32 4: 124, 380, 636'
is 'a column of the tile is one bank' "$(access transpose_shared 'shared load 4B')" '128 4096 32 1: 124, 252, 380'
is 'the padding moves it by one' "$(access transpose_padded 'shared load 4B')" '128 128 1 1: 124, 256, 388'
is 'lanes that do nothing have no address' "$(access half_of_them 'global store 4B')" '1 4 4 2: 0, null, 8'
is 'of requests that differ, the costliest' "$(access sum_interleaved 'shared store 4B' | sed -n 2p)" '12 47 8 1: 0, 32, 64'

# Time: kind, lanes at work, lanes that have returned, how long.
runs() { awk -v k="\"kernel\": \"$1\", \"phase\": $2, \"warp\": $3," 'index($0, k)' "$dir/log" | sed 's/.*"runs": //; s/}$//'; }
is 'idle lanes' "$(runs half_of_them 0 0 | grep -o '"g".*1\]')" '"g", 1431655765, 0, 1], ["b", 4294967295, 0, 1]'
is 'half of a warp adds, the other half waits' \
    "$(runs sum_sequential 4 0 | grep -o '"s", [0-9]*, 0' | sort -u)" '"s", 65535, 0'
is 'a barrier begins a phase' "$(grep -c '"sum_sequential", "phase": [0-9]*, "warp": 7,' "$dir/log")" 10
is 'a conflict takes time' "$(runs transpose_shared 1 0 | grep -o '"s", [0-9]*, 0, [0-9]*')" '"s", 4294967295, 0, 32'

build/show "$dir/log" "$dir/out/of" >"$dir/said" && ok || no 'build/show'
is 'a picture and a table for each kernel' "$(ls "$dir/out/of" | sed 's/.*\.//' | sort | uniq -c | tr -s ' \n' ' ')" \
    " $(grep -c '"grid"' "$dir/log") svg $(grep -c '"grid"' "$dir/log") tsv "
grep -q 'global store 4B of y: 32 sectors a request, where 4 would do: 12.5 % of what moves is used' "$dir/said" && ok ||
    no 'the table says what a line costs'
grep -q 'counters.cu:[0-9]*  y\[c \* n + r\] = x\[r \* n + c\];' "$dir/said" && ok || no 'the table quotes the line'
if command -v python3 >/dev/null 2>&1; then
    for f in "$dir"/out/of/*.svg; do
        python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$f" && ok || no "$f is no XML"
    done
fi
# 32 lanes run to one bank, whose middle is at 53; with a padded row, each to its own.
ends() { awk -v from="$2" 'index($0, from) { on = 1 } on && /class=.wire/ { print; exit }' "$dir/out/of/$1.svg" |
    grep -o 'L[0-9.]* ' | sort -u | wc -l; }
is 'all lines end at one bank' "$(ends transpose_shared 'shared load')" 1
is 'each line ends at a bank of its own' "$(ends transpose_padded 'shared load')" 32

says() {
    said=$(build/show "$2" "$dir/other" 2>&1 >/dev/null)
    is "$1" "$? $said" "1 $2$3"
}
build/show >/dev/null 2>&1
is 'usage' $? 2
says 'no log' "$dir/none" ': No such file or directory'
: >"$dir/log2"
says 'an empty log' "$dir/log2" ': no kernel was launched'
echo '{"kernel": "k", "at": []}' >"$dir/log2"
says 'a line of no kernel' "$dir/log2" ':1: of no kernel: SIMT_LOG writes such files'
kernel='{"kernel": "../a<b&c>", "grid": [], "threads": 7, "cut": 1}'
printf '%s\n{"kernel": "../a<b&c>", "at": [0], "bytes": 0, "requests": 1}\n' "$kernel" >"$dir/log2"
says 'an access of no bytes' "$dir/log2" ':2: no access: bytes, requests or line is missing, or impossible'
printf '%s\n{"kernel": "../a<b&c>", "runs": [], "warp": 32}\n' "$kernel" >"$dir/log2"
says 'a warp too many' "$dir/log2" ':2: no time: phase or warp is impossible'
printf '%s\n%s\n%s\n' "$kernel" '{"kernel": "../a<b&c>", "at": [1e99, "x", -5], "bytes": 4, "requests": 1, "line": 1}' \
    '{"kernel": "../a<b&c>", "runs": [3, [], ["g", -1, 0, 4]], "phase": 2, "warp": 0}' >"$dir/log2"
build/show "$dir/log2" "$dir/odd" >/dev/null && ok || no 'an odd log is drawn'
is 'inside of its folder' "$(ls -A "$dir/odd" | tr '\n' ' ')" '.._a_b_c_.svg .._a_b_c_.tsv '

# A folder's kernels, with the lines of its file; one step's alone.
worker=build/simt/check/stage2/03_softmax/worker
sh scripts/show.sh test_show $worker >"$dir/said" 2>&1 && ok || no "show.sh: $(tail -n 1 "$dir/said")"
grep -q '^  softmax.cu:[0-9]*  .*mean += y\[c\] \* dy\[c\];$' "$dir/said" && ok || no 'lines of the folder are named'
is 'the pictures are listed' "$(grep -c '^build/shown/test_show/.*svg$' "$dir/said")" "$(ls build/shown/test_show/*.svg | wc -l)"
sh scripts/show.sh test_show $worker softmax_backward >"$dir/said" 2>&1
is 'one step' "$(sed -n '/^Pictures/,$p' "$dir/said" | tail -n +2)" build/shown/test_show/backward_rows.svg
is 'no such step' "$(sh scripts/show.sh test_show $worker none 2>/dev/null; echo $?)" 1
rm -rf build/shown/test_show
echo "$passed passed, $failed failed"
[ $failed = 0 ]
