# skeleton.awk -- the reference with every region replaced: by its TODO line, or by what stands after "given:".
# A marker that is nearly right is refused: a region that nobody sees would hand out the solution.
function fault(what) { printf "%s:%d: %s\n", FILENAME, FNR, what > "/dev/stderr"; failed = 1; exit 1 }
function bare(s) { sub(/^[ \t]+/, "", s); return s }

/^[ \t]*\/\* exercise: .*[^ ] \*\/$/ {
    if (inside) fault("a region begins inside the region of line " began)
    what = bare($0); sub(/^\/\* exercise: /, "", what); sub(/ \*\/$/, "", what)
    if (what ~ /["\\]/) fault("a quote or a backslash in the text of a TODO")
    if (what ~ /\*\//) fault("the comment ends before the line does")
    match($0, /^[ \t]*/); pad = substr($0, 1, RLENGTH)
    inside = 1; began = FNR; given = 0; kept = ""; body = 0
    next
}
/^[ \t]*\/\* end \*\/$/ {
    if (!inside) fault("an end without a region")
    if (given == 1) fault("given: of line " given_at " is not closed by a line */")
    if (!body) fault("a region with nothing in it")
    if (given == 2) printf "%s", kept
    else if (pad == "" && $0 ~ /^\//) print "/* TODO: " what " */"
    else print pad "TODO(\"" what "\");"
    inside = 0
    next
}
inside && given != 1 && /^[ \t]*\/\* given:$/ {
    if (given) fault("a second given: in one region")
    given = 1; given_at = FNR
    next
}
inside && given == 1 && /^[ \t]*\*\/$/ { given = 2; next }
inside && given == 1 && /\*\// { fault("a comment ends inside the given: text") }
given != 1 {
    low = tolower($0)
    if (low ~ /\/\*+[ \t]*exercise[ \t]*:/) fault("not /* exercise: what to write */ on a line of its own")
    if (low ~ /\/\*+[ \t]*end[ \t]*\*\//) fault("not /* end */ on a line of its own")
    if (low ~ /\/\*+[ \t]*given[ \t]*:/)
        fault(inside ? "not /* given: at the end of a line of its own" : "given: outside a region")
}
inside { if (given == 1) kept = kept $0 "\n"; else body += !/^[ \t]*$/; next }
{ print }
END { if (!failed && inside) { FNR = began; fault("a region without an end") } }
