# In a time of their own: a trading day, in make check with few orders, in make
# check-day with a thousand; and each fault at each point of an exchange.

day_tests += \
	tests/day/test-day \
	tests/day/test-points \
	$(NULL)
day_kit = \
	tests/day/still.c \
	tests/day/still.h \
	tests/day/trader.c \
	tests/day/trader.h \
	tests/day/wire.c \
	tests/day/wire.h \
	tests/unit/gateway-kit.c \
	tests/unit/gateway-kit.h \
	$(NULL)
tests_day_test_day_SOURCES = tests/day/test-day.c $(day_kit)
tests_day_test_points_SOURCES = tests/day/test-points.c $(day_kit)
# what waits is to stand before libc, for plugins, too
tests_day_test_day_LDFLAGS = $(AM_LDFLAGS) -rdynamic
tests_day_test_points_LDFLAGS = $(AM_LDFLAGS) -rdynamic

check_LTLIBRARIES += tests/day/world.la
tests_day_world_la_SOURCES = \
	tests/day/world.c \
	tests/day/world.h \
	src/base/buf.c \
	src/base/clock.c \
	src/base/dec.c \
	src/base/err.c \
	src/base/hash.c \
	src/base/json.c \
	src/base/jsongate.c \
	src/base/jsonkeys.c \
	src/base/jsontree.c \
	src/base/nearest.c \
	src/base/zone.c \
	src/base/zonerule.c \
	$(NULL)
tests_day_world_la_LDFLAGS = -module -avoid-version -shared $(AM_LDFLAGS) \
	-rpath /nowhere
tests_day_world_la_LIBADD = libsim.la $(JSON_C_LIBS) $(GMP_LIBS) $(GNUTLS_LIBS)

check-day: export IAG_TEST_LONG = 1
check-day: export IAG_TEST_TIMEOUT = 3600
