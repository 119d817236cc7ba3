/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * libibkr-agent: the gateway inside another program.  Every call passes the
 * same checks and leaves the same audit record as one that comes from the
 * command line or over MCP.  C90 and C++.  Link with `pkg-config --libs
 * ibkr-agent`.
 *
 *   struct iag_gateway *gateway;
 *   struct iag_gateway_result *result;
 *
 *   gateway = iag_gateway_fake();
 *   if (!gateway || iag_gateway_open(gateway) != 0)
 *           ...iag_gateway_error(gateway)...
 *   iag_gateway_call(gateway, NULL, "ibkr_accounts_list", "{}", &result);
 *   puts(iag_gateway_result_json(result));
 *   iag_gateway_result_free(result);
 *   iag_gateway_close(gateway);
 *
 * Results are 0 or IAG_* of types.h.  Objects are opaque; NULL is accepted by
 * every function that ends one.  Strings are UTF-8; what a function returns
 * is borrowed from its object and lives as long as that object.
 *
 * Threads: between iag_gateway_open() and iag_gateway_close() any number of
 * threads may call on one gateway.  Setters and open belong to one thread.
 */

#ifndef IBKR_AGENT_GATEWAY_H
#define IBKR_AGENT_GATEWAY_H

#include "ibkr-agent/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define IAG_API __attribute__((visibility("default")))
#else
#define IAG_API
#endif

struct iag_gateway;
struct iag_gateway_call;
struct iag_gateway_principal;
struct iag_gateway_result;

/* Version of the library, "0.1.0". */
IAG_API const char *iag_gateway_version(void);

/*
 * A gateway that is configured but not open; NULL: no memory.
 *
 * iag_gateway_fake: the embedded fake broker, the settings that the program
 * has without a configuration file.  iag_gateway_from_file: a configuration
 * file (ibkr-agent.yaml(5)); it is read by iag_gateway_open().
 */
IAG_API struct iag_gateway *iag_gateway_fake(void);
IAG_API struct iag_gateway *iag_gateway_from_file(const char *path);

/*
 * What only a program may set; before iag_gateway_open().  Arguments are
 * copied.  IAG_INVAL: not such a value, or the gateway is open; IAG_NOMEM.
 */

/* Directory of the store, absolute; made when it is missing. */
IAG_API int iag_gateway_set_store_path(
    struct iag_gateway *gateway, const char *path);
/* At least 32 bytes; wiped when the gateway is closed. */
IAG_API int iag_gateway_set_audit_secret(
    struct iag_gateway *gateway, const void *secret, size_t len);
/* One more directory of plugins, absolute, searched before the others. */
IAG_API int iag_gateway_add_plugin_dir(
    struct iag_gateway *gateway, const char *path);
/*
 * Which writer plugins take orders, instead of live_trading.writer and
 * paper_trading.writer ("refusing" where the configuration names none).  A
 * live one must be in live_trading.allowed_writers.  Without it orders of that
 * mode are refused; these settings open no gate.
 */
IAG_API int iag_gateway_set_live_writer(
    struct iag_gateway *gateway, const char *name);
IAG_API int iag_gateway_set_paper_writer(
    struct iag_gateway *gateway, const char *name);

/* What may be called that concerns orders. */
#define IAG_FEATURE_PREVIEW 0x1u
#define IAG_FEATURE_PAPER 0x2u
#define IAG_FEATURE_LIVE 0x4u
/*
 * Leaves out what is not among these, whatever the configuration allows; what
 * it does not allow stays refused.  Without this call: as configured.
 */
IAG_API int iag_gateway_set_features(
    struct iag_gateway *gateway, uint32_t features);
/* IAG_LOG_ERROR 0, warning 1, info 2, debug 3; of the whole process. */
IAG_API int iag_gateway_set_log_level(
    struct iag_gateway *gateway, uint32_t level);

/*
 * Read the configuration and get ready.  Nothing at the broker and nothing
 * in the store is touched before the first call.
 */
IAG_API int iag_gateway_open(struct iag_gateway *gateway);

