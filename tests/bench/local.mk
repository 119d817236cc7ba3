# Measurements: make bench runs the programs and scripts of these lists, in
# this order, with the environment of the tests.

bench_programs = \
	tests/bench/bench-stdio \
	tests/bench/bench-http \
	tests/bench/bench-journal \
	tests/bench/bench-gates \
	tests/bench/bench-orders \
	tests/bench/bench-map \
	tests/bench/bench-portal \
	tests/bench/bench-auth \
	tests/bench/bench-relay \
	tests/bench/bench-sidecar \
	$(NULL)
bench_scripts = \
	$(NULL)

# what the programs above start, the limits that they measure against
bench_parts = \
	tests/bench/echo \
	tests/bench/linked \
	$(NULL)

EXTRA_PROGRAMS += $(bench_programs) $(bench_parts)
EXTRA_DIST += $(bench_scripts)

bench_figure = tests/bench/figure.c tests/bench/figure.h
bench_bare = tests/bench/bare.c tests/bench/bare.h
bench_peer = tests/bench/peer.c tests/bench/peer.h $(bench_figure)

tests_bench_bench_stdio_SOURCES = tests/bench/bench-stdio.c $(bench_peer)
tests_bench_bench_stdio_CFLAGS = $(AM_CFLAGS) $(LMDB_CFLAGS)
tests_bench_bench_stdio_LDADD = $(LMDB_LIBS)
tests_bench_bench_http_SOURCES = \
	tests/bench/bench-http.c \
	tests/bench/group.c \
	tests/bench/group.h \
	tests/bench/issuer.c \
	tests/bench/issuer.h \
	$(bench_bare) \
	$(bench_peer) \
	$(token_kit) \
	$(NULL)
tests_bench_bench_http_CFLAGS = \
	$(AM_CFLAGS) $(MICROHTTPD_CFLAGS) $(LMDB_CFLAGS)
tests_bench_bench_http_LDADD = $(LDADD) $(MICROHTTPD_LIBS) $(LMDB_LIBS)
tests_bench_echo_LDADD =
# all that the program is linked with, whether or not it is used
tests_bench_linked_LDFLAGS = $(AM_LDFLAGS) -Wl,--no-as-needed
tests_bench_linked_LDADD = \
	$(GNUTLS_LIBS) \
	$(JSON_C_LIBS) \
	$(LIBFYAML_LIBS) \
	$(GMP_LIBS) \
	$(NULL)

bench: all $(bench_programs) $(bench_parts)
	@$(AM_TESTS_ENVIRONMENT) \
	for p in $(bench_programs); do ./$$p || exit 1; done; \
	for s in $(bench_scripts); do bash $(srcdir)/$$s || exit 1; done
.PHONY: bench

tests_bench_bench_journal_SOURCES = \
	tests/bench/bench-journal.c $(bench_figure) $(journal_kit)
tests_bench_bench_journal_CFLAGS = $(AM_CFLAGS) $(LMDB_CFLAGS)
tests_bench_bench_journal_LDADD = $(LDADD) $(LMDB_LIBS)

tests_bench_bench_portal_SOURCES = \
	tests/bench/bench-portal.c $(bench_bare) $(bench_peer)
tests_bench_bench_portal_CFLAGS = $(AM_CFLAGS) $(LMDB_CFLAGS) $(LIBCURL_CFLAGS)
tests_bench_bench_portal_LDADD = $(LMDB_LIBS) $(LIBCURL_LIBS)

tests_bench_bench_relay_SOURCES = tests/bench/bench-relay.c $(bench_peer)
tests_bench_bench_relay_LDADD =
tests_bench_bench_sidecar_SOURCES = tests/bench/bench-sidecar.c $(bench_peer)
tests_bench_bench_sidecar_LDADD =

tests_bench_bench_gates_SOURCES = \
	tests/bench/bench-gates.c $(bench_figure) $(journal_kit)
tests_bench_bench_gates_LDADD = $(LDADD)
tests_bench_bench_map_SOURCES = tests/bench/bench-map.c $(bench_figure)
tests_bench_bench_map_CPPFLAGS = $(map_cppflags)
tests_bench_bench_map_LDADD = libcpgw.la $(LDADD) $(JSON_C_LIBS)

tests_bench_bench_orders_SOURCES = \
	tests/bench/bench-orders.c $(bench_bare) $(bench_peer) $(journal_kit)
tests_bench_bench_orders_CFLAGS = $(AM_CFLAGS) $(LMDB_CFLAGS)
tests_bench_bench_orders_LDADD = $(LDADD) $(LMDB_LIBS)

# with a fetch of its own in front of the one in libcore
tests_bench_bench_auth_SOURCES = \
	tests/bench/bench-auth.c $(bench_figure) $(token_kit)
tests_bench_bench_auth_LDFLAGS = $(AM_LDFLAGS) -Wl,-z,muldefs
tests_bench_bench_auth_LDADD = $(LDADD)
