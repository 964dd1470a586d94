# mutate.awk -- awk -v out=DIR -f mutate.awk STEPS REGIONS MUTANTS REFERENCE (STEPS, REGIONS: what steps.awk says).
# For each record of MUTANTS writes DIR/STEP.NAME.c, the reference with its block or blocks replaced, and prints "STEP
# NAME" (and "~" for a mutant of rounding). Whole lines, compared without leading blanks; given: texts are not looked at.
#
# DIR/all.c is the reference with a copy of the function behind the function for each mutant, named STEP__NAME: one
# compilation instead of fifty. DIR/alone lists those that are no such copy, because their block lies in a static
# helper, or the function stands in a table: it is called from there too, and a table knows no copies.
function trim(s) { sub(/^[ \t]+/, "", s); return s }
function fault(where, what) { printf "%s:%d: %s\n", mutants, where, what > "/dev/stderr"; failed = 1 }

FILENAME == ARGV[1] { start[$1] = $3; next }
FILENAME == ARGV[2] { region_first[++regions] = $1; region_last[regions] = $2; region_step[regions] = $3; next }
FILENAME == ARGV[3] {
    mutants = FILENAME
    if ($0 ~ /^[ \t]*$/) { fresh = 1; next }
    if (fresh || FNR == 1) {
        m++; fresh = 0; phase = 0
        if ($0 !~ /^[a-z][a-z0-9_]*( ~)?$/) fault(FNR, "not the name of a mutant: " $0)
        name[m] = $1; rounding[m] = $2; at_line[m] = FNR
        if (seen[$1]++) fault(FNR, "a second mutant " $1)
        next
    }
    if (phase < 2 && /^-( |$)/) {
        if (phase == 1 || !blocks[m]) blocks[m]++
        phase = 0
        old[m, blocks[m], ++olds[m, blocks[m]]] = trim(substr($0, 3))
        next
    }
    if (phase < 2 && /^\+( |$)/) {
        phase = 1; plus[m, blocks[m]] = 1
        if ($0 != "+") new[m, blocks[m], ++news[m, blocks[m]]] = substr($0, 3)
        next
    }
    phase = 2; told[m] = 1
    next
}
/^[ \t]*\/\* given:$/ { given = 1 }
{ line[++lines] = $0; plain[lines] = given ? "\001" : trim($0) }    # a byte that no block holds
given && /^[ \t]*\*\/$/ { given = 0 }

# Where the block stands, the line it begins at; 0 if it is not there once.
function place(i, b,   k, j, same, found, at) {
    for (k = 1; k + olds[i, b] - 1 <= lines; k++) {
        same = 1
        for (j = 1; j <= olds[i, b] && same; j++) same = plain[k + j - 1] == old[i, b, j]
        if (same) { found++; at = k }
    }
    if (found != 1) fault(at_line[i], name[i] ": its block occurs " found + 0 " times")
    return found == 1 ? at : 0
}
# All blocks of mutant i have their place in the regions of one step, or it says what is wrong. edit[k]: the block that
# stands in place of line k; gone[k]: line k is of one.
function placed(i,   b, k, r, at, of) {
    split("", edit); split("", gone)
    step = ""; first = lines
    if (!blocks[i]) { fault(at_line[i], name[i] ": no block, lines that begin with \"- \""); return 0 }
    for (b = 1; b <= blocks[i]; b++) {
        if (!plus[i, b]) { fault(at_line[i], name[i] ": nothing to put in its place; a lone + deletes"); return 0 }
        if (!(at = place(i, b))) return 0
        of = ""
        for (r = 1; r <= regions; r++)
            if (region_first[r] < at && at + olds[i, b] - 1 < region_last[r]) {
                of = region_step[r]
                if (region_first[r] < first) first = region_first[r]
            }
        if (of == "") { fault(at_line[i], name[i] ": its block lies in no region"); return 0 }
        if (step != "" && of != step) { fault(at_line[i], name[i] ": its blocks lie in two steps"); return 0 }
        step = of
        edit[at] = b
        for (k = at; k < at + olds[i, b]; k++) {
            if (gone[k]) { fault(at_line[i], name[i] ": its blocks overlap"); return 0 }
            gone[k] = 1
        }
    }
    if (!told[i]) { fault(at_line[i], name[i] ": no message"); return 0 }
    return 1
}
# Line k of mutant i, with what stands in its place.
function text_of(i, k,   j, pad, text) {
    match(line[k], /^[ \t]*/); pad = substr(line[k], 1, RLENGTH)
    for (j = 1; k in edit && j <= news[i, edit[k]]; j++) text = text pad new[i, edit[k], j] "\n"
    return text (gone[k] ? "" : line[k] "\n")
}
# The copy that stands behind its function: it and its calls of itself have another name.
function copy_function(i, from,   k, text) {
    text = "#define " step " " step "__" name[i] "\n"
    for (k = from; k <= lines && (k <= first || gone[k] || line[k] !~ /^}/); k++) text = text text_of(i, k)
    behind[k] = behind[k] text line[k] "\n#undef " step "\n"
}
# A name that no call follows, outside comments: its address is taken.
function stands_in_a_table(step,   k, text) {
    for (k = 1; k <= lines; k++) {
        text = line[k]; sub(/\/\*.*/, "", text)
        if (text !~ /^[ \t]*\*/ && text ~ ("(^|[^A-Za-z0-9_])" step "($|[^A-Za-z0-9_(])")) return 1
    }
    return 0
}
END {
    printf "" > (out "/alone")
    for (step in start) in_table[step] = stands_in_a_table(step)
    for (i = 1; i <= m; i++) {
        if (!placed(i)) continue
        print step, name[i] (rounding[i] == "~" ? " ~" : "")
        path = out "/" step "." name[i] "." (ext ? ext : "c")
        for (k = 1; k <= lines; k++) printf "%s", text_of(i, k) > path
        close(path)
        if (first > start[step] && !in_table[step]) copy_function(i, start[step])
        else print step "." name[i] > (out "/alone")
    }
    for (k = 1; k <= lines; k++) printf "%s\n%s", line[k], behind[k] > (out "/all.c")
    exit failed
}
