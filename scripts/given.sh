# given.sh -- sourced: what the learner's folders began from. A tree of its own in work/'s repository,
# refs/course/given, keeps every file as the course gave it, by the exercise's name, for numbers may change: it is the
# base of make update.
# --git-dir: a damaged work/.git must not lead git to the course's own repository above it.
git_work() {
    command -v git >/dev/null 2>&1 || return 1
    git -C work --git-dir=.git -c user.name=learner -c user.email=learner@localhost -c commit.gpgsign=false "$@"
}
fail() { echo "$*" >&2; exit 1; }
name_of() { basename "$1" | sed 's/^[0-9]*_//'; }
# What is learnt in DIR: NAME.c, or NAME.cu where there is no other. Beside a NAME.c it is a twin.
source_of() {
    set -- "$1/$(name_of "$1")"
    [ ! -f "$1.c" ] && [ -f "$1.cu" ] && echo "${1##*/}.cu" || echo "${1##*/}.c"
}
# What a killed git left would stop every later one.
unlock() { find work/.git -name '*.lock' -mmin +1 -delete 2>/dev/null; }
commit() {
    unlock
    have_git || return 0
    { git_work add -A && { git_work diff --cached --quiet || git_work commit -q -m "$1"; }; } >/dev/null 2>&1
}
unwritable="is the disk full, or this folder read-only?"

# Where there is no git nothing is recorded, and that is no fault.
have_git() { command -v git >/dev/null 2>&1; }
given_index() { GIT_INDEX_FILE="$PWD/work/.git/given" git_work "$@"; }
# given_open, any number of given_put and given_drop, given_close
given_open() {
    have_git || return 0
    unlock
    git_work rev-parse -q --verify refs/course/given >/dev/null && given_index read-tree refs/course/given ||
        given_index read-tree --empty
}
given_put() {    # NAME/FILE CONTENT
    have_git || return 0
    blob=$(git_work hash-object -w --stdin <"$2") && given_index update-index --add --cacheinfo "100644,$blob,$1"
}
given_drop() { have_git || return 0; given_index update-index --force-remove "$1"; }
given_close() {
    have_git || return 0
    tree=$(given_index write-tree) || return 1
    old=$(git_work rev-parse -q --verify refs/course/given)
    [ -n "$old" ] && [ "$(git_work rev-parse "$old^{tree}")" = "$tree" ] && return 0
    new=$(git_work commit-tree ${old:+-p "$old"} -m "as given" "$tree") && git_work update-ref refs/course/given "$new"
}

# given_get NAME/FILE: on stdout, status 1 where it is not known. A work/ that is older than this record: its history's
# first version of the file.
given_get() {
    have_git || return 1
    git_work show "refs/course/given:$1" 2>/dev/null && return 0
    case $1 in *.pending) return 1 ;; esac
    set -- $(git_work log --diff-filter=A --format=%H --name-only -- ":(glob)stage*/[0-9][0-9]_$1" 2>/dev/null |
        awk 'NF' | tail -n 2)
    [ $# = 2 ] && git_work show "$1:$2" 2>/dev/null
}

# Files appear whole or not at all: a new one takes the old one's place at once.
put() {    # FILE: what comes on stdin
    cat 2>/dev/null >"$1.new" && mv "$1.new" "$1" 2>/dev/null ||
        { rm -f "$1.new" 2>/dev/null; fail "$1 could not be written: $unwritable What was there is unchanged"; }
}
replace() { put "$2" <"$1"; }    # FROM TO
write_skeleton() {
    text=$(awk -f grading/skeleton.awk "$1" && echo .) || fail "$1 gives no skeleton"
    printf %s "${text%.}" | put "$2" || exit 1
}
backup() {    # FILE: $keep is its copy
    keep=$1.bak-$(date +%Y%m%d-%H%M%S)
    while [ -e "$keep" ]; do keep=$keep+; done    # twice in a second
    cp -p "$1" "$keep" 2>/dev/null && cmp -s "$1" "$keep" && return
    rm -f "$keep" 2>/dev/null
    fail "$keep could not be written: $unwritable Nothing was changed"
}

# The number of DIR's exercise changed: the learner's folder moves with the name.
move_folder() {
    for old in work/stage*/[0-9][0-9]_"$(name_of "$1")"; do
        [ -d "$old" ] && [ "$old" != "work/$1" ] && [ ! -e "work/$1" ] || continue
        mkdir -p "$(dirname "work/$1")" && mv "$old" "work/$1" && echo "moved  $old to work/$1"
    done
}
