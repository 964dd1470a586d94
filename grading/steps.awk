# steps.awk -- a line for each global function of a reference: its name, what the skeleton has there (todo, given, or
# none: it is no step), and its line. A region of a static helper belongs to the next global function below it. With
# -v regions=1 instead a line a region: first line, last line, its step.
function flush() { if (name != "" && !regions) print name, kind, line }
# Code at the left margin with a name before a parenthesis: a function, or a declaration if a ; comes before any {.
function opens(s) { return s ~ /^[A-Za-z_].*[ *][A-Za-z_0-9]+\(/ && s !~ /^(typedef|return|else)/ }
function closed_early(s,   at) { at = index(s, ";"); return at && (!index(s, "{") || at < index(s, "{")) }

/^[ \t]*\/\* given:$/ { in_given = 1; had_given = 1 }
in_given { if (/^[ \t]*\*\/$/) in_given = 0; next }

head != "" { text = text " " $0 }
head == "" && opens($0) { head = text = $0; at = FNR }
head != "" && closed_early(text) { head = "" }
head != "" && index(text, "{") {
    flush(); name = ""
    if (head !~ /^static/) {
        name = head; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
        line = at; kind = pending == "" ? "none" : pending; pending = ""
        for (r in waiting) { if (regions) print waiting[r], name; delete waiting[r] }
    }
    head = ""
}
/^[ \t]*\/\* exercise: / { start = FNR; had_given = 0; file_scope = /^\// }
/^[ \t]*\/\* end \*\/$/ {
    what = had_given ? "given" : "todo"
    if (name != "" && !file_scope) {
        kind = kind == "todo" ? "todo" : what
        if (regions) print start, FNR, name
    } else {
        pending = pending == "todo" ? "todo" : what
        waiting[start] = start " " FNR
    }
}
END { flush() }
