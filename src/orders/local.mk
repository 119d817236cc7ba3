# Intents, previews, approvals, limits, gates, the kill switch, recovery.

libcore_la_SOURCES += \
	src/orders/activation.c \
	src/orders/approval.h \
	src/orders/approvalrow.c \
	src/orders/check.c \
	src/orders/check.h \
	src/orders/checklist.c \
	src/orders/clockcheck.c \
	src/orders/desk.c \
	src/orders/desk.h \
	src/orders/deskstate.c \
	src/orders/deskstate.h \
	src/orders/gates.c \
	src/orders/gates.h \
	src/orders/intent.c \
	src/orders/intent.h \
	src/orders/killswitch.h \
	src/orders/limits.c \
	src/orders/limits.h \
	src/orders/market.c \
	src/orders/market.h \
	src/orders/mdoc.c \
	src/orders/mdoc.h \
	src/orders/order.c \
	src/orders/order.h \
	src/orders/orderrow.c \
	src/orders/preview.h \
	src/orders/previewrow.c \
	src/orders/quote.c \
	src/orders/reconcile.h \
	src/orders/reserve.c \
	src/orders/row.c \
	src/orders/row.h \
	src/orders/settle.h \
	src/orders/shape.c \
	src/orders/shape.h \
	src/orders/verdict.c \
	src/orders/verdict.h \
	src/orders/write.h \
	$(NULL)
