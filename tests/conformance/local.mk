# What tests/peer/conformance.mjs drives the official suite against: the
# protocol core and the HTTP door with the suite's fixtures in place of tools.

if !FUZZING
check_PROGRAMS += tests/conformance/conformance
endif
tests_conformance_conformance_SOURCES = \
	tests/conformance/ask.c \
	tests/conformance/fixtures.h \
	tests/conformance/listen.c \
	tests/conformance/main.c \
	tests/conformance/rounds.c \
	tests/conformance/things.c \
	tests/conformance/tools.c \
	$(NULL)
tests_conformance_conformance_LDADD = libhttp.la libmcp.la libcore.la
