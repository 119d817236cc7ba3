# The daemon's own: the Unix socket, peers, relay, service manager.

noinst_LTLIBRARIES += libdaemon.la
libdaemon_la_SOURCES = \
	src/daemon/commands.c \
	src/daemon/commands.h \
	src/daemon/daemon.c \
	src/daemon/daemon.h \
	src/daemon/door.c \
	src/daemon/door.h \
	src/daemon/peer.c \
	src/daemon/peer.h \
	src/daemon/probe.c \
	src/daemon/probe.h \
	src/daemon/program.c \
	src/daemon/program.h \
	src/daemon/relay.c \
	src/daemon/relay.h \
	src/daemon/socket.c \
	src/daemon/socket.h \
	src/daemon/systemd.c \
	src/daemon/systemd.h \
	src/daemon/visits.c \
	src/daemon/visits.h \
	$(NULL)
