# Makefile -- every command of the course. A folder that holds NAME.h, test_NAME.c and NAME.c is an exercise; nothing else
# lists it. One file, no recursion; what is generated goes to build/, what the learner writes to work/, data to data/.
MAKEFLAGS += -rR --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
SHELL := /bin/sh

# Assignments here beat the environment and are beaten by make's command line: that alone decides.
EX :=
STAGE :=
ALL :=
TRACK := core
LEVEL :=
ARGS :=
MINE :=
WITH :=
SIZES :=
DTYPE :=
THREADS :=
DEVICE :=
COMPARE :=
PEERS :=
SEED :=
TRIALS :=
MIRROR :=
SETUP :=
OUT :=
DIR :=
TO :=
FROM :=
JOBS := 2
KEY :=
RECEIPT :=
WORK :=
LEARNER :=
KIND := kernel
PROGRAMS := yes
ARCHS :=
SECONDS := 60
HTML :=
V :=
CC := gcc
ARCH := native
CFLAGS := -O3 -g
LDFLAGS :=
unexport EX STAGE ALL TRACK LEVEL ARGS MINE WITH SIZES DTYPE THREADS DEVICE COMPARE PEERS SEED MIRROR SETUP OUT \
    DIR TO FROM JOBS KEY RECEIPT WORK LEARNER KIND PROGRAMS ARCHS SECONDS HTML V CC ARCH CFLAGS LDFLAGS CI CPPFLAGS CXXFLAGS LDLIBS

