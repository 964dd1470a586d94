#!/bin/sh
# tour.sh MAKE -- the main job: train, grade, benchmark and plot, on data that ships with the course, in one to three minutes.
make=${1:-make}
start=$(date +%s)
bar() { printf '\n== %s ==\n' "$1"; }
stop() { echo "tour: $*" >&2; exit 1; }

bar "Build: the library, the exercises, their graders"
$make --silent tour-objects || stop "the build failed; the compiler's words are above"
echo "built in $(($(date +%s) - start)) s"

bar "Train: the references, on embedded data"
for n in linear_regression mlp; do
    build/ref/$(ls -d stage*/[0-9][0-9]_$n)/$n || stop "$n did not keep its promise"
    echo
done

# In a tree of links beside this one: the learner's work/ is not touched.
here=$PWD demo=build/tour dir=stage0/00_start
rm -rf $demo && mkdir -p $demo/build $demo/work/$dir
for f in common grading stage0 build/ref build/toolchain build/grade; do ln -s "$here/$f" $demo/$f; done
grade() { (cd $demo && build/grade $dir) || stop "it could not be graded"; }
cp $dir/start.h $demo/work/$dir/ && awk -f grading/skeleton.awk $dir/start.c >$demo/work/$dir/start.c || stop "no skeleton"
bar "Grade: an untouched exercise (in build/tour; your work/ is not touched)"
grade
bar "Grade: the same, solved"
cp $dir/start.c $demo/work/$dir/start.c
grade

bar "Benchmark: a kernel beside the libraries"
build/bench --quick || stop "the benchmark failed"

bar "Plots"
build/bench plots build/bench-quick.jsonl || stop "the plots failed"
for n in linear_regression mlp; do ls build/out/$n/*.png 2>/dev/null; done

bar "Next"
cat <<EOF
This took $(($(date +%s) - start)) s. Now it is your turn:
  make stage0             writes your first exercises to work/stage0
  make grade EX=start     says what is wrong, and why
  make next               says what to do next
  make                    lists every command
EOF
