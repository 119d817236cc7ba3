# The Debian packages.  The tarball is their source package's content, too.

EXTRA_DIST += \
	debian/changelog \
	debian/control \
	debian/copyright \
	debian/ibkr-agent-doc.doc-base \
	debian/ibkr-agent-doc.install \
	debian/ibkr-agent-sim.install \
	debian/ibkr-agent-writer-client-portal.install \
	debian/ibkr-agent.install \
	debian/ibkr-agent.lintian-overrides \
	debian/libibkr-agent-dev.install \
	debian/libibkr-agent0.install \
	debian/libibkr-agent0.symbols \
	debian/rules \
	debian/source/format \
	$(NULL)
