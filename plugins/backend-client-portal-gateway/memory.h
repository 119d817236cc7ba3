/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What an instance remembers between queries: currencies of contracts, which
 * never change, the market data lines that are open, whether the portfolio
 * was opened, when the session was claimed.  Any thread.
 */

#ifndef CPGW_MEMORY_H
#define CPGW_MEMORY_H

#include <stdint.h>

struct memory;

struct memory *memory_new(void);
void memory_free(struct memory *memory);

/* 1 and the currency, or 0. */
int memory_currency(
    struct memory *memory, const char *contract, char ret_currency[8]);
void memory_note_currency(
    struct memory *memory, const char *contract, const char *currency);

/* Some contract of an exchange; 1 or 0. */
int memory_venue(struct memory *memory, const char *exchange, char ret_id[16],
    char ret_symbol[40]);
void memory_note_venue(struct memory *memory, const char *exchange,
    const char *id, const char *symbol);

/*
 * A line is used for this contract.  1: the one in ret_closed is to be closed
 * for it, being the one that was not used for longest.
 */
int memory_use_line(
    struct memory *memory, const char *contract, char ret_closed[16]);

/* Was the portfolio opened in this session? */
int memory_is_open(struct memory *memory, uint64_t epoch);
void memory_note_open(struct memory *memory, uint64_t epoch);

/* May the session be claimed at this boot time?  Now and then only. */
int memory_may_claim(struct memory *memory, uint64_t now_ns);

#endif
