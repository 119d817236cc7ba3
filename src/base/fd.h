/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Descriptors. */

#ifndef IAG_BASE_FD_H
#define IAG_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Write all of it, whatever interrupts.  false: errno says why. */
bool fd_write(int fd, const void *data, size_t len);

/*
 * Everything that comes until the other end is closed; false: until_ns of
 * clock_boot_ns() is past, or it was more than max bytes.
 */
bool fd_collect(int fd, uint64_t until_ns, size_t max, struct buf *text);

#endif
