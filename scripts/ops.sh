#!/bin/sh
# ops.sh -- the operations of common/ops.h, where each is written and in how many lines of code: lines that are neither
# blank nor comment alone. What several files share is listed after them.
names=$(sed -nE 's/^(Tensor \*|Recurrent |void +)op_([a-z_0-9]+)\(.*/\2/p' common/ops.h)
code='{ s = $0; sub(/^[ \t]+/, "", s) }
    inside { if (s ~ /\*\//) inside = 0; next }
    s == "" || s ~ /^\/\// { next }
    s ~ /^\/\*/ { if (s !~ /\*\//) { inside = 1; next } if (s ~ /\*\/$/) next }
    { n++ } END { print n + 0 }'
lines() { awk "$code" "$1"; }
{
    for n in $names; do
        file=$(grep -lE "^(Tensor \*|Recurrent |void +)op_$n\(" common/ops/*.c | head -n 1)
        echo "$n ${file:-missing}"
    done
    for f in common/ops/*.c common/ops/*.h common/vmath.h common/gemm.c; do
        grep -qE '^(Tensor \*|Recurrent |void +)op_[a-z_0-9]+\(' "$f" 2>/dev/null || echo "- $f"
    done
} | while read -r n f; do
    [ "$f" = missing ] && echo "$n missing 0" || echo "$n $f $(lines "$f")"
done | awk '
    { if (!($2 in at)) { order[++files] = $2; at[$2] = files; count[$2] = $3 }
      names[$2] = names[$2] (names[$2] == "" ? "" : ", ") ($1 == "-" ? "(shared)" : $1)
      if ($1 != "-") ops++ }
    END { printf "%5s  %-30s %s\n", "lines", "file", "operations"
          for (i = 1; i <= files; i++) { f = order[i]; printf "%5d  %-30s %s\n", count[f], f, names[f]; all += count[f] }
          printf "%5d  lines of code, %d operations in %d files\n", all, ops, files }'
