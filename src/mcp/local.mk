# JSON-RPC, both protocol eras, stdio.

mcp_sources = \
	src/mcp/mcp.h \
	$(NULL)
