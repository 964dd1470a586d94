# libraries.sh CC -- the static libraries that the grader of make dist links.
sodium=
echo '#include <sodium.h>' | $1 -E - >/dev/null 2>&1 && sodium=-lsodium     # grading/seal.c does without
echo "-ljansson -lseccomp $sodium -lpng -lz -lm"
