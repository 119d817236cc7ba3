# The tool table, validation, dispatch, redaction.

libcore_la_SOURCES += \
	src/tools/dispatch.h \
	src/tools/principal.h \
	src/tools/schema.h \
	src/tools/tool.h \
	$(NULL)
