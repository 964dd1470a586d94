# mutants.sh DIR OUT [CC [CHECK]] -- every known-wrong variant of a folder as a shared object OUT/STEP.NAME.so, which goes
# before the functions of OUT/frame, a worker without any. Also reference.so, and deleted.so: the skeleton without its
# TODOs. OUT/list: "STEP NAME [~]" a line. OUT/steps: steps.awk's. Fifty links of a program, or fifty compilations,
# cost seconds. OUT/calls: "STEP OTHER" where the reference of STEP calls OTHER, by way of others too: while OTHER
# is wrong, what STEP does wrong may be OTHER's fault. Of kind gpu: mutants_gpu.sh.
dir=$1 out=$2 compiler=$3 checker=$4
. grading/toolchain.sh
[ $ext = c ] || { : "${compiler:=$cu}"; [ -n "$3" ] || checker=$cucheck; }
: "${compiler:=$cc}"
rm -rf "$out" && mkdir -p "$out" || exit 1
awk -f grading/steps.awk "$dir/$name.$ext" >"$out/steps" || exit 1
awk 'FNR == NR { line[$1] = $3; name[++n] = $1; next }
    { for (i = 1; i <= n; i++) if (FNR == line[name[i]]) in_one = name[i] }
    in_one { for (i = 1; i <= n; i++) if (name[i] != in_one && $0 ~ "(^|[^A-Za-z0-9_])" name[i] "[(]" && FNR > line[in_one]) calls[in_one, name[i]] = 1 }
    END { for (k = 1; k <= n; k++) for (i = 1; i <= n; i++) for (j = 1; j <= n; j++)
              if ((name[i], name[k]) in calls && (name[k], name[j]) in calls) calls[name[i], name[j]] = 1
          for (i = 1; i <= n; i++) for (j = 1; j <= n; j++) if (i != j && (name[i], name[j]) in calls) print name[i], name[j] }' \
    "$out/steps" "$dir/$name.$ext" >"$out/calls" || exit 1
awk -v regions=1 -f grading/steps.awk "$dir/$name.$ext" >"$out/regions" || exit 1
awk -v out="$out" -v ext=$ext -f grading/mutate.awk "$out/steps" "$out/regions" "$dir/mutants" "$dir/$name.$ext" >"$out/list" || exit 1
awk -f grading/skeleton.awk "$dir/$name.$ext" >"$out/skeleton.$ext" || exit 1
grep -v '^[ 	]*TODO("' "$out/skeleton.$ext" >"$out/deleted.$ext"
cp "$dir/$name.$ext" "$out/reference.$ext"
[ $ext = c ] || { . grading/mutants_gpu.sh; exit; }

compile() { eval "$compiler -w -O0 -g0 -fPIC -I$dir -c -o '$out/$1.o' '$out/$1.c'"; }      # a mistake stays one at -O0
share() { ld -shared -soname exercise.so -o "$out/$1.so" "$out/$1.o"; }
if ! compile all 2>"$out/errors"; then          # one of them does not compile: each alone, to say which
    awk '{ print $1 "." $2 }' "$out/list" >"$out/alone"
fi
for n in reference deleted $(cat "$out/alone"); do
    compile "$n" && share "$n" || { echo "$dir/mutants: $n does not compile" >&2; exit 1; }
done
while read -r step mutant mark; do
    grep -qx "$step.$mutant" "$out/alone" && continue
    objcopy --redefine-sym "$step=${step}__original" --redefine-sym "${step}__$mutant=$step" "$out/all.o" \
        "$out/$step.$mutant.o" && share "$step.$mutant" || exit 1
done <"$out/list"
rm -f "$out"/*.o
# All of the library's operations, for what a variant calls and the reference does not; of libraries, what that needs.
ops=; case " $needs" in *" common"*)
    ops="-rdynamic $(nm ${common_libs%% *} 2>/dev/null | sed -n 's/.* T \(op_[a-z_0-9]*\)$/-Wl,-u,\1/p' | tr '\n' ' ')" ;;
esac
eval "$cc -o '$out/frame' -Wl,--no-as-needed '-Wl,-rpath,/nowhere' -Wl,--wrap=check_failed \
    'build/ref/$dir/test_$name.worker.o' build/ref/grading/worker.o build/ref/grading/probe.o $(others ref) \
    '$out/reference.so' -Wl,--as-needed $ops $libs" || exit 1
: >"$out/made"
