# How tests run: every one through tests/run.sh, in a home of its own, and
# every one speaks TAP.  Folders append to the lists:
#   unit_tests   cmocka programs, linked with libcore
#   day_tests    the same, with a time of their own: not for other eyes than
#                those of the address sanitizer
#   cli_tests    .bats files
#   peer_tests   .mjs files for node
#   other_tests  scripts (.sh) that print TAP
# All but programs must be distributed: the lists below see to that.

unit_tests =
day_tests =
cli_tests =
peer_tests =
other_tests =
# scripts that make check-tsan runs besides the unit tests
threaded_tests =

include tests/unit/local.mk
include tests/crash/local.mk
include tests/day/local.mk
include tests/cli/local.mk
include tests/model/local.mk
include tests/plug/local.mk
include tests/peer/local.mk
include tests/abi/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
include tests/conformance/local.mk

# A build for libFuzzer (make fuzz) has the fuzzers and no other test.
if FUZZING
LDADD = libcore.la $(FUZZ_ENGINE)
TESTS =
noinst_PROGRAMS += $(fuzzers)
else
LDADD = libcore.la $(CMOCKA_LIBS) libreplay.la
TESTS = $(other_tests)
check_PROGRAMS += $(fuzzers)
if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests) $(day_tests)
TESTS += $(unit_tests) $(day_tests)
endif
# the longest are above: nothing waits for the last of them
TESTS += $(cli_tests) $(peer_tests) $(fuzzers)
endif
EXTRA_DIST += tests/run.sh tests/lsan.supp tests/tsan.supp tests/valgrind.supp $(cli_tests) $(peer_tests) $(other_tests)

TEST_EXTENSIONS = .bats .mjs .sh
AM_TESTS_ENVIRONMENT = \
	IAG_TEST_PROGRAM='$(abs_top_builddir)/ibkr-agent'; \
	IAG_TEST_PLUGINDIR='$(abs_top_builddir)/stage/plugins-1'; \
	IAG_TEST_SRCDIR='$(abs_top_srcdir)'; \
	IAG_TEST_BUILDDIR='$(abs_top_builddir)'; \
	IAG_TEST_CC='$(CC)'; export IAG_TEST_CC; \
	export IAG_TEST_PROGRAM IAG_TEST_PLUGINDIR; \
	export IAG_TEST_SRCDIR IAG_TEST_BUILDDIR;

tap_driver = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
run_test = $(SHELL) $(top_srcdir)/tests/run.sh
LOG_DRIVER = $(tap_driver)
LOG_COMPILER = $(run_test) program
BATS_LOG_DRIVER = $(tap_driver)
BATS_LOG_COMPILER = $(run_test) bats
MJS_LOG_DRIVER = $(tap_driver)
MJS_LOG_COMPILER = $(run_test) node
SH_LOG_DRIVER = $(tap_driver)
SH_LOG_COMPILER = $(run_test) script

# make check-NAME: only the tests with that word in their name
named_tests = $(foreach t,$(TESTS),$(if $(findstring $(1),$(t)),$(t)))
check-secret check-oom check-crash check-gates check-limits check-landed \
	check-soak check-day:
	@t='$(call named_tests,$(@:check-%=%))'; \
	if test -z "$$t"; then echo "$@: no test has that name"; exit 1; else \
		$(MAKE) $(AM_MAKEFLAGS) check TESTS="$$t"; fi
.PHONY: check-secret check-oom check-crash check-gates check-limits \
	check-landed check-soak check-day

# The same tests under other eyes.  The sanitizers have builds of their own
# beneath this one; they need a source directory that is not configured.  (+:
# make sees no $(MAKE) behind a call, and would do one thing at a time.)
sanitized = $(MKDIR_P) $(1) && cd $(1) && \
	{ test -f config.status || $(abs_top_srcdir)/configure -q \
		--enable-werror CC='$(CC)' \
		CFLAGS='-g -O1 -fno-omit-frame-pointer $(2)'; } && \
	$(MAKE) $(AM_MAKEFLAGS) check

check-asan:
	+export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1; \
	export LSAN_OPTIONS=suppressions=$(abs_top_srcdir)/tests/lsan.supp:print_suppressions=0; \
	export UBSAN_OPTIONS=print_stacktrace=1; \
	$(call sanitized,asan,-fsanitize=address$(comma)undefined -fno-sanitize-recover=all) \
		TESTS='$(filter-out $(unsanitized_tests),$(TESTS))'
# slow, and what they run of the program others run too
unsanitized_tests = \
	tests/cli/completion.bats \
	tests/cli/typed.bats \
	tests/model/model.bats \
	tests/peer/openapi.mjs \
	$(NULL)
check-tsan:
	+export TSAN_OPTIONS=suppressions=$(abs_top_srcdir)/tests/tsan.supp:halt_on_error=1:second_deadlock_stack=1; \
	$(call sanitized,tsan,-fsanitize=thread) \
		TESTS='$(unit_tests) $(threaded_tests)'
check-valgrind: all
	IAG_TEST_WRAPPER="$(SHELL) \
	$(abs_top_builddir)/libtool --mode=execute valgrind -q \
	--error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
	--suppressions=$(abs_top_srcdir)/tests/valgrind.supp" \
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(VALGRIND_TESTS)'
VALGRIND_TESTS = $(unit_tests) $(fuzzers)
clean-local: clean-sanitized
clean-sanitized:
	rm -rf asan tsan fuzz coverage
.PHONY: check-asan check-tsan check-valgrind clean-sanitized
