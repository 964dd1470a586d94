#!/bin/sh
# data.sh [MIRROR [SET...]] -- puts the sets of common/data/SETS under data/: copied from the folder MIRROR, or, where that is
# empty, fetched from their public addresses. Every file is checked by SHA-256 before it gets its name, so what lies under
# data/ is whole; running it again does only what is missing.
set -u
mirror=${1-}
[ $# -gt 0 ] && shift
wanted=" $* "
case $mirror in '' | /*) ;; *) mirror=$PWD/$mirror ;; esac
cd "$(dirname "$0")/.." || exit 1
part=
trap '[ -n "$part" ] && rm -f "$part" "$part".*; exit 130' HUP INT TERM

sum_of() {
    if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

# is_right FILE KIND SUM
is_right() {
    [ -f "$1" ] && [ -r "$1" ] || return 1
    if [ "$2" = content ]; then got=$(gzip -dc <"$1" 2>/dev/null | sum_of); else got=$(sum_of <"$1"); fi
    [ "$got" = "$3" ]
}

# download ADDRESS FILE
download() {
    if command -v curl >/dev/null 2>&1; then
        curl -fsSL --connect-timeout 20 --retry 2 -o "$2" "$1"
    else
        wget -q --timeout=20 --tries=3 -O "$2" "$1"
    fi
}

# fetch ADDRESS KIND: into $part, as it is to be stored
fetch() {
    case $1 in
    *.tgz\#*)
        download "${1%%\#*}" "$part.tgz" && tar -xzOf "$part.tgz" "${1#*\#}" >"$part.text" && gzip -9nc "$part.text" >"$part"
        ;;
    *)
        if [ "$2" = content ]; then download "$1" "$part.text" && gzip -9nc "$part.text" >"$part"; else download "$1" "$part"; fi
        ;;
    esac
}

# get FILE KIND SUM ADDRESS...: 0 when data/FILE is there and right; else $why says why not
get() {
    file=$1 kind=$2 sum=$3
    shift 3
    is_right "data/$file" "$kind" "$sum" && return 0
    fresh=yes
    part=data/$file.part-$$
    said=$(mkdir -p "$(dirname "data/$file")" 2>&1) || { why="$said"; return 1; }
    rm -f "data/$file".part-* # of a run that was killed
    if [ -n "$mirror" ]; then
        [ -f "$mirror/$file" ] || { why="$mirror/$file is not there"; return 1; }
        said=$(cp "$mirror/$file" "$part" 2>&1) || { why="$said"; return 1; }
        is_right "$part" "$kind" "$sum" || { why="$mirror/$file has the wrong checksum; not kept"; return 1; }
    else
        command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1 ||
            { why="neither curl nor wget is here to fetch it: install one, or run make data MIRROR=folder"; return 1; }
        why=
        for address; do
            if ! said=$(fetch "$address" "$kind" 2>&1); then
                why="$address: $(printf '%s' "$said" | tail -n 1)"
            elif is_right "$part" "$kind" "$sum"; then
                why=
                break
            else
                why="$address gave a file with the wrong checksum; not kept"
            fi
        done
        [ -z "$why" ] || { why="$why (with a copy of the files: make data MIRROR=folder)"; return 1; }
    fi
    said=$(chmod 644 "$part" 2>&1 && mv -f "$part" "data/$file" 2>&1) || { why="$said"; return 1; }
}

# end_set: the one line about the set that is over
end_set() {
    [ -n "$set" ] || return 0
    if [ -n "$failed" ]; then
        echo "$set: $failed" >&2
        status=1
    else
        echo "$set: $files file$([ "$files" -eq 1 ] || echo s), $([ "$new" -eq 0 ] && echo "already here" || echo checked)"
    fi
}

[ -z "$mirror" ] || [ -d "$mirror" ] || { echo "make data: MIRROR=$mirror is not a folder" >&2; exit 1; }
status=0 set='' failed='' files=0 new=0 seen=' '
while read -r name file kind sum addresses; do
    case $name in '' | \#*) continue ;; esac
    case $wanted in *[!\ ]*) case $wanted in *" $name "*) ;; *) continue ;; esac ;; esac
    if [ "$name" != "$set" ]; then
        end_set
        set=$name failed='' files=0 new=0 seen="$seen$name "
    fi
    [ -z "$failed" ] || continue
    fresh='' why=''
    # shellcheck disable=SC2086 # addresses are words
    if get "$file" "$kind" "$sum" $addresses; then
        files=$((files + 1))
        [ -z "$fresh" ] || new=$((new + 1))
    else
        failed=$why
    fi
    [ -z "$part" ] || rm -f "$part" "$part".*
    part=
done <common/data/SETS
end_set
for name in $wanted; do
    case $seen in *" $name "*) ;; *) echo "make data: no set is called $name in common/data/SETS" >&2; status=1 ;; esac
done
exit $status
