# cmocka programs: tests/unit/test-x.c needs nothing more than its line here.

unit_tests += \
	tests/unit/test-buf \
	tests/unit/test-canon \
	tests/unit/test-channel \
	tests/unit/test-clock \
	tests/unit/test-dec \
	tests/unit/test-err \
	tests/unit/test-hash \
	tests/unit/test-id \
	tests/unit/test-json \
	tests/unit/test-log \
	tests/unit/test-oom \
	tests/unit/test-redact \
	tests/unit/test-secret \
	tests/unit/test-thread \
	tests/unit/test-cli-hear \
	tests/unit/test-cli-output \
	tests/unit/test-gateway \
	tests/unit/test-gateway-oom \
	tests/unit/test-gateway-workers \
	tests/unit/test-sdk \
	tests/unit/test-sidecar \
	tests/unit/test-host-call \
	tests/unit/test-http-rules \
	tests/unit/test-mcp \
	tests/unit/test-daemon \
	tests/unit/test-mcp-message \
	tests/unit/test-providers \
	tests/unit/test-zone \
	tests/unit/test-host-load \
	tests/unit/test-host-oom \
	tests/unit/test-host-service \
	tests/unit/test-host-store \
	tests/unit/test-host-wire \
	tests/unit/test-link-pacing \
	tests/unit/test-link-session \
	tests/unit/test-link-shared \
	tests/unit/test-link-supervisor \
	tests/unit/test-link-wire \
	tests/unit/test-audit \
	tests/unit/test-audit-export \
	tests/unit/test-chain \
	tests/unit/test-journal \
	tests/unit/test-store-birth \
	tests/unit/test-tail \
	tests/unit/test-store-lmdb \
	$(NULL)
# tokens, with keys that are made at run time
token_kit = \
	tests/unit/token-kit.c \
	tests/unit/token-kit.h \
	tests/unit/token-text.h \
	$(NULL)
unit_tests += \
	tests/unit/test-auth \
	tests/unit/test-auth-fetch \
	tests/unit/test-auth-jwks \
	tests/unit/test-auth-jwt \
	$(NULL)
# with a fetch of its own in front of the one in libcore
tests_unit_test_auth_SOURCES = tests/unit/test-auth.c $(token_kit)
tests_unit_test_auth_LDFLAGS = $(AM_LDFLAGS) -Wl,-z,muldefs
tests_unit_test_auth_fetch_SOURCES = \
	tests/unit/test-auth-fetch.c \
	tests/unit/wire-peer.c \
	tests/unit/wire-peer.h \
	$(NULL)
tests_unit_test_auth_jwks_SOURCES = tests/unit/test-auth-jwks.c $(token_kit)
tests_unit_test_auth_jwt_SOURCES = tests/unit/test-auth-jwt.c $(token_kit)
# the order desk, over the same
unit_tests += \
	tests/unit/test-absence \
	tests/unit/test-activity \
	tests/unit/test-agree \
	tests/unit/test-approval \
	tests/unit/test-approve \
	tests/unit/test-checklist \
	tests/unit/test-desk \
	tests/unit/test-writer \
	tests/unit/test-check \
	tests/unit/test-gates \
	tests/unit/test-limits \
	tests/unit/test-model \
	tests/unit/test-order \
	tests/unit/test-intent \
	tests/unit/test-preview \
	tests/unit/test-absence-word \
	tests/unit/test-departed \
	tests/unit/test-reconcile \
	tests/unit/test-write \
	tests/unit/test-market \
	$(NULL)
# the example writer, with a host of the test's own
unit_tests += tests/unit/test-paper-sim
tests_unit_test_paper_sim_CPPFLAGS = \
	$(AM_CPPFLAGS) -I$(top_srcdir)/contrib/paper-sim
