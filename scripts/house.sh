#!/bin/sh
# house.sh -- the rules of the house that a glance can check: no paths of one machine, nothing dead, small files, tracks that
# hold, commands that README names and make accepts.
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; }
files() { git ls-files -co --exclude-standard "$@" 2>/dev/null | grep -v '^bench/results/' | while read -r f; do [ -f "$f" ] && printf '%s\n' "$f"; done; }

bad=$(files '*.[ch]' '*.cu' '*.sh' '*.awk' '*.md' '*.py' Makefile '*.gp' | xargs grep -nE "(^|[ \"'(=:])/(home|root|work)/[a-z]|deb\.debia[n]|pypi\.or[g]" /dev/null | grep -v 'scripts/clean-root.sh' | head -n 5)
[ -z "$bad" ] && ok || no "a path or host of one machine: $bad"
bad=$(files '*.[ch]' '*.cu' Makefile | xargs grep -nE '^ *#if 0|-ffast-mat[h]|-Ofas[t]' /dev/null | grep -vE ':[0-9]+: *(/\*|\*|//)' | head -n 5)
[ -z "$bad" ] && ok || no "dead code or fast math: $bad"
bad=$(files | while read -r f; do [ "$(stat -c %s "$f")" -gt 400000 ] && echo "$f"; done)
[ -z "$bad" ] && ok || no "large files: $bad"
bad=$(files '*.[ch]' '*.cu' | while read -r f; do LC_ALL=C tr -d '\200-\277' <"$f" | awk -v f="$f" 'length($0) > 120 { print f ":" FNR }'; done)
[ -z "$bad" ] && ok || no "lines longer than 120 columns: $bad"

for track in grading/tracks/*; do    # names exist, nothing precedes what its lesson asks for, hours add up
    seen=' '
    for n in $(awk '!/^#/ && NF { print $1 }' "$track"); do
        dir=$(ls -d stage*/[0-9][0-9]_"$n" 2>/dev/null)
        [ -n "$dir" ] || { no "$track names $n, and there is no such exercise"; continue; }
        before=$(awk '/^## Before this/ { on = 1; next } /^## / { on = 0 } on' "$dir/README.md" 2>/dev/null | grep -oE '`[a-z_0-9]+`' | tr -d '`')
        for b in $before; do
            ls -d stage*/[0-9][0-9]_"$b" >/dev/null 2>&1 || continue
            case $seen in *" $b "*) ok ;; *) no "$track: $n comes before $b, which its lesson asks for" ;; esac
        done
        seen="$seen$n "
        ok
    done
    awk '!/^#/ && NF && $2 + 0 <= 0 { exit 1 }' "$track" && ok || no "$track: a line without hours"
done

if [ -f README.md ]; then
    for t in $(grep -ohE '(^|`|    )make [a-zN0-9-]+' README.md AGENTS.md | awk '{ print $NF }' | sed 's/stageN/stage0/' | sort -u); do
        grep -qE "^([a-z0-9 -]* )?$t( [a-z0-9 -]*)?:" Makefile || case " stage0 stage1 stage2 stage3 stage4 " in *" $t "*) ;; *) no "README.md or AGENTS.md names 'make $t', which the Makefile does not have"; continue ;; esac
        ok
    done
fi

if command -v g++ >/dev/null 2>&1; then    # what a .cu includes must be C++17
    for h in check arena tensor tape ops rng vmath todo; do
        echo "#include \"$h.h\"" | g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -Icommon -x c++ -fsyntax-only - >/tmp/house.$$ 2>&1 && ok ||
            { no "common/$h.h is not C++17"; head -n 4 /tmp/house.$$; }
        rm -f /tmp/house.$$
    done
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
