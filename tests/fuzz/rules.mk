# The fuzz targets, each a program of its own with clang's libFuzzer. FUZZ_SECONDS is for each of them;
# what is found new is kept in build/fuzz/corpus, what fails in build/fuzz.
FUZZ_SECONDS ?= 20
FUZZ_TARGETS := $(patsubst tests/fuzz/%_fuzz.cc,%,$(wildcard tests/fuzz/*_fuzz.cc))
FUZZ_FLAGS   := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
                -DPGRING_FUZZ_ALONE

fuzz: ## each fuzz target for FUZZ_SECONDS (needs clang; FUZZ_TARGETS=units chooses)
	@tests/deps install fuzz
	@$(MAKE) --no-print-directory BUILD=build/fuzz CXX="$(FUZZ_CXX)" \
	  CXXFLAGS="$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link" \
	  $(FUZZ_TARGETS:%=build/fuzz/%_fuzz)
	@for target in $(FUZZ_TARGETS); do \
	  mkdir -p build/fuzz/corpus/$$target; \
	  echo "== $$target"; \
	  build/fuzz/$${target}_fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=100000 -verbosity=0 \
	    -print_final_stats=1 -artifact_prefix=build/fuzz/$$target- \
	    build/fuzz/corpus/$$target tests/fuzz/corpus/$$target || exit 1; \
	done

FUZZ_CXX ?= clang++

build/fuzz/%_fuzz: build/fuzz/tests/fuzz/%_fuzz.o $(OBJECTS)
	$(CXX) $(CXXFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)
