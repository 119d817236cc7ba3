# The plugins.

EXTRA_DIST += plugins/plugin.map

# what several plugins are made of
plugin_lib = \
	plugins/lib/decimal.c \
	plugins/lib/decimal.h \
	plugins/lib/moment.c \
	plugins/lib/moment.h \
	plugins/lib/text.c \
	plugins/lib/text.h \
	$(NULL)

plugin_LTLIBRARIES += writer-refusing.la
writer_refusing_la_SOURCES = plugins/writer-refusing/writer.c
writer_refusing_la_CPPFLAGS = $(plugin_cppflags)
writer_refusing_la_LDFLAGS = $(plugin_ldflags)

plugin_LTLIBRARIES += writer-local-candidate.la
writer_local_candidate_la_SOURCES = \
	plugins/writer-local-candidate/book.c \
	plugins/writer-local-candidate/book.h \
	plugins/writer-local-candidate/writer.c \
	$(NULL)
writer_local_candidate_la_CPPFLAGS = \
	$(plugin_cppflags) -I$(top_srcdir)/plugins/writer-local-candidate
writer_local_candidate_la_LDFLAGS = $(plugin_ldflags)
writer_local_candidate_la_LIBADD = $(JSON_C_LIBS)

plugin_LTLIBRARIES += backend-fake.la
backend_fake_la_SOURCES = \
	plugins/backend-fake/backend.c \
	plugins/backend-fake/bars.c \
	plugins/backend-fake/fixture.c \
	plugins/backend-fake/fixture.h \
	plugins/backend-fake/search.c \
	plugins/backend-fake/shape.c \
	plugins/backend-fake/shape.h \
	plugins/backend-fake/template.c \
	plugins/backend-fake/template.h \
	$(plugin_lib) \
	$(NULL)
nodist_backend_fake_la_SOURCES = plugins/backend-fake/fixtures.c
backend_fake_la_CPPFLAGS = \
	$(plugin_cppflags) -I$(top_srcdir)/plugins/backend-fake \
	-I$(top_srcdir)/plugins/lib
backend_fake_la_LDFLAGS = $(plugin_ldflags)
backend_fake_la_LIBADD = $(JSON_C_LIBS)

# Built in, and installed to be copied and changed (broker.fixture_root).
fake_fixtures = \
	plugins/backend-fake/fixtures/account_metadata.json \
	plugins/backend-fake/fixtures/account_summary.json \
	plugins/backend-fake/fixtures/accounts_list.json \
	plugins/backend-fake/fixtures/contracts.json \
	plugins/backend-fake/fixtures/currency_rate.json \
	plugins/backend-fake/fixtures/executions_list.json \
	plugins/backend-fake/fixtures/fundamentals_get.json \
	plugins/backend-fake/fixtures/historical_bars.json \
	plugins/backend-fake/fixtures/keepalive.json \
	plugins/backend-fake/fixtures/market_depth.json \
	plugins/backend-fake/fixtures/market_holidays.json \
	plugins/backend-fake/fixtures/market_session.json \
	plugins/backend-fake/fixtures/market_snapshot.json \
	plugins/backend-fake/fixtures/news_article.json \
	plugins/backend-fake/fixtures/news_list.json \
	plugins/backend-fake/fixtures/option_greeks.json \
	plugins/backend-fake/fixtures/options_chain.json \
	plugins/backend-fake/fixtures/order_whatif.json \
	plugins/backend-fake/fixtures/orders_history.json \
	plugins/backend-fake/fixtures/orders_list.json \
	plugins/backend-fake/fixtures/pnl_daily.json \
	plugins/backend-fake/fixtures/pnl_realtime.json \
	plugins/backend-fake/fixtures/portfolio_snapshot.json \
	plugins/backend-fake/fixtures/positions_list.json \
	plugins/backend-fake/fixtures/scanner_run.json \
	plugins/backend-fake/fixtures/session_status.json \
	plugins/backend-fake/fixtures/transfer_history.json \
	$(NULL)
