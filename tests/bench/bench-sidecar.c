/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a read costs that goes through a sidecar: gateway and sidecar on this
 * machine, a client of the gateway's, against the same read in one process.
 * Each end puts it on record before it answers.  For information: nothing is
 * demanded of it.
 */

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figure.h"
#include "peer.h"

enum { ROUNDS = 51, REQUESTS = 10 };

#define READ                                                       \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"," \
	"\"params\":{\"name\":\"ibkr_accounts_list\",\"arguments\":{}}}\n"

static char folder[] = "/tmp/iag-sidecar.XXXXXX";
static char gateway[256], sidecar[256], place[256];
static const char *program;

/* A configuration over that backend, and what else is in it. */
static void
write_config(char path[256], const char *name, const char *backend,
    const char *safety, const char *more)
{
	FILE *file;

	(void)snprintf(path, 256, "%s/%s.yaml", folder, name);
	file = fopen(path, "we");
	if (!file ||
	    fprintf(file,
		"broker: {backend: %s}\n"
		"auth: {enabled_scopes: [ibkr:accounts:read]}\n"
		"audit: {path: %s/%s}\n"
		"plugins: {path: [%s]}\n"
		"safety: {sidecar_enabled: true%s}\n%s",
		backend, folder, name, bench_env("IAG_TEST_PLUGINDIR"), safety,
		more) < 0 ||
	    fchmod(fileno(file), 0600) < 0 || fclose(file) != 0)
		bench_fail(path);
}

/* One command of the shell, to its end; its output. */
static void
run(char *out, size_t size, const char *command)
{
	char shell[] = "sh", option[] = "-c", text[1400], said[64];
	char *argv[] = { shell, option, text, NULL };
	int status = -1;
	size_t len;
	FILE *file;
	pid_t pid;

	(void)snprintf(said, sizeof said, "%s/said", folder);
	(void)snprintf(text, sizeof text, "{ %s\n} >%s", command, said);
	if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0)
		(void)waitpid(pid, &status, 0);
	file = fopen(said, "re");
	len = file ? fread(out, 1, size - 1, file) : 0;
	out[len] = '\0';
	if (!file || fclose(file) != 0 || unlink(said) != 0 || status != 0)
		bench_fail(command);
}

/* The text of a member of what the command prints as JSON. */
static void
ask(char text[128], const char *member, const char *end, const char *words)
{
	char command[1024], out[4096], key[64];
	const char *at;
	size_t len;

	(void)snprintf(command, sizeof command, "%s %s --json sidecar %s",
	    program, end, words);
	run(out, sizeof out, command);
	(void)snprintf(key, sizeof key, "\"%s\":", member);
	at = strstr(out, key);
	at = at ? strchr(at + strlen(key), '"') : NULL;
	len = at ? strcspn(at + 1, "\"") : 0;
	if (len == 0 || len >= 128)
		bench_fail(out);
	memcpy(text, at + 1, len);
	text[len] = '\0';
}

static void
set_up_gateway(void)
{
	char more[2048], command[1024], none[2];

	(void)snprintf(command, sizeof command,
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
	    "-nodes -days 2 -subj /CN=relay -addext subjectAltName=IP:127.0.0.1 "
	    "-keyout %s/key.pem -out %s/chain.pem 2>/dev/null && "
	    "chmod 600 %s/key.pem",
	    folder, folder, folder);
	run(none, sizeof none, command);
	(void)snprintf(place, sizeof place, "%s/daemon.sock", folder);
	(void)snprintf(more, sizeof more,
	    "remote_mcp:\n  enabled: true\n  bind_address: 127.0.0.1:0\n"
	    "  resource: https://gateway.example.org/mcp\n"
	    "  issuer: https://127.0.0.1:9\n  jwks_url: https://127.0.0.1:9/\n"
	    "  audiences: [gateway]\n  allowed_scopes: [ibkr:accounts:read]\n"
	    "  tls_certificate_file: %s/chain.pem\n"
	    "  tls_key_file: %s/key.pem\n"
	    "  token_id_hmac_secret_env: IBKR_AUDIT_HMAC_SECRET\n"
	    "daemon:\n  socket: %s\n  metrics: false\n  principals:\n"
	    "    me: {kind: operator, users: [%u],\n"
	    "      scopes: [ibkr:accounts:read]}\n"
	    "sidecar:\n  enabled: true\n  bind_address: 127.0.0.1:0\n"
	    "  remote_relay_url: https://relay.example.org\n"
	    "  local_client_portal_base_url: https://localhost:5000\n",
	    folder, folder, place, (unsigned)getuid());
	write_config(
	    gateway, "gateway", "sidecar", ", remote_mcp_enabled: true", more);
}

