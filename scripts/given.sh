# given.sh -- sourced: what the learner's folders began from. A tree of its own in work/'s repository,
# refs/course/given, keeps every file as the course gave it, by the exercise's name, for numbers may change: it is the
# base of make update.
git_work() { git -C work -c user.name=learner -c user.email=learner@localhost -c commit.gpgsign=false "$@"; }
fail() { echo "$*" >&2; exit 1; }
name_of() { basename "$1" | sed 's/^[0-9]*_//'; }
commit() {
    git_work add -A >/dev/null 2>&1 && git_work diff --cached --quiet || git_work commit -q -m "$1" 2>/dev/null
}

given_index() { GIT_INDEX_FILE="$PWD/work/.git/given" git_work "$@"; }
# given_open, any number of given_put and given_drop, given_close
given_open() {
    git_work rev-parse -q --verify refs/course/given >/dev/null && given_index read-tree refs/course/given ||
        given_index read-tree --empty
}
given_put() {    # NAME/FILE CONTENT
    blob=$(git_work hash-object -w --stdin <"$2") && given_index update-index --add --cacheinfo "100644,$blob,$1"
}
given_drop() { given_index update-index --force-remove "$1"; }
given_close() {
    tree=$(given_index write-tree) || return 1
    old=$(git_work rev-parse -q --verify refs/course/given)
    [ -n "$old" ] && [ "$(git_work rev-parse "$old^{tree}")" = "$tree" ] && return 0
    new=$(git_work commit-tree ${old:+-p "$old"} -m "as given" "$tree") && git_work update-ref refs/course/given "$new"
}

# given_get NAME/FILE: on stdout, status 1 where it is not known. A work/ that is older than this record: its history's
# first version of the file.
given_get() {
    git_work show "refs/course/given:$1" 2>/dev/null && return 0
    case $1 in *.pending) return 1 ;; esac
    set -- $(git_work log --diff-filter=A --format=%H --name-only -- ":(glob)stage*/[0-9][0-9]_$1" 2>/dev/null |
        awk 'NF' | tail -n 2)
    [ $# = 2 ] && git_work show "$1:$2" 2>/dev/null
}

# A skeleton appears whole or not at all.
write_skeleton() {
    awk -f grading/skeleton.awk "$1" >"$2.new" && mv "$2.new" "$2" ||
        { rm -f "$2.new"; fail "$2 could not be written"; }
}

# The number of DIR's exercise changed: the learner's folder moves with the name.
move_folder() {
    for old in work/stage*/[0-9][0-9]_"$(name_of "$1")"; do
        [ -d "$old" ] && [ "$old" != "work/$1" ] && [ ! -e "work/$1" ] || continue
        mkdir -p "$(dirname "work/$1")" && mv "$old" "work/$1" && echo "moved  $old to work/$1"
    done
}