fixturesdir = $(iagdatadir)/fixtures
dist_fixtures_DATA = $(fake_fixtures)
EXTRA_DIST += plugins/backend-fake/embed.awk
CLEANFILES += plugins/backend-fake/fixtures.c

plugins/backend-fake/fixtures.c: $(fake_fixtures) \
		plugins/backend-fake/embed.awk
	$(AM_V_GEN)$(MKDIR_P) plugins/backend-fake && cd $(srcdir) && \
	LC_ALL=C $(AWK) -f plugins/backend-fake/embed.awk \
		$(fake_fixtures) >$(abs_builddir)/$@-t && \
	mv $(abs_builddir)/$@-t $(abs_builddir)/$@

# what the broker's answers mean: pure, for the plugins and for their tests
noinst_LTLIBRARIES += libcpgw.la
libcpgw_la_SOURCES = \
	plugins/backend-client-portal-gateway/emit.c \
	plugins/backend-client-portal-gateway/emit.h \
	plugins/backend-client-portal-gateway/map-account.c \
	plugins/backend-client-portal-gateway/map-account.h \
	plugins/backend-client-portal-gateway/map-bars.c \
	plugins/backend-client-portal-gateway/map-bars.h \
	plugins/backend-client-portal-gateway/map-calendar.c \
	plugins/backend-client-portal-gateway/map-calendar.h \
	plugins/backend-client-portal-gateway/map-contract.c \
	plugins/backend-client-portal-gateway/map-contract.h \
	plugins/backend-client-portal-gateway/map-market.c \
	plugins/backend-client-portal-gateway/map-market.h \
	plugins/backend-client-portal-gateway/map-news.c \
	plugins/backend-client-portal-gateway/map-news.h \
	plugins/backend-client-portal-gateway/map-option.c \
	plugins/backend-client-portal-gateway/map-option.h \
	plugins/backend-client-portal-gateway/map-order.c \
	plugins/backend-client-portal-gateway/map-order.h \
	plugins/backend-client-portal-gateway/map-position.c \
	plugins/backend-client-portal-gateway/map-position.h \
	plugins/backend-client-portal-gateway/map-scan.c \
	plugins/backend-client-portal-gateway/map-scan.h \
	plugins/backend-client-portal-gateway/map-session.c \
	plugins/backend-client-portal-gateway/map-session.h \
	plugins/backend-client-portal-gateway/map-trade.c \
	plugins/backend-client-portal-gateway/map-trade.h \
	plugins/backend-client-portal-gateway/map-whatif.c \
	plugins/backend-client-portal-gateway/map-whatif.h \
	plugins/backend-client-portal-gateway/map.c \
	plugins/backend-client-portal-gateway/map.h \
	plugins/backend-client-portal-gateway/node.c \
	plugins/backend-client-portal-gateway/node.h \
	plugins/backend-client-portal-gateway/path.c \
	plugins/backend-client-portal-gateway/path.h \
	plugins/backend-client-portal-gateway/scalar.c \
	plugins/backend-client-portal-gateway/scalar.h \
	plugins/backend-client-portal-gateway/ticket.c \
	plugins/backend-client-portal-gateway/ticket.h \
	$(plugin_lib) \
	$(NULL)
libcpgw_la_CPPFLAGS = $(plugin_cppflags) -I$(top_srcdir)/plugins/lib

plugin_LTLIBRARIES += backend-client-portal-gateway.la
backend_client_portal_gateway_la_SOURCES = \
	plugins/backend-client-portal-gateway/memory.c \
	plugins/backend-client-portal-gateway/memory.h \
	plugins/backend-client-portal-gateway/op-account.c \
	plugins/backend-client-portal-gateway/op-contract.c \
	plugins/backend-client-portal-gateway/op-market.c \
	plugins/backend-client-portal-gateway/op-order.c \
	plugins/backend-client-portal-gateway/op-session.c \
	plugins/backend-client-portal-gateway/op-world.c \
	plugins/backend-client-portal-gateway/ops.h \
	plugins/backend-client-portal-gateway/plugin.c \
	plugins/backend-client-portal-gateway/query.c \
	plugins/backend-client-portal-gateway/query.h \
	plugins/backend-client-portal-gateway/route.c \
	$(NULL)
