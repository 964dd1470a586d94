# class.sh DIR N [NAME...] -- hands in for N made-up learners: of every exercise, or of those named, what a class hands
# in. Of each 20 files about: 4 untouched, 6 with a known mistake, 3 honest variants, 2 references, 2 half done, 3 that
# do not compile, crash or never end. The same for the same N.
dir=$1 n=$2
shift 2
mkdir -p "$dir" || exit 1
[ $# -gt 0 ] || set -- $(ls -d stage[0-9]/[0-9][0-9]_* | sed 's,.*/[0-9]*_,,')
pick() { shift $(($1 % ($# - 1) + 1)); printf '%s\n' "$1"; }

hand_in() {    # LEARNER-NUMBER FOLDER FILE
    k=$1 d=$2 name=${2##*/??_} c=c
    [ -e "$d/$name.c" ] || c=cu
    case $((k % 20)) in
    0 | 5 | 10 | 15) awk -f grading/skeleton.awk "$d/$name.$c" ;;
    1 | 4 | 7 | 11 | 13 | 17) cat "$(pick $k build/ref/"$d"/mutants/*.*.$c)" ;;
    2 | 8 | 14) cat "$(pick $k "$d"/honest/*.$c "$d/$name.$c")" ;;
    3 | 12) sed "s/^#include \"$name.h\"/&\n/" "$d/$name.$c"; echo "/* handed in by learner $k */" ;;
    6 | 16)             # the first half of its regions is written
        awk '/\/\* given:/ && half(n) { skip = 1 } skip { skip = !/\*\//; next }
            /\/\* exercise:/ { n++ } /\/\* (exercise:|end \*\/)/ && half(n) { next } { print }
            function half(n) { return n <= (all + 1) / 2 }' all="$(grep -c '/\* end \*/' "$d/$name.$c")" "$d/$name.$c" \
            >"$3.half"
        awk -f grading/skeleton.awk "$3.half" ;;
    9) sed 's/;$/ ;; }/' "$d/$name.$c" ;;
    18) sed '0,/exercise:/s,^.*exercise:.*,    *(volatile int *)0 = 1;\n&,' "$d/$name.$c" ;;
    19) sed '0,/exercise:/s,^.*exercise:.*,    for (volatile int forever = 1; forever;) continue;\n&,' "$d/$name.$c" ;;
    esac >"$3"
    rm -f "$3.half"
}

i=0
while [ $i -lt "$n" ]; do
    learner=$(printf 'learner_%03d' $i) e=0
    for name in "$@"; do
        for d in stage[0-9]/[0-9][0-9]_"$name"; do
            to=$dir/$learner
            [ $((i % 2)) = 0 ] || to=$to/$d
            mkdir -p "$to" && hand_in $((i * 7 + e * 3)) "$d" "$to/$name.$([ -e "$d/$name.c" ] && echo c || echo cu)" || exit 1
            e=$((e + 1))
        done
    done
    i=$((i + 1))
done
