# The key table, YAML to struct, rules, messages.

libcore_la_SOURCES += \
	$(NULL)
