/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What analysers cannot see from one file: that making an error gives a
 * negative result, so that nobody goes on after `return err_set(...)` with
 * what was not filled in.  Included by scripts/lint.sh only.
 */

#ifndef IAG_SCRIPTS_LINT_CONTRACTS_H
#define IAG_SCRIPTS_LINT_CONTRACTS_H

#include "base/err.h"

static inline int
lint_negative(int result)
{
	if (result >= 0)
		__builtin_unreachable();
	return result;
}

#define err_set(...) lint_negative(err_set(__VA_ARGS__))
#define err_no_memory(...) lint_negative(err_no_memory(__VA_ARGS__))
#define err_wrap(...) lint_negative(err_wrap(__VA_ARGS__))

#endif
