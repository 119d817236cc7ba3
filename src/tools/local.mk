# The tool table, validation, dispatch, redaction.

libcore_la_SOURCES += \
	src/tools/answer.c \
	src/tools/answer.h \
	src/tools/approvals.c \
	src/tools/check.c \
	src/tools/clean.c \
	src/tools/clean.h \
	src/tools/dispatch.c \
	src/tools/dispatch.h \
	src/tools/fields.h \
	src/tools/fields-account.c \
	src/tools/fields-approval.c \
	src/tools/fields-house.c \
	src/tools/fields-market.c \
	src/tools/fields-orders.c \
	src/tools/fields-world.c \
	src/tools/fields-write.c \
	src/tools/handlers.h \
	src/tools/health.c \
	src/tools/killswitch.c \
	src/tools/limits.c \
	src/tools/live.c \
	src/tools/manual.c \
	src/tools/manual.h \
	src/tools/merge.c \
	src/tools/merge.h \
	src/tools/operations.c \
	src/tools/orderread.c \
	src/tools/orders.c \
	src/tools/ownorders.c \
	src/tools/ownorders.h \
	src/tools/pattern.c \
	src/tools/pattern.h \
	src/tools/policy.c \
	src/tools/policy.h \
	src/tools/principal.h \
	src/tools/result.c \
	src/tools/riskpolicy.c \
	src/tools/riskpolicy.h \
	src/tools/schema.c \
	src/tools/schema.h \
	src/tools/session.c \
	src/tools/table.c \
	src/tools/tool.h \
	src/tools/trail.c \
	$(NULL)
