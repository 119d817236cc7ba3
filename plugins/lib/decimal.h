/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Decimals as text; no value is ever turned into a float. */

#ifndef PLUGIN_DECIMAL_H
#define PLUGIN_DECIMAL_H

/* Order of two decimals without exponent, as JSON Schema patterns them. */
int decimal_compare(const char *a, const char *b);

#endif
