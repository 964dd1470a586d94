@head
# Handed out: no reference is here. What grades is grading/bin/, one static program for each kind of machine; it is made by
# `make dist` of the whole course, whose README says where that is.

@section The exercises, found by their tests

# ---- The machine -----------------------------------------------------------------------------------------------------------

machine := $(shell uname -m)
bin := grading/bin/$(machine)
ifeq ($(wildcard $(bin)/grader),)
$(error this course grades on $(notdir $(wildcard grading/bin/*)), and here is $(machine))
endif

warn := -Wall -Wextra -Wpedantic
cc_ref = $(CC) -std=c17 $(warn) $(CFLAGS) -fno-math-errno -fno-trapping-math -march=$(ARCH) -fopenmp -Icommon -Igrading
version := $(shell sed -n 's/^version //p' grading/version)
define newline


endef
toolchain = cc $(cc_ref)$(newline)other $(newline)libs build/ref/libcommon.a -lm$(newline)version $(version)
ifeq ($(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),)
ifneq ($(file <build/toolchain),$(toolchain))
$(shell mkdir -p build)
$(file >build/toolchain,$(toolchain))
endif
endif

.PHONY: help
help:
	@awk -f scripts/help.awk Makefile

@help Learn solution
#: Other
#: clean           remove build/ (never work/)                                    make clean

@section The learner's copies

# ---- Grading ---------------------------------------------------------------------------------------------------------------

# A file system that has no links gets copies.
link = { ln -sf '$(CURDIR)/$1' $2 2>/dev/null || cp $1 $2; }
build/grade build/confine build/export build/watch build/progress: $(bin)/grader
	@mkdir -p $(@D)
	@$(call link,$<,$@)
build/ref/grading/%.o: grading/%.c build/toolchain
	@mkdir -p $(@D)
	$(Q)$(cc_ref) -c -o $@ $<
build/toolchain: ;
build/ref/libcommon.a: $(bin)/libcommon.a
	@mkdir -p $(@D)
	@$(call link,$<,$@)
define ready
build/ref/$(dir_$1)/ready: $(bin)/grader grading/ready.sh build/ref/grading/worker.o build/ref/grading/probe.o build/grade build/confine $(if $(wildcard $(bin)/libcommon.a),build/ref/libcommon.a)
	@sh grading/ready.sh $(bin) $(dir_$1) $1
endef
$(foreach n,$(names),$(eval $(call ready,$n)))
grader_of = $(foreach n,$1,build/ref/$(dir_$n)/ready)
begun = $(foreach n,$1,$(if $(wildcard work/$(dir_$n)/$n.c),$n))
.PHONY: grade worker-objects
@rule worker-objects
@rule grade
@rule debug
@rule watch
@rule export
@rule progress

# ---- Programs, on the learner's own code -----------------------------------------------------------------------------------

define program
build/mine/$(dir_$1)/plugs.c: $(dir_$1)/$1.h
	@mkdir -p $$(@D)
	@{ echo '#include "plug.h"'; $(if $(wildcard $(dir_$1)/plug.c),echo 'void plug_$1(Tape *);'; )echo 'void plug_all(Tape *t) { $(if $(wildcard $(dir_$1)/plug.c),plug_$1(t),(void)t); }'; } >$$@
build/mine/$(dir_$1)/$1: work/$(dir_$1)/$1.c build/mine/$(dir_$1)/plugs.c $(wildcard $(dir_$1)/main.c $(dir_$1)/plug.c) build/ref/$(dir_$1)/ready
	$$(Q)$$(cc_ref) $$(if $$(shell grep -l '$$(todo_text)' $$< 2>/dev/null),-Wno-unused -Wno-unused-parameter) -c -I$(dir_$1) -o build/mine/$(dir_$1)/$1.o $$<
	@sh scripts/complete.sh $(dir_$1) $1
	$$(Q)$$(cc_ref) -I$(dir_$1) -o $$@ $$(filter-out work/% %/ready,$$^) build/mine/$(dir_$1)/$1.o $(foreach n,$(filter-out common,$(needs_$1)),build/ref/$(dir_$n)/$n.o) build/ref/libcommon.a -lm
endef
$(foreach n,$(names),$(eval $(call program,$n)))
.PHONY: run clean
run: $(if $(and $(ex),$(wildcard $(bin)/libcommon.a),$(wildcard work/$(dir_$(ex))/$(ex).c)),build/mine/$(dir_$(ex))/$(ex))
	$(need_ex)
	@[ -f $(bin)/libcommon.a ] || { echo 'make run is left out: this archive was made without what programs need.' >&2; exit 2; }
	@[ -f work/$(dir_$(ex))/$(ex).c ] || { echo 'make run runs your own code here, and work/$(dir_$(ex))/$(ex).c is not begun: make $(firstword $(subst /, ,$(dir_$(ex)))) writes it' >&2; exit 2; }
	@./build/mine/$(dir_$(ex))/$(ex) $(ARGS)
clean:
	rm -rf build

# ---- What is not here ------------------------------------------------------------------------------------------------------

.PHONY: solution tour doctor bench peers plots results study check check-full fuzz ops new grade-all dist data
.PHONY: update export progress
@rule update
solution:
	@echo 'make solution is left out: the references are not in this archive. make hint EX= LEVEL=3 says the most there is.'
data:
	@echo 'make data is left out: programs use the data in common/data.'
tour doctor bench peers plots results study check check-full fuzz ops new grade-all dist:
	@echo 'make $@ is left out: it is for the whole course, with its references and libraries. Here: make stage0, make grade, make next.'
