/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The LMDB store under another name, for store-faulty.c to stand before. */

#define iag_plugin_1 lmdb_plugin_1
#include "../../plugins/store-lmdb/store.c"
