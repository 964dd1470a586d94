#!/bin/sh
# sum.sh RESULT... -- adds up the units of `make check`: CPU seconds by folder, then the closing line.
cat "$@" 2>/dev/null >build/check/all || { mkdir -p build/check; : >build/check/all; }
for r in "$@"; do
    name=${r#build/check/}; name=${name%.result}
    [ -f "$r" ] && awk -v n="$name" '{ print n, $1, $2, $3 }' "$r" || echo "$name 0 1 0"
done | awk -v full="$COURSE_FULL" '
    { passed += $2; failed += $3; cpu += $4
      if ($3 > 0) bad = bad "  " $1 ": " $3 " failed, build/check/" $1 ".log\n"
      if ($1 ~ /^stage/ || $1 ~ /^research/) { folder[++n] = $4; name[n] = $1
          if ($4 > 10) slow = slow "  warning: " $1 " takes " $4 " s of CPU; the goal is 5\n" } }
    END {
        for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (folder[j] < folder[i]) { t = folder[i]; folder[i] = folder[j]; folder[j] = t }
        if (n) printf "CPU: %.1f s in all, %.1f s a folder at the median of %d\n", cpu, folder[int((n + 1) / 2)], n
        printf "%s%s", full ? "" : slow, bad
        printf "%d passed, %d failed\n", passed, failed
        exit failed > 0 }'