static void
set_up_sidecar(const char *port)
{
	char more[1024];

	(void)snprintf(more, sizeof more,
	    "sidecar:\n  enabled: true\n  role: sidecar\n"
	    "  remote_relay_url: https://127.0.0.1:%s\n"
	    "  ca_file: %s/chain.pem\n",
	    port, folder);
	write_config(sidecar, "sidecar", "fake", "", more);
}

/* The whole way of the two operators. */
static void
pair(void)
{
	char id[128], code[128], pairing[128], check[128], words[512];
	char here[300], there[300];

	(void)snprintf(here, sizeof here, "--config %s", sidecar);
	(void)snprintf(there, sizeof there, "--via %s", place);
	ask(id, "sidecar_id", here, "identity create");
	(void)snprintf(words, sizeof words,
	    "pairing create --remote-instance-id gateway --user-id me "
	    "--sidecar-id %s",
	    id);
	ask(code, "code", there, words);
	(void)snprintf(words, sizeof words, "pairing join --code %s", code);
	ask(check, "check", here, words);
	ask(pairing, "pairing_id", there, "status");
	(void)snprintf(words, sizeof words,
	    "pairing confirm --pairing-id %s --check %s", pairing, check);
	ask(code, "status", there, words);
}

/* Microseconds of one request. */
static double
time_requests(struct peer *peer)
{
	double start = now_s();

	for (int i = 0; i < REQUESTS; i++) {
		const char *line;

		peer_say(peer, READ, strlen(READ));
		(void)peer_hear(peer, &line);
		if (!strstr(line, "\"isError\":false") &&
		    strstr(line, "\"isError\""))
			bench_fail(line);
	}
	return (now_s() - start) * 1e6 / REQUESTS;
}

static void
bench(struct peer *direct, struct peer *relay)
{
	double own[ROUNDS], through[ROUNDS], more[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		own[i] = time_requests(direct);
		through[i] = time_requests(relay);
		more[i] = through[i] - own[i];
	}
	(void)printf("sidecar, %-34s %8.1f  for information        %.1f us, "
		     "stdio %.1f us\n",
	    "a read with its records, us more", median_of(more, ROUNDS),
	    median_of(through, ROUNDS), median_of(own, ROUNDS));
}

int
main(void)
{
	const char *serve[] = { NULL, "--config", gateway, "serve", NULL };
	const char *join[] = { NULL, "--config", sidecar, "sidecar", "run",
		NULL };
	const char *stdio[] = { NULL, "--config", sidecar, "mcp", "serve",
		NULL };
	const char *via[] = { NULL, "--via", place, "mcp", "serve", NULL };
	const char *clean[] = { "rm", "-rf", folder, NULL };
	struct peer daemon, far, direct, relay, rm;
	const char *line;

	program = bench_env("IAG_TEST_PROGRAM");
	serve[0] = join[0] = stdio[0] = via[0] = program;
	if (!mkdtemp(folder))
		bench_fail(folder);
	(void)setenv("IBKR_AUDIT_HMAC_SECRET",
	    "a secret of the bench, which nobody else uses", 1);
	set_up_gateway();
	peer_start(&daemon, serve);
	(void)peer_hear(&daemon, &line);
	if (!strstr(line, "sidecars at "))
		bench_fail(line);
	set_up_sidecar(strrchr(line, ':') + 1);
	pair();
	peer_start(&far, join);
	(void)peer_hear(&far, NULL);
	peer_start(&direct, stdio);
	peer_start(&relay, via);
	bench(&direct, &relay);
	peer_end(&relay);
	peer_end(&direct);
	(void)kill(far.pid, SIGTERM);
	peer_end(&far);
	(void)kill(daemon.pid, SIGTERM);
	peer_end(&daemon);
	peer_start(&rm, clean);
	peer_end(&rm);
	return 0;
}
