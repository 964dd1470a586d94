#!/bin/sh
# work.sh COMMAND ... -- the learner's copies under work/. Nothing there is ever overwritten without a backup.
#   stage STAGE 'DIRS'   write what is missing: lesson, header, skeleton
#   todo STAGE TRACK     the next three things to do (STAGE may be empty)
#   list 'DIRS'          every exercise and how far it is
#   reset DIR            the skeleton anew; the old file is kept beside it
#   begun 'DIRS', keep   before and after grading
. scripts/given.sh

# The first time: a repository of the learner's own, and what editors need.
begin() {
    mkdir -p work/.vscode 2>/dev/null && [ -w work ] || fail "work/ cannot be written: $unwritable"
    if ! command -v git >/dev/null 2>&1; then echo "git is not here: work/ keeps no history."
    else
        git_work rev-parse --git-dir >/dev/null 2>&1 || git_work init -q 2>/dev/null ||
            fail "work/ cannot hold a git repository: $unwritable"
    fi
    # Headers come from work/'s own folders and from common/; no reference is on the path.
    [ -f work/compile_flags.txt ] || printf '%s\n' -std=c17 -Wall -Wextra -Wpedantic -I../common |
        put work/compile_flags.txt || exit 1
    [ -f work/.vscode/tasks.json ] || put work/.vscode/tasks.json <<'JSON'
{
    "version": "2.0.0",
    "tasks": [
        {
            "label": "grade this exercise",
            "type": "shell",
            "command": "make -C .. grade EX=$(basename '${fileDirname}')",
            "options": { "cwd": "${workspaceFolder}" },
            "group": { "kind": "build", "isDefault": true },
            "problemMatcher": { "base": "$gcc", "fileLocation": ["relative", "${workspaceFolder}/.."] }
        }
    ]
}
JSON
    [ -f work/AGENTS.md ] || [ ! -f AGENTS.md ] || replace AGENTS.md work/AGENTS.md    # assistants read it there
    [ -f work/.gitignore ] || printf '%s\n' '*.bak-*' '*.new' | put work/.gitignore || exit 1
}

copy_plots() {    # DIR: the whole folder or none of it
    rm -rf "work/$1/plots.new"
    cp -r "$1/plots" "work/$1/plots.new" 2>/dev/null && mv "work/$1/plots.new" "work/$1/plots" && return
    rm -rf "work/$1/plots.new"
    fail "work/$1/plots cannot be written: $unwritable"
}

stage() {
    [ -n "$2" ] || { echo "$1 has no exercises yet."; return; }
    begin
    given_open 2>/dev/null || fail "work/.git cannot be written: $unwritable"
    fresh=0
    for dir in $2; do
        name=$(name_of "$dir")
        move_folder "$dir"
        mkdir -p "work/$dir" 2>/dev/null || fail "work/$dir cannot be written: $unwritable"
        for file in "$name.h" README.md; do
            [ -f "$dir/$file" ] && [ ! -f "work/$dir/$file" ] || continue
            replace "$dir/$file" "work/$dir/$file"
            given_put "$name/$file" "$dir/$file"
        done
        [ -d "$dir/plots" ] && [ ! -d "work/$dir/plots" ] && copy_plots "$dir"
        src=$(source_of "$dir")
        [ -f "work/$dir/$src" ] && continue
        write_skeleton "$dir/$src" "work/$dir/$src"
        given_put "$name/$src" "work/$dir/$src"
        fresh=$((fresh + 1))
    done
    given_close 2>/dev/null || fail "work/.git cannot be written: $unwritable"
    sh scripts/predict.sh ask "$2" || exit 1
    commit "skeletons of $1" || echo "work/'s history could not be written: $unwritable"
    total=$(echo $2 | wc -w)
    [ "$total" = 1 ] && noun=exercise || noun=exercises
    echo "$1: $total $noun in work/$1, $fresh new."
}

# What is left in a file: "FILE:LINE  what to write", a line a TODO.
todos() { awk '/^[ \t]*TODO\("/ { t = $0; sub(/^[ \t]*TODO\("/, "", t); sub(/"\);.*/, "", t); print FILENAME ":" FNR "  " t }' "$1"; }

