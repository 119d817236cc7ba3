# The broker's simulator: a core without sockets (libsim.la), and the program.

noinst_LTLIBRARIES += libsim.la
libsim_la_SOURCES = \
	src/sim/accept.c \
	src/sim/accept.h \
	src/sim/account.c \
	src/sim/account.h \
	src/sim/book.c \
	src/sim/book.h \
	src/sim/call.c \
	src/sim/call.h \
	src/sim/contract.c \
	src/sim/contract.h \
	src/sim/fault.c \
	src/sim/fault.h \
	src/sim/gateway.c \
	src/sim/gateway.h \
	src/sim/known.c \
	src/sim/known.h \
	src/sim/listing.c \
	src/sim/listing.h \
	src/sim/market.c \
	src/sim/market.h \
	src/sim/match.c \
	src/sim/match.h \
	src/sim/num.c \
	src/sim/num.h \
	src/sim/on-account.c \
	src/sim/on-analyst.c \
	src/sim/on-contract.c \
	src/sim/on-control.c \
	src/sim/on-history.c \
	src/sim/on-market.c \
	src/sim/on-news.c \
	src/sim/on-observe.c \
	src/sim/on-order.c \
	src/sim/on-portfolio.c \
	src/sim/on-reply.c \
	src/sim/on-scanner.c \
	src/sim/on-schedule.c \
	src/sim/on-session.c \
	src/sim/on-trade.c \
	src/sim/pacing.c \
	src/sim/pacing.h \
	src/sim/pack.c \
	src/sim/pack.h \
	src/sim/question.c \
	src/sim/question.h \
	src/sim/reaction.c \
	src/sim/reaction.h \
	src/sim/route.c \
	src/sim/route.h \
	src/sim/script.c \
	src/sim/script.h \
	src/sim/seed.h \
	src/sim/session.c \
	src/sim/session.h \
	src/sim/sim.c \
	src/sim/sim.h \
	src/sim/spoil.c \
	src/sim/spoil.h \
	src/sim/ticket.c \
	src/sim/ticket.h \
	src/sim/traffic.c \
	src/sim/traffic.h \
	src/sim/value.c \
	src/sim/value.h \
	src/sim/world.h \
	$(NULL)

bin_PROGRAMS += ibkr-agent-sim
ibkr_agent_sim_SOURCES = \
	src/sim/certificate.c \
	src/sim/certificate.h \
	src/sim/main.c \
	src/sim/options.c \
	src/sim/options.h \
	src/sim/server.c \
	src/sim/server.h \
	$(NULL)
ibkr_agent_sim_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS) $(IAG_PROGRAM_CFLAGS)
ibkr_agent_sim_LDFLAGS = $(AM_LDFLAGS) $(IAG_PROGRAM_LDFLAGS)
ibkr_agent_sim_LDADD = libsim.la libcore.la $(MICROHTTPD_LIBS)
