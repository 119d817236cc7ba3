/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The limit of starting up: links what the program links, and exits. */

int
main(void)
{
	return 0;
}
