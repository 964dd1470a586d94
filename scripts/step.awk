# step.awk -- awk -v step=S -f step.awk FILE.c: the function S with the comments and static helpers above it, as a
# person would read it: the marks of its regions are left out. Nothing where the file has no such function.
function named(s) { sub(/\(.*/, "", s); sub(/.*[ *]/, "", s); return s }

/^[ \t]*\/\* given:$/ { given = 1 }
given { if (/^[ \t]*\*\/$/) given = 0; next }
/^[ \t]*\/\* (exercise: .*|end) \*\/$/ { next }

# Directives and what is not a function belong to none.
!inside && /^(#|typedef|enum|struct [A-Za-z_0-9]+ \{)/ { text = ""; next }
!inside && /^[A-Za-z_].*[ *][A-Za-z_0-9]+\(/ && !/;[ \t]*$/ { inside = 1; keeps = /^static/; name = named($0) }
text == "" && /^[ \t]*$/ { next }
{ text = text $0 "\n" }
inside && (/^}/ || (/}[ \t]*$/ && /^[A-Za-z_]/)) {
    if (!keeps) {
        if (name == step) { printf "%s", text; exit }
        text = ""
    }
    inside = 0
}
