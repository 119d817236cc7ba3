# JSON-RPC, both protocol eras, stdio.

mcp_sources = \
	$(NULL)
