# Assembly, workers, doctor, and the facade behind gateway.h.

libcore_la_SOURCES += \
	src/gateway/child.c \
	src/gateway/child.h \
	src/gateway/doctor.c \
	src/gateway/doctor.h \
	src/gateway/gateway.c \
	src/gateway/gateway.h \
	src/gateway/house.c \
	src/gateway/house.h \
	src/gateway/pending.c \
	src/gateway/review.c \
	src/gateway/review.h \
	src/gateway/sdk.c \
	src/gateway/workers.c \
	src/gateway/workers.h \
	$(NULL)

EXTRA_DIST += src/gateway/gateway.map
