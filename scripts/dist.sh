#!/bin/sh
# dist.sh OUT 'DIRS' ARCH... -- packs what a class gets: lessons, headers, skeletons, plots, data and a grader that needs
# gcc and make alone; nothing that solves an exercise. For each ARCH, under build/dist_ARCH, make has built the objects of
# grading/, common/ and the exercises; here they become one static program without symbols.
out=$1 dirs=$2; shift 2
case $out in
'') echo "make dist needs OUT=, the archive to write: make dist OUT=course.tar.gz" >&2; exit 2 ;;
*.tar.gz | *.tgz) pack='gzip -9n' ;;
*.tar.xz) pack='xz -9e' ;;
*) echo "make dist: $out: the archive's name ends in .tar.gz or .tar.xz" >&2; exit 2 ;;
esac
fail() { echo "make dist: $*" >&2; exit 1; }
name_of() { basename "$1" | sed 's/^[0-9]*_//'; }
[ $# -gt 0 ] || { echo "make dist: no grader can be made here, so there is nothing to hand out" >&2; exit 1; }
tree=build/dist/course
rm -rf build/dist && mkdir -p $tree || fail "build/dist cannot be written: is the disk full, or this folder read-only?"

# give FILE...: into the archive, under the same name.
give() {
    for f in "$@"; do
        mkdir -p "$tree/$(dirname "$f")" && cp -p "$f" "$tree/$f" || fail "$f could not be copied"
    done
}

# ---- The grader: one program an architecture ----------------------------------------------------------------------

# one ENTRY OUT OBJECT...: objects as one, of which only main_ENTRY can be seen, and a list of probes of its own.
one() {
    entry=$1 to=$2; shift 2
    $ld -r -o "$to.all" "$@" && $objcopy --redefine-sym "main=main_$entry" \
        --redefine-sym "__start_probes=__start_probes_$entry" --redefine-sym "__stop_probes=__stop_probes_$entry" \
        --rename-section "probes=probes_$entry" "$to.all" &&
        $objcopy --strip-debug --keep-global-symbol="main_$entry" "$to.all" "$to" ||
        fail "the $entry of $arch could not be linked"
    rm "$to.all"
}
grader() {
    b=build/dist_$arch bin=$tree/grading/bin/$arch
    cc=$(cat "build/flags/cc_dist_$arch") libs=
    for t in ld objcopy strip; do eval "$t=\$(${cc%% *} -print-prog-name=$t)"; done
    [ -d "build/cross/$arch" ] && [ "$arch" != "$(uname -m)" ] && libs="-Lbuild/cross/$arch/usr/lib/$arch-linux-gnu"
    mkdir -p "$bin"
    parts= table=
    for dir in $dirs; do
        sh grading/dist/part.sh "dist_$arch" "$dir" || exit 1
        parts="$parts $b/$dir/part.o" table="$table $(name_of "$dir")"
        mkdir -p "$bin/$dir" && cp "$b/$dir"/*probes.o "$bin/$dir/" || exit 1
        for n in $(others_of "$dir"); do
            o=$n/$(name_of "$n").o
            mkdir -p "$bin/$n" && $strip --strip-unneeded -o "$bin/$o" "$b/$o" || exit 1
        done
    done
    g=$b/grading entries=judge objects=$b/judge.o
    one judge "$b/judge.o" "$g/judge.o" "$g/compare.o" "$g/probe.o" \
        $(for d in $dirs; do echo "$b/$d/test_$(name_of "$d").judge.o"; done)
    for t in $tools; do     # grade:grading/grade:grading/build:...
        one "${t%%:*}" "$b/${t%%:*}.o" $(echo "${t#*:}" | tr : '\n' | sed "s,.*,$b/&.o,")
        entries="$entries ${t%%:*}" objects="$objects $b/${t%%:*}.o"
    done
    {   echo '#include "many.h"'
        for p in $entries $table; do echo "int main_$p(int, char **);"; done
        echo 'const Program programs[] = {'
        for p in $entries $table; do echo "    { \"$p\", main_$p },"; done
        echo '    { 0, 0 }'
        echo '};'
    } >"$b/programs.c"
    eval "$cc -static -s -o '$bin/grader' '$b/programs.c' $g/dist/many.o $objects $parts \
        $([ -n "$programs" ] && echo "$b/libcommon.a") $deps_ldflags $libs $(sh grading/dist/libraries.sh "$cc")" \
        2>"$b/errors" || { cat "$b/errors"; fail "the grader of $arch does not link"; }
    [ -n "$programs" ] && library
    return 0
}

# What programs need of common/, and of the libraries under it; code alone, no debugger's knowledge.
library() {
    list=$b/library.mri
    { echo "create $bin/libcommon.a"; echo "addlib $b/libcommon.a"
      for l in png z jansson; do
          f=$(eval "${cc%% *} $deps_ldflags $libs -print-file-name=lib$l.a")
          [ "$f" = "lib$l.a" ] && f=build/cross/$arch/usr/lib/$arch-linux-gnu/lib$l.a
          [ -e "$f" ] || fail "lib$l.a of $arch is not here"
          echo "addlib $(readlink -f "$f")"
      done
      echo save; echo end; } >"$list"
    $(${cc%% *} -print-prog-name=ar) -M <"$list" && $strip --strip-unneeded "$bin/libcommon.a" ||
        fail "libcommon.a of $arch"
}
others_of() {
    sed -n '2s/.*needs: *\([^;*]*\).*/\1/p' "$1/$(name_of "$1").h" | tr -s ', ' '\n\n' | while read -r n; do
        case $n in common | nothing | '') ;; *) ls -d stage[0-9]/[0-9][0-9]_"$n" ;; esac
    done
}

