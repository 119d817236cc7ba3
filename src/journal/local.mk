# Group commit, the audit chain, export, verify, purge.

libcore_la_SOURCES += \
	src/journal/activity.c \
	src/journal/activity.h \
	src/journal/audit.h \
	src/journal/journal.h \
	src/journal/switches.c \
	src/journal/switches.h \
	$(NULL)
