# Errors, JSON, buffers, decimals, clock, ids, hashes, secrets, log.

libcore_la_SOURCES += \
	src/base/buf.h \
	src/base/cleanup.h \
	src/base/clock.h \
	src/base/codes.h \
	src/base/dec.h \
	src/base/err.h \
	src/base/hash.h \
	src/base/id.h \
	src/base/json.h \
	src/base/log.h \
	src/base/redact.h \
	src/base/secret.h \
	$(NULL)
