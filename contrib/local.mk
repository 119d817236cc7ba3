# Completion (dist_bashcompletion_DATA), git hooks, the plugin template, client
# configurations.

EXTRA_DIST += \
	contrib/git/commit-msg \
	contrib/git/pre-commit \
	contrib/git/pre-push \
	$(NULL)

templatedir = $(exampledir)/plugin-template
dist_template_DATA = \
	contrib/plugin-template/Makefile.am \
	contrib/plugin-template/README.md \
	contrib/plugin-template/backend-example.c \
	contrib/plugin-template/configure.ac \
	$(NULL)

dist_example_DATA += \
	contrib/config/live.example.yaml \
	contrib/config/local.example.yaml \
	contrib/config/remote.example.yaml \
	$(NULL)
dist_bashcompletion_DATA += contrib/completion/ibkr-agent

# What `ibkr-agent mcp client-config` prints; a test compares the two.
clientsdir = $(exampledir)/clients
dist_clients_DATA = \
	contrib/clients/ibkr-agent-claude-code.txt \
	contrib/clients/ibkr-agent-claude-desktop.json \
	contrib/clients/ibkr-agent-codex.toml \
	contrib/clients/ibkr-agent-continue.yaml \
	contrib/clients/ibkr-agent-cursor.json \
	contrib/clients/ibkr-agent-gemini-cli.json \
	contrib/clients/ibkr-agent-generic.json \
	contrib/clients/ibkr-agent-vscode.json \
	$(NULL)

# Made by the program; tests/cli/arguments.bats compares the two.
update-completion: ibkr-agent
	$(AM_V_GEN)./ibkr-agent completion bash >$@.tmp && \
	cp $@.tmp $(top_srcdir)/contrib/completion/ibkr-agent && rm -f $@.tmp
.PHONY: update-completion
