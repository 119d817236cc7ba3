# The connection to the broker: pacing, session, supervisor.

libcore_la_SOURCES += \
	src/link/bucket.c \
	src/link/bucket.h \
	src/link/exchange.c \
	src/link/exchange.h \
	src/link/http.h \
	src/link/httpmodule.c \
	src/link/httpmodule.h \
	src/link/link.c \
	src/link/link.h \
	src/link/penalty.c \
	src/link/penalty.h \
	src/link/session.c \
	src/link/session.h \
	src/link/shared.c \
	src/link/shared.h \
	src/link/supervisor.c \
	src/link/supervisor.h \
	src/link/target.c \
	src/link/target.h \
	src/link/turn.c \
	src/link/turn.h \
	$(NULL)
