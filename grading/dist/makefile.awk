# makefile.awk -- awk -f makefile.awk Makefile course.mk: the Makefile that is handed out. Lines of course.mk that begin
# with @ stand for parts of the course's own: @head, all before its first section; @section TITLE; @rule TARGET; @help
# GROUP, the lines of `make` about that group but for what is named behind it; in a section, rules that course.mk has too
# are left out.
function title(line) { sub(/^# -+ /, "", line); sub(/ -+$/, "", line); return line }
function add(key, line) { part[key] = part[key] line "\n" }
function fault(what) { printf "course.mk:%d: %s\n", FNR, what > "/dev/stderr"; failed = 1; exit 1 }
FNR == NR {
    if (/^# ---- /) { section = title($0); next }
    if (/^#: [A-Z][a-z]*$/) { group = substr($0, 4); add("help " group, $0); next }
    if (/^#: /) { add("help " group, $0); next }
    if (/^[a-z][a-z ,-]*:( |$)/) { rule = $0; sub(/:.*/, "", rule); add("rule " rule, $0) }
    else if (/^\t/ && rule != "") add("rule " rule, $0)
    else rule = ""
    if (section == "") add("head", $0)
    else { n[section]++; text[section, n[section]] = $0; of[section, n[section]] = rule }
    next
}
FNR == 1 {
    while ((getline line < FILENAME) > 0) if (line ~ /^[a-z][a-z ,-]*:( |$)/) { sub(/:.*/, "", line); own[line] = 1 }
}
/^@head$/ { printf "%s", part["head"]; next }
/^@(rule|help) / {
    key = substr($1, 2) " " $2
    if (!(key in part)) fault("the Makefile has no " key)
    lines = split(part[key], line_of, "\n")
    for (i = 1; i < lines; i++) {
        out = 0
        for (k = 3; k <= NF; k++) out = out || index(line_of[i], "#: " $k " ") == 1
        if (!out) print line_of[i]
    }
    next
}
/^@section / {
    s = substr($0, 10)
    if (!n[s]) fault("the Makefile has no section " s)
    print "# ---- " s " ----"
    for (i = 1; i <= n[s]; i++) if (!(of[s, i] in own)) print text[s, i]
    next
}
{ print }
