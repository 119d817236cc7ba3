# The relay: a gateway's reads through a machine elsewhere.

sidecar_sources = \
	src/sidecar/ask.c \
	src/sidecar/ask.h \
	src/sidecar/backend.c \
	src/sidecar/backend.h \
	src/sidecar/beat.c \
	src/sidecar/capability.c \
	src/sidecar/capability.h \
	src/sidecar/channel.c \
	src/sidecar/channel.h \
	src/sidecar/cmd-identity.c \
	src/sidecar/cmd-pairing.c \
	src/sidecar/cmd-session.c \
	src/sidecar/command.c \
	src/sidecar/command.h \
	src/sidecar/commands.h \
	src/sidecar/dial.c \
	src/sidecar/dial.h \
	src/sidecar/envelope.c \
	src/sidecar/envelope.h \
	src/sidecar/frame.c \
	src/sidecar/frame.h \
	src/sidecar/greeting.h \
	src/sidecar/guard.c \
	src/sidecar/guard.h \
	src/sidecar/guest.c \
	src/sidecar/guest.h \
	src/sidecar/hello.c \
	src/sidecar/hub.c \
	src/sidecar/hub.h \
	src/sidecar/identity.c \
	src/sidecar/identity.h \
	src/sidecar/join.c \
	src/sidecar/opening.c \
	src/sidecar/operations.c \
	src/sidecar/operations.h \
	src/sidecar/pairing.c \
	src/sidecar/pairing.h \
	src/sidecar/porch.c \
	src/sidecar/porch.h \
	src/sidecar/query.c \
	src/sidecar/query.h \
	src/sidecar/reading.c \
	src/sidecar/reading.h \
	src/sidecar/run.c \
	src/sidecar/run.h \
	src/sidecar/session.c \
	src/sidecar/session.h \
	src/sidecar/trail.c \
	src/sidecar/trail.h \
	src/sidecar/traffic.c \
	src/sidecar/traffic.h \
	src/sidecar/visit.c \
	src/sidecar/visit.h \
	src/sidecar/window.c \
	src/sidecar/window.h \
	$(NULL)

noinst_LTLIBRARIES += libsidecar.la
libsidecar_la_SOURCES = $(sidecar_sources)
