# toolchain.sh -- sourced with dir set: name of the exercise, what a worker of it links, what make wrote to
# build/toolchain. `others VARIANT` prints the references it needs, under build/VARIANT.
for name in "$dir"/test_*.c; do name=${name##*/test_} name=${name%.c}; done
needs=$(sed -n '2s/.*needs: *\([^;*]*\).*/\1/p' "$dir/$name.h" | tr -s ', ' '  ')
cc= other= version= libs=-lm common_libs= cu= cucheck= cuother= cxx=
while read -r key rest; do
    case $key in cc) cc=$rest ;; other) other=$rest ;; libs) common_libs=$rest ;; version) version=$rest ;;
    cu) cu=$rest ;; cucheck) cucheck=$rest ;; cuother) cuother=$rest ;; cxx) cxx=$rest ;; esac
done <build/toolchain || exit 3
others() {
    for n in $needs; do
        case $n in common | nothing) continue ;; esac
        for d in stage[0-9]/[0-9][0-9]_"$n"; do echo "build/$1/$d/$n.o"; done
    done
}
case " $needs" in *" common"*) libs=$common_libs ;; esac
# Kind gpu: NAME.cu, C++ that the emulator's library runs. ext: what the reference's name ends in.
ext=c of_kind=
case $(sed -n 2p "$dir/$name.h") in *"kind: gpu;"*)
    ext=cu of_kind=build/simt/fast/grading/device.o libs="build/simt/libsimt.a -pthread -ldl $libs" ;;
esac
# Whoever says where a crash was needs libgcc, and worker.c lets no library be loaded later.
libs="-Wl,--push-state,--no-as-needed -lgcc_s -Wl,--pop-state $libs"
