# Installed headers.

include_iag_HEADERS += \
	include/ibkr-agent/backend.h \
	include/ibkr-agent/broker.h \
	include/ibkr-agent/gateway.h \
	include/ibkr-agent/plugin.h \
	include/ibkr-agent/store.h \
	include/ibkr-agent/types.h \
	include/ibkr-agent/writer.h \
	$(NULL)
