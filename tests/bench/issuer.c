/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "issuer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <microhttpd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/token-kit.h"
#include "base/cleanup.h"
#include "peer.h"

enum { FILE_MAX = 65536 };

static void
make_certificate(struct issuer *issuer, const char *folder)
{
	int status = -1;
	pid_t pid;

	(void)snprintf(issuer->certificate, sizeof issuer->certificate,
	    "%s/issuer.pem", folder);
	(void)snprintf(issuer->private_key, sizeof issuer->private_key,
	    "%s/issuer.key", folder);
	if ((pid = fork()) < 0)
		bench_fail("fork");
	if (pid == 0) {
		(void)umask(077);
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		(void)execlp("openssl", "openssl", "req", "-x509", "-newkey",
		    "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
		    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
		    "subjectAltName=IP:127.0.0.1", "-keyout",
		    issuer->private_key, "-out", issuer->certificate,
		    (char *)NULL);
		_exit(1);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		bench_fail("openssl makes no certificate");
}

static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, FILE_MAX);

	if (!file || !text || fread(text, 1, FILE_MAX - 1, file) == 0)
		bench_fail(path);
	(void)fclose(file);
	return text;
}

static enum MHD_Result
answer_keys(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **context)
{
	const struct buf *set = arg;
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    set->len, set->data, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result rc = MHD_queue_response(connection, 200, response);

	(void)url;
	(void)method;
	(void)version;
	(void)data;
	(void)len;
	(void)context;
	MHD_destroy_response(response);
	return rc;
}

static void
serve(const struct issuer *issuer, int port_fd)
{
	struct buf set = BUF_INIT;
	struct MHD_Daemon *daemon;
	uint16_t port;

	token_set(&set, issuer->key, "k1", "");
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TLS,
	    0, NULL, NULL, answer_keys, &set, MHD_OPTION_HTTPS_MEM_KEY,
	    read_file(issuer->private_key), MHD_OPTION_HTTPS_MEM_CERT,
	    read_file(issuer->certificate), MHD_OPTION_END);
	if (!daemon)
		_exit(1);
	port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	(void)!write(port_fd, &port, sizeof port);
	for (;;)
		(void)pause();
}

void
issuer_start(struct issuer *issuer, const char *folder)
{
	int pipes[2];

	issuer->key = token_key_rsa(2048);
	make_certificate(issuer, folder);
	if (pipe(pipes) < 0 || (issuer->pid = fork()) < 0)
		bench_fail("fork");
	if (issuer->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(issuer, pipes[1]);
	}
	(void)close(pipes[1]);
	if (read(pipes[0], &issuer->port, sizeof issuer->port) !=
	    sizeof issuer->port)
		bench_fail("the issuer");
	(void)close(pipes[0]);
}

void
issuer_stop(struct issuer *issuer)
{
	(void)kill(issuer->pid, SIGKILL);
	(void)waitpid(issuer->pid, NULL, 0);
	token_key_free(issuer->key);
}

void
issuer_token(const struct issuer *issuer, const char *resource,
    const char *scopes, struct buf *out)
{
	CLEANUP_BUF struct buf claims = BUF_INIT;

	buf_printf(&claims,
	    "{\"iss\":\"https://127.0.0.1:%u\",\"aud\":\"%s\",\"sub\":"
	    "\"bench\",\"exp\":%lld,\"scope\":\"%s\"}",
	    issuer->port, resource, (long long)time(NULL) + 3600, scopes);
	token_sign(out, issuer->key,
	    "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}",
	    buf_text(&claims));
}
