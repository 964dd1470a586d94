# mutate.awk -- awk -v out=DIR -f mutate.awk STEPS REGIONS MUTANTS REFERENCE (STEPS, REGIONS: what steps.awk says).
# For each record of MUTANTS writes DIR/STEP.NAME.c, the reference with that block replaced, and prints "STEP NAME"
# (and "~" for a mutant of rounding). Whole lines, compared without leading blanks; given: texts are not looked at.
#
# DIR/all.c is the reference with a copy of the function behind the function for each mutant, named STEP__NAME: one
# compilation instead of fifty. DIR/alone lists those that are no such copy, because their block lies in a static
# helper.
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
    if (phase <= 0 && /^-( |$)/) { old[m, ++olds[m]] = trim(substr($0, 3)); next }
    if (phase <= 1 && /^\+( |$)/) { phase = 1; if ($0 != "+") new[m, ++news[m]] = substr($0, 3); plus[m] = 1; next }
    phase = 2; told[m] = 1
    next
}
/^[ \t]*\/\* given:$/ { given = 1 }
{ line[++lines] = $0; plain[lines] = given ? "\001" : trim($0) }    # a byte that no block holds
given && /^[ \t]*\*\/$/ { given = 0 }

# The copy that stands behind its function: it and its calls of itself have another name.
function copy_function(i, at, first,   k, j, text) {
    text = "#define " step " " step "__" name[i] "\n"
    for (k = first; k < at; k++) text = text line[k] "\n"
    for (j = 1; j <= news[i]; j++) text = text new[i, j] "\n"
    for (k = at + olds[i]; k <= lines && line[k] !~ /^}/; k++) text = text line[k] "\n"
    behind[k] = behind[k] text line[k] "\n#undef " step "\n"
}
END {
    printf "" > (out "/alone")
    for (i = 1; i <= m; i++) {
        if (!olds[i]) { fault(at_line[i], name[i] ": no block, lines that begin with \"- \""); continue }
        if (!plus[i]) { fault(at_line[i], name[i] ": nothing to put in its place; a lone + deletes"); continue }
        if (!told[i]) { fault(at_line[i], name[i] ": no message"); continue }
        found = 0
        for (k = 1; k + olds[i] - 1 <= lines; k++) {
            same = 1
            for (j = 1; j <= olds[i] && same; j++) same = plain[k + j - 1] == old[i, j]
            if (same) { found++; at = k }
        }
        if (found != 1) { fault(at_line[i], name[i] ": its block occurs " found " times"); continue }
        step = ""
        for (r = 1; r <= regions; r++)
            if (region_first[r] < at && at + olds[i] - 1 < region_last[r]) {
                step = region_step[r]
                first = region_first[r]
            }
        if (step == "") { fault(at_line[i], name[i] ": its block lies in no region"); continue }
        print step, name[i] (rounding[i] == "~" ? " ~" : "")
        path = out "/" step "." name[i] ".c"
        match(line[at], /^[ \t]*/); pad = substr(line[at], 1, RLENGTH)
        for (k = 1; k < at; k++) print line[k] > path
        for (j = 1; j <= news[i]; j++) print pad new[i, j] > path
        for (k = at + olds[i]; k <= lines; k++) print line[k] > path
        close(path)
        if (first > start[step]) copy_function(i, at, start[step])
        else print step "." name[i] > (out "/alone")
    }
    for (k = 1; k <= lines; k++) printf "%s\n%s", line[k], behind[k] > (out "/all.c")
    exit failed
}