in_track() {    # the track's exercises that are there, in its order, then the others
    track=grading/tracks/$1
    [ -f "$track" ] || fail "no track '$1': there are $(ls grading/tracks | tr '\n' ' ')"
    { awk '!/^#/ && NF { print $1 }' "$track"; ls -d stage*/[0-9]*_* | sed 's,.*/[0-9]*_,,'; } | awk '!seen[$0]++' |
        while read -r n; do for d in stage*/[0-9][0-9]_"$n"; do [ -d "$d" ] && echo "$d"; done; done
}

points_of() { [ -f work/grade.json ] && awk -v ex="\"$1\"" -f scripts/points.awk work/grade.json; }

todo() {
    n=0
    dirs=$(in_track "$2") || exit 1
    while read -r dir; do
        case $dir in "$1"*) ;; *) continue ;; esac
        name=$(name_of "$dir") src=work/$dir/$(source_of "$dir")
        if [ ! -f "$src" ]; then line="make ${dir%%/*}  writes $src"
        elif todos "$src" | grep -q .; then line=$(todos "$src" | head -n 1)
        else
            p=$(points_of "$name")
            case $p in *done) continue ;; esac
            line="make grade EX=$name${p:+  ($p points)}"
        fi
        n=$((n + 1)); echo "$line" | awk -v n=$n '{ print (n == 1 ? "next  " : "then  ") $0 }'
        [ $n = 3 ] && break
    done <<DIRS
$dirs
DIRS
    [ $n -gt 0 ] || echo "${1:-track $2}: everything is done."
}

list() {
    for dir in $1; do
        name=$(name_of "$dir") src=work/$dir/$(source_of "$dir") p=$(points_of "$(name_of "$dir")")
        if [ ! -f "$src" ]; then state="not begun"
        else
            left=$(todos "$src" | wc -l)
            state=
            [ "$left" -gt 0 ] && state="$left to write"
            [ -n "$p" ] && state="$p${state:+, $state}"
            [ -n "$state" ] || state="written, not graded"
        fi
        printf '%s\t%s\t%s\n' "$dir" "$state" "$(sed -n '1s/^# //p' "$dir/README.md" 2>/dev/null)"
    done | awk -F '\t' '    # a head a stage: its bar and its points
        function flush(   i, bar) {
            if (!n) return
            for (i = 1; i <= 16; i++) bar = bar (i <= 16 * done / n ? "#" : "-")
            printf "%s%-30s [%s] %d/%d done, %d of %d points\n%s", ended++ ? "\n" : "", stage, bar, done, n, points, 100 * n, rows
            n = done = points = 0; rows = ""
        }
        { split($1, part, "/"); if (part[1] != stage) { flush(); stage = part[1] }
          n++; if ($2 ~ /done/) done++
          if ($2 ~ /^[0-9.]+\//) points += $2
          rows = rows sprintf("  %-28s %-22s %s\n", part[2], $2, $3) }
        END { flush() }'
}

reset() {
    name=$(name_of "$1") src=work/$1/$(source_of "$1")
    begin
    mkdir -p "work/$1" 2>/dev/null || fail "work/$1 cannot be written: $unwritable"
    if [ -f "$src" ]; then
        backup "$src"
        echo "kept   $keep"
    fi
    replace "$1/$name.h" "work/$1/$name.h"
    write_skeleton "$1/$(source_of "$1")" "$src"
    given_open && given_put "$name/$(source_of "$1")" "$src" && given_put "$name/$name.h" "$1/$name.h" && given_close
    echo "fresh  $src"
}

# Before grading: what is not begun is said; nothing begun at all ends with status 1.
begun() {
    some=
    for dir in $1; do [ -f "work/$dir/$(source_of "$dir")" ] && some=yes; done
    [ -n "$some" ] && return 0
    set -- $1
    [ $# = 1 ] && echo "$1 is not begun: make ${1%%/*} writes work/$1/$(source_of "$1")" ||
        echo "Nothing is begun yet: make stage0 writes the first exercises to work/."
    exit 1
}

# After grading: the learner's history has a commit a grading.
keep() {
    [ ! -d work/.git ] || commit "graded" || echo "Not kept in work/'s history: $unwritable"
}

command=$1; shift
case $command in
stage | todo | list | reset | begun | keep) $command "$@" ;;
*) fail "work.sh: no command $command" ;;
esac