# limits against fractions, many random ones
other_tests += tests/unit/limits-oracle.sh
EXTRA_DIST += tests/unit/limits-oracle.py
# neighbours of a check are the test's own: the first one counts
tests_unit_test_check_LDFLAGS = $(AM_LDFLAGS) -Wl,-z,muldefs
tests_unit_test_check_SOURCES = \
	tests/unit/test-check.c \
	$(journal_kit) \
	$(NULL)
tests_unit_test_activity_SOURCES = tests/unit/test-activity.c $(journal_kit)
tests_unit_test_agree_SOURCES = tests/unit/test-agree.c $(journal_kit)
tests_unit_test_approval_SOURCES = tests/unit/test-approval.c $(journal_kit)
tests_unit_test_approve_SOURCES = tests/unit/test-approve.c $(journal_kit)
tests_unit_test_checklist_SOURCES = \
	tests/unit/test-checklist.c $(journal_kit)
tests_unit_test_desk_SOURCES = tests/unit/test-desk.c $(journal_kit)
# the definitions of fake-broker.c come before those of libcore
tests_unit_test_write_SOURCES = \
	tests/unit/fake-broker.c \
	tests/unit/fake-broker.h \
	tests/unit/test-write.c \
	$(journal_kit)
tests_unit_test_write_LDFLAGS = $(AM_LDFLAGS) -Wl,-z,muldefs
# and so are the broker's words of test-preview.c
tests_unit_test_preview_SOURCES = tests/unit/test-preview.c $(journal_kit)
tests_unit_test_preview_LDFLAGS = $(AM_LDFLAGS) -Wl,-z,muldefs
reconcile_kit = \
	tests/unit/reconcile-kit.c \
	tests/unit/reconcile-kit.h \
	tests/unit/scripted-writer.c \
	tests/unit/scripted-writer.h \
	$(journal_kit)
tests_unit_test_absence_word_SOURCES = \
	tests/unit/test-absence-word.c $(reconcile_kit)
tests_unit_test_absence_word_LDFLAGS = $(AM_LDFLAGS) -Wl,-z,muldefs
tests_unit_test_departed_SOURCES = \
	tests/unit/test-departed.c $(reconcile_kit)
tests_unit_test_departed_LDFLAGS = $(AM_LDFLAGS) -Wl,-z,muldefs
tests_unit_test_reconcile_SOURCES = \
	tests/unit/test-reconcile.c $(reconcile_kit)
tests_unit_test_reconcile_LDFLAGS = $(AM_LDFLAGS) -Wl,-z,muldefs
tests_unit_test_intent_SOURCES = tests/unit/test-intent.c $(journal_kit)

# a gateway of its own in front of the one in libcore
tests_unit_test_http_rules_LDADD = libhttp.la libmcp.la $(LDADD)
tests_unit_test_mcp_SOURCES = \
	tests/unit/fake-gateway.c \
	tests/unit/fake-gateway.h \
	tests/unit/test-mcp.c \
	$(NULL)
tests_unit_test_daemon_LDADD = \
	libdaemon.la libsidecar.la libhttp.la libmcp.la $(LDADD)
tests_unit_test_cli_hear_LDADD = \
	libdaemon.la libsidecar.la libhttp.la libmcp.la $(LDADD)
tests_unit_test_channel_LDADD = libsidecar.la libhttp.la $(LDADD)
tests_unit_test_sidecar_LDADD = libsidecar.la libhttp.la $(LDADD)
tests_unit_test_mcp_LDADD = libmcp.la $(LDADD)
tests_unit_test_mcp_message_SOURCES = \
	tests/unit/fake-gateway.c \
	tests/unit/fake-gateway.h \
	tests/unit/test-mcp-message.c \
	$(NULL)
tests_unit_test_mcp_message_LDADD = libmcp.la $(LDADD)
tests_unit_test_providers_LDADD = libmcp.la $(LDADD)

tests_unit_test_cli_hear_SOURCES = \
	tests/unit/test-cli-hear.c src/cli/hear.c src/cli/hear.h
