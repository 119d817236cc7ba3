/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The layout of plugin ABI 1 on 64-bit machines, asserted by the compiler:
 * offset and type of every member, size of every record.  It grows by lines
 * at the end of a record, together with its SIZE; a line that is here never
 * changes within the major.  The copy beside the frozen headers is compiled
 * against the headers of today as well.
 */

#include "ibkr-agent/backend.h"
#include "ibkr-agent/broker.h"
#include "ibkr-agent/plugin.h"
#include "ibkr-agent/store.h"
#include "ibkr-agent/types.h"
#include "ibkr-agent/writer.h"

/* two levels, so that the messages name the record behind S */
#define AT(record, ...) AT_NAMED(record, __VA_ARGS__)
#define AT_NAMED(record, member, offset, ...)                               \
	_Static_assert(offsetof(record, member) == (offset),                \
	    #record "." #member " moved");                                  \
	_Static_assert(__builtin_types_compatible_p(                        \
			   __typeof__(((record *)0)->member), __VA_ARGS__), \
	    #record "." #member " changed its type");
#define SIZE(record, size) SIZE_NAMED(record, size)
#ifdef ABI_MAY_HAVE_GROWN /* a frozen copy of this file, newer headers */
#define SIZE_NAMED(record, size) \
	_Static_assert(sizeof(record) >= (size), #record " shrank");
#else
#define SIZE_NAMED(record, size) \
	_Static_assert(sizeof(record) == (size), #record " changed its size");
#endif

_Static_assert(sizeof(void *) == 8, "this table is for 64-bit machines");
_Static_assert(IAG_ABI_MAJOR == 1, "another major has a table of its own");
#ifdef IAG_STORE_TABLE_AUDIT /* since 1.1 */
_Static_assert(IAG_STORE_TABLE_AUDIT == 2 && IAG_STORE_AUDIT_RECORD == 0x52 &&
		   IAG_STORE_AUDIT_ROTATION == 0x4b,
    "the audit trail moved");
#endif

#define S struct iag_bytes
AT(S, data, 0, const void *)
AT(S, len, 8, size_t)
SIZE(S, 16)
#undef S

#define S struct iag_option
AT(S, type, 0, uint32_t)
AT(S, flags, 4, uint32_t)
AT(S, key, 8, const char *)
AT(S, value, 16, const char *)
AT(S, min, 24, const char *)
AT(S, max, 32, const char *)
AT(S, choices, 40, const char *)
AT(S, help, 48, const char *)
SIZE(S, 56)
#undef S

#define S struct iag_reply_meta
AT(S, struct_size, 0, uint32_t)
AT(S, flags, 4, uint32_t)
AT(S, source_ns, 8, uint64_t)
AT(S, receipt_ns, 16, uint64_t)
SIZE(S, 24)
#undef S

#define S struct iag_host
AT(S, struct_size, 0, uint32_t)
AT(S, abi_minor, 4, uint32_t)
AT(S, version, 8, const char *)
AT(S, log, 16, void (*)(struct iag_ctx *ctx, uint32_t level, const char *text))
AT(S, fail, 24,
    int32_t (*)(struct iag_ctx *ctx, int32_t result, const char *code,
	const char *format, ...))
AT(S, retry_after, 32, void (*)(struct iag_ctx *ctx, uint64_t ns))
AT(S, real_ns, 40, uint64_t (*)(struct iag_ctx *ctx))
AT(S, boot_ns, 48, uint64_t (*)(struct iag_ctx *ctx))
AT(S, deadline_ns, 56, uint64_t (*)(struct iag_ctx *ctx))
AT(S, sleep_ns, 64, int32_t (*)(struct iag_ctx *ctx, uint64_t ns))
AT(S, cancel_fd, 72, int32_t (*)(struct iag_ctx *ctx))
AT(S, stopping, 80, int32_t (*)(struct iag_ctx *ctx))
AT(S, option_str, 88,
    int32_t (*)(struct iag_ctx *ctx, const char *key, const char **ret_value))
AT(S, option_int, 96,
    int32_t (*)(struct iag_ctx *ctx, const char *key, int64_t *ret_value))
AT(S, option_bool, 104,
    int32_t (*)(struct iag_ctx *ctx, const char *key, uint32_t *ret_value))
AT(S, secret, 112,
    int32_t (*)(
	struct iag_ctx *ctx, const char *key, struct iag_bytes *ret_secret))
AT(S, secret_done, 120, void (*)(struct iag_ctx *ctx, struct iag_bytes *secret))
AT(S, intern, 128,
    const char *(*)(struct iag_ctx *ctx, const char *text, size_t len))
AT(S, reply, 136,
    int32_t (*)(struct iag_ctx *ctx, const struct iag_reply_meta *meta,
	const char *json, size_t len))
AT(S, count, 144,
    void (*)(struct iag_ctx *ctx, const char *name, uint64_t amount))
AT(S, emit, 152,
    int32_t (*)(struct iag_ctx *ctx, const char *topic, const char *key))
AT(S, commit_send, 160, int32_t (*)(struct iag_ctx *ctx))
AT(S, question, 168,
    int32_t (*)(struct iag_ctx *ctx, const char *const *message_ids,
	const char *const *texts, size_t count))
AT(S, query, 176,
    int32_t (*)(struct iag_ctx *ctx, const char *operation,
	const char *arguments, size_t len, const char **ret_json,
	size_t *ret_len))
AT(S, state_get, 184,
    int32_t (*)(struct iag_ctx *ctx, const struct iag_bytes *key,
	struct iag_bytes *ret_value))
AT(S, state_put, 192,
    int32_t (*)(struct iag_ctx *ctx, const struct iag_bytes *key,
	const struct iag_bytes *value))
AT(S, state_del, 200,
    int32_t (*)(struct iag_ctx *ctx, const struct iag_bytes *key))
AT(S, state_next, 208,
    int32_t (*)(struct iag_ctx *ctx, const struct iag_bytes *key,
	struct iag_bytes *ret_key, struct iag_bytes *ret_value))
AT(S, http, 216,
    int32_t (*)(struct iag_ctx *ctx, const struct iag_http_request *request,
	struct iag_http_response *ret_response))
AT(S, session_set, 224,
    int32_t (*)(struct iag_ctx *ctx, const struct iag_session *session))
AT(S, session_get, 232,
    int32_t (*)(struct iag_ctx *ctx, struct iag_session *ret_session))
SIZE(S, 240)
#undef S

#define S struct iag_route
AT(S, method, 0, const char *)
AT(S, pattern, 8, const char *)
AT(S, bucket, 16, const char *)
AT(S, flags, 24, uint32_t)
AT(S, reserved, 28, uint32_t)
SIZE(S, 32)
#undef S

#define S struct iag_bucket
AT(S, name, 0, const char *)
AT(S, window_ns, 8, uint64_t)
AT(S, tokens, 16, uint32_t)
AT(S, concurrent, 20, uint32_t)
AT(S, reserve, 24, uint32_t)
AT(S, reserved, 28, uint32_t)
SIZE(S, 32)
#undef S

#define S struct iag_http_request
AT(S, struct_size, 0, uint32_t)
AT(S, flags, 4, uint32_t)
AT(S, method, 8, const char *)
AT(S, pattern, 16, const char *)
AT(S, path, 24, const char *)
AT(S, query, 32, const char *const *)
AT(S, query_count, 40, size_t)
AT(S, body, 48, struct iag_bytes)
AT(S, content_type, 64, const char *)
AT(S, timeout_ns, 72, uint64_t)
SIZE(S, 80)
#undef S

#define S struct iag_http_response
AT(S, struct_size, 0, uint32_t)
AT(S, status, 4, uint32_t)
AT(S, content_type, 8, const char *)
AT(S, body, 16, struct iag_bytes)
AT(S, receipt_ns, 32, uint64_t)
AT(S, date_ns, 40, uint64_t)
AT(S, retry_after_ns, 48, uint64_t)
SIZE(S, 56)
#undef S

#define S struct iag_session
AT(S, struct_size, 0, uint32_t)
AT(S, known, 4, uint32_t)
AT(S, facts, 8, uint32_t)
AT(S, reserved, 12, uint32_t)
AT(S, epoch, 16, uint64_t)
AT(S, seen_ns, 24, uint64_t)
AT(S, expires_ns, 32, uint64_t)
AT(S, message, 40, const char *)
SIZE(S, 48)
#undef S

#define S struct iag_instance_ops
AT(S, struct_size, 0, uint32_t)
AT(S, reserved, 4, uint32_t)
AT(S, open, 8, int32_t (*)(struct iag_ctx *ctx, void **ret_instance))
AT(S, start, 16, int32_t (*)(struct iag_ctx *ctx, void *instance))
AT(S, stop, 24, void (*)(struct iag_ctx *ctx, void *instance))
AT(S, close, 32, void (*)(struct iag_ctx *ctx, void *instance))
AT(S, health, 40, int32_t (*)(struct iag_ctx *ctx, void *instance))
SIZE(S, 48)
#undef S

#define S struct iag_plugin
AT(S, struct_size, 0, uint32_t)
AT(S, abi_minor, 4, uint32_t)
AT(S, kind, 8, uint32_t)
AT(S, thread_model, 12, uint32_t)
AT(S, need_flags, 16, uint32_t)
AT(S, hint_flags, 20, uint32_t)
AT(S, name, 24, const char *)
AT(S, version, 32, const char *)
AT(S, summary, 40, const char *)
AT(S, options, 48, const struct iag_option *)
AT(S, option_count, 56, size_t)
AT(S, option_size, 64, size_t)
AT(S, load, 72, int32_t (*)(struct iag_ctx *ctx, const struct iag_host *host))
AT(S, instance, 80, const struct iag_instance_ops *)
AT(S, ops, 88, const void *)
AT(S, routes, 96, const struct iag_route *)
AT(S, route_count, 104, size_t)
AT(S, route_size, 112, size_t)
AT(S, buckets, 120, const struct iag_bucket *)
AT(S, bucket_count, 128, size_t)
AT(S, bucket_size, 136, size_t)
SIZE(S, 144)
#undef S

#define S struct iag_backend_ops
AT(S, struct_size, 0, uint32_t)
AT(S, reserved, 4, uint32_t)
AT(S, operations, 8, const char *const *)
AT(S, operation_count, 16, size_t)
AT(S, query, 24,
    int32_t (*)(struct iag_ctx *ctx, void *instance, const char *operation,
	const char *arguments, size_t len))
AT(S, session, 32,
    int32_t (*)(struct iag_ctx *ctx, void *instance, uint32_t step))
SIZE(S, 40)
#undef S

#define S struct iag_order
AT(S, struct_size, 0, uint32_t)
AT(S, need_flags, 4, uint32_t)
AT(S, mode, 8, uint32_t)
AT(S, side, 12, uint32_t)
AT(S, type, 16, uint32_t)
AT(S, tif, 20, uint32_t)
AT(S, account, 24, const char *)
AT(S, client_ref, 32, const char *)
AT(S, contract_id, 40, const char *)
AT(S, symbol, 48, const char *)
AT(S, asset_class, 56, const char *)
AT(S, exchange, 64, const char *)
AT(S, currency, 72, const char *)
AT(S, quantity, 80, const char *)
AT(S, limit_price, 88, const char *)
AT(S, stop_price, 96, const char *)
AT(S, trailing_amount, 104, const char *)
AT(S, trailing_percent, 112, const char *)
AT(S, parent_ref, 120, const char *)
SIZE(S, 128)
#undef S

#define S struct iag_ack
AT(S, struct_size, 0, uint32_t)
AT(S, status, 4, uint32_t)
AT(S, broker_order_id, 8, const char *)
AT(S, client_ref, 16, const char *)
AT(S, broker_status, 24, const char *)
AT(S, filled_quantity, 32, const char *)
AT(S, average_price, 40, const char *)
AT(S, handle, 48, struct iag_bytes)
SIZE(S, 64)
#undef S

#define S struct iag_target
AT(S, struct_size, 0, uint32_t)
AT(S, mode, 4, uint32_t)
AT(S, account, 8, const char *)
AT(S, broker_order_id, 16, const char *)
AT(S, client_ref, 24, const char *)
AT(S, handle, 32, struct iag_bytes)
SIZE(S, 48)
#undef S

#define S struct iag_find
AT(S, struct_size, 0, uint32_t)
AT(S, answer, 4, uint32_t)
AT(S, complete, 8, uint32_t)
AT(S, reserved, 12, uint32_t)
AT(S, since_ns, 16, uint64_t)
AT(S, session, 24, const char *)
AT(S, ack, 32, struct iag_ack)
SIZE(S, 96)
#undef S

#define S struct iag_writer_ops
AT(S, struct_size, 0, uint32_t)
AT(S, need_known, 4, uint32_t)
AT(S, operations, 8, uint32_t)
AT(S, order_types, 12, uint32_t)
AT(S, tifs, 16, uint32_t)
AT(S, modes, 20, uint32_t)
AT(S, ref_len, 24, uint32_t)
AT(S, reserved, 28, uint32_t)
AT(S, max_flight_ns, 32, uint64_t)
AT(S, ref_alphabet, 40, const char *)
AT(S, asset_classes, 48, const char *)
AT(S, submit, 56,
    int32_t (*)(struct iag_ctx *ctx, void *instance,
	const struct iag_order *order, struct iag_ack *ret_ack))
AT(S, cancel, 64,
    int32_t (*)(struct iag_ctx *ctx, void *instance,
	const struct iag_target *target, struct iag_ack *ret_ack))
AT(S, modify, 72,
    int32_t (*)(struct iag_ctx *ctx, void *instance,
	const struct iag_target *target, const struct iag_order *order,
	struct iag_ack *ret_ack))
AT(S, submit_group, 80,
    int32_t (*)(struct iag_ctx *ctx, void *instance,
	const struct iag_order *const *orders, size_t count,
	struct iag_ack *ret_acks))
AT(S, find, 88,
    int32_t (*)(struct iag_ctx *ctx, void *instance,
	const struct iag_target *target, struct iag_find *ret_find))
AT(S, list, 96,
    int32_t (*)(struct iag_ctx *ctx, void *instance, const char *account))
SIZE(S, 104)
#undef S

#define S struct iag_store_identity
AT(S, struct_size, 0, uint32_t)
AT(S, read_only, 4, uint32_t)
AT(S, device, 8, uint64_t)
AT(S, inode, 16, uint64_t)
AT(S, machine, 24, const char *)
AT(S, path, 32, const char *)
SIZE(S, 40)
#undef S

#define S struct iag_store_room
AT(S, struct_size, 0, uint32_t)
AT(S, readers, 4, uint32_t)
AT(S, used_bytes, 8, uint64_t)
AT(S, limit_bytes, 16, uint64_t)
AT(S, disk_bytes, 24, uint64_t)
SIZE(S, 32)
#undef S

#define S struct iag_store_ops
AT(S, struct_size, 0, uint32_t)
AT(S, reserved, 4, uint32_t)
AT(S, begin, 8,
    int32_t (*)(
	struct iag_ctx *ctx, void *instance, uint32_t mode, void **ret_txn))
AT(S, get, 16,
    int32_t (*)(struct iag_ctx *ctx, void *txn, uint32_t table,
	const struct iag_bytes *key, struct iag_bytes *ret_value))
AT(S, put, 24,
    int32_t (*)(struct iag_ctx *ctx, void *txn, uint32_t table,
	const struct iag_bytes *key, const struct iag_bytes *value,
	uint32_t flags))
AT(S, del, 32,
    int32_t (*)(struct iag_ctx *ctx, void *txn, uint32_t table,
	const struct iag_bytes *key))
AT(S, cursor_open, 40,
    int32_t (*)(struct iag_ctx *ctx, void *txn, uint32_t table,
	const struct iag_bytes *key, uint32_t inclusive, uint32_t backward,
	void **ret_cursor))
AT(S, cursor_step, 48,
    int32_t (*)(struct iag_ctx *ctx, void *cursor, struct iag_bytes *ret_key,
	struct iag_bytes *ret_value))
AT(S, cursor_close, 56, void (*)(struct iag_ctx *ctx, void *cursor))
AT(S, commit, 64, int32_t (*)(struct iag_ctx *ctx, void *txn))
AT(S, abort, 72, void (*)(struct iag_ctx *ctx, void *txn))
AT(S, nested, 80, int32_t (*)(struct iag_ctx *ctx, void *txn, void **ret_child))
AT(S, now, 88,
    int32_t (*)(struct iag_ctx *ctx, void *instance, uint64_t *ret_ns))
AT(S, change, 96,
    int32_t (*)(struct iag_ctx *ctx, void *instance, uint64_t *ret_counter))
AT(S, wait_change, 104,
    int32_t (*)(struct iag_ctx *ctx, void *instance, uint64_t seen))
AT(S, guard, 112,
    int32_t (*)(struct iag_ctx *ctx, void *instance, const char *name,
	uint32_t mode, void **ret_guard))
AT(S, guard_check, 120,
    int32_t (*)(struct iag_ctx *ctx, void *instance, const char *name))
AT(S, unguard, 128, void (*)(struct iag_ctx *ctx, void *guard))
AT(S, identity, 136,
    int32_t (*)(struct iag_ctx *ctx, void *instance,
	struct iag_store_identity *ret_identity))
AT(S, room, 144,
    int32_t (*)(
	struct iag_ctx *ctx, void *instance, struct iag_store_room *ret_room))
AT(S, backup, 152, int32_t (*)(struct iag_ctx *ctx, void *instance, int32_t fd))
SIZE(S, 160)
#undef S
