# hint.awk -- awk -v step=S -v level=2 -v ex=NAME -f hint.awk README.md: the hints of a step, from the first up to
# that level. Without a step the first that has hints; a level above 3 is 3.
function wrap(text,   i, n, word, row) {
    n = split(text, word, " ")
    for (i = 1; i <= n; i++) {
        if (length(row) + 1 + length(word[i]) > 76) { print "    " row; row = "" }
        row = row (row == "" ? "" : " ") word[i]
    }
    if (row != "") print "    " row
}
BEGIN { if (level < 1) level = 1; if (level > 3) level = 3 }
match($0, /<details><summary>[a-z0-9_]+, [123]<\/summary>/) {
    head = substr($0, RSTART + 18, RLENGTH - 28)
    split(head, part, ", ")
    if (!(part[1] in known)) { known[part[1]] = 1; order[++n] = part[1] }
    if (step == "") step = part[1]
    here = part[1] == step ? part[2] : 0
    $0 = substr($0, RSTART + RLENGTH)
}
here {
    line = $0; closed = sub(/<\/details>.*/, "", line)
    text[here] = text[here] " " line
    if (closed) here = 0
}
END {
    if (text[1] == "") {
        if (!n) { print "the lesson has no hints" > "/dev/stderr"; exit 1 }
        for (i = 1; i <= n; i++) list = list (i > 1 ? ", " : "") order[i]
        print "no hints for " step "; there are some for " list > "/dev/stderr"; exit 1
    }
    for (i = 1; i <= level; i++) { print "  " step ", hint " i " of 3"; wrap(text[i]) }
    if (level < 3) print "  more: make hint EX=" ex "." step " LEVEL=" level + 1
}
