# help.awk -- the commands, from the lines "#: " of the Makefile: groups, then a line a command with an example.
/^#: [A-Z][a-z]*$/ { print (n++ ? "\n" : "") substr($0, 4); next }
/^#: / {
    line = substr($0, 4)
    example = ""
    if (match(line, / make [a-z].*$/)) { example = substr(line, RSTART + 1); line = substr(line, 1, RSTART) }
    sub(/ +$/, "", line)
    name = line; sub(/  .*/, "", name)
    text = substr(line, length(name) + 1); sub(/^ +/, "", text)
    printf "  %-12s %s\n", name, text
    if (example != "") printf "  %-12s     %s\n", "", example
}
END { print "\nV=1 shows what is run. Variables count only on make's command line." }
