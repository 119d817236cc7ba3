# Layout of the plugin ABI, frozen headers, baseline for abidiff.

other_tests += tests/abi/clean.sh tests/abi/frozen.sh tests/abi/layout.sh \
	tests/abi/manual.sh
EXTRA_DIST += \
	tests/abi/baseline.abi \
	tests/abi/frozen-1/ibkr-agent/backend.h \
	tests/abi/frozen-1/ibkr-agent/plugin.h \
	tests/abi/frozen-1/ibkr-agent/store.h \
	tests/abi/frozen-1/ibkr-agent/types.h \
	tests/abi/frozen-1/ibkr-agent/writer.h \
	tests/abi/frozen-1/layout.c \
	tests/abi/layout.c \
	tests/abi/probe.c \
	$(NULL)
