# Assembly, workers, doctor, and the facade behind gateway.h.
#
# The installed library is libcore with a symbol map.  When the facade is
# there:
#
# lib_LTLIBRARIES += libibkr-agent.la
# libibkr_agent_la_SOURCES =
# libibkr_agent_la_LIBADD = libcore.la
# libibkr_agent_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 \
#	-Wl,-z,defs -Wl,--version-script=$(top_srcdir)/src/gateway/gateway.map
# EXTRA_DIST += src/gateway/gateway.map

libcore_la_SOURCES += \
	src/gateway/gateway.h \
	$(NULL)