# What callgrind counts for the reference, found as always: by grading it. In a tree of links with a work/ and a build/ of
# its own, for the seed of a count is kept with it, and the one of this machine's own gradings is nobody's to know. Kept
# until the reference's worker is newer.
counts() {
    here=$(uname -m) box=build/dist/box todo=
    for d in $dirs; do [ "build/dist_$here/$d/reference.counts" -nt "build/ref/$d/worker" ] || todo="$todo $d"; done
    mkdir -p $box/build $box/work
    for f in common grading stage[0-9]; do ln -s "../../../$f" $box/$f; done
    for f in ref grade confine toolchain deps; do [ -e build/$f ] && ln -s "../../../../build/$f" $box/build/$f; done
    for d in $todo; do mkdir -p "$box/work/$d" && cp "$d/$(name_of "$d").c" "$box/work/$d/"; done
    [ -z "$todo" ] || (cd $box && ./build/grade $todo) >build/dist/counts.log 2>&1
    for d in $dirs; do
        new=$box/build/count/$d/reference.counts c=build/dist_$here/$d/reference.counts
        if [ -s "$new" ]; then cp "$new" "$c"; fi
        if [ -s "$c" ]; then cp "$c" "$tree/grading/bin/$here/$d/"
        else echo "make dist: $d: instructions are not counted here (build/dist/counts.log): no points for performance"; fi
    done
}

# ---- What is handed out as it is ----------------------------------------------------------------------------------

# All of an exercise's folder but what answers it.
exercise() {
    n=$(name_of "$1") facts=$tree/grading/facts/$1
    give $(git ls-files -co --exclude-standard "$1" | grep -vE "^$1/($n\.cu?|twin\.cu|test_$n\.c|mutants|bench_$n\.c|honest/.*)\$")
    awk -f grading/skeleton.awk "$1/$n.c" >"$tree/$1/$n.c" || fail "no skeleton of $1"
    echo "/* test_$n.c -- the probes of this exercise are in grading/bin, compiled. */" >"$tree/$1/test_$n.c"
    mkdir -p "$facts"
    cp "build/ref/$1/mutants/steps" "build/ref/$1/mutants/list" "build/ref/$1/mutants/calls" "build/ref/$1/globals" "$facts/" ||
        fail "$1 is not built"
    # Of a known mistake its name and what a learner is told; the lines it replaces are the reference's.
    awk 'BEGIN { RS = ""; FS = "\n" } { print (NR > 1 ? "\n" : "") $1; told = 0
        for (i = 2; i <= NF; i++) if ($i !~ /^[-+]( |$)/ || told) { print $i; told = 1 } }' "$1/mutants" >"$tree/$1/mutants"
}
headers() {    # those of common/ that programs and workers include, and theirs
    for d in $dirs; do
        for f in "$d"/main.c "$d"/plug.c "$d/$(name_of "$d").h"; do
            [ -f "$f" ] && ${CC:-gcc} -std=c17 -Icommon -Igrading -I"$d" -MM "$f"
        done
    done | tr -s ' \\' '\n\n' | grep -E '^(common|grading)/.*\.h$' | sort -u
}
give LICENSE $(ls AGENTS.md 2>/dev/null) $(headers) common/todo.h $(git ls-files -co --exclude-standard common/data)
give grading/worker.c grading/probe.c grading/clock.h grading/probe.h grading/probe_internal.h grading/record.h
give grading/link.sh grading/toolchain.sh grading/skeleton.awk grading/steps.awk grading/hint.awk
give scripts/near.awk scripts/points.awk scripts/complete.sh scripts/help.awk
give scripts/work.sh scripts/given.sh scripts/update.sh scripts/predict.sh
cp grading/dist/ready.sh grading/dist/NOTICE $tree/grading/ && cp grading/dist/COURSE.md $tree/README.md &&
    awk -f grading/dist/makefile.awk Makefile grading/dist/course.mk >$tree/Makefile || exit 1
echo "version $(git describe --always --dirty 2>/dev/null)" >$tree/grading/version
for dir in $dirs; do exercise "$dir"; done
mkdir -p $tree/grading/tracks
for t in grading/tracks/*; do       # of the ways through the course what is here
    awk -v here=" $(for d in $dirs; do name_of "$d"; done | tr '\n' ' ') " '/^#/ || !NF || index(here, " " $1 " ")' "$t" >"$tree/$t"
done
for arch in "$@"; do grader; done
[ -d "$tree/grading/bin/$(uname -m)" ] && counts

(cd build/dist && tar --sort=name --owner=0 --group=0 --numeric-owner -cf - course) | $pack >"$out.new" &&
    mv "$out.new" "$out" || { rm -f "$out.new"; fail "$out could not be written"; }
echo "$out: $(($(stat -c %s "$out") / 1024)) KB, $(echo $dirs | wc -w) exercises, a grader for $*"
