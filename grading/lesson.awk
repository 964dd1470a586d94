# lesson.awk -- awk -v steps="a b" -v dir=DIR: a line a fault of a lesson, status 1 if any. Its sections in DESIGN's
# order, at most 1500 words without the hints, three hints a step that has a region.
function fault(what) { printf "FAIL  %s/README.md:%d: %s\n", dir, FNR, what; faults++ }
BEGIN {
    n = split("Before this|Guess a number|The idea|With a pencil|Maths and shapes|The task|What to look at in the " \
              "plot|The same in |Pitfalls|Interview questions|Hints|Further reading", want, "|")
    split(steps, step, " ")
}
/^```/ { code = !code }
/^## / && !code {
    in_hints = ($0 == "## Hints")
    for (i = 1; i <= n; i++)
        if (index(substr($0, 4), want[i]) == 1) {
            if (i <= last) fault("the section \"" substr($0, 4) "\" stands after \"" want[last] "\"")
            last = i > last ? i : last; seen[i] = 1
        }
}
in_hints && match($0, /<summary>[a-z0-9_]+, [123]<\/summary>/) { hint[substr($0, RSTART + 9, RLENGTH - 19)]++ }
!in_hints { gsub(/<[^>]*>/, " "); words += NF }
END {
    for (i = 1; i <= n; i++) if (!seen[i]) fault("no section \"" want[i] "\"")
    if (words > 1500) fault(words " words without the hints, 1500 at most")
    for (i in step)
        for (k = 1; k <= 3; k++) {
            times = hint[step[i] ", " k] + 0
            if (times != 1) fault("hint " k " of " step[i] " occurs " times " times")
        }
    exit faults > 0
}
