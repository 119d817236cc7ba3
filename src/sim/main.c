/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The simulator as a program: listen, tell where, and end when told to. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sim/options.h"
#include "sim/server.h"
#include "sim/sim.h"

#define SCRIPT_MAX ((size_t)1 << 20)
#define EXIT_USAGE 2

struct program {
	struct options options;
	struct sim *sim;
	struct server *server;
	struct certificate certificate;
	int signal_fd;
};

static void
program_fini(struct program *program)
{
	server_free(program->server);
	sim_free(program->sim);
	certificate_fini(&program->certificate);
	if (program->signal_fd >= 0)
		(void)close(program->signal_fd);
}

static int
read_script(struct program *program, struct err *err)
{
	const char *path = program->options.script;
	int fd CLEANUP_CLOSE = -1;
	struct buf text CLEANUP_BUF = BUF_INIT;
	ssize_t got = 1;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	buf_init(&text, SCRIPT_MAX);
	while (fd >= 0 && got > 0) {
		char *to = buf_reserve(&text, 4096);

		got = to ? read(fd, to, 4096) : -1;
		text.len += got > 0 ? (size_t)got : 0;
	}
	if (fd < 0 || got < 0)
		return err_set(err, ERR_INPUT_INVALID, "cannot read '%s': %s",
		    path, strerror(errno));
	if (sim_script(program->sim, buf_text(&text), text.len, err)) {
		(void)err_wrap(err, "%s", path);
		return err_class(err);
	}
	return 0;
}

static int
write_certificate(const struct program *program, struct err *err)
{
	const char *path = program->options.write_certificate;
	FILE *file = path ? fopen(path, "we") : NULL;
	bool written;

	if (!path)
		return 0;
	written = file && fputs(program->certificate.certificate, file) >= 0;
	if (file && fclose(file) != 0)
		written = false;
	if (written)
		return 0;
	return err_set(err, ERR_INPUT_INVALID, "cannot write '%s': %s", path,
	    strerror(errno));
}

/* Where to find it, and by what it is known. */
static int
announce(struct program *program, struct err *err)
{
	struct certificate_sums sums;

	if (certificate_sums(&program->certificate, &sums, err) ||
	    write_certificate(program, err))
		return err_class(err);
	(void)printf(
	    "listening https://127.0.0.1:%u\n", server_port(program->server));
	(void)printf("certificate %s\npin %s\nseed %llu\n", sums.sha256,
	    sums.pin, (unsigned long long)program->options.sim.seed);
	(void)fflush(stdout);
	return 0;
}

static int
start(struct program *program, struct err *err)
{
	const struct options *options = &program->options;

	if (sim_new(&options->sim, &program->sim, err) ||
	    read_script(program, err))
		return err_class(err);
	program->server = server_new(program->sim, options->port);
	if (!program->server)
		return err_no_memory(err);
	if (options->certificate ? certificate_read(&program->certificate,
				       options->certificate, err)
				 : certificate_make(&program->certificate,
				       options->expired, err))
		return err_class(err);
	if (server_start(program->server, &program->certificate, err))
		return err_class(err);
	return announce(program, err);
}

static int
restart(struct program *program, struct err *err)
{
	struct sim_restart due = server_take_restart(program->server);
	struct pollfd quit = { program->signal_fd, POLLIN, 0 };

	if (!due.due)
		return 0;
	server_stop(program->server);
	if (due.down_ms > 0)
		(void)poll(&quit, 1, (int)due.down_ms);
	if (due.certificate != SIM_CERTIFICATE_SAME &&
	    certificate_make(&program->certificate,
		due.certificate == SIM_CERTIFICATE_EXPIRED, err))
		return err_class(err);
	if (server_start(program->server, &program->certificate, err))
		return err_class(err);
	return announce(program, err);
}

static int
serve(struct program *program, struct err *err)
{
	struct pollfd fds[2] = { { program->signal_fd, POLLIN, 0 },
		{ server_wakeup(program->server), POLLIN, 0 } };

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_set(err, ERR_INTERNAL_ERROR, "poll: %s",
			    strerror(errno));
		if (fds[0].revents)
			return 0;
		if (fds[1].revents && restart(program, err))
			return err_class(err);
	}
}

/* Signals to end are read from a descriptor, in every thread. */
static int
catch_signals(struct program *program, struct err *err)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	program->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (program->signal_fd < 0)
		return err_set(
		    err, ERR_INTERNAL_ERROR, "signalfd: %s", strerror(errno));
	if (program->options.exit_with_parent)
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	return 0;
}

static int
print_help(void)
{
	struct buf out CLEANUP_BUF = BUF_INIT;

	options_help(&out);
	return fputs(buf_text(&out), stdout) < 0 || fflush(stdout) != 0;
}

static int
print_version(void)
{
	return puts("ibkr-agent-sim " PACKAGE_VERSION) < 0 ||
	       fflush(stdout) != 0;
}

int
main(int argc, char *argv[])
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct program program CLEANUP(program_fini) = { .signal_fd = -1 };
	int rc = options_parse(&program.options, argc, argv, &err);

	if (rc == 0 && program.options.help)
		return print_help();
	if (rc == 0 && program.options.version)
		return print_version();
	if (rc) {
		(void)fprintf(stderr, "ibkr-agent-sim: %s\n", err_text(&err));
		return EXIT_USAGE;
	}
	if (catch_signals(&program, &err) || start(&program, &err) ||
	    serve(&program, &err)) {
		(void)fprintf(stderr, "ibkr-agent-sim: %s\n", err_text(&err));
		return 1;
	}
	return 0;
}
