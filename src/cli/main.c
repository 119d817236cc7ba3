/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The program: read the command line, run the command, say how it went. */

#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/version.h"
#include "cli/via.h"
#include "sidecar/backend.h"

/*
 * Calls move from thread to thread; with an arena for each of 64 workers the
 * process would keep what it needed once, 64 times.
 */
#define ARENAS 2

static int
run_help(const struct cli *cli, struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;

	help_print(&out, cli->args.command, cli->args.group);
	return output_write(&out, err);
}

static int
run_version(const struct cli *cli, struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;

	version_print(&out, cli->args.verbose, cli->args.json);
	return output_write(&out, err);
}

static int
run(struct cli *cli, struct err *err)
{
	if (cli->args.help)
		return run_help(cli, err);
	if (cli->args.version)
		return run_version(cli, err);
	return via_is_on(cli) ? via_run(cli, err)
			      : cli->args.command->run(cli, err);
}

/*
 * Whoever started the program may have closed one of the three: the next file
 * that is opened, the store perhaps, would take its number and get what is
 * printed.  In its place stands one that cannot be read or written so, which
 * whoever tries is told.
 */
static void
keep_standard_fds(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", modes[fd]) != fd)
			_exit(EXIT_FAILURE);
	}
}

int
main(int argc, char *argv[])
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct cli cli = { .exit_code = 0 };

	keep_standard_fds();
	if (output_take() < 0)
		return EXIT_FAILURE;
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)mallopt(M_ARENA_MAX, ARENAS);
	sidecar_backend_offer();
	log_setup(LOG_LEVEL_WARNING, LOG_FORM_AUTO);
	if (args_parse(&cli.args, argc, argv, &err) || run(&cli, &err))
		cli.exit_code = report_error(&cli, &err);
	cli_fini(&cli);
	return cli.exit_code;
}
