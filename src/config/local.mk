# The key table, YAML to struct, rules, messages.

libcore_la_SOURCES += \
	src/config/config.c \
	src/config/config.h \
	src/config/deployment.c \
	src/config/fault.c \
	src/config/fault.h \
	src/config/form.c \
	src/config/form.h \
	src/config/key.c \
	src/config/key.h \
	src/config/keytable.c \
	src/config/load.c \
	src/config/load.h \
	src/config/manual.c \
	src/config/rules.c \
	src/config/schema.c \
	src/config/scope.c \
	src/config/scope.h \
	src/config/show.c \
	src/config/yaml.c \
	src/config/yaml.h \
	$(NULL)
