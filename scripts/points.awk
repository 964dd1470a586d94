# points.awk -- awk -v ex='"softmax"' -f points.awk work/grade.json: "80/80 done" or "55/100", as last graded; nothing where it
# was not. The grader writes a key a line.
$1 == "\"exercise\":" { on = index($2, ex) == 1 }
on && $1 == "\"points\":" && !points { points = $2 + 0 }
on && $1 == "\"of\":" && !of { of = $2 + 0 }
on && $1 == "\"complete\":" { printf "%g/%g%s\n", points, of, index($2, "true") ? " done" : ""; exit }