Q := $(if $(V),,@)
comma := ,
ifneq ($(TRIALS),)
export TRIALS
endif
todo_text := TODO(
.DEFAULT_GOAL := help
goals := $(if $(MAKECMDGOALS),$(MAKECMDGOALS),help)

# ---- The exercises, found by their tests -----------------------------------------------------------------------------

tests := $(sort $(wildcard stage[0-9]/*/test_*.c))
names := $(patsubst test_%.c,%,$(notdir $(tests)))
$(foreach t,$(tests),$(eval dir_$(patsubst test_%.c,%,$(notdir $t)) := $(patsubst %/,%,$(dir $t))))
# Of kind gpu: NAME.cu, where the others have NAME.c.
gpu := $(foreach n,$(names),$(if $(wildcard $(dir_$n)/$n.c),,$(if $(wildcard $(dir_$n)/$n.cu),$n)))
source_of = $1.$(if $(filter $1,$(gpu)),cu,c)
ifneq ($(names),)
# needs_NAME: what line 2 of the header names after "needs:", a comma between.
$(foreach w,$(shell awk 'FNR == 2 { n = FILENAME; sub(".*/", "", n); sub("[.]h$$", "", n); w = "nothing"; \
    if (match($$0, /needs: *[^;*]*/)) { w = substr($$0, RSTART + 6, RLENGTH - 6); gsub(/[ ]/, "", w) } print n ":" w }' \
    $(foreach n,$(names),$(dir_$n)/$n.h)),$(eval needs_$(firstword $(subst :, ,$w)) := $(filter-out nothing,$(subst $(comma), ,$(lastword $(subst :, ,$w))))))
endif

# EX=softmax, stage2/03_softmax, 03_softmax, or a step: softmax.softmax_backward
ex_path := $(patsubst %/,%,$(EX:work/%=%))
ex := $(strip $(foreach n,$(names),$(if $(filter $(ex_path) $(firstword $(subst ., ,$(ex_path))),$n $(dir_$n) $(notdir $(dir_$n))),$n)))
step := $(if $(findstring /,$(EX)),,$(word 2,$(subst ., ,$(EX))))
ifneq ($(EX),)
# Operators of the library have rows in bench/ and no folder.
bench_only := $(if $(filter bench,$(goals)),$(filter $(EX),$(shell sed -n 's/^BENCH_OF([a-z_0-9]*, *\([a-z_0-9]*\)).*/\1/p' bench/rows_*.c)))
ifeq ($(ex)$(bench_only)$(filter new fuzz,$(goals)),)
$(error no exercise '$(EX)'. The nearest names: $(shell printf '%s\n' $(names) | awk -v want='$(firstword $(subst ., ,$(notdir $(ex_path))))' -f scripts/near.awk). `make list` shows all)
endif
endif
chosen := $(if $(EX),$(ex),$(if $(STAGE),$(foreach n,$(names),$(if $(filter stage$(STAGE)/%,$(dir_$n)),$n)),$(names)))

# ---- The machine, looked at once ---------------------------------------------------------------------------------------

plain_goals := help next reset setup setup-tour setup-check tour check check-full clean data new update study doctor list predict solution hint ops
ifneq ($(filter-out $(plain_goals),$(goals)),)
unwritable := $(shell { mkdir -p build/flags && echo try >build/flags/try && rm build/flags/try; } 2>&1)
ifneq ($(unwritable),)
$(error build/ cannot be written: is this folder read-only, or the disk full? $(unwritable))
endif
include build/config.mk
endif
build/config.mk: scripts/configure.sh
	@sh scripts/configure.sh $@ '$(CC)'

# What scripts/unpack.sh brought without root.
ifneq ($(wildcard build/deps/usr),)
export PATH := $(CURDIR)/build/deps/usr/bin:$(PATH)
export LD_LIBRARY_PATH := $(subst $() ,:,$(wildcard $(CURDIR)/build/deps/usr/lib/*-linux-gnu $(CURDIR)/build/deps/lib/*-linux-gnu $(CURDIR)/build/deps/usr/lib/*-linux-gnu/openblas-openmp))
export FONTCONFIG_FILE := $(CURDIR)/build/deps/fonts.conf
endif

# ---- Flags: a file for each set, rewritten only when it changes, so that only what used it is built again ---------------

warn := -Wall -Wextra -Wpedantic
cc_base = $(CC) -std=c17 $(warn)
opt := -fno-math-errno -fno-trapping-math -march=$(ARCH)
include_flags = -Icommon -Igrading -Ibench $(deps_cppflags)
lib_cppflags = $(blas_cppflags) $(dnnl_cppflags) $(seccomp_cppflags) $(liblinear_cppflags) $(libsvm_cppflags)
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

cc_ref  = $(cc_base) $(CFLAGS) $(opt) $(openmp) $(include_flags) $(lib_cppflags)
cc_f64  = $(cc_ref) -DREAL64
cc_asan = $(cc_base) -O1 -g $(sanitize) $(opt) $(openmp) $(include_flags) $(lib_cppflags)
cc_asan64 = $(cc_asan) -DREAL64
cc_fuzz = $(fuzz_cc) -std=c17 -w -O1 -g $(sanitize) -fsanitize=fuzzer-no-link $(include_flags) $(lib_cppflags)
ld_ref  = $(CC) $(openmp) $(LDFLAGS) $(deps_ldflags)
ld_f64  = $(ld_ref)
ld_asan = $(ld_ref) $(sanitize)
ld_asan64 = $(ld_asan)
ld_fuzz = $(fuzz_cc) $(LDFLAGS) $(deps_ldflags) $(sanitize) -fsanitize=fuzzer
# What `make dist` hands out: for any processor of that kind, and with no library that a compiler does not bring. -O2: gcc 12
# for aarch64 dies of its own -O3 in stage2/05_mlp.
dist_archs := x86_64 aarch64
dist_cc_x86_64 = $(if $(filter x86_64,$(machine)),$(CC),x86_64-linux-gnu-gcc)
dist_cc_aarch64 = $(if $(filter aarch64,$(machine)),$(CC),aarch64-linux-gnu-gcc)
dist_march_x86_64 := x86-64
dist_march_aarch64 := armv8-a
machine := $(shell uname -m)
dist_variants := $(dist_archs:%=dist_%)
dist_common := $(filter-out common/gemm_library.c,$(wildcard common/*.c common/ops/*.c)) grading/dist/no_library.c
define dist_flags
cc_dist_$1 = $$(dist_cc_$1) -std=c17 $$(warn) $$(CFLAGS) -O2 -fno-math-errno -fno-trapping-math -march=$$(dist_march_$1) \
    -fopenmp -Igrading/dist -Icommon -Igrading $$(if $$(filter $1,$$(machine)),$$(deps_cppflags),-isystem build/cross/$1/usr/include -isystem build/cross/$1/usr/include/$1-linux-gnu) -DHAVE_SECCOMP
common_src_dist_$1 := $$(dist_common)
endef
$(foreach a,$(dist_archs),$(eval $(call dist_flags,$a)))
libs = $(dnnl_libs) $(blas_libs) $(jansson_libs) $(png_libs) $(zlib_libs) -lm

# make -n writes no flags: it would believe afterwards that they had been used.
dry_run := $(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
# .cu files, and the emulator that runs them on the CPU: fast, and looked at (common/simt/README.md).
cc_simt  = $(cxx) -std=c++17 $(warn) -O2 -g -isystem common/simt/include
cu_fast  = build/simtcc --with=$(cxx) $(warn) -O2 -march=$(ARCH) $(include_flags)
cu_check = build/simtcc --with=$(cxx) --check $(warn) $(include_flags)
cu_nvcc  = $(nvcc) -std=c++17 --extended-lambda -Xcompiler -Wall,-Wextra -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 -Icommon -Igrading
variants := ref f64 asan asan64 fuzz $(dist_variants)
flag_text = $(strip $($1))
define flag_file
ifeq ($$(dry_run),)
ifneq ($$(file <build/flags/$1),$$(call flag_text,$1))
$$(shell mkdir -p build/flags)
$$(file >build/flags/$1,$$(call flag_text,$1))
endif
endif
endef
ifneq ($(filter-out $(plain_goals),$(goals)),)
$(foreach v,$(variants),$(eval $(call flag_file,cc_$v))$(eval $(call flag_file,ld_$v)))
$(eval $(call flag_file,libs))
$(foreach f,cc_simt cu_fast cu_check cu_nvcc,$(eval $(call flag_file,$f)))
endif

define variant
build/$1/%.o: %.c build/flags/cc_$1
	@mkdir -p $$(@D)
	$$(Q)$$(cc_$1) -I$$(dir $$*) -MMD -MP -c -o $$@ $$<
build/$1/%.worker.o: %.c build/flags/cc_$1
	@mkdir -p $$(@D)
	$$(Q)$$(cc_$1) -I$$(dir $$*) -MMD -MP -c -o $$@ $$<
build/$1/%.judge.o: %.c build/flags/cc_$1
	@mkdir -p $$(@D)
	$$(Q)$$(cc_$1) -O1 -DJUDGE -I$$(dir $$*) -MMD -MP -c -o $$@ $$<
build/$1/%.oracle.o: %.c build/flags/cc_$1
	@mkdir -p $$(@D)
	$$(Q)$$(cc_$1) -O1 -DORACLE_TESTS -I$$(dir $$*) -MMD -MP -c -o $$@ $$<
build/$1/libcommon.a: $$(patsubst %.c,build/$1/%.o,$$(or $$(common_src_$1),$$(common_src)))
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
common_src := $(wildcard common/*.c common/ops/*.c)
$(foreach v,$(variants),$(eval $(call variant,$v)))
build/flags/%: ;

# ---- Help ----------------------------------------------------------------------------------------------------------------

.PHONY: help
help:
	@awk -f scripts/help.awk Makefile

#: Begin
#: tour            sets up, trains, grades, benchmarks, plots: one to three min   make tour
#: doctor          what this machine has, what is missing, how to get it          make doctor
#: data            fetch the real data sets, or copy them from MIRROR=            make data
#: Learn
#: stageN          write the missing skeletons of stage N to work/, build them    make stage2
#: grade           points, the first failure explained [EX= STAGE= ALL=1]         make grade EX=softmax
#: next, list      what to do next along TRACK=, every exercise                   make next
#: hint            a hint for a step, LEVEL=1 to 3                                make hint EX=softmax LEVEL=2
#: debug           gdb on the failing probe                                       make debug EX=softmax
#: predict         your guesses beside what was measured                          make predict EX=softmax
#: watch           grade again whenever the file is saved                         make watch EX=softmax
#: reset           the skeleton anew; your file is kept as a backup               make reset EX=softmax
#: solution        your finished steps beside the reference's [ALL=1: all]        make solution EX=softmax
#: run             the exercise's program [ARGS= MINE=1 MINE=all]                 make run EX=softmax MINE=1
#: show            pictures of CUDA kernels: lanes, memory, banks, time           make show EX=softmax
#: progress        folders, hours, points over time [HTML=1: a page]              make progress
#: update          pull, and merge changed skeletons into work/                   make update
#: export          grade.json as junit, gradescope, exercism, csv [TO= OUT=]      make export TO=junit
#: Measure
#: bench           against the libraries [EX= WITH= SIZES= THREADS= COMPARE=]     make bench EX=softmax
#: peers           install the Python peers outside this folder                   make peers
#: plots           draw what was measured                                         make plots
#: results         the long runs: full-size figures of lessons [EX= STAGE=]       make results
#: study           run, resume and report a study                                 make study
#: Maintain
#: check           the project's own tests [EX=]                                  make check EX=softmax
#: check-full      the same under sanitizers, long, and on a clean Debian root    make check-full
#: fuzz            input made up for the readers of files [EX= SECONDS=]        make fuzz EX=npy
#: ops             every operation of the library, its file, its lines          make ops
#: new             every file of a new exercise, already building                 make new EX=stage2/08_layernorm
#: grade-all       grade a folder of submissions [DIR= OUT= JOBS= KEY=]           make grade-all DIR=submissions
#: verify          does a learner's grade.json hold? [RECEIPT= WORK= KEY=]     make verify RECEIPT=grade.json
#: similar         pairs of submissions to read side by side [DIR= OUT=]        make similar DIR=submissions
#: dist            hand the course out without references [OUT= EX= STAGE=]       make dist OUT=course.tar.gz
#: clean           remove build/ (never work/ or data/)                           make clean

# ---- Programs --------------------------------------------------------------------------------------------------------------

# build/ref/DIR/NAME: the reference. build/mine/DIR/NAME: the learner's file in its place. build/all/DIR/NAME: every finished
# exercise of the learner's. plugs.c is the table that plug_all walks.
# Without a C++ compiler folders of kind gpu are only read.
compiled = $(if $(cxx),$1,$(filter-out $(gpu),$1))
has_main = $(foreach n,$(call compiled,$1),$(if $(wildcard $(dir_$n)/main.c),$n))
has_plug = $(foreach n,$1,$(if $(wildcard $(dir_$n)/plug.c),$n))
plugs_c = { echo '/* Written by make: what plug_all() plugs in. */'; echo '\#include "plug.h"'; \
    for p in $1; do echo "void plug_$$p(Tape *);"; done; echo 'void plug_all(Tape *t)'; echo '{'; echo '    (void)t;'; \
    for p in $1; do echo "    plug_$$p(t);"; done; echo '}'; } >$@

define program
build/ref/$(dir_$1)/plugs.c: $(dir_$1)/$1.h $(wildcard $(dir_$1)/plug.c)
	@mkdir -p $$(@D)
	@$$(call plugs_c,$(call has_plug,$1))
build/ref/$(dir_$1)/plugs.o: build/ref/$(dir_$1)/plugs.c build/flags/cc_ref
	$$(Q)$$(cc_ref) -MMD -MP -c -o $$@ $$<
prog_$1 := $(patsubst $(dir_$1)/%.c,build/ref/$(dir_$1)/%.o,$(wildcard $(dir_$1)/main.c $(dir_$1)/plug.c)) build/ref/$(dir_$1)/plugs.o
build/ref/$(dir_$1)/$1: $$(prog_$1) build/ref/$(dir_$1)/$1.o build/ref/libref.a build/ref/libcommon.a build/flags/ld_ref build/flags/libs
	$$(Q)$$(ld_ref) -o $$@ $$(filter %.o,$$^) build/ref/libref.a build/ref/libcommon.a $$(libs)
build/mine/$(dir_$1)/$1.o: work/$(dir_$1)/$1.c $(dir_$1)/$1.h build/flags/cc_ref
	@mkdir -p $$(@D)
	$$(Q)$$(cc_ref) $$(if $$(shell grep -l '$$(todo_text)' $$< 2>/dev/null),-Wno-unused -Wno-unused-parameter) -I$(dir_$1) -MMD -MP -c -o $$@ $$<
build/mine/$(dir_$1)/$1: $$(prog_$1) build/mine/$(dir_$1)/$1.o build/ref/$(dir_$1)/$1.o build/ref/libref.a build/ref/libcommon.a build/flags/ld_ref
	@sh scripts/complete.sh $(dir_$1) $1
	$$(Q)$$(ld_ref) -o $$@ $$(prog_$1) build/mine/$(dir_$1)/$1.o build/ref/libref.a build/ref/libcommon.a $$(libs)
endef
$(foreach n,$(filter-out $(gpu),$(names)),$(eval $(call program,$n)))
# Of kind gpu: NAME.cu by way of the emulator; in check mode where the program asks for counters.
counted := $(foreach n,$(gpu),$(if $(shell grep -l simt_counter $(dir_$n)/main.c 2>/dev/null),$n))
define gpu_program
build/ref/$(dir_$1)/$1.o: $(dir_$1)/$1.cu build/simtcc build/flags/cu_fast
	@mkdir -p $$(@D)
	$$(Q)$$(cu_fast) -I$(dir_$1) -MMD -MP -c -o $$@ $$<
build/ref/$(dir_$1)/$1.check.o: $(dir_$1)/$1.cu build/simtcc build/flags/cu_check
	@mkdir -p $$(@D)
	$$(Q)$$(cu_check) -I$(dir_$1) -MMD -MP -c -o $$@ $$<
build/mine/$(dir_$1)/$1.o: work/$(dir_$1)/$1.cu $(dir_$1)/$1.h build/simtcc build/flags/cu_fast
	@mkdir -p $$(@D)
	$$(Q)$$(cu_fast) $$(if $$(shell grep -l '$$(todo_text)' $$< 2>/dev/null),-Wno-unused -Wno-unused-parameter) -I$(dir_$1) -MMD -MP -c -o $$@ $$<
build/mine/$(dir_$1)/$1.check.o: work/$(dir_$1)/$1.cu $(dir_$1)/$1.h build/simtcc build/flags/cu_check
	@mkdir -p $$(@D)
	$$(Q)$$(cu_check) $$(if $$(shell grep -l '$$(todo_text)' $$< 2>/dev/null),-Wno-unused -Wno-unused-parameter) -I$(dir_$1) -MMD -MP -c -o $$@ $$<
build/mine/$(dir_$1)/$1: build/mine/$(dir_$1)/complete
build/mine/$(dir_$1)/complete: build/mine/$(dir_$1)/$1.o build/ref/$(dir_$1)/$1.o
	@sh scripts/complete.sh $(dir_$1) $1 && touch $$@
build/ref/$(dir_$1)/$1 build/mine/$(dir_$1)/$1: build/%/$(dir_$1)/$1: build/ref/$(dir_$1)/main.o build/%/$(dir_$1)/$1.$(if $(filter $1,$(counted)),check.)o build/simt/libsimt.a build/ref/libcommon.a build/flags/libs
	$(Q)$$(cxx) $$(LDFLAGS) $$(openmp) -o $$@ $$(filter %.o %.a,$$^) $$(deps_ldflags) $$(libs) -pthread -ldl
endef
$(foreach n,$(gpu),$(eval $(call gpu_program,$n)))
build/ref/libref.a: $(foreach n,$(filter-out $(gpu),$(names)),build/ref/$(dir_$n)/$n.o)
	$(Q)rm -f $@ && ar rcs $@ $^

# MINE=all: a folder counts as finished when its file in work/ is there and has no TODO left.
finished = $(foreach n,$(filter-out $(gpu),$(names)),$(if $(wildcard work/$(dir_$n)/$n.c),$(if $(shell grep -l '$(todo_text)' work/$(dir_$n)/$n.c),,$n)))
ifeq ($(MINE),all)
mine_done := $(finished)
build/all/plugs.c: $(foreach n,$(mine_done),work/$(dir_$n)/$n.c) always
	@mkdir -p $(@D)
	@$(call plugs_c,$(call has_plug,$(mine_done)))
build/all/plugs.o: build/all/plugs.c
	$(Q)$(cc_ref) -c -o $@ $<
build/all/libmine.a: $(foreach n,$(filter-out $(gpu),$(names)),build/$(if $(filter $n,$(mine_done)),mine,ref)/$(dir_$n)/$n.o)
	$(Q)$(foreach n,$(mine_done),sh scripts/complete.sh $(dir_$n) $n && )rm -f $@ && ar rcs $@ $^
build/all/$(dir_$(ex))/$(ex): $(patsubst $(dir_$(ex))/%.c,build/ref/$(dir_$(ex))/%.o,$(dir_$(ex))/main.c) build/all/plugs.o \
    $(foreach n,$(call has_plug,$(mine_done)),build/ref/$(dir_$n)/plug.o) build/all/libmine.a build/ref/libcommon.a
	@mkdir -p $(@D)
	$(Q)$(ld_ref) -o $@ $(filter %.o,$^) build/all/libmine.a build/ref/libcommon.a $(libs)
endif
.PHONY: always
always:

program = build/$(if $(filter all,$(MINE)),all,$(if $(MINE),mine,ref))/$(dir_$(ex))/$(ex)
.PHONY: run
ifeq ($(ex),)
run:
	@echo 'make run needs EX=: one of $(call has_main,$(names))' >&2; exit 2
else ifneq ($(filter 1,$(MINE))$(wildcard work/$(dir_$(ex))/$(call source_of,$(ex))),1)
run: $(program)
	@$(if $(filter all,$(MINE)),echo 'your own code: $(or $(mine_done),none is finished yet)';) ./$(program) $(if $(MINE),$(if $(findstring --out,$(ARGS)),,--out build/mine/out/$(ex))) $(ARGS)
else
run:
	@echo 'work/$(dir_$(ex))/$(call source_of,$(ex)) is not there: make $(firstword $(subst /, ,$(dir_$(ex)))) writes it' >&2; exit 2
endif

# ---- The learner's copies ----------------------------------------------------------------------------------------------

stages := stage0 stage1 stage2 stage3 stage4
.PHONY: $(stages) next list hint debug watch reset solution predict
$(stages): stage%:
	@sh scripts/work.sh stage '$@' '$(strip $(foreach n,$(names),$(if $(filter stage$*/%,$(dir_$n)),$(dir_$n))))'
	@$(MAKE) --silent worker-objects STAGE=$*
	@sh scripts/work.sh todo '$@' '$(TRACK)'
next:
	@sh scripts/work.sh todo '$(if $(STAGE),stage$(STAGE))' '$(TRACK)'
list:
	@sh scripts/work.sh list '$(foreach n,$(names),$(dir_$n))'
need_ex = $(if $(ex),,@echo '$@ needs EX=: one of $(names)' >&2; exit 2)
mine = work/$(dir_$(ex))/$(call source_of,$(ex))
need_file = @[ -f '$(mine)' ] || { echo '$(mine) is not there: make $(firstword $(subst /, ,$(dir_$(ex)))) writes it' >&2; exit 2; }
hint:
	$(need_ex)
	@awk -v step='$(step)' -v level='$(or $(LEVEL),1)' -v ex='$(ex)' -f grading/hint.awk $(dir_$(ex))/README.md
reset:
	$(need_ex)
	@sh scripts/work.sh reset '$(dir_$(ex))'
predict:
	@sh scripts/predict.sh show '$(foreach n,$(call begun,$(chosen)),$(dir_$n))'
solution:
	$(need_ex)
	$(need_file)
	@sh scripts/solution.sh '$(dir_$(ex))' '$(ex)' '$(step)' '$(ALL)'

# ---- Grading (grading/README.md says what each file is) -----------------------------------------------------------------

# What the grader's own compilations use: rewritten only when it changes.
version := $(if $(filter grade grade-all verify debug check worker-objects watch,$(goals)),$(shell git describe --always --dirty 2>/dev/null))
toolchain = cc $(cc_ref)$(newline)other $(if $(other_cc),$(other_cc) -std=c17 $(warn) $(CFLAGS) -march=$(ARCH) -fopenmp-simd $(include_flags) $(lib_cppflags))$(if $(cxx),$(newline)cu $(cu_fast)$(newline)cucheck $(cu_check)$(if $(other_cxx),$(newline)cuother $(patsubst --with=%,--with=$(other_cxx),$(cu_fast)))$(newline)cxx $(cxx) $(LDFLAGS) $(deps_ldflags))$(newline)libs build/ref/libcommon.a $(deps_ldflags) $(libs)$(newline)version $(version)
define newline


endef
ifneq ($(filter-out $(plain_goals),$(goals)),)
ifneq ($(file <build/toolchain),$(toolchain))
$(shell mkdir -p build)
$(file >build/toolchain,$(toolchain))
endif
endif

# What each program of the grader is made of. make dist takes these lists too.
grade_parts   := $(addprefix grading/,grade build measure gpu report seal launch sandbox compare)
matrix_parts  := $(addprefix grading/,matrix launch sandbox compare)
confine_parts := $(addprefix grading/,confine sandbox)
export_parts  := $(addprefix grading/,export cells) common/file common/check
watch_parts   := grading/watch
progress_parts := grading/progress grading/cells
ref_grading = $(addprefix build/ref/grading/,$(addsuffix .o,$1))
build/grade: $(grade_parts:%=build/ref/%.o) build/confine build/flags/ld_ref
	$(Q)$(ld_ref) -o $@ $(filter %.o,$^) $(jansson_libs) $(seccomp_libs) $(sodium_libs) -lm
build/ref/grading/seal.o: build/config.mk      # is libsodium there by now?
build/grade-all: $(call ref_grading,all class cells seal build launch sandbox compare) build/confine build/flags/ld_ref
	$(Q)$(ld_ref) -o $@ $(filter %.o,$^) $(jansson_libs) $(seccomp_libs) $(sodium_libs) -lm
build/verify: $(call ref_grading,verify class seal build launch sandbox compare) build/confine build/flags/ld_ref
	$(Q)$(ld_ref) -o $@ $(filter %.o,$^) $(jansson_libs) $(seccomp_libs) $(sodium_libs) -lm
build/matrix: $(matrix_parts:%=build/ref/%.o) build/confine build/flags/ld_ref
	$(Q)$(ld_ref) -o $@ $(filter %.o,$^) $(jansson_libs) $(seccomp_libs) -lm
build/confine: $(confine_parts:%=build/ref/%.o) build/flags/ld_ref
	$(Q)$(ld_ref) -o $@ $(filter %.o,$^) $(seccomp_libs)
build/export: $(export_parts:%=build/ref/%.o) build/flags/ld_ref
	$(Q)$(ld_ref) -o $@ $(filter %.o,$^) $(jansson_libs) $(zlib_libs)
build/watch: $(watch_parts:%=build/ref/%.o) build/flags/ld_ref
	$(Q)$(ld_ref) -o $@ $(filter %.o,$^)

build/similar: $(call ref_grading,similar class cells seal build launch sandbox compare) build/ref/common/file.o build/ref/common/check.o build/confine build/flags/ld_ref
	$(Q)$(ld_ref) -o $@ $(filter %.o,$^) $(jansson_libs) $(seccomp_libs) $(sodium_libs) $(zlib_libs) -lm

needed = $(foreach n,$(filter-out common,$(needs_$1)),build/ref/$(dir_$n)/$n.o) $(if $(filter common,$(needs_$1)),build/ref/libcommon.a)
define graded
build/ref/$(dir_$1)/worker: build/ref/$(dir_$1)/$1.o build/ref/$(dir_$1)/test_$1.worker.o $(call ref_grading,worker probe) $(call needed,$1) grading/link.sh
	$$(Q)sh grading/link.sh $(dir_$1) build/ref/$(dir_$1)/$1.o $$@
build/ref/$(dir_$1)/judge: build/ref/$(dir_$1)/test_$1.judge.o $(call ref_grading,judge compare probe) build/ref/libcommon.a build/flags/ld_ref
	$$(Q)$$(ld_ref) -o $$@ $$(filter %.o,$$^) build/ref/libcommon.a $$(criterion_libs) $$(libs)
build/ref/$(dir_$1)/oracle: build/ref/$(dir_$1)/test_$1.oracle.o build/ref/$(dir_$1)/$1.o $(call ref_grading,oracle probe) $(call needed,$1) build/ref/libcommon.a build/flags/ld_ref
	$$(Q)$$(ld_ref) -o $$@ $$(filter %.o,$$^) build/ref/libcommon.a $$(criterion_libs) $$(libs)
build/ref/$(dir_$1)/mutants/made: $(dir_$1)/mutants $(dir_$1)/$1.c $(dir_$1)/$1.h build/ref/$(dir_$1)/worker $(addprefix grading/,mutate.awk skeleton.awk steps.awk mutants.sh) build/flags/cc_ref
	$$(Q)sh grading/mutants.sh $(dir_$1) $$(@D)
endef
$(foreach n,$(filter-out $(gpu),$(names)),$(eval $(call graded,$n)))
# Of kind gpu: linked with the emulator, and once more in check mode.
gpu_parts := build/simt/fast/grading/device.o build/simt/libsimt.a
define gpu_graded
build/ref/$(dir_$1)/worker build/ref/$(dir_$1)/worker.check: build/ref/$(dir_$1)/test_$1.worker.o $(call ref_grading,worker probe) $(gpu_parts) $(call needed,$1) grading/link.sh
	$$(Q)sh grading/link.sh $(dir_$1) $$(filter build/ref/$(dir_$1)/$1.%o,$$^) $$@
build/ref/$(dir_$1)/worker: build/ref/$(dir_$1)/$1.o
build/ref/$(dir_$1)/worker.check: build/ref/$(dir_$1)/$1.check.o build/ref/$(dir_$1)/worker
build/ref/$(dir_$1)/judge: build/ref/$(dir_$1)/test_$1.judge.o $(call ref_grading,judge compare probe) build/ref/libcommon.a build/flags/ld_ref
	$$(Q)$$(ld_ref) -o $$@ $$(filter %.o,$$^) build/ref/libcommon.a $$(criterion_libs) $$(libs)
build/ref/$(dir_$1)/oracle: build/ref/$(dir_$1)/test_$1.oracle.o build/ref/$(dir_$1)/$1.o $(call ref_grading,oracle probe) $(call needed,$1) $(gpu_parts) build/ref/libcommon.a
	$$(Q)$$(cxx) $$(LDFLAGS) $$(openmp) -o $$@ $$(filter %.o %.a,$$^) $$(deps_ldflags) $$(criterion_libs) $$(libs) -pthread -ldl
build/ref/$(dir_$1)/mutants/made: $(dir_$1)/mutants $(dir_$1)/$1.cu $(dir_$1)/$1.h build/ref/$(dir_$1)/worker build/ref/$(dir_$1)/worker.check $(addprefix grading/,mutate.awk skeleton.awk steps.awk mutants.sh mutants_gpu.sh) build/flags/cu_fast build/flags/cu_check
	$$(Q)sh grading/mutants.sh $(dir_$1) $$(@D)
endef
$(foreach n,$(gpu),$(eval $(call gpu_graded,$n)))
grader_of = $(foreach n,$(call compiled,$1),$(addprefix build/ref/$(dir_$n)/,worker judge mutants/made))
begun = $(foreach n,$1,$(if $(wildcard work/$(dir_$n)/$(call source_of,$n)),$n))

.PHONY: grade worker-objects export similar
worker-objects: build/grade $(call grader_of,$(chosen))
	@:
grade: build/grade $(call grader_of,$(call begun,$(chosen)))
	@sh scripts/work.sh begun '$(foreach n,$(chosen),$(dir_$n))' && \
	    ./build/grade $(if $(ALL),--all) $(if $(V),--verbose) $(if $(step),--step '$(step)') $(if $(SEED),--seed '$(SEED)') $(if $(LEVEL),--level '$(LEVEL)') $(foreach n,$(call begun,$(chosen)),$(dir_$n))
	@sh scripts/predict.sh look '$(foreach n,$(call begun,$(chosen)),$(dir_$n))' '$(MAKE)'
	@sh scripts/work.sh keep
debug: build/grade $(call grader_of,$(ex))
	$(need_ex)
	@./build/grade --debug $(if $(step),--step '$(step)') $(if $(SEED),--seed '$(SEED)') $(dir_$(ex))
# A class: all exercises, or EX=, STAGE=, or those of a TRACK= that is named.
in_track := $(if $(filter command,$(firstword $(origin TRACK))),$(shell awk '!/^\#/ && NF { print $$1 }' 'grading/tracks/$(TRACK)'))
of_class := $(if $(in_track),$(filter $(in_track),$(chosen)),$(chosen))
.PHONY: grade-all verify
grade-all: build/grade build/grade-all $(call grader_of,$(of_class))
	$(if $(DIR),,@echo 'make grade-all needs DIR=: a folder that holds a folder a learner' >&2; exit 2)
	@./build/grade-all --jobs '$(JOBS)' --level '$(LEVEL)' --out '$(OUT)' --key '$(KEY)' -- '$(DIR)' $(foreach n,$(of_class),$(dir_$n))
verify: build/grade build/verify $(call grader_of,$(of_class))
	$(if $(RECEIPT),,@echo "make verify needs RECEIPT=: a learner's grade.json" >&2; exit 2)
	@./build/verify --work '$(WORK)' --level '$(LEVEL)' --key '$(KEY)' --learner '$(LEARNER)' -- '$(RECEIPT)' $(foreach n,$(of_class),$(dir_$n))
export: build/export
	@./build/export $(if $(FROM),--from '$(FROM)') $(if $(OUT),--out '$(OUT)') $(if $(ex),--exercise '$(ex)') '$(TO)'
similar: build/similar
	@./build/similar $(if $(OUT),--out '$(OUT)') $(if $(ex),--exercise '$(ex)') '$(DIR)'
watch: build/watch build/grade $(call grader_of,$(ex))
	$(need_ex)
	$(need_file)
	@./build/watch '$(mine)' './build/grade $(if $(step),--step $(step)) $(if $(LEVEL),--level $(LEVEL)) $(dir_$(ex)); sh scripts/work.sh keep'

build/progress: $(progress_parts:%=build/ref/%.o) build/ref/libcommon.a build/flags/ld_ref build/flags/libs
	$(Q)$(ld_ref) -o $@ $(filter %.o,$^) build/ref/libcommon.a $(libs)
progress: build/progress
	@./build/progress $(if $(HTML),--html) '$(TRACK)'

# ---- Benchmarks (bench/README.md) ------------------------------------------------------------------------------------------

bench_rooms := $(foreach n,$(names),$(if $(wildcard $(dir_$n)/bench_$n.c),$n))
build/bench: $(patsubst %.c,build/ref/%.o,$(wildcard bench/*.c)) \
    $(foreach n,$(bench_rooms),build/ref/$(dir_$n)/bench_$n.o) build/ref/libref.a build/ref/libcommon.a build/flags/ld_ref build/flags/libs
	$(Q)$(ld_ref) -rdynamic -o $@ $(filter %.o,$^) -Wl,--whole-archive build/ref/libref.a build/ref/libcommon.a -Wl,--no-whole-archive $(libs) $(liblinear_libs) $(libsvm_libs) -ldl

.PHONY: bench plots peers
# WITH=my.c: a learner's file becomes one more contestant, as a shared object. MINE=1: the file in work/.
contestant := $(if $(MINE),$(if $(ex),work/$(dir_$(ex))/$(ex).c),$(WITH))
build/bench_with.so: $(contestant) $(if $(ex),$(wildcard $(dir_$(ex))/bench_$(ex).c)) always
	$(if $(ex),,@echo 'WITH= and MINE= need EX=: whose functions are these?' >&2; exit 2)
	$(Q)$(cc_ref) -shared -fPIC -Wl,-Bsymbolic -I$(dir_$(ex)) -o $@ '$(contestant)' $(dir_$(ex))/bench_$(ex).c -lm
bench: build/bench $(if $(contestant),build/bench_with.so)
	@./build/bench $(if $(or $(ex),$(bench_only)),--rows='$(or $(ex)$(if $(step),.$(step)),$(firstword $(bench_only)))') $(if $(STAGE),--rows='$(subst $() ,$(comma),$(strip $(chosen)))') $(if $(SIZES),--sizes='$(SIZES)') \
	    $(if $(DTYPE),--dtype='$(DTYPE)') $(if $(THREADS),--threads='$(THREADS)') $(if $(DEVICE),--device='$(DEVICE)') \
	    $(if $(COMPARE),--compare='$(COMPARE)') $(if $(PEERS),--peers='$(PEERS)') $(if $(contestant),--with='$(if $(MINE),mine,$(notdir $(WITH))):$(ex):build/bench_with.so')
plots: build/bench
	@GNUPLOT='$(gnuplot)' ./build/bench plots
peers:
	@sh bench/peers.sh '$(PEERS)'

# ---- Data, machine ---------------------------------------------------------------------------------------------------------

.PHONY: data doctor setup setup-tour setup-check clean tour
data:
	@sh scripts/data.sh '$(MIRROR)'
doctor:
	@sh scripts/configure.sh build/config.mk '$(CC)'
	@sh scripts/doctor.sh
setup setup-check:
	@SETUP='$(SETUP)' CC='$(CC)' sh scripts/setup.sh check
setup-tour:
	@SETUP='$(SETUP)' CC='$(CC)' sh scripts/setup.sh tour
tour:
	@SETUP='$(SETUP)' CC='$(CC)' sh scripts/setup.sh tour
	@sh scripts/tour.sh '$(MAKE)'
clean:
	@rm -rf build 2>/dev/null || { echo 'build/ cannot be removed whole: is this folder read-only?' >&2; exit 1; }

# ---- The project's own tests: units that run again only when what they test has changed ------------------------------------

test_src := $(wildcard grading/tests/test_*.c)
test_help := $(filter-out $(test_src),$(wildcard grading/tests/*.c))
test_sh := $(wildcard grading/tests/test_*.sh)
in_f64 := $(if $(test_src),$(shell grep -l REAL64 $(test_src)))
# test_failing counts and fails the library's requests for memory.
wrap_failing := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=mmap
define test_program
build/$1/grading/tests/test_%: build/$1/grading/tests/test_%.o $(patsubst %.c,build/$1/%.o,$(test_help)) build/$1/libcommon.a build/flags/ld_$1 build/flags/libs
	$$(Q)$$(ld_$1) -o $$@ $$(filter %.o,$$^) $$(wrap_$$*) build/$1/libcommon.a $$(criterion_libs) $$(libs)
endef
$(foreach v,$(variants),$(eval $(call test_program,$v)))

# ---- CUDA on the CPU: the same .cu files fast and in check mode; nvcc, where it is, compiles them as well ------------------

# A compiler, and no part of what it compiles: without LDFLAGS, or a linker's flag would compile every .cu file again.
build/simtcc: $(addprefix build/ref/common/,simt/simtcc.o simt/rewrite.o file.o check.o)
	$(Q)$(CC) $(openmp) -o $@ $^ $(deps_ldflags) $(zlib_libs)
build/show: build/ref/common/simt/show.o build/ref/libcommon.a build/flags/ld_ref build/flags/libs
	$(Q)$(ld_ref) -o $@ $(filter %.o,$^) build/ref/libcommon.a $(libs)
build/simt/%.o: %.cpp build/flags/cc_simt
	@mkdir -p $(@D)
	$(Q)$(cc_simt) -MMD -MP -c -o $@ $<
build/simt/libsimt.a: $(patsubst %.cpp,build/simt/%.o,$(wildcard common/simt/*.cpp))
	$(Q)rm -f $@ && ar rcs $@ $^
# What libcommon.a needs, which takes cuBLAS's place, for simtcc when it links.
build/simt/libs: build/flags/libs build/ref/libcommon.a
	@mkdir -p $(@D)
	@echo '$(openmp) $(subst ',,$(deps_ldflags) $(libs))' >$@
define cuda_mode
build/simt/$1/%.o: %.cu build/simtcc build/flags/cu_$1
	@mkdir -p $$(@D)
	$$(Q)$$(cu_$1) -I$$(dir $$*) -MMD -MP -c -o $$@ $$<
build/simt/$1/kernels: build/ref/grading/tests/simt/kernels.o $$(patsubst %.cu,build/simt/$1/%.o,$$(wildcard grading/tests/simt/kernels_*.cu)) build/simt/libsimt.a
	$$(Q)$$(cxx) $$(LDFLAGS) -o $$@ $$^ -pthread -ldl -lm
build/simt/$1/feature_%: build/simt/$1/grading/tests/simt/feature_%.o build/simt/libsimt.a build/ref/libcommon.a build/simt/libs
	$$(Q)$$(cxx) $$(LDFLAGS) -o $$@ $$(filter %.o %.a,$$^) $$(openmp) $$(deps_ldflags) $$(libs) -pthread -ldl
build/simt/$1/findings build/simt/$1/counters build/simt/$1/speed: build/simt/$1/%: build/simt/$1/grading/tests/simt/%.o build/simt/libsimt.a
	$$(Q)$$(cxx) $$(LDFLAGS) -o $$@ $$^ -pthread -ldl -lm
endef
$(foreach m,fast check,$(eval $(call cuda_mode,$m)))
build/check/simt/findings.result: build/simt/check/findings build/simt/fast/findings $(addprefix grading/tests/simt/findings,.sh .expected)
	@sh scripts/unit.sh simt/findings sh grading/tests/simt/findings.sh
build/check/simt/counters.result: build/simt/check/counters
	@sh scripts/unit.sh simt/counters ./build/simt/check/counters
cuda_modes := fast check
cuda_tests := kernels $(patsubst grading/tests/simt/%.cu,%,$(wildcard grading/tests/simt/feature_*.cu))
cuda_src := $(wildcard common/ops/*.cu grading/*.cu stage[0-9]/*/*.cu grading/tests/simt/kernels_*.cu grading/tests/simt/feature_*.cu)
build/check/simt/%.result: $(addprefix build/simt/,$(addsuffix /%,$(cuda_modes))) grading/tests/simt/run.sh build/simt/libs
	@sh scripts/unit.sh simt/$* sh grading/tests/simt/run.sh $* $(cuda_modes)
# The CUDA twin of a folder: twin.cu is its header by way of the device, so the worker's probes ask NAME.cu.
twins := $(foreach n,$(names),$(if $(wildcard $(dir_$n)/twin.cu),$n))
define twin
build/simt/$2/$(dir_$1)/worker: build/ref/$(dir_$1)/test_$1.worker.o $(addprefix build/simt/$2/$(dir_$1)/,twin.o $1.o) $(call ref_grading,worker probe) $(call needed,$1) build/simt/libsimt.a
	$$(Q)$$(cxx) $$(LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc -o $$@ $$^ -pthread -ldl -lm
build/check/twin/$1.result: build/simt/$2/$(dir_$1)/worker
endef
$(foreach n,$(twins),$(foreach m,fast check,$(eval $(call twin,$n,$m))))
# Pictures: a twin's kernels, or those of a folder of kind gpu, also the learner's.
.PHONY: show
shown := build/$(if $(filter $(ex),$(twins)),simt/check/$(dir_$(ex))/worker,$(if $(MINE),mine,ref)/$(dir_$(ex))/worker.check)
$(foreach n,$(gpu),build/mine/$(dir_$n)/worker.check): build/mine/%/worker.check: build/ref/%/worker.check always
	$(Q)$(MAKE) $(@D)/$(ex).check.o && sh grading/link.sh $* $(@D)/$(ex).check.o $@ >/dev/null
ifeq ($(filter $(ex),$(twins) $(gpu)),)
show:
	@echo 'make show needs EX=: a folder with CUDA code, one of $(strip $(twins) $(gpu))' >&2; exit 2
else ifeq ($(cxx),)
show:
	@echo 'make show runs CUDA code on the CPU, and there is no C++ compiler here: make doctor says how to get one' >&2; exit 2
else ifneq ($(if $(MINE),$(wildcard $(mine)),yes),)
show: build/show $(shown)
	@SEED='$(SEED)' sh scripts/show.sh $(ex) $(shown) '$(step)'
else
show:
	@echo '$(mine) is not there: make show MINE=1 draws your own kernels, and make $(firstword $(subst /, ,$(dir_$(ex)))) writes the file' >&2; exit 2
endif
build/agree: $(call ref_grading,agree compare) build/flags/ld_ref
	$(Q)$(ld_ref) -o $@ $(filter %.o,$^) -lm
$(twins:%=build/check/twin/%.result): build/check/twin/%.result: build/agree grading/twin.sh
	@sh scripts/unit.sh twin/$* sh grading/twin.sh $(dir_$*)
$(foreach n,$(twins),$(eval build/check/twin/$n.result: build/ref/$(dir_$n)/worker))
build/warn/%.cpp.ok: %.cpp build/flags/cc_simt
	@mkdir -p $(@D)
	@if { $(cc_simt) -Werror -MMD -MP -MF $(@:.ok=.d) -MT $@ -c -o /dev/null $< && \
	    $(if $(other_cxx),$(other_cxx) -std=c++17 $(warn) -Werror -isystem common/simt/include -fsyntax-only $<,:); } >$(@:.ok=.log) 2>&1; \
	then echo ok >$@; else echo failed >$@; touch -d '2000-01-01' $@; fi
build/warn/%.cu.ok: %.cu build/simtcc build/flags/cu_fast build/flags/cu_nvcc
	@mkdir -p $(@D)
	@if { $(cu_fast) -Werror -I$(dir $*) -MMD -MP -MF $(@:.ok=.d) -MT $@ -c -o $(@:.ok=.o) $< && \
	    $(if $(other_cxx),build/simtcc --with=$(other_cxx) $(warn) -Werror $(include_flags) -I$(dir $*) -fsyntax-only -o $(@:.ok=.o) $<,:) && \
	    $(if $(nvcc),$(cu_nvcc) -Werror all-warnings -I$(dir $*) -c -o $(@:.ok=.o) $<,:); } >$(@:.ok=.log) 2>&1; \
	then echo ok >$@; else echo failed >$@; touch -d '2000-01-01' $@; fi
	@rm -f $(@:.ok=.o)

# Both compilers on every file, warnings as errors.
all_src := $(common_src) $(wildcard common/simt/*.c) $(wildcard grading/*.c grading/dist/*.c grading/fuzz/*.c bench/*.c bench/*/*.c) grading/tests/simt/kernels.c $(test_src) $(test_help) $(foreach n,$(names),$(wildcard $(dir_$n)/*.c))
cc_warn = $(CC) -std=c17 $(warn) -Werror -O2 $(opt) $(openmp) $(include_flags) $(lib_cppflags)
other_warn = $(other_cc) -std=c17 $(warn) -Werror -fopenmp-simd $(include_flags) $(lib_cppflags)
build/warn/%.ok: %.c build/flags/cc_ref
	@mkdir -p $(@D)
	@if { $(cc_warn) -I$(dir $*) -MMD -MP -MF $(@:.ok=.d) -MT $@ -c -o /dev/null $< && \
	    $(if $(other_cc),$(other_warn) -I$(dir $*) -fsyntax-only $<,:); } >$(@:.ok=.log) 2>&1; \
	then echo ok >$@; else echo failed >$@; touch -d '2000-01-01' $@; fi

# ---- Fuzzing: a target for each reader of files. `make check` plays its kept corpus again, libFuzzer makes up more ---------

fuzz_names := $(filter-out fuzz replay findings,$(patsubst grading/fuzz/%.c,%,$(wildcard grading/fuzz/*.c)))
define replay_program
build/$1/grading/fuzz/replay_%: build/$1/grading/fuzz/%.o build/$1/grading/fuzz/fuzz.o build/$1/grading/fuzz/replay.o build/$1/libcommon.a build/flags/ld_$1 build/flags/libs
	$$(Q)$$(ld_$1) -o $$@ $$(filter %.o,$$^) build/$1/libcommon.a $$(libs) $$(fuzz_libs_$$*)
endef
$(foreach v,ref asan,$(eval $(call replay_program,$v)))
build/fuzz/grading/fuzz/fuzz_%: build/fuzz/grading/fuzz/%.o build/fuzz/grading/fuzz/fuzz.o build/fuzz/libcommon.a build/flags/ld_fuzz build/flags/libs
	$(Q)$(ld_fuzz) -o $@ $(filter %.o,$^) build/fuzz/libcommon.a $(libs) $(fuzz_libs_$*)
# Two targets are the grader's own: what a learner's code sent, and what is written about it.
fuzz_parts_records := compare fuzz/findings
fuzz_parts_grades := compare report build launch sandbox fuzz/findings
fuzz_libs_grades = $(seccomp_libs)
$(foreach n,records grades,$(eval build/fuzz/grading/fuzz/fuzz_$n: $(fuzz_parts_$n:%=build/fuzz/grading/%.o)) \
    $(foreach v,ref asan,$(eval build/$v/grading/fuzz/replay_$n: $(fuzz_parts_$n:%=build/$v/grading/%.o))))
build/check/fuzz/%.result: build/ref/grading/fuzz/replay_% $(wildcard grading/fuzz/corpus/*/*)
	@sh scripts/unit.sh fuzz/$* ./$< grading/fuzz/corpus/$*/*
build/check/fuzz_asan/%.result: build/asan/grading/fuzz/replay_% $(wildcard grading/fuzz/corpus/*/*)
	@sh scripts/unit.sh fuzz_asan/$* ./$< grading/fuzz/corpus/$*/*
build/check/fuzz_more/%.result: build/fuzz/grading/fuzz/fuzz_%
	@sh scripts/unit.sh fuzz_more/$* sh scripts/fuzz.sh $* 10
.PHONY: fuzz
fuzz: $(if $(fuzz_cc),$(foreach n,$(or $(EX),$(fuzz_names)),build/fuzz/grading/fuzz/fuzz_$n))
	@[ -n '$(fuzz_cc)' ] || { echo 'make fuzz needs clang with libFuzzer: make doctor says how to get it' >&2; exit 2; }
	@for n in $(or $(EX),$(fuzz_names)); do sh scripts/fuzz.sh $$n '$(SECONDS)' || exit; done

grading_src := $(wildcard grading/*.c grading/*.h grading/*.awk grading/*.sh)
script_src := Makefile $(wildcard scripts/* grading/*.awk grading/*.sh grading/tracks/*)
folder_src = $(filter-out $(dir_$1)/bench_$1.c,$(wildcard $(dir_$1)/* $(dir_$1)/honest/* $(dir_$1)/plots/*))
result = build/check/$1.result

build/check/tests/%.result: build/ref/grading/tests/%
	@sh scripts/unit.sh tests/$* ./$<
build/check/f64/%.result: build/f64/grading/tests/%
	@sh scripts/unit.sh f64/$* ./$<
# What Criterion itself leaves behind is not ours.
build/check/asan/%.result: build/asan/grading/tests/%
	@LSAN_OPTIONS=suppressions=grading/tests/leaks:print_suppressions=0 sh scripts/unit.sh asan/$* ./$<
build/check/asan64/%.result: build/asan64/grading/tests/%
	@LSAN_OPTIONS=suppressions=grading/tests/leaks:print_suppressions=0 sh scripts/unit.sh asan64/$* ./$<
build/check/scripts/%.result: grading/tests/%.sh $(script_src) $(grading_src) README.md build/grade build/watch build/matrix build/export build/similar build/progress build/grade-all build/verify build/bench $(call grader_of,$(names)) $(foreach n,$(call has_main,$(names)),build/ref/$(dir_$n)/$n)
	@sh scripts/unit.sh scripts/$* sh $<
build/check/scripts/test_simtcc.result: build/simtcc build/simt/libsimt.a build/simt/libs $(wildcard common/simt/* common/simt/include/*)
build/check/scripts/test_show.result: build/show build/simt/check/counters build/simt/check/$(dir_softmax)/worker
build/check/compilers.result: $(all_src:%.c=build/warn/%.ok) $(if $(cxx),$(patsubst %,build/warn/%.ok,$(wildcard common/simt/*.cpp) $(cuda_src)))
	@sh scripts/unit.sh compilers sh scripts/compilers.sh
build/check/mistakes.result: $(call grader_of,$(names)) build/grade $(grading_src)
	@sh scripts/unit.sh mistakes sh grading/mistakes.sh
build/check/house.result: always
	@sh scripts/unit.sh house sh scripts/house.sh
define folder_unit
build/check/$(dir_$1).result: $(call folder_src,$1) $(call grader_of,$1) build/ref/$(dir_$1)/oracle build/matrix build/grade $(grading_src)
	@sh scripts/unit.sh $(dir_$1) sh grading/check.sh $(dir_$1)
build/check/run/$1.result: build/ref/$(dir_$1)/$1
	@sh scripts/unit.sh run/$1 ./build/ref/$(dir_$1)/$1 --quick --out build/check/run/$1.out
endef
$(foreach n,$(names),$(eval $(call folder_unit,$n)))

folder_units = $(foreach n,$(call compiled,$1),build/check/$(dir_$n).result $(if $(call has_main,$n),build/check/run/$n.result)) $(if $(cxx),$(foreach n,$(filter $1,$(twins)),build/check/twin/$n.result))
test_names := $(notdir $(test_src:.c=))
units = $(call folder_units,$(chosen)) $(if $(EX),,$(test_names:%=build/check/tests/%.result) \
    $(patsubst grading/tests/%.c,build/check/f64/%.result,$(in_f64)) $(test_sh:grading/tests/%.sh=build/check/scripts/%.result) \
    $(fuzz_names:%=build/check/fuzz/%.result) $(if $(cxx),$(patsubst %,build/check/simt/%.result,$(cuda_tests) findings counters)) build/check/compilers.result build/check/house.result)
full_units = $(units) $(fuzz_names:%=build/check/fuzz_asan/%.result) $(if $(fuzz_cc),$(fuzz_names:%=build/check/fuzz_more/%.result)) \
    build/check/results.result build/check/mistakes.result $(test_names:%=build/check/asan/%.result) $(patsubst grading/tests/%.c,build/check/asan64/%.result,$(in_f64))

.PHONY: check check-run check-full check-full-run
check:
	@SETUP='$(SETUP)' CC='$(CC)' sh scripts/setup.sh check
	@$(MAKE) check-run
check-run: $(units)
	@sh scripts/sum.sh $(units)
check-full:
	@SETUP='$(SETUP)' CC='$(CC)' sh scripts/setup.sh check
	@rm -rf build/check
	@COURSE_FULL=1 $(MAKE) check-full-run TRIALS=10000
	@sh scripts/clean-root.sh both
check-full-run: $(full_units)
	@sh scripts/sum.sh $(full_units)

.PHONY: new tour-objects results
results: $(foreach n,$(call has_main,$(chosen)),build/ref/$(dir_$n)/$n)
	@sh scripts/results.sh $(foreach n,$(call has_main,$(chosen)),$(dir_$n))
build/check/results.result: $(foreach n,$(call has_main,$(names)),build/ref/$(dir_$n)/$n) scripts/results.sh
	@sh scripts/unit.sh results sh scripts/results.sh --check
new:
	@sh scripts/new.sh '$(ex_path)' '$(KIND)'
tour-objects: build/grade build/bench $(foreach n,$(call has_main,$(names)),build/ref/$(dir_$n)/$n) $(call grader_of,$(filter start,$(names)))
	@:

# ---- For a class: everything but the references (scripts/dist.sh) ----------------------------------------------------------

# For this kind of machine, and for the others that there is a cross compiler for.
dist_programs := $(filter-out no,$(PROGRAMS))
dist_can := $(if $(filter dist,$(goals)),$(shell sh grading/dist/cross.sh '$(deps_ldflags)' '$(SETUP)' $(foreach a,$(or $(ARCHS),$(dist_archs)),$a=$(dist_cc_$a))))
dist_tools := grade confine export watch $(if $(dist_programs),progress)
dist_objects = $(patsubst %,build/dist_$1/%.o,$(sort $(foreach t,$(dist_tools),$($t_parts)) \
    $(addprefix grading/,judge probe worker dist/many dist/part) $(foreach n,$(chosen),$(addprefix $(dir_$n)/,$n test_$n.worker test_$n.judge)))) \
    $(foreach n,$(chosen),$(patsubst build/ref/%,build/dist_$1/%,$(filter-out %.a,$(call needed,$n)))) $(if $(dist_programs),build/dist_$1/libcommon.a)
# Folders of kind gpu stay at home: the emulator and its compiler are more than a class is handed.
.PHONY: dist
ifneq ($(filter dist,$(goals)),)
at_home := $(filter $(gpu),$(chosen))
chosen := $(filter-out $(gpu),$(chosen))
ifeq ($(chosen),)
$(error make dist leaves out what a GPU or its emulator runs: $(at_home). Nothing else was chosen)
endif
endif
dist: build/grade $(call grader_of,$(chosen)) $(foreach a,$(dist_can),$(call dist_objects,$a))
	@$(if $(at_home),echo 'make dist leaves out what a GPU or its emulator runs: $(at_home)')
	@tools='$(foreach t,$(dist_tools),$t:$(subst $() ,:,$(strip $($t_parts))))' programs='$(dist_programs)' deps_ldflags='$(deps_ldflags)' CC='$(CC)' sh scripts/dist.sh '$(OUT)' '$(foreach n,$(chosen),$(dir_$n))' $(dist_can)

.PHONY: ops
ops:
	@sh scripts/ops.sh
.PHONY: update study
update:
	@sh scripts/update.sh
study:
	@echo 'make study will run, resume and report the studies of research/. There are none yet.'

-include $(foreach v,$(variants),$(wildcard build/$v/*/*.d build/$v/*/*/*.d)) $(wildcard build/mine/*/*/*.d build/warn/*/*.d build/warn/*/*/*.d build/warn/*/*/*/*.d build/simt/*/*/*.d build/simt/*/*/*/*.d build/simt/*/*/*/*/*.d)
