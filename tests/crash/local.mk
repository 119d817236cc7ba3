# What happens to the store when something dies or breaks underneath it.  In
# make check a sample, in make check-crash (IAG_TEST_LONG) all of it.

unit_tests += \
	tests/crash/test-crash-flip \
	tests/crash/test-crash-kill \
	$(NULL)

tests_crash_test_crash_flip_SOURCES = \
	tests/crash/test-crash-flip.c $(journal_kit)
tests_crash_test_crash_kill_SOURCES = \
	tests/crash/test-crash-kill.c $(journal_kit)
# its pwrite, writev and fdatasync are to stand before those of libc
tests_crash_test_crash_kill_LDFLAGS = $(AM_LDFLAGS) -rdynamic

check-crash: export IAG_TEST_LONG = 1
