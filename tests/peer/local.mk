# MCP clients that drive the built program; npm packages by npm ci.

peer_tests += \
	$(NULL)
