#!/bin/sh
# compilers.sh -- counts what make found when it compiled every file with both compilers, warnings as errors.
passed=0 failed=0
for ok in $(find build/warn -name '*.ok'); do
    src=${ok#build/warn/}; src=${src%.ok}
    case $src in *.cu | *.cpp) ;; *) src=$src.c ;; esac
    [ -f "$src" ] || { rm -f "$ok"; continue; }
    if [ "$(cat "$ok")" = ok ]; then passed=$((passed + 1))
    else failed=$((failed + 1)); echo "FAIL $src"; head -n 6 "${ok%.ok}.log"; fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
