# run.sh NAME MODE... -- a program of kernels on the CPU, fast and in check mode, threads and blocks in three orders. A
# finding is a failure: these kernels are correct.
name=$1 passed=0 failed=0
shift
for order in forward reverse random:7; do
    for mode; do
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
