# bench: the load generators and micro benchmarks that tests/bench/bench.py starts.
BENCH_CLIENTS := $(patsubst %,$(BUILD)/bench/%,bulk_client idle_clients many_clients)
BENCH_MICRO   := $(patsubst tests/bench/%.cc,$(BUILD)/bench/%,$(wildcard tests/bench/*_bench.cc))
BENCH_POLLER  := $(patsubst %,$(BUILD)/common/%.o,poller poller_poll) \
                 $(patsubst %.cc,$(BUILD)/%.o,$(filter common/platform_% common/poller_%,$(PLATFORM_SOURCES)))
BENCH_COMMON  := $(patsubst %,$(BUILD)/common/%.o,task_ring doorbell shared_region) $(BENCH_POLLER)

$(BENCH_CLIENTS): $(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/tests/bench/client.o \
                  $(BUILD)/common/wire.o $(BENCH_POLLER)
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BENCH_MICRO): $(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(BENCH_COMMON)
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Preloaded into all processes on a query's way.
HOP_TRACER := $(if $(filter Linux,$(SYSTEM)),$(BUILD)/hop_tracer.so)

$(BUILD)/hop_tracer.so: tests/bench/hop_tracer.cc
	@mkdir -p $(@D)
	$(CXX) -std=c++20 $(WARNINGS) $(if $(CI),-Werror) -O2 -shared -fPIC -o $@ $<

bench: $(BENCH_CLIENTS) $(BENCH_MICRO) $(HOP_TRACER)

bench-hops: $(BUILD)/pgringd $(HOP_TRACER) ## where one client's query spends its time, step by step
	@$(PYTHON) tests/bench/hops.py
