# The tool table, validation, dispatch, redaction.

libcore_la_SOURCES += \
	$(NULL)
