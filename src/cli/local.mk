# The command table, output for people and programs, main.
#
# When main is there:
#
# bin_PROGRAMS += ibkr-agent
# ibkr_agent_SOURCES = $(cli_sources) $(mcp_sources)
# ibkr_agent_CFLAGS = $(AM_CFLAGS) $(IAG_PROGRAM_CFLAGS)
# ibkr_agent_LDFLAGS = $(AM_LDFLAGS) $(IAG_PROGRAM_LDFLAGS)
# ibkr_agent_LDADD = libcore.la

cli_sources = \
	$(NULL)
