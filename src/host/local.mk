# The plugin loader, the services table, the wrappers.

libcore_la_SOURCES += \
	src/host/accepts.c \
	src/host/backend.c \
	src/host/call.c \
	src/host/call.h \
	src/host/context.c \
	src/host/context.h \
	src/host/check.c \
	src/host/check.h \
	src/host/describe.c \
	src/host/host.c \
	src/host/host.h \
	src/host/instance.c \
	src/host/instance.h \
	src/host/kit.h \
	src/host/kitbackend.c \
	src/host/kitpeer.c \
	src/host/kitstore.c \
	src/host/kitstore.h \
	src/host/kitwriter.c \
	src/host/loader.c \
	src/host/option.c \
	src/host/option.h \
	src/host/plugin.c \
	src/host/plugin.h \
	src/host/pool.c \
	src/host/pool.h \
	src/host/probe.c \
	src/host/probe.h \
	src/host/route.c \
	src/host/route.h \
	src/host/schema.c \
	src/host/services.c \
	src/host/store.c \
	src/host/store.h \
	src/host/wire.c \
	src/host/wire.h \
	src/host/write.c \
	src/host/write.h \
	src/host/writer.c \
	src/host/writer.h \
	src/host/writeservice.c \
	src/host/writeservice.h \
	src/host/text.c \
	src/host/text.h \
	$(NULL)
