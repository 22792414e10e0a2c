# GNU make (gmake on Solaris). `make help` lists the targets.
BUILD    ?= build
CXX      ?= g++
PYTHON   ?= /usr/bin/python3
PYTEST   ?= $(PYTHON) -m pytest
prefix   ?= /usr/local
SYSTEM   := $(shell uname -s)
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wswitch-enum
CXXFLAGS ?= -O2 -g
PGRING_FLAGS := -std=c++20 -I. -MMD -MP $(WARNINGS) $(if $(CI),-Werror) -DSPDLOG_FMT_EXTERNAL \
                $(addprefix -I,$(shell pg_config --includedir 2>/dev/null))
LIBS     := -lpq -lssl -lcrypto -lspdlog -lfmt -lz -lpthread

ifeq ($(SYSTEM),SunOS)
PLATFORM_SOURCES := common/platform_solaris.cc common/poller_evport.cc
PGRING_FLAGS += -D_REENTRANT -D_POSIX_PTHREAD_SEMANTICS -D__EXTENSIONS__ -DPGRING_PLAIN_MMAP -m64
LIBS     += -lsocket -lnsl
else
PLATFORM_SOURCES := common/platform_linux.cc common/poller_epoll.cc
endif
ALL_PLATFORM := common/platform_linux.cc common/platform_solaris.cc common/poller_epoll.cc \
                common/poller_evport.cc common/platform_journal_systemd.cc \
                common/platform_journal_none.cc
ifneq ($(wildcard /usr/include/systemd/sd-journal.h),)
PLATFORM_SOURCES += common/platform_journal_systemd.cc
LIBS     += -lsystemd
else
PLATFORM_SOURCES += common/platform_journal_none.cc
endif

