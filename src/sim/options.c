/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The command line: see options.h.  One table for parsing and for --help. */

#include "sim/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"

#define PORT 5000 /* of the real gateway */

struct option_row {
	const char *name;
	const char *value; /* what --help calls it; NULL: a flag */
	const char *help;
	int (*take)(struct options *options, const char *text, struct err *err);
};

static int
take_number(const char *name, const char *text, uint64_t most, uint64_t *ret,
    struct err *err)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value > most)
		return err_set(err, ERR_INPUT_INVALID,
		    "--%s: expected 0..%llu, got '%s'", name,
		    (unsigned long long)most, text);
	*ret = value;
	return 0;
}

static int
take_port(struct options *options, const char *text, struct err *err)
{
	uint64_t port = 0;

	if (take_number("port", text, UINT16_MAX, &port, err))
		return err_class(err);
	options->port = (uint16_t)port;
	return 0;
}

static int
take_state(struct options *options, const char *text, struct err *err)
{
	static const char *const words[] = { "login", "outer", "ready" };

	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		if (strcmp(words[i], text) == 0) {
			options->sim.state = (enum sim_state)i;
			return 0;
		}
	return err_set(err, ERR_INPUT_INVALID,
	    "--state: expected login, outer or ready, got '%s'", text);
}

static int
take_login(struct options *options, const char *text, struct err *err)
{
	options->sim.live = strcmp(text, "live") == 0;
	if (options->sim.live || strcmp(text, "paper") == 0)
		return 0;
	return err_set(err, ERR_INPUT_INVALID,
	    "--login: expected paper or live, got '%s'", text);
}

static int
take_clock(struct options *options, const char *text, struct err *err)
{
	uint64_t start_ns = 0;

	if (strcmp(text, "real") == 0)
		return 0;
	if (strcmp(text, "manual") != 0 && clock_parse(text, &start_ns, NULL))
		return err_set(err, ERR_INPUT_INVALID,
		    "--clock: expected real, manual or a time such as "
		    "2026-07-28T09:30:00Z, got '%s'",
		    text);
	options->sim.manual_clock = true;
	options->sim.start_ms = (int64_t)(start_ns / NS_PER_MS);
	return 0;
}

static int
take_midnight(struct options *options, const char *text, struct err *err)
{
	(void)err;
	options->sim.midnight = strcmp(text, "never") == 0 ? NULL : text;
	return 0;
}

static int
take_pacing(struct options *options, const char *text, struct err *err)
{
	uint64_t factor = 0;

	if (take_number("pacing", text, 50, &factor, err))
		return err_class(err);
	options->sim.pacing = (int64_t)factor;
	return 0;
}

static int
take_seed(struct options *options, const char *text, struct err *err)
{
	return take_number("seed", text, INT64_MAX, &options->sim.seed, err);
}

static int
take_script(struct options *options, const char *text, struct err *err)
{
	(void)err;
	options->script = text;
	return 0;
}

static int
take_certificate(struct options *options, const char *text, struct err *err)
{
	(void)err;
	options->certificate = text;
	return 0;
}

static int
take_write_certificate(
    struct options *options, const char *text, struct err *err)
{
	(void)err;
	options->write_certificate = text;
	return 0;
}

static int
take_expired(struct options *options, const char *text, struct err *err)
{
	(void)text;
	(void)err;
	options->expired = true;
	return 0;
}

static int
take_exit_with_parent(
    struct options *options, const char *text, struct err *err)
{
	(void)text;
	(void)err;
	options->exit_with_parent = true;
	return 0;
}

static int
take_help(struct options *options, const char *text, struct err *err)
{
	(void)text;
	(void)err;
	options->help = true;
	return 0;
}

static int
take_version(struct options *options, const char *text, struct err *err)
{
	(void)text;
	(void)err;
	options->version = true;
	return 0;
}

static const struct option_row rows[] = {
	{ "port", "NUMBER", "listen there; 0: a free port (5000)", take_port },
	{ "state", "STATE", "login, outer or ready at the start (ready)",
	    take_state },
	{ "login", "KIND", "whose login it is: paper or live (paper)",
	    take_login },
	{ "clock", "CLOCK", "real, manual, or the time of a manual one (real)",
	    take_clock },
	{ "midnight", "ZONE", "of the daily reset, or never (America/New_York)",
	    take_midnight },
	{ "pacing", "FACTOR", "multiplies the limits; 0: none holds (1)",
	    take_pacing },
	{ "seed", "NUMBER", "of everything by chance (a new one)", take_seed },
	{ "script", "FILE", "control requests with times, JSON", take_script },
	{ "certificate", "FILE", "certificate and key, PEM (made)",
	    take_certificate },
	{ "write-certificate", "FILE", "write the certificate there, PEM",
	    take_write_certificate },
	{ "expired", NULL, "make a certificate that has expired",
	    take_expired },
	{ "exit-with-parent", NULL, "end when the parent process does",
	    take_exit_with_parent },
	{ "help", NULL, "print this and exit", take_help },
	{ "version", NULL, "print the version and exit", take_version },
};

static void
set_defaults(struct options *options)
{
	memset(options, 0, sizeof *options);
	options->port = PORT;
	options->sim.state = SIM_STATE_READY;
	options->sim.midnight = "America/New_York";
	options->sim.pacing = 1;
	hash_random(&options->sim.seed, sizeof options->sim.seed);
	options->sim.seed >>= 33; /* short enough to be typed again */
}

int
options_parse(struct options *options, int argc, char *argv[], struct err *err)
{
	struct option list[ARRAY_COUNT(rows) + 1] = { { NULL, 0, NULL, 0 } };
	int at;

	set_defaults(options);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		list[i] = (struct option){ rows[i].name,
			rows[i].value ? required_argument : no_argument, NULL,
			(int)i };
	opterr = 0;
	optind = 1;
	while ((at = getopt_long(argc, argv, "", list, NULL)) != -1) {
		if (at < 0 || (size_t)at >= ARRAY_COUNT(rows))
			return err_set(err, ERR_INPUT_INVALID,
			    "'%s' is no option, or lacks a value; "
			    "ibkr-agent-sim --help lists them",
			    argv[optind - 1]);
		if (rows[at].take(options, optarg, err))
			return err_class(err);
	}
	if (optind < argc)
		return err_set(err, ERR_INPUT_INVALID,
		    "unexpected argument '%s'", argv[optind]);
	return 0;
}

void
options_help(struct buf *out)
{
	buf_str(out,
	    "Usage: ibkr-agent-sim [OPTION]...\n\n"
	    "Simulates the Client Portal Gateway and the broker behind it on\n"
	    "https://127.0.0.1:PORT; ibkr-agent-sim(1) explains it.\n\n");
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct buf left CLEANUP_BUF = BUF_INIT;

		buf_printf(&left, "--%s", rows[i].name);
		if (rows[i].value)
			buf_printf(&left, " %s", rows[i].value);
		buf_printf(out, "  %-26s %s\n", buf_text(&left), rows[i].help);
	}
}
