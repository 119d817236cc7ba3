# The command table, output for people and programs, main.

cli_sources = \
	src/cli/argname.c \
	src/cli/argname.h \
	src/cli/args.c \
	src/cli/args.h \
	src/cli/audit.h \
	src/cli/call.h \
	src/cli/cli.c \
	src/cli/cli.h \
	src/cli/cmd-audit.c \
	src/cli/cmd-completion.c \
	src/cli/cmd-config.c \
	src/cli/cmd-doctor.c \
	src/cli/cmd-http.c \
	src/cli/cmd-killswitch.c \
	src/cli/cmd-mcp.c \
	src/cli/cmd-plugins.c \
	src/cli/cmd-providers.c \
	src/cli/cmd-serve.c \
	src/cli/cmd-sidecar.c \
	src/cli/cmd-store.c \
	src/cli/cmd-tool.c \
	src/cli/cmd-verify.c \
	src/cli/command.c \
	src/cli/command.h \
	src/cli/explain.c \
	src/cli/explain.h \
	src/cli/hear.c \
	src/cli/hear.h \
	src/cli/help.c \
	src/cli/help.h \
	src/cli/interrupt.c \
	src/cli/interrupt.h \
	src/cli/main.c \
	src/cli/orderflags.c \
	src/cli/orderflags.h \
	src/cli/output.c \
	src/cli/output.h \
	src/cli/progress.c \
	src/cli/report.c \
	src/cli/report.h \
	src/cli/runnable.c \
	src/cli/runnable.h \
	src/cli/serving.c \
	src/cli/serving.h \
	src/cli/table.c \
	src/cli/table.h \
	src/cli/version.c \
	src/cli/version.h \
	src/cli/via.c \
	src/cli/via.h \
	$(NULL)

bin_PROGRAMS += ibkr-agent
ibkr_agent_SOURCES = $(cli_sources)
ibkr_agent_CFLAGS = $(AM_CFLAGS) $(IAG_PROGRAM_CFLAGS)
ibkr_agent_LDFLAGS = $(AM_LDFLAGS) $(IAG_PROGRAM_LDFLAGS)
ibkr_agent_LDADD = libdaemon.la libsidecar.la libhttp.la libmcp.la libcore.la