SOURCES  := $(filter-out $(ALL_PLATFORM) master/main.cc,\
              $(wildcard common/*.cc master/*.cc worker/*.cc)) $(wildcard $(PLATFORM_SOURCES))
OBJECTS  := $(SOURCES:%.cc=$(BUILD)/%.o)
# pgringctl speaks the protocol itself: no libpq.
CTL_OBJECTS := $(patsubst %.cc,$(BUILD)/%.o,$(wildcard master/ctl/*.cc) master/capacity.cc \
                 master/kernel_advice.cc master/kernel_values.cc) $(filter $(BUILD)/common/%,$(OBJECTS))
CTL_LIBS := $(filter-out -lpq -lssl -lcrypto -lz,$(LIBS))
UNIT     := $(wildcard tests/unit/*.cc tests/fuzz/*.cc)
# The process tests share doctest's main with the unit tests.
PROCESS  := $(wildcard tests/process/*.cc)
# Preloaded into a daemon whose calls are counted.
CALL_COUNTER := $(if $(filter Linux,$(SYSTEM)),$(BUILD)/call_counter.so)
SOLARIS_TESTS := $(if $(filter Linux,$(SYSTEM)),$(BUILD)/solaris_tests $(BUILD)/solaris_10_tests \
                   $(BUILD)/solaris/pgringd)
TESTS    := $(BUILD)/unit_tests $(BUILD)/process_tests $(SOLARIS_TESTS)

export BUILD CXX PYTHON
RUN := tests/run
# The sanitizers build into folders of their own, so that no object is ever linked with another kind.
ASAN := BUILD=build/asan CXXFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined" \
        LDFLAGS="-fsanitize=address,undefined"
TSAN := BUILD=build/tsan CXXFLAGS="-O1 -g -fsanitize=thread" LDFLAGS="-fsanitize=thread"

.PHONY: help all deps demo run tests check check-unit check-process check-solaris check-e2e \
        check-differential check-depths check-layers check-model check-docs check-drivers check-asan \
        check-tsan fuzz bench bench-hops tidy format \
        clean

all: $(BUILD)/pgringd $(BUILD)/pgringctl ## build the programs (the default)

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' $(filter-out %.d,$(MAKEFILE_LIST)) | \
	  while IFS='|' read -r name text; do printf '  make %-19s %s\n' "$$name" "$$text"; done

deps: ## install what this system lacks (Debian, as root), or name it
	@tests/deps install

$(BUILD)/pgringd: $(BUILD)/master/main.o $(OBJECTS)
	$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/pgringctl: $(CTL_OBJECTS)
	$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(CTL_LIBS)

$(BUILD)/unit_tests: $(UNIT:%.cc=$(BUILD)/%.o) $(BUILD)/master/ctl/options.o $(OBJECTS)
	$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/process_tests: $(PROCESS:%.cc=$(BUILD)/%.o) $(BUILD)/tests/unit/main.o $(OBJECTS)
	$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/call_counter.so: tests/support/call_counter.cc
	@mkdir -p $(@D)
	$(CXX) -std=c++20 $(WARNINGS) -O2 -shared -fPIC -o $@ $<

$(BUILD)/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(PGRING_FLAGS) $(CXXFLAGS) -c -o $@ $<

# What the tests need is known only after `deps`, hence a make of its own for the second half.
demo: ## packages, build, private PostgreSQL, pgring in front of it, real queries, before/after, stop
	@tests/deps install
	@$(MAKE) --no-print-directory all
	@$(PYTHON) tests/demo.py demo

run: ## a private PostgreSQL with pgring in front of it, until Ctrl-C
	@tests/deps install
	@$(MAKE) --no-print-directory all
	@$(PYTHON) tests/demo.py run

tests: $(BUILD)/pgringd $(BUILD)/pgringctl $(CALL_COUNTER) $(TESTS) ## build the programs that the suites run

check: ## every suite; ends with "N passed, N failed"
	@tests/deps install
	@$(MAKE) --no-print-directory tests
	@$(RUN) all

check-unit: $(BUILD)/unit_tests ## unit tests
	@$(RUN) unit

check-process: $(BUILD)/process_tests ## tests that fork, kill and recover
	@$(RUN) process

check-solaris: $(SOLARIS_TESTS) ## the Solaris files over an emulation of their system calls
	@$(RUN) solaris solaris_10

check-e2e: $(BUILD)/pgringd $(BUILD)/pgringctl $(CALL_COUNTER) $(SOLARIS_TESTS) ## real clients against a private PostgreSQL (E2E="-k name" chooses)
	@$(RUN) e2e

check-differential: $(BUILD)/pgringd ## random scripts and malformed bytes get what PostgreSQL gives
	@$(RUN) differential

check-depths: $(BUILD)/pgringd $(BUILD)/pgringctl $(CALL_COUNTER) ## end-to-end and differential tests without pipelining, and at depth 64
	@PIPELINE_DEPTH=1 $(RUN) e2e differential
	@PIPELINE_DEPTH=64 $(RUN) e2e differential

check-model: ## every order of the task ring's steps, with spin
	@$(RUN) model

check-layers: ## who may include whom
	@$(RUN) layers

check-docs: ## manual pages and README
	@$(RUN) docs

check-drivers: $(BUILD)/pgringd ## JDBC and node-postgres
	@tests/deps install
	@$(RUN) drivers

check-asan: ## unit, process and end-to-end tests under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory $(ASAN) tests
	@$(ASAN) $(RUN) unit process e2e

check-tsan: ## unit and process tests under ThreadSanitizer
	@$(MAKE) --no-print-directory $(TSAN) tests
	@$(TSAN) $(RUN) unit process

bench: $(BUILD)/pgringd ## against direct connections and installed poolers (BENCH="--quick --only growth")
	@$(PYTHON) tests/bench/bench.py $(BENCH)

include tests/fuzz/rules.mk

tidy: ## clang-tidy over the sources
	clang-tidy --quiet $(SOURCES) $(wildcard master/main.cc) -- $(PGRING_FLAGS)

format: ## clang-format over the whole tree
	clang-format -i $(wildcard common/*.cc common/*.h master/*.cc master/*.h worker/*.cc worker/*.h \
	  tests/*/*.cc tests/*/*.h)

include tests/solaris/rules.mk
include tests/bench/rules.mk
include etc/rules.mk

clean: ## remove everything built
	rm -rf build $(BUILD)

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
