# The plugins.

EXTRA_DIST += plugins/plugin.map

plugin_LTLIBRARIES += writer-refusing.la
writer_refusing_la_SOURCES = plugins/writer-refusing/writer.c
writer_refusing_la_CPPFLAGS = $(plugin_cppflags)
writer_refusing_la_LDFLAGS = $(plugin_ldflags)

plugin_LTLIBRARIES += store-lmdb.la
store_lmdb_la_SOURCES = \
	plugins/store-lmdb/cursor.c \
	plugins/store-lmdb/directory.c \
	plugins/store-lmdb/env.c \
	plugins/store-lmdb/fault.c \
	plugins/store-lmdb/guard.c \
	plugins/store-lmdb/lmdb-store.h \
	plugins/store-lmdb/lock.c \
	plugins/store-lmdb/store.c \
	plugins/store-lmdb/txn.c \
	$(NULL)
store_lmdb_la_CPPFLAGS = $(plugin_cppflags)
store_lmdb_la_CFLAGS = $(AM_CFLAGS) $(LMDB_CFLAGS)
store_lmdb_la_LDFLAGS = $(plugin_ldflags)
store_lmdb_la_LIBADD = $(LMDB_LIBS)

# Built plugins side by side, as they are when installed, for the tests and
# for runs out of the build directory.
all-local: stage/plugins-1.stamp

stage/plugins-1.stamp: $(plugin_LTLIBRARIES)
	$(AM_V_GEN)rm -rf stage/plugins-1 && \
	$(MKDIR_P) stage/plugins-1 && chmod 755 stage stage/plugins-1 && \
	for p in $(plugin_LTLIBRARIES); do \
		$(INSTALL) .libs/$${p%.la}.so stage/plugins-1/ || exit 1; \
	done && touch $@

clean-local: clean-stage
clean-stage:
	rm -rf stage
.PHONY: clean-stage
