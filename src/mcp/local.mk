# JSON-RPC, both protocol eras, stdio.

mcp_sources = \
	src/mcp/answer.c \
	src/mcp/answer.h \
	src/mcp/clients.c \
	src/mcp/clients.h \
	src/mcp/era.c \
	src/mcp/era.h \
	src/mcp/forms.c \
	src/mcp/forms.h \
	src/mcp/lifecycle.c \
	src/mcp/lifecycle.h \
	src/mcp/mcp.h \
	src/mcp/message.c \
	src/mcp/message.h \
	src/mcp/out.c \
	src/mcp/out.h \
	src/mcp/prompts.c \
	src/mcp/prompts.h \
	src/mcp/providers.c \
	src/mcp/providers.h \
	src/mcp/reader.c \
	src/mcp/reader.h \
	src/mcp/registry.c \
	src/mcp/registry.h \
	src/mcp/resources.c \
	src/mcp/resources.h \
	src/mcp/runbook.c \
	src/mcp/runbook.h \
	src/mcp/serve.c \
	src/mcp/session.c \
	src/mcp/session.h \
	src/mcp/task.c \
	src/mcp/task.h \
	src/mcp/tools.c \
	src/mcp/tools.h \
	src/mcp/uri.c \
	src/mcp/uri.h \
	$(NULL)

# The runbooks that clients can read as ibkr://docs/NAME: a file here, its row
# in src/mcp/runbook.c.
runbooks = \
	docs/live-runbook.md \
	docs/runbooks/audit.md \
	docs/runbooks/market-data.md \
	docs/runbooks/session.md \
	$(NULL)
EXTRA_DIST += $(runbooks) scripts/embed.awk

src/mcp/runbook-text.h: $(runbooks) scripts/embed.awk
	$(AM_V_GEN)$(MKDIR_P) src/mcp && cd $(srcdir) && $(AWK) -f scripts/embed.awk $(runbooks) \
	    >'$(abs_builddir)/$@.tmp'
	$(AM_V_at)mv $@.tmp $@
BUILT_SOURCES += src/mcp/runbook-text.h
CLEANFILES += src/mcp/runbook-text.h
src/mcp/runbook.lo: src/mcp/runbook-text.h

# on its own for the tests, which bring a gateway of their own or none
noinst_LTLIBRARIES += libmcp.la
libmcp_la_SOURCES = $(mcp_sources)
