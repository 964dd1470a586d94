#!/bin/sh
# complete.sh DIR NAME -- may the learner's object stand in for the reference's? It must define what the header declares.
mine=build/mine/$1/$2.o ref=build/ref/$1/$2.o
wanted() { if [ -e "$ref" ]; then nm -g --defined-only "$ref" | awk '$3 !~ /^(_Z|DW[.])/ { print $3 }'; else cat "build/ref/$1/globals"; fi; }
lacks=$({ nm -g --defined-only "$mine" | awk '{ print "have", $3 }'; wanted "$1" | awk '{ print "want", $1 }'; } |
    awk '$1 == "have" { have[$2] = 1 } $1 == "want" { want[$2] = 1 } END { for (f in want) if (!(f in have)) print f }' | sort | tr '\n' ' ')
[ -z "$lacks" ] && exit 0
ending=c; [ -e "$1/$2.c" ] || [ ! -e "$1/$2.cu" ] || ending=cu
echo "work/$1/$2.$ending lacks ${lacks% }: the program needs every function of $2.h (make grade EX=$2 grades what is there)" >&2
exit 1
