#!/bin/sh
# show.sh NAME WORKER [STEP] -- pictures of the kernels that a folder's probes launch: the worker runs in the emulator's check mode
# and logs what its lanes do; build/show draws it.
name=$1 worker=$2 step=${3:-*} out=build/shown/$1
rm -rf "$out" && mkdir -p "$out" || exit 1
WORKER=1 SEED=${SEED:-1} SIMT_LOG=$out/log "$worker" "$step" 4 4>/dev/null >/dev/null || { echo "$worker: no picture of a run that failed" >&2; exit 1; }
[ -s "$out/log" ] || { echo "$name: its probes launched no kernel" >&2; exit 1; }
build/show "$out/log" "$out" || exit
echo
echo 'Pictures:'
ls "$out"/*.svg
