# mutants_gpu.sh -- sourced by mutants.sh for a folder of kind gpu: each variant as two programs, OUT/STEP.NAME.fast and, by the
# compiler $checker where there is one, OUT/STEP.NAME.check; also deleted.fast. Shared memory is told by its place in the
# program, so no variant is a library. All variants are compiled at once, a namespace each, and the reference before them.
functions=$(awk '{ print $1 }' "$out/steps")

variant() {     # NAME FILE: the file's text, its functions renamed
    echo "namespace variant_$1 {"
    for f in $functions; do echo "extern \"C\" decltype(::$f) ${f}__$1;"; done
    for f in $functions; do echo "#define $f ${f}__$1"; done
    echo "#line 1 \"$2\""
    cat "$2"
    for f in $functions; do echo "#undef $f"; done
    echo '}'
}
cat "$out/reference.cu" >"$out/all.cu"
variant deleted "$out/deleted.cu" >>"$out/all.cu"
while read -r step mutant mark; do variant "$mutant" "$out/$step.$mutant.cu"; done <"$out/list" >>"$out/all.cu"

compile() { eval "$1 -w -g0 -O0 -I$dir -c -o '$3' '$2'" 2>"$out/errors"; }       # a mistake stays one at -O0
each() {        # COMPILER MODE: programs of all variants
    compile "$1" "$out/all.cu" "$out/all.o" || {        # one of them does not compile: each alone, to say which
        for file in "$out"/*.*.cu "$out/deleted.cu"; do
            compile "$1" "$file" "$out/one.o" || { echo "$dir/mutants: $(basename "$file" .cu) does not compile" >&2; cat "$out/errors" >&2; exit 1; }
        done
        cat "$out/errors" >&2; exit 1
    }
    { echo "deleted deleted"; cat "$out/list"; } | while read -r step mutant mark; do
        program=$out/$step.$mutant.$2
        [ "$step" != deleted ] || program=$out/deleted.$2
        for f in $functions; do echo "$f ${f}__original"; echo "${f}__$mutant $f"; done >"$out/names"
        objcopy --redefine-syms="$out/names" "$out/all.o" "$out/one.o" &&
            eval "$cxx -o '$program' -Wl,-S -Wl,--wrap=check_failed '$out/one.o' 'build/ref/$dir/test_$name.worker.o' \
                build/ref/grading/worker.o build/ref/grading/probe.o $of_kind $(others ref) $libs" || exit 1
    done || exit 1
}
each "$compiler" fast
[ -z "$checker" ] || each "$checker" check
rm -f "$out"/*.o
: >"$out/made"
