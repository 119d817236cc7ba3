# What happens to the store when something dies or breaks underneath it.  In
# make check a sample, in make check-crash (IAG_TEST_LONG) all of it.

unit_tests += \
	tests/crash/test-crash-fault \
	tests/crash/test-crash-flip \
	tests/crash/test-crash-kill \
	tests/crash/test-crash-change \
	tests/crash/test-crash-order \
	tests/crash/test-race-order \
	$(NULL)

# the real program, a broker in another process, and ptrace over it
orders_kit = \
	tests/crash/venue.c \
	tests/crash/venue.h \
	tests/crash/orders-kit.c \
	tests/crash/orders-kit.h \
	$(journal_kit)
killing = \
	tests/crash/killing.c \
	tests/crash/killing.h \
	tests/crash/tracer.c \
	tests/crash/tracer.h \
	$(orders_kit)
tests_crash_test_crash_change_SOURCES = \
	tests/crash/test-crash-change.c $(killing)
tests_crash_test_crash_order_SOURCES = \
	tests/crash/test-crash-order.c $(killing)
tests_crash_test_race_order_SOURCES = \
	tests/crash/test-race-order.c \
	tests/unit/gateway-kit.c \
	tests/unit/gateway-kit.h \
	$(orders_kit)
check_LTLIBRARIES += tests/crash/writer-venue.la
tests_crash_writer_venue_la_SOURCES = \
	tests/crash/venue.c \
	tests/crash/venue.h \
	tests/crash/writer-venue.c
tests_crash_writer_venue_la_CPPFLAGS = $(plugin_cppflags) \
	-I$(top_srcdir)/tests/crash
tests_crash_writer_venue_la_LDFLAGS = $(test_plugin_ldflags)

tests_crash_test_crash_fault_SOURCES = \
	tests/crash/test-crash-fault.c $(journal_kit)
tests_crash_test_crash_flip_SOURCES = \
	tests/crash/test-crash-flip.c $(journal_kit)
tests_crash_test_crash_kill_SOURCES = \
	tests/crash/test-crash-kill.c $(journal_kit)
# its pwrite, writev and fdatasync are to stand before those of libc
tests_crash_test_crash_kill_LDFLAGS = $(AM_LDFLAGS) -rdynamic

check-crash: export IAG_TEST_LONG = 1
check-crash: export IAG_TEST_TIMEOUT = 7200

# the LMDB store with faults, and once more without nested transactions
check_LTLIBRARIES += \
	tests/crash/store-faulty.la \
	tests/crash/store-flat.la \
	$(NULL)
tests_crash_store_faulty_la_SOURCES = \
	tests/crash/store-faulty.c \
	tests/crash/store-inner.c \
	$(faulty_sources)
tests_crash_store_faulty_la_CPPFLAGS = $(plugin_cppflags) \
	-DFAULTY_NAME='"faulty"'
tests_crash_store_faulty_la_CFLAGS = $(AM_CFLAGS) $(LMDB_CFLAGS)
tests_crash_store_faulty_la_LDFLAGS = $(test_plugin_ldflags)
tests_crash_store_faulty_la_LIBADD = $(LMDB_LIBS)
tests_crash_store_flat_la_SOURCES = \
	$(tests_crash_store_faulty_la_SOURCES)
tests_crash_store_flat_la_CPPFLAGS = $(plugin_cppflags) \
	-DFAULTY_NAME='"flat"' -DFAULTY_NO_NESTED
tests_crash_store_flat_la_CFLAGS = $(AM_CFLAGS) $(LMDB_CFLAGS)
tests_crash_store_flat_la_LDFLAGS = $(test_plugin_ldflags)
tests_crash_store_flat_la_LIBADD = $(LMDB_LIBS)
faulty_sources = \
	plugins/store-lmdb/cursor.c \
	plugins/store-lmdb/directory.c \
	plugins/store-lmdb/env.c \
	plugins/store-lmdb/fault.c \
	plugins/store-lmdb/guard.c \
	plugins/store-lmdb/lock.c \
	plugins/store-lmdb/txn.c \
	plugins/store-lmdb/turn.c \
	$(NULL)
