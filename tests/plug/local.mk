# The contract kit and the hostile plugins.

unit_tests += tests/plug/test-contract
tests_plug_test_contract_LDADD = libcore.la

other_tests += tests/plug/template.sh

probe_cppflags = $(plugin_cppflags) -I$(top_srcdir)/tests/plug

check_LTLIBRARIES += \
	tests/plug/backend-probe.la \
	tests/plug/backend-probe-serial.la \
	tests/plug/backend-probe-single.la \
	tests/plug/backend-wired.la \
	tests/plug/store-liar.la \
	$(NULL)
tests_plug_backend_probe_la_SOURCES = tests/plug/backend-probe.c
tests_plug_backend_probe_la_CPPFLAGS = $(probe_cppflags) \
	-DPROBE_NAME='"probe"' -DPROBE_MODEL=IAG_THREAD_PARALLEL
tests_plug_backend_probe_la_LDFLAGS = $(test_plugin_ldflags)
tests_plug_backend_probe_serial_la_SOURCES = tests/plug/backend-probe.c
tests_plug_backend_probe_serial_la_CPPFLAGS = $(probe_cppflags) \
	-DPROBE_NAME='"probe-serial"' -DPROBE_MODEL=IAG_THREAD_INSTANCE_SERIAL
tests_plug_backend_probe_serial_la_LDFLAGS = $(test_plugin_ldflags)
tests_plug_backend_probe_single_la_SOURCES = tests/plug/backend-probe.c
tests_plug_backend_probe_single_la_CPPFLAGS = $(probe_cppflags) \
	-DPROBE_NAME='"probe-single"' -DPROBE_MODEL=IAG_THREAD_PLUGIN_SERIAL
tests_plug_backend_probe_single_la_LDFLAGS = $(test_plugin_ldflags)
tests_plug_backend_wired_la_SOURCES = tests/plug/backend-wired.c
tests_plug_backend_wired_la_CPPFLAGS = $(probe_cppflags)
tests_plug_backend_wired_la_LDFLAGS = $(test_plugin_ldflags)
tests_plug_store_liar_la_SOURCES = tests/plug/store-liar.c
tests_plug_store_liar_la_CPPFLAGS = $(probe_cppflags)
tests_plug_store_liar_la_LDFLAGS = $(test_plugin_ldflags)

# Plugins with one fault each: tests/plug/hostile.c with HOSTILE_x defined,
# as hostile/KIND-x.so.  Plain compiler calls, since libtool would take a
# second for each of them.
hostile_faults = \
	kind-number load-crashes load-fails load-hangs load-refuses major \
	model \
	name-bad name-other need no-instance no-ops no-query null \
	operation-name operation-null operation-twice option-bound \
	option-choices option-default option-flags option-help option-key option-size \
	option-twice option-type query-broken query-crashes query-exits query-hangs \
	query-huge query-nothing query-number query-row query-shape query-silent \
	query-twice \
	reserved short-descriptor short-table summary symbol undefined \
	$(NULL)
hostile_others = store-empty store-serial writer-empty writer-backend
hostile_writers = \
	ack-no-id ack-number ack-other ack-status find-nothing forgets list-broken \
	no-cancel no-commit row-lacks row-typo short-refs sound \
	submit-crashes submit-exits submit-hangs submit-silent twice \
	$(NULL)
hostile_build = $(CC) -std=gnu11 $(plugin_cppflags) $(CPPFLAGS) $(CFLAGS) \
	-Wno-unused-function -Wno-unused-const-variable -fPIC -shared \
	-fvisibility=hidden -Wl,-z,nodelete $(LDFLAGS)

check_DATA = tests/plug/hostile.stamp
tests/plug/hostile.stamp: tests/plug/hostile.c tests/plug/hostile-writer.c \
		$(include_iag_HEADERS)
	$(AM_V_GEN)rm -rf tests/plug/hostile && \
	$(MKDIR_P) tests/plug/hostile && chmod 755 tests/plug/hostile && \
	for f in $(hostile_faults:%=backend-%) $(hostile_others); do \
		name=$${f#*-}; macro=`echo $$name | tr a-z- A-Z_`; more=; \
		case $$f in \
		backend-name-bad) name=Bad_Name;; \
		backend-name-other) name=somebody-else;; \
		store-empty) more=-DHOSTILE_STORE;; \
		store-serial) more="-DHOSTILE_STORE -DHOSTILE_MODEL_SERIAL";; \
		writer-empty) more=-DHOSTILE_WRITER;; \
		esac; \
		$(hostile_build) -DHOSTILE_NAME="\"$$name\"" \
			-DHOSTILE_$$macro $$more \
			$(srcdir)/tests/plug/hostile.c \
			-o tests/plug/hostile/$$f.so || exit 1; \
	done && \
	for name in $(hostile_writers); do \
		macro=`echo $$name | tr a-z- A-Z_`; \
		$(hostile_build) -DHOSTILE_NAME="\"$$name\"" \
			-DHOSTILE_$$macro \
			$(srcdir)/tests/plug/hostile-writer.c \
			-o tests/plug/hostile/writer-$$name.so || exit 1; \
	done && chmod 755 tests/plug/hostile/*.so && touch $@
EXTRA_DIST += tests/plug/hostile.c tests/plug/hostile-writer.c

clean-local: clean-hostile
clean-hostile:
	rm -rf tests/plug/hostile tests/plug/hostile.stamp
.PHONY: clean-hostile
