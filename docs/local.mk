# Manual pages (dist_man_MANS), guides (dist_doc_DATA), example configurations
# (dist_example_DATA).

dist_man_MANS += \
	docs/ibkr-agent.1 docs/ibkr-agent-plugin.3 docs/ibkr-agent-sim.1

dist_doc_DATA += \
	docs/abi.md \
	docs/architecture.md \
	docs/audit-retention.md \
	docs/client-portal.md \
	docs/deviations.md \
	docs/example-sdk.c \
	docs/getting-started.md \
	docs/daemon.md \
	docs/live-runbook.md \
	docs/mcp.md \
	docs/paper-to-live.md \
	docs/production-readiness.md \
	docs/remote-mcp.md \
	docs/security.md \
	docs/sidecar.md \
	$(NULL)

dist_man_MANS += docs/ibkr-agent.yaml.5

# The middle of the page comes from the key table; a test compares the two.
update-config-manual: tests/unit/test-config-manual
	$(AM_V_GEN)page=$(top_srcdir)/docs/ibkr-agent.yaml.5; { \
	$(SED) '/BEGIN of what is made/q' $$page && \
	tests/unit/test-config-manual --print && \
	$(SED) -n '/END of what is made/,$$p' $$page; } >$@.tmp && \
	cp $@.tmp $$page && rm -f $@.tmp
.PHONY: update-config-manual

# Two lists of the page come from the tables of gates and limits.
dist_man_MANS += docs/ibkr-agent-gates.7
update-gates-manual: tests/unit/test-gates
	$(AM_V_GEN)tests/unit/test-gates --print \
		<$(top_srcdir)/docs/ibkr-agent-gates.7 >$@.tmp && \
	cp $@.tmp $(top_srcdir)/docs/ibkr-agent-gates.7 && rm -f $@.tmp
.PHONY: update-gates-manual

# The tool reference, all of it made from the tool table.
dist_man_MANS += docs/ibkr-agent-tools.7
dist_doc_DATA += docs/tools.md
update-tools-manual: tests/unit/test-tools-manual
	$(AM_V_GEN)tests/unit/test-tools-manual --manual >$@.tmp && \
	cp $@.tmp $(top_srcdir)/docs/ibkr-agent-tools.7 && \
	tests/unit/test-tools-manual --guide >$@.tmp && \
	cp $@.tmp $(top_srcdir)/docs/tools.md && rm -f $@.tmp
.PHONY: update-tools-manual

# As installed, the guides lie beside it, and there is no tree to build.
doc_DATA += docs/installed/README.md
CLEANFILES += docs/installed/README.md
docs/installed/README.md: README.md docs/local.mk
	$(AM_V_GEN)$(MKDIR_P) docs/installed && $(SED) \
	-e '/^On Debian 12/,/^The first useful/{/^The/!d;}' \
	-e '/sudo make -C build install/d' \
	-e '/^`.\/quickstart`/,/alone\.$$/d' \
	-e 's/a look in one command ([^)]*), then //' \
	-e 's/; `make -C build book` [^|]*|/ |/' \
	-e '/(HACKING\.md)/d' -e 's,\[docs/,[,g' -e 's,](docs/,](,g' \
	$(top_srcdir)/README.md >$@.tmp && mv $@.tmp $@

dist_doc_DATA += docs/migration.md docs/release.md docs/service.md

# Files, the library, the units; the socket's page is the service's.
dist_man_MANS += \
	docs/ibkr-agent-audit.5 \
	docs/ibkr-agent-store.5 \
	docs/ibkr-agent.service.8 \
	docs/libibkr-agent.3 \
	$(NULL)
install-data-hook:
	cd '$(DESTDIR)$(man8dir)' && \
	for page in ibkr-agent.socket.8 ibkr-agent-sidecar.service.8; do \
	rm -f $$page && $(LN_S) ibkr-agent.service.8 $$page || exit 1; done
uninstall-hook:
	rm -f '$(DESTDIR)$(man8dir)/ibkr-agent.socket.8' \
	'$(DESTDIR)$(man8dir)/ibkr-agent-sidecar.service.8'
