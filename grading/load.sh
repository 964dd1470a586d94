# load.sh [N [JOBS]] -- N gradings of the same honest file, JOBS at once (1000, 12): every one must come to the same
# verdicts and points, however busy the machine. Each job has a tree of links of its own. SPIN=4: so many loops besides
# that only burn time. LEVEL=L1: as for build/grade. Ends with "N passed, N failed".
n=${1:-1000} jobs=${2:-12} dir=stage0/00_start
box=$(mktemp -d "${TMPDIR:-/tmp}/load.XXXXXX") || exit 1
chmod 711 "$box"
spinning=
trap '[ -z "$spinning" ] || kill $spinning; rm -rf "$box"' EXIT
root=$PWD

job() {     # JOB: its share, a line a grading
    tree=$box/$1
    mkdir -p "$tree/build" "$tree/work/$dir"
    for f in common grading stage0 build/ref build/toolchain build/grade build/confine; do ln -s "$root/$f" "$tree/$f"; done
    cp "$dir/start.h" "$dir/start.c" "$tree/work/$dir/"
    i=$1
    while [ "$i" -le "$n" ]; do
        (cd "$tree" && build/grade ${LEVEL:+--level "$LEVEL"} $dir) >"$tree/out" 2>&1
        # Seeds differ, and instructions over the reference's by what is measured in each tree: all else is compared.
        grep -v '"seed"\|instructions_over' "$tree/work/grade.json" | cksum >>"$box/sums"
        cp "$tree/out" "$box/out.$(cksum <"$tree/work/grade.json" | cut -d ' ' -f 1)" 2>/dev/null
        i=$((i + jobs))
    done
}
for i in $(seq "${SPIN:-0}"); do (while :; do :; done) & spinning="$spinning $!"; done
waiting=
for j in $(seq "$jobs"); do job "$j" & waiting="$waiting $!"; done
wait $waiting
all=$(wc -l <"$box/sums") same=$(sort "$box/sums" | uniq -c | sort -rn | awk 'NR == 1 { print $1 }')
sort "$box/sums" | uniq -c | sort -rn | sed 's/^/    /'
[ "$all" = "$same" ] || grep -hE '(WRONG|CRASH|TIME|MEMORY|OUTPUT|FORBIDDEN|EARLY-EXIT|BUILD|INTERNAL)' "$box"/out.* |
    sort | uniq -c | head -n 20
points=$(awk '/"points": / && !seen++ { print int($2) }' "$box/1/work/grade.json")
echo "$points points each"
[ "$points" = 100 ] || [ "$points" = 80 ] || same=0     # 80: without valgrind
echo "$same passed, $((n - same)) failed"
[ "$same" = "$n" ]
