# toolchain.sh -- sourced with dir set: name of the exercise, what a worker of it links, what make wrote to
# build/toolchain. `others VARIANT` prints the references it needs, under build/VARIANT.
for name in "$dir"/test_*.c; do name=${name##*/test_} name=${name%.c}; done
needs=$(sed -n '2s/.*needs: *\([^;*]*\).*/\1/p' "$dir/$name.h" | tr -s ', ' '  ')
cc= other= version= libs=-lm common_libs=
while read -r key rest; do
    case $key in cc) cc=$rest ;; other) other=$rest ;; libs) common_libs=$rest ;; version) version=$rest ;; esac
done <build/toolchain || exit 3
others() {
    for n in $needs; do
        case $n in common | nothing) continue ;; esac
        for d in stage[0-9]/[0-9][0-9]_"$n"; do echo "build/$1/$d/$n.o"; done
    done
}
case " $needs" in *" common"*) libs=$common_libs ;; esac
# Whoever says where a crash was needs libgcc, and worker.c lets no library be loaded later.
libs="-Wl,--push-state,--no-as-needed -lgcc_s -Wl,--pop-state $libs"
