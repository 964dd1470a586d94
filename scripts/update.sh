#!/bin/sh
# update.sh [merge] -- pulls the course, then merges what changed in skeletons, headers and lessons into work/,
# three-way: what the learner's file began from, what it is, what the course gives now. A conflict is shown, never forced.
. scripts/given.sh

pull() {
    git rev-parse --git-dir >/dev/null 2>&1 || { echo "pull   this copy is no git clone: nothing to pull"; return; }
    upstream=$(git rev-parse --abbrev-ref '@{u}' 2>/dev/null) ||
        { echo "pull   this branch follows no other: nothing to pull"; return; }
    before=$(git rev-parse HEAD)
    said=$(GIT_TERMINAL_PROMPT=0 git fetch -q 2>&1 </dev/null) ||
        { echo "pull   $upstream cannot be reached: $(printf '%s\n' "$said" | sed 's/^fatal: //; q')"; return; }
    said=$(git merge -q --ff-only '@{u}' 2>&1) ||
        { echo "pull   not done, for this clone has changes of its own (git status); what is here is merged"; return; }
    n=$(git rev-list --count "$before..HEAD")
    [ "$n" = 0 ] && { echo "pull   nothing new"; return; }
    echo "pull   $n new"
    git log --format='         %s' "$before..HEAD" | head -n 5
}

show_conflict() {    # the first of them, as git marks it
    awk '/^<<<<<<< /{ on = 1 } on { print "         " $0; if (++n == 20) { print "         ..."; exit } }
         on && /^>>>>>>> /{ exit }' "$1"
}

merge_file() {    # DIR NAME FILE, the course's new one being $tmp/new
    mine=work/$1/$3 key=$2/$3
    if given_get "$key.pending" >"$tmp/pending"; then
        if [ -f "$mine.conflict" ]; then
            open=$((open + 1))
            echo "OPEN   $mine.conflict: mend it and move it over $3, or delete it"
            return
        fi
        cp "$tmp/pending" "$tmp/base"; given_drop "$key.pending"; given_put "$key" "$tmp/base"
    elif ! given_get "$key" >"$tmp/base"; then
        if [ ! -f "$mine" ]; then :
        elif cmp -s "$mine" "$tmp/new"; then given_put "$key" "$tmp/new"; return
        else echo "kept   $mine: what it began from is not known (make reset EX=$2 gives the new one)"; return; fi
    fi
    cmp -s "$tmp/base" "$tmp/new" && [ -f "$mine" ] && return
    if [ ! -f "$mine" ]; then
        case $3 in *.c | *.cu) return ;; esac    # deleted on purpose: make stageN writes it anew
        replace "$tmp/new" "$mine"; echo "new    $mine"
    elif cmp -s "$mine" "$tmp/base"; then replace "$tmp/new" "$mine"; echo "new    $mine"
    elif ! cmp -s "$mine" "$tmp/new"; then
        git merge-file -p -L yours -L 'as it was given' -L 'as the course gives it now' \
            "$mine" "$tmp/base" "$tmp/new" >"$tmp/merged"
        n=$?
        [ $n -lt 128 ] || fail "$mine could not be merged: is the disk full? Nothing was changed"
        if [ $n -gt 0 ]; then
            replace "$tmp/merged" "$mine.conflict"
            given_put "$key.pending" "$tmp/new"
            open=$((open + 1))
            echo "OPEN   $mine is as it was; both changed the same lines:"
            show_conflict "$mine.conflict"
            echo "       mend $mine.conflict and move it over $3, or delete it to keep yours"
            return
        fi
        backup "$mine"
        replace "$tmp/merged" "$mine"
        echo "merged $mine   (before: $keep)"
    fi
    given_put "$key" "$tmp/new"
    changed=$((changed + 1))
}

merge() {
    command -v git >/dev/null 2>&1 || { echo "merge  git is not here, and it is git that merges: nothing was changed"; return; }
    [ -d work/.git ] || { echo "merge  work/ is not there yet: make stage0 writes the first exercises"; return; }
    commit "before make update" || fail "work/ cannot be written: nothing was merged"
    tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT || exit 1
    changed=0 open=0
    given_open 2>/dev/null || fail "work/.git cannot be written: nothing was merged"
    for dir in stage[0-9]/[0-9][0-9]_*; do
        name=$(name_of "$dir")
        move_folder "$dir"
        src=$(source_of "$dir"); [ -d "work/$dir" ] && [ -f "$dir/$src" ] || continue
        for file in "$name.h" "$src" README.md; do
            [ -f "$dir/$file" ] || continue
            if [ "$file" = "$src" ]; then write_skeleton "$dir/$file" "$tmp/new"; else replace "$dir/$file" "$tmp/new"; fi
            merge_file "$dir" "$name" "$file"
        done
        [ -d "$dir/plots" ] && [ -d "work/$dir/plots" ] && cp "$dir"/plots/* "work/$dir/plots/"
    done
    given_close || fail "work/.git cannot be written: the merge is done, but it will be offered again"
    commit "merged with the course" || echo "work/'s history could not be written: $unwritable"
    [ $changed = 0 ] && [ $open = 0 ] && echo "merge  work/ has all of it already"
    [ $changed = 0 ] || echo "Next   make grade"
}

case $1 in
merge) merge ;;
*) pull; exec sh scripts/update.sh merge ;;    # as pulled: this script may be another now
esac