/*
 * Cancels calls that run, waits for them, closes broker and store, frees.
 * 0, or IAG_STOPPING: a plugin has not come back; then its memory is left
 * alone, and the process should end by _exit().
 */
IAG_API int iag_gateway_close(struct iag_gateway *gateway);

/*
 * The last error of a setter or of open: what was wrong and the stable code,
 * for example "CONFIG_INVALID"; "" if there was none.  gateway may be NULL.
 */
IAG_API const char *iag_gateway_error(const struct iag_gateway *gateway);
IAG_API const char *iag_gateway_error_code(const struct iag_gateway *gateway);

/* Kinds of principals. */
#define IAG_PRINCIPAL_AGENT 0
#define IAG_PRINCIPAL_OPERATOR 1

/*
 * Who calls.  name is what the audit shows, for example "app:rebalancer",
 * 1 to 128 characters without control characters.  scopes: names separated
 * by one space; NULL: those of auth.enabled_scopes.  NULL: no memory, or an
 * argument is wrong.  A principal belongs to no gateway and may be used by
 * several threads; it must outlive the calls made with it.
 */
IAG_API struct iag_gateway_principal *iag_gateway_principal_new(
    const char *name, uint32_t kind, const char *scopes);
IAG_API void iag_gateway_principal_free(
    struct iag_gateway_principal *principal);

/*
 * Call a tool and wait for its result.  arguments: JSON object text; NULL or
 * "" for none.  principal NULL: "sdk:local", an agent with the scopes of the
 * configuration.  0: *ret_result holds an answer.  Otherwise the result
 * holds the error object and the class of the error is returned.  A result
 * is made in every case but IAG_NOMEM (then *ret_result is NULL), and is the
 * caller's to free.
 */
IAG_API int iag_gateway_call(struct iag_gateway *gateway,
    const struct iag_gateway_principal *principal, const char *tool,
    const char *arguments, struct iag_gateway_result **ret_result);

/*
 * The same with a handle by which another thread can cancel it.  A handle is
 * good for one call and starts its deadline when it is made (timeout_ms; 0:
 * the configured one).  It may be cancelled before, during and after the
 * call; free it when nobody uses it any more.  Cancelling does not take back
 * what has been sent: the result then says what became of it.
 */
IAG_API struct iag_gateway_call *iag_gateway_call_new(
    struct iag_gateway *gateway, uint32_t timeout_ms);
IAG_API void iag_gateway_call_cancel(struct iag_gateway_call *call);
IAG_API void iag_gateway_call_free(struct iag_gateway_call *call);
IAG_API int iag_gateway_call_run(struct iag_gateway *gateway,
    struct iag_gateway_call *call,
    const struct iag_gateway_principal *principal, const char *tool,
    const char *arguments, struct iag_gateway_result **ret_result);

/* JSON object text: the tool's result, or the error object. */
IAG_API const char *iag_gateway_result_json(
    const struct iag_gateway_result *result);
/* Not 0 for an error. */
IAG_API int iag_gateway_result_is_error(
    const struct iag_gateway_result *result);
/* The stable code of the error, "" for none. */
IAG_API const char *iag_gateway_result_code(
    const struct iag_gateway_result *result);
/*
 * "done"; "refused": nothing happened; "unknown": an order may have been sent,
 * which is never sent again: call again with the same idempotency key to learn
 * what became of it.
 */
IAG_API const char *iag_gateway_result_outcome(
    const struct iag_gateway_result *result);
/* Id of the audit record of this call, "" if it has none. */
IAG_API const char *iag_gateway_result_audit_id(
    const struct iag_gateway_result *result);
IAG_API void iag_gateway_result_free(struct iag_gateway_result *result);

/*
 * The tools that the principal may call, as the JSON array of MCP's
 * tools/list; to be freed with iag_gateway_text_free().  NULL: no memory.
 */
IAG_API char *iag_gateway_tools(
    struct iag_gateway *gateway, const struct iag_gateway_principal *principal);
IAG_API void iag_gateway_text_free(char *text);

#ifdef __cplusplus
}
#endif

#endif
