# Installed headers.

include_iag_HEADERS += \
	include/ibkr-agent/types.h \
	$(NULL)
