# Measurements: make bench runs the programs and scripts of these lists, in
# this order, with the environment of the tests.

bench_programs = \
	$(NULL)
bench_scripts = \
	$(NULL)

EXTRA_PROGRAMS += $(bench_programs)
EXTRA_DIST += $(bench_scripts)

bench: all $(bench_programs)
	@$(AM_TESTS_ENVIRONMENT) \
	for p in $(bench_programs); do ./$$p || exit 1; done; \
	for s in $(bench_scripts); do bash $(srcdir)/$$s || exit 1; done
.PHONY: bench
