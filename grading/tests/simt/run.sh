# run.sh NAME MODE... -- a program of kernels on the CPU, fast and in check mode, threads and blocks in three orders. A
# finding is a failure: these kernels are correct. COURSE_FULL=1: by the other compiler as well.
name=$1 passed=0 failed=0
shift
modes=$*
other=$(sed -n 's/^other_cxx *:= *//p' build/config.mk)
for mode; do
    [ -n "$COURSE_FULL" ] && [ -n "$other" ] || break
    case $name in
    kernels) files='grading/tests/simt/kernels_*.cu build/ref/grading/tests/simt/kernels.o' ;;
    *) files=grading/tests/simt/$name.cu ;;
    esac
    case $mode in check) how=--check ;; *) how= ;; esac
    mkdir -p build/simt/other_"$mode"
    if build/simtcc --with="$other" $how $files -lcublas -o build/simt/other_"$mode/$name"; then modes="$modes other_$mode"
    else failed=$((failed + 1)); echo "FAIL $name does not build by $other, $mode"
    fi
done
for order in forward reverse random:7; do
    for mode in $modes; do
        said=$(SIMT_ORDER=$order SIMT_STRICT=1 build/simt/"$mode/$name" 2>&1)
        status=$?
        n=$(printf '%s\n' "$said" | awk '/^[0-9]+ passed, [0-9]+ failed$/ { print $1 }')
        passed=$((passed + ${n:-0}))
        [ $status = 0 ] && [ -n "$n" ] && continue
        failed=$((failed + 1))
        echo "FAIL $name, $mode, order $order: exit status $status"
        printf '%s\n' "$said" | grep -v ' passed, ' | head -n 12
    done
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
