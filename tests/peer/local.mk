# MCP clients that drive the built program; npm packages by npm ci.

peer_tests += \
	$(NULL)

EXTRA_DIST += \
	tests/peer/.npmrc \
	tests/peer/package-lock.json \
	tests/peer/package.json \
	$(NULL)
