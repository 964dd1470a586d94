# twin.sh DIR -- the CUDA twin of the exercise in DIR, run on the CPU: what its probes emit beside what the reference's do,
# fast and in check mode, threads and blocks in several orders. A finding of check mode is a failure.
# TRIALS: at most 48; check mode takes a hundred times as long as the reference.
dir=$1 passed=0 failed=0 trials=${TRIALS:-12}
[ "$trials" -le 48 ] || trials=48
out=build/simt/twin/$dir
mkdir -p "$out"
run() { # OUT WORKER: records to OUT; what is said to OUT.said
    WORKER=1 "$2" '*' "$trials" 4>"$1" >"$1.said" 2>&1
}
for seed in 1 2; do
    export SEED=$seed
    run "$out/ref" "build/ref/$dir/worker" || { echo "FAIL the reference's worker"; failed=$((failed + 1)); continue; }
    for mode in fast check; do
        for order in forward reverse random:5; do
            SIMT_STRICT=1 SIMT_ORDER=$order run "$out/cuda" "build/simt/$mode/$dir/worker"
            status=$?
            said=$(build/agree "$out/ref" "$out/cuda")
            set -- $(printf '%s\n' "$said" | tail -n 1)
            passed=$((passed + $1)) failed=$((failed + $3))
            [ $status = 0 ] || { [ "$3" != 0 ] || failed=$((failed + 1)); echo "exit status $status"; head -n 8 "$out/cuda.said"; }
            [ $status = 0 ] && [ "$3" = 0 ] || { echo "FAIL $dir, $mode, $order, seed $seed"; printf '%s\n' "$said" | head -n 8; }
        done
    done
done
rm -rf "$out"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
