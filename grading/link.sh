# link.sh DIR OBJECT OUT [VARIANT [FLAG...]] -- a worker of an object of the exercise in DIR. What the reference defines
# stays global, anything else becomes local ("extra NAME"); what is missing is a stub that says so ("missing NAME").
# VARIANT: under which folder of build/ the worker's other objects lie (ref). OBJECT and OUT `-`: only what is ours and
# may be missing is made; where a learner's object is linked, build/ may not be written.
dir=$1 object=$2 out=$3 variant=${4:-ref}
shift 3; [ $# -gt 0 ] && shift
. grading/toolchain.sh
globals_of() {      # OBJECT: names of C
    if [ $ext = c ]; then nm -g --defined-only "$1" | sed -n 's/.* //p'
    else nm -g --defined-only "$1" | awk '$3 !~ /^(_Z|DW[.])/ { print $3 }'
    fi
}
b=build/$variant globals=build/ref/$dir/globals
[ "$globals" -nt "build/ref/$dir/$name.o" ] || { [ -s "$globals" ] && [ ! -e "build/ref/$dir/$name.o" ]; } ||
    globals_of "build/ref/$dir/$name.o" >"$globals" || exit 2
if [ "$object" = - ] && [ "$variant" != ref ]; then     # make knows only those of ref
    for o in $(others "$variant"); do
        c=${o#build/"$variant"/} c=${c%.o}.c
        mkdir -p "${o%/*}"
        [ -e "$c" ] || { cp "build/ref/${o#build/"$variant"/}" "$o" || exit 2; continue; }      # handed out without source
        [ "$o" -nt "$c" ] || eval "$cc \"\$@\" -w -I'${c%/*}' -c -o '$o' '$c'" || exit 2
    done
fi
[ "$object" = - ] && exit
globals_of "$object" >"$out.has" || exit 2
if nm "$object" | LC_ALL=C grep -qv '^[0-9a-f ]* [A-Za-z?-] [^[:cntrl:][:space:]"\\]*$'; then
    echo "$dir/$name.c: error: it has a name that no C program could have, with a space or worse in it" >&2
    exit 2
fi
extra=$(grep -vxFf "$globals" "$out.has") missing=$(grep -vxFf "$out.has" "$globals")
[ -s "$out.has" ] || missing=$(cat "$globals")
for f in $extra; do echo "extra $f"; done
linked=$object
# What templates of C++ make stays as it is, for another object may have the same; kernels are the file's own.
kernels=
if [ $ext = cu ]; then
    # The launch of a kernel that is a template makes a Call of the file's own.
    if nm --defined-only "$object" | grep ' [^UWwVvu] ' | grep -v ' _ZN[A-Z]*4simt4CallI' |
        grep -q ' _*\(ZN[A-Z]*4simt\|simt_\|tsan_\|ubsan_\|sanitizer_\)'; then
        echo "$dir/$name.cu: error: it defines a function of the emulator's" >&2
        exit 2
    fi
    { cat "$globals"; nm -g --defined-only "$object" | sed -n 's/.* [WVu] \(_Z.*\|DW[.].*\)/\1/p'; } >"$out.keep"
    globals=$out.keep kernels=yes
fi
if [ -n "$extra$kernels" ]; then
    objcopy --keep-global-symbols="$globals" "$object" "$out.local.o" || exit 2
    linked=$out.local.o
fi
stub=
if [ -n "$missing" ]; then
    { echo 'void missing_function(const char *);'
      for f in $missing; do
          echo "missing $f" >&3
          echo "void $f(void); void $f(void) { missing_function(\"$f\"); }"
      done
    } 3>&1 >"$out.stub.c"
    eval "$cc -w -c -o '$out.stub.o' '$out.stub.c'" || exit 2
    stub=$out.stub.o
fi
# worker.o comes first, so that its preparations go before all that a learner's object has run before main.
[ $ext = c ] || cc="$cxx -w"
case ${cc%% *} in *gcc* | *g++*) alone=-fno-use-linker-plugin ;; *) alone= ;; esac   # an object may hold options for a plugin
eval "$cc \"\$@\" $alone -o '$out' -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=check_failed \
    $b/grading/worker.o '$b/$dir/test_$name.worker.o' '$linked' $stub $b/grading/probe.o $of_kind $(others $variant) $libs" \
    2>"$out.errors"
status=$?
[ $status = 0 ] || cat "$out.errors" >&2
rm -f "$out.has" "$out.keep" "$out.local.o" "$out.stub.c" "$out.stub.o" "$out.errors"
[ $status = 0 ] || exit 2
