# check-solaris: the Solaris files, compiled against tests/solaris/*.h (declarations written from the
# public manual pages) and run over emulations, with the suites of the other systems' files. Twice:
# as on illumos and Solaris 11.4, and as on releases before. And a whole pgringd is linked with them, for
# tests/e2e/test_solaris_emulation.py.
SOLARIS_SUITES := $(patsubst %,$(BUILD)/tests/unit/%.o,main poller_test poller_wait_test doorbell_test \
                  platform_test)
SOLARIS_COMMON := $(patsubst %,$(BUILD)/common/%.o,poller poller_poll doorbell)
SOLARIS_SOURCES := common/platform_solaris.cc common/poller_evport.cc tests/solaris/port_emulation.cc \
                   tests/solaris/system_emulation.cc

# What a build on Solaris takes instead of the files of this system.
SOLARIS_INSTEAD := common/shared_region.cc common/platform_journal_none.cc
SOLARIS_LEFT_OUT := $(patsubst %,$(BUILD)/common/%.o,platform_linux poller_epoll shared_region \
                    platform_journal_systemd platform_journal_none)

$(BUILD)/solaris/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) -Itests/solaris -DPGRING_PLAIN_MMAP $(PGRING_FLAGS) $(CXXFLAGS) -c -o $@ $<

$(BUILD)/solaris_10/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) -include tests/solaris/solaris_10.h -Itests/solaris $(PGRING_FLAGS) $(CXXFLAGS) -c -o $@ $<

$(BUILD)/solaris_tests: $(SOLARIS_SOURCES:%.cc=$(BUILD)/solaris/%.o) $(SOLARIS_COMMON) $(SOLARIS_SUITES)
	$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/solaris_10_tests: $(SOLARIS_SOURCES:%.cc=$(BUILD)/solaris_10/%.o) $(SOLARIS_COMMON) \
                           $(SOLARIS_SUITES)
	$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/solaris/pgringd: $(BUILD)/master/main.o $(filter-out $(SOLARIS_LEFT_OUT),$(OBJECTS)) \
                         $(patsubst %.cc,$(BUILD)/solaris/%.o,$(SOLARIS_SOURCES) $(SOLARIS_INSTEAD))
	$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

-include $(wildcard $(BUILD)/solaris*/*/*.d $(BUILD)/solaris*/*/*/*.d)
