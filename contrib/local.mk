# Completion (dist_bashcompletion_DATA), git hooks, the plugin template, client
# configurations.

EXTRA_DIST += \
	contrib/git/commit-msg \
	contrib/git/pre-commit \
	contrib/git/pre-push \
	contrib/ibkr-agent-gateway.spec \
	$(NULL)

templatedir = $(exampledir)/plugin-template
dist_template_DATA = \
	contrib/plugin-template/Makefile.am \
	contrib/plugin-template/README.md \
	contrib/plugin-template/backend-example.c \
	contrib/plugin-template/configure.ac \
	contrib/plugin-template/writer-spool.c \
	$(NULL)

# Examples for authors of plugins; each is a project of its own, too.
papersimdir = $(exampledir)/paper-sim
dist_papersim_DATA = \
	contrib/paper-sim/Makefile \
	contrib/paper-sim/README.md \
	contrib/paper-sim/writer-paper-sim.c \
	$(NULL)
auditmirrordir = $(exampledir)/audit-mirror
dist_auditmirror_DATA = \
	contrib/audit-mirror/Makefile \
	contrib/audit-mirror/README.md \
	contrib/audit-mirror/mirror-file.c \
	contrib/audit-mirror/mirror-file.h \
	contrib/audit-mirror/store-mirror.c \
	$(NULL)

dist_example_DATA += \
	contrib/config/live.example.yaml \
	contrib/config/local.example.yaml \
	contrib/config/remote.example.yaml \
	$(NULL)

# Completion, made by the program; tests/cli/arguments.bats compares.
dist_bashcompletion_DATA += contrib/completion/ibkr-agent
dist_zshcompletion_DATA = contrib/completion/_ibkr-agent
dist_fishcompletion_DATA = contrib/completion/ibkr-agent.fish
update-completion: ibkr-agent
	$(AM_V_GEN)dir=$(top_srcdir)/contrib/completion && \
	./ibkr-agent completion bash >$@.tmp && cp $@.tmp $$dir/ibkr-agent && \
	./ibkr-agent completion zsh >$@.tmp && cp $@.tmp $$dir/_ibkr-agent && \
	./ibkr-agent completion fish >$@.tmp && \
	cp $@.tmp $$dir/ibkr-agent.fish && rm -f $@.tmp
.PHONY: update-completion

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

# The service.  Installed places are written into what ends in .in.
place = $(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) \
	-e 's,[@]bindir[@],$(bindir),g' \
	-e 's,[@]datadir[@],$(datadir),g' \
	-e 's,[@]plugindir[@],$(plugindir),g' \
	<$(top_srcdir)/contrib/$(1) >$@-t && mv $@-t $@

contrib/systemd/ibkr-agent.service: contrib/systemd/ibkr-agent.service.in \
		Makefile
	$(call place,systemd/ibkr-agent.service.in)
contrib/systemd/user/ibkr-agent.service: \
		contrib/systemd/user/ibkr-agent.service.in Makefile
	$(call place,systemd/user/ibkr-agent.service.in)
contrib/systemd/ibkr-agent-sidecar.service: \
		contrib/systemd/ibkr-agent-sidecar.service.in Makefile
	$(call place,systemd/ibkr-agent-sidecar.service.in)
contrib/systemd/user/ibkr-agent-sidecar.service: \
		contrib/systemd/user/ibkr-agent-sidecar.service.in Makefile
	$(call place,systemd/user/ibkr-agent-sidecar.service.in)
contrib/apparmor/ibkr-agent: contrib/apparmor/ibkr-agent.in Makefile
	$(call place,apparmor/ibkr-agent.in)

service_made = \
	contrib/systemd/ibkr-agent-sidecar.service \
	contrib/systemd/ibkr-agent.service \
	contrib/systemd/user/ibkr-agent-sidecar.service \
	contrib/systemd/user/ibkr-agent.service \
	contrib/apparmor/ibkr-agent \
	$(NULL)
all-local: $(service_made)
CLEANFILES += $(service_made)
EXTRA_DIST += \
	contrib/apparmor/ibkr-agent.in \
	contrib/systemd/ibkr-agent-sidecar.service.in \
	contrib/systemd/ibkr-agent.service.in \
	contrib/systemd/ibkr-agent.socket \
	contrib/systemd/user/ibkr-agent-sidecar.service.in \
	contrib/systemd/user/ibkr-agent.service.in \
	contrib/systemd/user/ibkr-agent.socket \
	contrib/sysusers.d/ibkr-agent.conf \
	contrib/tmpfiles.d/ibkr-agent.conf \
	$(NULL)

if SYSTEMD
nodist_systemdsystemunit_DATA = \
	contrib/systemd/ibkr-agent-sidecar.service \
	contrib/systemd/ibkr-agent.service \
	$(NULL)
systemdsystemunit_DATA = contrib/systemd/ibkr-agent.socket
nodist_systemduserunit_DATA = \
	contrib/systemd/user/ibkr-agent-sidecar.service \
	contrib/systemd/user/ibkr-agent.service \
	$(NULL)
systemduserunit_DATA = contrib/systemd/user/ibkr-agent.socket
sysusers_DATA = contrib/sysusers.d/ibkr-agent.conf
tmpfiles_DATA = contrib/tmpfiles.d/ibkr-agent.conf
endif
if APPARMOR
nodist_apparmor_DATA = contrib/apparmor/ibkr-agent
endif