backend_client_portal_gateway_la_CPPFLAGS = $(libcpgw_la_CPPFLAGS)
backend_client_portal_gateway_la_LDFLAGS = $(plugin_ldflags)
backend_client_portal_gateway_la_LIBADD = libcpgw.la

# the classifier of answers alone, for the writer and for its tests
noinst_LTLIBRARIES += libcpw.la
libcpw_la_SOURCES = \
	plugins/writer-client-portal/answer.c \
	plugins/writer-client-portal/answer.h \
	plugins/writer-client-portal/legs.c \
	plugins/writer-client-portal/legs.h \
	$(NULL)
libcpw_la_CPPFLAGS = \
	$(libcpgw_la_CPPFLAGS) \
	-I$(top_srcdir)/plugins/backend-client-portal-gateway
libcpw_la_LIBADD = libcpgw.la

plugin_LTLIBRARIES += writer-client-portal.la
writer_client_portal_la_SOURCES = \
	plugins/writer-client-portal/find.c \
	plugins/writer-client-portal/wire.c \
	plugins/writer-client-portal/wire.h \
	plugins/writer-client-portal/writer.c \
	$(NULL)
writer_client_portal_la_CPPFLAGS = $(libcpw_la_CPPFLAGS)
writer_client_portal_la_LDFLAGS = $(plugin_ldflags)
writer_client_portal_la_LIBADD = libcpw.la

plugin_LTLIBRARIES += store-lmdb.la
store_lmdb_la_SOURCES = \
	plugins/store-lmdb/cursor.c \
	plugins/store-lmdb/directory.c \
	plugins/store-lmdb/env.c \
	plugins/store-lmdb/fault.c \
	plugins/store-lmdb/guard.c \
	plugins/store-lmdb/lmdb-store.h \
	plugins/store-lmdb/lock.c \
	plugins/store-lmdb/store.c \
	plugins/store-lmdb/txn.c \
	plugins/store-lmdb/turn.c \
	$(NULL)
store_lmdb_la_CPPFLAGS = $(plugin_cppflags)
store_lmdb_la_CFLAGS = $(AM_CFLAGS) $(LMDB_CFLAGS)
store_lmdb_la_LDFLAGS = $(plugin_ldflags)
store_lmdb_la_LIBADD = $(LMDB_LIBS)

# The host's own module for HTTP, loaded at the first request.
EXTRA_DIST += plugins/http-curl/http.map
plugin_LTLIBRARIES += http-curl.la
http_curl_la_SOURCES = \
	plugins/http-curl/http-curl.h \
	plugins/http-curl/module.c \
	plugins/http-curl/trust.c \
	$(NULL)
http_curl_la_CPPFLAGS = \
	$(plugin_cppflags) -I$(top_srcdir)/src -I$(top_srcdir)/plugins/http-curl
http_curl_la_CFLAGS = $(AM_CFLAGS) $(LIBCURL_CFLAGS)
http_curl_la_LDFLAGS = \
	-module -avoid-version -shared $(AM_LDFLAGS) $(IAG_MODULE_LDFLAGS) \
	-Wl,--version-script=$(top_srcdir)/plugins/http-curl/http.map
http_curl_la_LIBADD = $(LIBCURL_LIBS) $(GNUTLS_LIBS)

# Built plugins side by side, as they are when installed, for the tests and
# for runs out of the build directory.
all-local: stage/plugins-1.stamp

stage/plugins-1.stamp: $(plugin_LTLIBRARIES)
	$(AM_V_GEN)rm -rf stage/plugins-1 && \
	$(MKDIR_P) stage/plugins-1 && chmod 755 stage stage/plugins-1 && \
	for p in $(plugin_LTLIBRARIES); do \
		$(INSTALL) .libs/$${p%.la}.so stage/plugins-1/ || exit 1; \
	done && touch $@

clean-local: clean-stage
clean-stage:
	rm -rf stage
.PHONY: clean-stage