tests_unit_test_cli_output_SOURCES = \
	tests/unit/test-cli-output.c \
	src/cli/output.c \
	src/cli/table.c \
	$(NULL)

tests_unit_test_dec_SOURCES = tests/unit/test-dec.c tests/unit/dec-table.h

# the simulator's core, without sockets
unit_tests += \
	tests/unit/test-sim-any \
	tests/unit/test-sim-book \
	tests/unit/test-sim-fault \
	tests/unit/test-sim-order \
	tests/unit/test-sim-pacing \
	tests/unit/test-sim-session \
	$(NULL)
sim_kit = tests/unit/sim-kit.c tests/unit/sim-kit.h
sim_libs = libsim.la $(LDADD)
tests_unit_test_sim_any_SOURCES = tests/unit/test-sim-any.c $(sim_kit)
tests_unit_test_sim_book_SOURCES = tests/unit/test-sim-book.c $(sim_kit)
tests_unit_test_sim_fault_SOURCES = tests/unit/test-sim-fault.c $(sim_kit)
tests_unit_test_sim_order_SOURCES = tests/unit/test-sim-order.c $(sim_kit)
tests_unit_test_sim_pacing_SOURCES = tests/unit/test-sim-pacing.c $(sim_kit)
tests_unit_test_sim_session_SOURCES = tests/unit/test-sim-session.c $(sim_kit)
tests_unit_test_sim_any_LDADD = $(sim_libs)
tests_unit_test_sim_book_LDADD = $(sim_libs)
tests_unit_test_sim_fault_LDADD = $(sim_libs)
tests_unit_test_sim_order_LDADD = $(sim_libs)
tests_unit_test_sim_pacing_LDADD = $(sim_libs)
tests_unit_test_sim_session_LDADD = $(sim_libs)

# configurations
unit_tests += \
	tests/unit/test-config \
	tests/unit/test-config-manual \
	tests/unit/test-config-rules \
	tests/unit/test-config-secret \
	tests/unit/test-config-show \
	tests/unit/test-config-yaml \
	tests/unit/test-scope \
	$(NULL)
EXTRA_DIST += tests/unit/loaded.h

journal_kit = tests/unit/journal-kit.c tests/unit/journal-kit.h
audit_kit = tests/unit/audit-kit.c tests/unit/audit-kit.h $(journal_kit)
tests_unit_test_audit_SOURCES = tests/unit/test-audit.c $(audit_kit)
tests_unit_test_audit_export_SOURCES = \
	tests/unit/test-audit-export.c $(audit_kit)
tests_unit_test_tail_SOURCES = tests/unit/test-tail.c $(journal_kit)
tests_unit_test_store_birth_SOURCES = \
	tests/unit/test-store-birth.c $(journal_kit)
tests_unit_test_store_lmdb_SOURCES = \
	tests/unit/test-store-lmdb.c $(journal_kit)
tests_unit_test_journal_SOURCES = tests/unit/test-journal.c $(journal_kit)
# tools, over a journal in memory
unit_tests += \
	tests/unit/test-dispatch \
	tests/unit/test-redaction \
	tests/unit/test-schema \
	tests/unit/test-tools \
	tests/unit/test-tools-manual \
	$(NULL)
fake_journal = tests/unit/fake-journal.c tests/unit/fake-journal.h
# the fake stands in front of the journal in libcore: the first one counts
fake_journal_ldflags = $(AM_LDFLAGS) -Wl,-z,muldefs
tests_unit_test_dispatch_LDFLAGS = $(fake_journal_ldflags)
tests_unit_test_redaction_LDFLAGS = $(fake_journal_ldflags)
tests_unit_test_tools_LDFLAGS = $(fake_journal_ldflags)
tests_unit_test_dispatch_SOURCES = \
	$(fake_journal) \
	tests/unit/test-dispatch.c \
	tests/unit/world.h \
	$(NULL)
