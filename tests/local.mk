# How tests run: every one through tests/run.sh, in a home of its own, and
# every one speaks TAP.  Folders append to the lists:
#   unit_tests   cmocka programs, linked with libcore
#   cli_tests    .bats files
#   peer_tests   .mjs files for node
#   other_tests  scripts (.sh) that print TAP
# All but unit_tests must be distributed: the lists below see to that.

unit_tests =
cli_tests =
peer_tests =
other_tests =

include tests/unit/local.mk
include tests/cli/local.mk
include tests/plug/local.mk
include tests/peer/local.mk
include tests/abi/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk

LDADD = libcore.la $(CMOCKA_LIBS)

TESTS = $(cli_tests) $(peer_tests) $(other_tests)
if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
endif
EXTRA_DIST += tests/run.sh $(cli_tests) $(peer_tests) $(other_tests)

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
check-secret check-oom check-crash:
	@t='$(call named_tests,$(@:check-%=%))'; \
	if test -z "$$t"; then echo "$@: no test has that name"; else \
		$(MAKE) $(AM_MAKEFLAGS) check TESTS="$$t"; fi
.PHONY: check-secret check-oom check-crash
