/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Descriptors. */

#ifndef IAG_BASE_FD_H
#define IAG_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>

/* Write all of it, whatever interrupts.  false: errno says why. */
bool fd_write(int fd, const void *data, size_t len);

#endif
