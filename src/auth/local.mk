# Who may come in through the HTTP door: tokens, keys, challenges.

libcore_la_SOURCES += \
	src/auth/auth.c \
	src/auth/auth.h \
	src/auth/base64url.c \
	src/auth/base64url.h \
	src/auth/bearer.c \
	src/auth/bearer.h \
	src/auth/cache.c \
	src/auth/cache.h \
	src/auth/challenge.c \
	src/auth/challenge.h \
	src/auth/claims.c \
	src/auth/denials.c \
	src/auth/denials.h \
	src/auth/fetch.c \
	src/auth/fetch.h \
	src/auth/jwks.c \
	src/auth/jwks.h \
	src/auth/jwt.c \
	src/auth/jwt.h \
	src/auth/keyring.c \
	src/auth/keyring.h \
	src/auth/probe.c \
	src/auth/probe.h \
	$(NULL)
