# The plugin loader, the services table, the wrappers.

libcore_la_SOURCES += \
	$(NULL)
