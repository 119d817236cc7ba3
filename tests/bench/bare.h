/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Durable commits without a program around them, to measure against. */

#ifndef IAG_BENCH_BARE_H
#define IAG_BENCH_BARE_H

#include <stddef.h>

#include <lmdb.h>

/* In a folder that it makes; exits the bench where it cannot. */
MDB_env *bare_open(const char *path);
/* One record of so many bytes, on the disk. */
void bare_commit(MDB_env *env, size_t bytes);
/* Of all rows of all tables of a store that nobody else has open. */
size_t bare_store_bytes(const char *path);

#endif
