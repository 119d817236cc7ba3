# Fuzzers: tests/fuzz/fuzz-x.c defines LLVMFuzzerTestOneInput and has its
# corpus in tests/fuzz/corpus/x.  One line here makes it part of make check
# (which replays the corpus) and of make fuzz (which looks for more).

fuzzers = \
	tests/fuzz/fuzz-answer \
	tests/fuzz/fuzz-config \
	tests/fuzz/fuzz-dec \
	tests/fuzz/fuzz-event \
	tests/fuzz/fuzz-export \
	tests/fuzz/fuzz-http-head \
	tests/fuzz/fuzz-json \
	tests/fuzz/fuzz-jsonrpc \
	tests/fuzz/fuzz-jwks \
	tests/fuzz/fuzz-jwt \
	tests/fuzz/fuzz-link \
	tests/fuzz/fuzz-map \
	tests/fuzz/fuzz-portal-answer \
	tests/fuzz/fuzz-relay \
	tests/fuzz/fuzz-result \
	tests/fuzz/fuzz-schema \
	$(NULL)

# the whole folder; make dist-files lists what is in it
EXTRA_DIST += tests/fuzz/corpus

check_LTLIBRARIES += libreplay.la
libreplay_la_SOURCES = tests/fuzz/replay.c

tests_fuzz_fuzz_map_SOURCES = tests/fuzz/fuzz-map.c $(map_table)
tests_fuzz_fuzz_map_CPPFLAGS = $(map_cppflags) -I$(top_srcdir)/tests/unit
tests_fuzz_fuzz_map_LDADD = libcpgw.la $(LDADD)
tests_fuzz_fuzz_portal_answer_CPPFLAGS = \
	$(map_cppflags) -I$(top_srcdir)/plugins/writer-client-portal
tests_fuzz_fuzz_portal_answer_LDADD = libcpw.la $(LDADD)

tests_fuzz_fuzz_jwt_SOURCES = \
	tests/fuzz/fuzz-jwt.c \
	tests/unit/token-text.h \
	$(NULL)
tests_fuzz_fuzz_jwt_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit

tests_fuzz_fuzz_event_LDADD = libhttp.la $(LDADD)
tests_fuzz_fuzz_http_head_LDADD = libhttp.la libmcp.la $(LDADD)
tests_fuzz_fuzz_jsonrpc_LDADD = libmcp.la $(LDADD)
tests_fuzz_fuzz_relay_LDADD = libsidecar.la libhttp.la $(LDADD)

# answers are judged over a journal in memory
tests_fuzz_fuzz_result_SOURCES = \
	tests/fuzz/fuzz-result.c \
	tests/unit/fake-journal.c \
	tests/unit/fake-journal.h \
	$(NULL)
tests_fuzz_fuzz_result_LDFLAGS = $(fake_journal_ldflags)
tests_fuzz_fuzz_result_CPPFLAGS = \
	$(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit

fuzzers: $(fuzzers)
.PHONY: fuzzers
