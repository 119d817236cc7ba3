# Group commit, the audit chain, export, verify, purge.

libcore_la_SOURCES += \
	src/journal/audit.h \
	src/journal/journal.h \
	$(NULL)
