# The command table, output for people and programs, main.

cli_sources = \
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
	src/cli/cmd-mcp.c \
	src/cli/cmd-plugins.c \
	src/cli/cmd-store.c \
	src/cli/cmd-tool.c \
	src/cli/cmd-verify.c \
	src/cli/command.c \
	src/cli/command.h \
	src/cli/help.c \
	src/cli/help.h \
	src/cli/main.c \
	src/cli/nearest.c \
	src/cli/nearest.h \
	src/cli/output.c \
	src/cli/output.h \
	src/cli/progress.c \
	src/cli/report.c \
	src/cli/report.h \
	src/cli/table.c \
	src/cli/table.h \
	$(NULL)

EXTRA_DIST += $(cli_sources)
