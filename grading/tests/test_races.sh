# test_races.sh -- the loader's thread and its user under the thread sanitizer: no access of one races with the other's.
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; sed 's/^/    /' "$tmp/out" | head -n 40; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
# $1: loader.c, as it is or spoiled. The rest of common/ is called by one thread alone, and need not be watched.
races() {
    ${CC:-cc} -std=c17 -Wall -Wextra -Werror -O1 -g -fsanitize=thread -Icommon -o "$tmp/loader" grading/tests/races/loader.c \
        "$1" build/ref/libcommon.a -fopenmp -lm >"$tmp/out" 2>&1 || return 3
    OMP_NUM_THREADS=1 TSAN_OPTIONS=exitcode=66 "$tmp/loader" >>"$tmp/out" 2>&1
}
end() { echo "$passed passed, $failed failed"; [ $failed = 0 ]; exit; }

[ -f build/ref/libcommon.a ] || { echo 'make check builds build/ref/libcommon.a first'; exit 1; }
echo 'int main(void) { return 0; }' >"$tmp/none.c"
${CC:-cc} -fsanitize=thread -o "$tmp/none" "$tmp/none.c" >"$tmp/out" 2>&1 && "$tmp/none" >>"$tmp/out" 2>&1 || {
    echo "skipped: no program runs under ${CC:-cc} -fsanitize=thread here: $(head -n 1 "$tmp/out")"
    end
}
races common/loader.c && grep -qx '0 batches differ' "$tmp/out" && ok || no 'the loader'
# Once with turns taken, but no lock: this must be seen, or nothing was.
sed -E 's/pthread_mutex_(un)?lock\(&p->lock\)/(void)p/; s/pthread_cond_wait\([^)]*\)/sched_yield()/' \
    common/loader.c >"$tmp/spoiled.c"
cmp -s common/loader.c "$tmp/spoiled.c" && no 'nothing was spoiled'
races "$tmp/spoiled.c"
[ $? = 66 ] && grep -q 'WARNING: ThreadSanitizer: data race' "$tmp/out" && ok || no 'a loader without a lock'
end