tests_unit_test_redaction_SOURCES = \
	$(fake_journal) \
	tests/unit/test-redaction.c \
	tests/unit/world.h \
	$(NULL)
tests_unit_test_tools_SOURCES = \
	$(fake_journal) \
	tests/unit/test-tools.c \
	$(NULL)

gateway_kit = tests/unit/gateway-kit.c tests/unit/gateway-kit.h
tests_unit_test_gateway_SOURCES = tests/unit/test-gateway.c $(gateway_kit)
# with a malloc of their own
shortage_kit = tests/unit/shortage.c tests/unit/shortage.h
tests_unit_test_gateway_oom_SOURCES = \
	tests/unit/test-gateway-oom.c $(gateway_kit) $(shortage_kit)
tests_unit_test_host_oom_SOURCES = \
	tests/unit/test-host-oom.c $(shortage_kit)
tests_unit_test_oom_SOURCES = tests/unit/test-oom.c $(shortage_kit)
tests_unit_test_sdk_SOURCES = tests/unit/test-sdk.c $(gateway_kit)

# answers of the Client Portal Gateway
map_tests = \
	tests/unit/test-map \
	tests/unit/test-map-account \
	tests/unit/test-map-market \
	tests/unit/test-map-order \
	tests/unit/test-portal-answer \
	$(NULL)
unit_tests += $(map_tests)
map_table = tests/unit/map-table.c tests/unit/map-table.h
map_rows = \
	tests/unit/map-oddities.c tests/unit/map-rows.c $(map_table)
map_cppflags = \
	$(AM_CPPFLAGS) -I$(top_srcdir)/plugins/lib \
	-I$(top_srcdir)/plugins/backend-client-portal-gateway
tests_unit_test_map_SOURCES = tests/unit/test-map.c $(map_table)
tests_unit_test_map_CPPFLAGS = $(map_cppflags)
tests_unit_test_map_LDADD = libcpgw.la $(LDADD)
tests_unit_test_map_account_SOURCES = tests/unit/test-map-account.c $(map_rows)
tests_unit_test_map_account_CPPFLAGS = $(map_cppflags)
tests_unit_test_map_account_LDADD = libcpgw.la $(LDADD)
tests_unit_test_map_market_SOURCES = tests/unit/test-map-market.c $(map_rows)
tests_unit_test_map_market_CPPFLAGS = $(map_cppflags)
tests_unit_test_map_market_LDADD = libcpgw.la $(LDADD)
tests_unit_test_map_order_SOURCES = tests/unit/test-map-order.c $(map_rows)
tests_unit_test_map_order_CPPFLAGS = $(map_cppflags)
tests_unit_test_map_order_LDADD = libcpgw.la $(LDADD)
# exchanges with a peer that does what a script says
tests_unit_test_link_wire_SOURCES = \
	tests/unit/test-link-wire.c \
	tests/unit/wire-peer.c \
	tests/unit/wire-peer.h \
	$(NULL)
tests_unit_test_link_supervisor_SOURCES = \
	tests/unit/test-link-supervisor.c \
	tests/unit/wire-peer.c \
	tests/unit/wire-peer.h \
	$(journal_kit) \
	$(NULL)
tests_unit_test_portal_answer_SOURCES = \
	tests/unit/test-portal-answer.c \
	plugins/writer-client-portal/find.c \
	plugins/writer-client-portal/wire.c \
	$(NULL)
tests_unit_test_portal_answer_CPPFLAGS = \
	$(map_cppflags) -I$(top_srcdir)/plugins/writer-client-portal
tests_unit_test_portal_answer_LDADD = libcpw.la $(LDADD)

# make check-gates goes through all subsets of failing gates
check-gates: export IAG_TEST_LONG = 1
# and make check-limits through a million orders
check-limits: export IAG_ORACLE_CASES = 1000000
