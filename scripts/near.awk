# near.awk -- the three names with the smallest edit distance to `want`, a comma between.
function min(a, b) { return a < b ? a : b }
{ n = length(want); m = length($0)
  for (j = 0; j <= m; j++) d[0, j] = j
  for (i = 1; i <= n; i++) { d[i, 0] = i
      for (j = 1; j <= m; j++)
          d[i, j] = min(min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (substr(want, i, 1) != substr($0, j, 1))) }
  score[$0] = d[n, m] }
END { for (k = 0; k < 3; k++) { best = ""
          for (s in score) if (best == "" || score[s] < score[best] || (score[s] == score[best] && s < best)) best = s
          if (best != "") printf "%s%s", k ? ", " : "", best
          delete score[best] } }
