# Group commit, the audit chain, export, verify, purge.

libcore_la_SOURCES += \
	$(NULL)
