# Assembly, workers, doctor, and the facade behind gateway.h.

libcore_la_SOURCES += \
	src/gateway/child.c \
	src/gateway/child.h \
	src/gateway/credential.c \
	src/gateway/credential.h \
	src/gateway/doctor.c \
	src/gateway/doctor.h \
	src/gateway/doctorstate.c \
	src/gateway/doctorstate.h \
	src/gateway/gateway.c \
	src/gateway/gateway.h \
	src/gateway/house.c \
	src/gateway/house.h \
	src/gateway/metrics.c \
	src/gateway/metrics.h \
	src/gateway/review.c \
	src/gateway/review.h \
	src/gateway/sdk.c \
	src/gateway/settings.c \
	src/gateway/settings.h \
	src/gateway/status.c \
	src/gateway/status.h \
	src/gateway/workers.c \
	src/gateway/workers.h \
	$(NULL)

EXTRA_DIST += src/gateway/gateway.map

# The installed library is libcore with a symbol map.
lib_LTLIBRARIES += libibkr-agent.la
libibkr_agent_la_SOURCES =
libibkr_agent_la_LIBADD = libcore.la
libibkr_agent_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 \
	$(IAG_LIBRARY_LDFLAGS) -Wl,--version-script=$(top_srcdir)/src/gateway/gateway.map
