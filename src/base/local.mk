# Errors, JSON, buffers, decimals, clock, ids, hashes, secrets, log.

libcore_la_SOURCES += \
	src/base/address.c \
	src/base/address.h \
	src/base/buf.c \
	src/base/buf.h \
	src/base/canon.c \
	src/base/cleanup.h \
	src/base/clock.c \
	src/base/clock.h \
	src/base/codes.h \
	src/base/dec.c \
	src/base/dec.h \
	src/base/err.c \
	src/base/err.h \
	src/base/fd.c \
	src/base/fd.h \
	src/base/hash.c \
	src/base/hash.h \
	src/base/hex.h \
	src/base/id.c \
	src/base/id.h \
	src/base/json.c \
	src/base/json.h \
	src/base/jsongate.c \
	src/base/jsonkeys.c \
	src/base/jsonkeys.h \
	src/base/jsontree.c \
	src/base/log.c \
	src/base/log.h \
	src/base/nearest.c \
	src/base/nearest.h \
	src/base/redact.c \
	src/base/redact.h \
	src/base/secret.c \
	src/base/secret.h \
	src/base/text.c \
	src/base/text.h \
	src/base/thread.c \
	src/base/thread.h \
	src/base/zone.c \
	src/base/zone.h \
	src/base/zonerule.c \
	src/base/zonerule.h \
	$(NULL)
