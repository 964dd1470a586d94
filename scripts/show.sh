#!/bin/sh
# show.sh NAME WORKER [STEP] -- pictures of the kernels that a folder's probes launch: the worker runs in the emulator's check mode
# and logs what its lanes do; build/show draws it.
name=$1 worker=$2 step=${3:-*} out=build/shown/$1
rm -rf "$out" && mkdir -p "$out" || exit 1
draw() {        # STEP: 0 if its kernels are drawn
    WORKER=1 SEED=${SEED:-1} SIMT_WORKERS=1 SIMT_LOG=$out/log "$worker" "$1" 4 4>/dev/null >/dev/null ||
        { echo "$worker $1: its run failed; make grade says why" >&2; return 1; }
    [ -s "$out/log" ] && build/show "$out/log" "$out"
}
# A step that is not written yet ends the worker, and nothing was logged: then each by itself.
draw "$step" || for each in $([ "$step" != '*' ] || "$worker" | sed 's/.* //; s/[.].*//' | awk '!seen[$0]++'); do
    rm -f "$out/log"
    draw "$each"
done
set -- "$out"/*.svg
[ -e "$1" ] || { echo "$name: no kernel was launched" >&2; exit 1; }
printf '\nPictures:\n'
printf '%s\n' "$@"
