# Group commit, the audit chain, export, verify, purge.

libcore_la_SOURCES += \
	src/journal/activity.c \
	src/journal/activity.h \
	src/journal/audit.h \
	src/journal/batch.c \
	src/journal/birth.c \
	src/journal/bytes.h \
	src/journal/chain.c \
	src/journal/chain.h \
	src/journal/checkpoint.c \
	src/journal/checkpoint.h \
	src/journal/core.h \
	src/journal/evidence.c \
	src/journal/journal.c \
	src/journal/journal.h \
	src/journal/switches.c \
	src/journal/switches.h \
	src/journal/keys.c \
	src/journal/keys.h \
	src/journal/manifest.c \
	src/journal/member.c \
	src/journal/meta.c \
	src/journal/meta.h \
	src/journal/record.c \
	src/journal/record.h \
	src/journal/select.c \
	src/journal/select.h \
	src/journal/snapshot.c \
	src/journal/statecheck.c \
	src/journal/statecheck.h \
	src/journal/status.c \
	src/journal/stub.c \
	src/journal/stub.h \
	src/journal/tail.c \
	src/journal/txn.c \
	src/journal/verify.c \
	src/journal/writer.c \
	$(NULL)
