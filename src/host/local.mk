# The plugin loader, the services table, the wrappers.

libcore_la_SOURCES += \
	src/host/call.h \
	src/host/host.h \
	src/host/store.h \
	$(NULL)
