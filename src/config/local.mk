# The key table, YAML to struct, rules, messages.

libcore_la_SOURCES += \
	src/config/config.h \
	src/config/scope.h \
	$(NULL)
