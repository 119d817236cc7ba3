# The HTTP door; libmicrohttpd is behind listener.h and nowhere else.

http_sources = \
	src/http/certificate.c \
	src/http/certificate.h \
	src/http/door.h \
	src/http/event.c \
	src/http/event.h \
	src/http/exchange.c \
	src/http/guard.c \
	src/http/guard.h \
	src/http/http.c \
	src/http/http.h \
	src/http/listener.c \
	src/http/listener.h \
	src/http/loop.h \
	src/http/rate.c \
	src/http/rate.h \
	src/http/reply.c \
	src/http/rules.c \
	src/http/rules.h \
	src/http/ward.c \
	src/http/ward.h \
	src/http/watch.c \
	src/http/watch.h \
	$(NULL)

noinst_LTLIBRARIES += libhttp.la
libhttp_la_SOURCES = $(http_sources)
libhttp_la_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)
libhttp_la_LIBADD = $(MICROHTTPD_LIBS)
