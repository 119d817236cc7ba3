/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The peer: a thread that accepts, one for each connection.  lock guards the
 * script and what was written down.
 */

#include "wire-peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/cleanup.h"

enum { REQUESTS = 64, CONNECTIONS = 64, REQUEST_SIZE = 16384 };

struct peer {
	int listener;
	pthread_t acceptor;
	char url[100];
	char ca_file[4200];
	uint8_t pin[32];
	gnutls_certificate_credentials_t credentials; /* NULL: no TLS */
	const char *priority;
	pthread_mutex_t lock;
	pthread_cond_t news;
	const struct peer_reply *replies;
	size_t reply_count;
	size_t reply_at;
	bool stopping;
	unsigned count;
	char *requests[REQUESTS];
	unsigned connections[REQUESTS];
	int sockets[CONNECTIONS];
	pthread_t threads[CONNECTIONS];
	unsigned socket_count;
};

struct visit {
	struct peer *peer;
	int fd;
	unsigned number;
	gnutls_session_t tls; /* NULL: none */
};

/* ---- bytes */

static ssize_t
visit_read(struct visit *visit, char *data, size_t len)
{
	ssize_t n;

	if (!visit->tls)
		return recv(visit->fd, data, len, 0);
	do
		n = gnutls_record_recv(visit->tls, data, len);
	while (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED);
	return n;
}

static bool
visit_write(struct visit *visit, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = visit->tls
				? gnutls_record_send(visit->tls, data, len)
				: send(visit->fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* One request in text; false: the client has gone. */
static bool
read_request(struct visit *visit, char *text)
{
	size_t have = 0;

	for (;;) {
		const char *end, *length;
		size_t body = 0;
		ssize_t n =
		    visit_read(visit, text + have, REQUEST_SIZE - 1 - have);

		if (n <= 0)
			return false;
		have += (size_t)n;
		text[have] = '\0';
		if (text[0] == 0x16) /* TLS where none is spoken */
			return true;
		end = strstr(text, "\r\n\r\n");
		length = strstr(text, "Content-Length: ");
		if (length)
			body = strtoul(length + 16, NULL, 10);
		if (end && have >= (size_t)(end + 4 - text) + body)
			return true;
	}
}

static struct peer_reply
note_request(struct visit *visit, const char *text)
{
	struct peer *peer = visit->peer;
	struct peer_reply reply;
	LOCK_SCOPE(&peer->lock);

	assert_true(peer->count < REQUESTS);
	peer->requests[peer->count] = strdup(text);
	peer->connections[peer->count++] = visit->number;
	reply = peer->replies[peer->reply_at];
	if (peer->reply_at + 1 < peer->reply_count)
		peer->reply_at++;
	(void)pthread_cond_broadcast(&peer->news);
	return reply;
}

static void
write_filler(struct visit *visit, size_t len)
{
	char block[4096];

	memset(block, 'x', sizeof block);
	while (len > 0) {
		size_t n = len < sizeof block ? len : sizeof block;

		if (!visit_write(visit, block, n))
			return;
		len -= n;
	}
}

static void
serve(struct visit *visit)
{
	char *text = malloc(REQUEST_SIZE);

	while (read_request(visit, text)) {
		struct peer_reply reply = note_request(visit, text);

		if (reply.text)
			(void)visit_write(
			    visit, reply.text, strlen(reply.text));
		write_filler(visit, reply.filler);
		if (reply.hangs)
			(void)visit_read(visit, text, 1);
		if (reply.closes || reply.hangs)
			break;
	}
	free(text);
}

static bool
shake_hands(struct visit *visit)
{
	struct peer *peer = visit->peer;
	int r;

	if (!peer->credentials)
		return true;
	(void)gnutls_init(&visit->tls, GNUTLS_SERVER);
	(void)gnutls_priority_set_direct(visit->tls, peer->priority, NULL);
	(void)gnutls_credentials_set(
	    visit->tls, GNUTLS_CRD_CERTIFICATE, peer->credentials);
	gnutls_transport_set_int(visit->tls, visit->fd);
	do
		r = gnutls_handshake(visit->tls);
	while (r < 0 && !gnutls_error_is_fatal(r));
	return r == 0;
}

static void *
visit_main(void *arg)
{
	struct visit *visit = arg;

	if (shake_hands(visit))
		serve(visit);
	if (visit->tls)
		gnutls_deinit(visit->tls);
	(void)shutdown(visit->fd, SHUT_RDWR);
	free(visit);
	return NULL;
}

static void *
accept_main(void *arg)
{
	struct peer *peer = arg;
	int fd;

	while ((fd = accept(peer->listener, NULL, NULL)) >= 0) {
		struct visit *visit = calloc(1, sizeof *visit);
		LOCK_SCOPE(&peer->lock);

		visit->peer = peer;
		visit->fd = fd;
		visit->number = peer->socket_count;
		peer->sockets[peer->socket_count] = fd;
		(void)pthread_create(&peer->threads[peer->socket_count++], NULL,
		    visit_main, visit);
		if (peer->stopping)
			(void)shutdown(fd, SHUT_RDWR);
	}
	return NULL;
}

/* ---- its certificate */

static void
make_key(gnutls_x509_privkey_t *ret_key, uint8_t ret_pin[32])
{
	gnutls_privkey_t key;
	gnutls_pubkey_t public;
	gnutls_datum_t der;

	assert_int_equal(0, gnutls_x509_privkey_init(ret_key));
	assert_int_equal(
	    0, gnutls_x509_privkey_generate(*ret_key, GNUTLS_PK_ECDSA,
		   GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	assert_int_equal(0, gnutls_privkey_init(&key));
	assert_int_equal(0, gnutls_privkey_import_x509(key, *ret_key, 0));
	assert_int_equal(0, gnutls_pubkey_init(&public));
	assert_int_equal(0, gnutls_pubkey_import_privkey(public, key, 0, 0));
	assert_int_equal(
	    0, gnutls_pubkey_export2(public, GNUTLS_X509_FMT_DER, &der));
	assert_int_equal(0,
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, ret_pin));
	gnutls_free(der.data);
	gnutls_pubkey_deinit(public);
	gnutls_privkey_deinit(key);
}

static void
make_cert(struct peer *peer, const struct peer_cert *cert)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	gnutls_datum_t pem;
	time_t now = time(NULL);
	FILE *file;

	make_key(&key, peer->pin);
	assert_int_equal(0, gnutls_x509_crt_init(&crt));
	(void)gnutls_x509_crt_set_version(crt, 3);
	(void)gnutls_x509_crt_set_serial(crt, "\1", 1);
	(void)gnutls_x509_crt_set_dn(crt, "CN=gateway of a test", NULL);
	(void)gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME,
	    cert->name, (unsigned)strlen(cert->name), GNUTLS_FSAN_SET);
	(void)gnutls_x509_crt_set_basic_constraints(crt, 1, -1);
	(void)gnutls_x509_crt_set_activation_time(crt, now - 86400);
	(void)gnutls_x509_crt_set_expiration_time(
	    crt, cert->expired ? now - 3600 : now + 86400);
	(void)gnutls_x509_crt_set_key(crt, key);
	assert_int_equal(
	    0, gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0));
	assert_int_equal(
	    0, gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem));
	file = fopen(peer->ca_file, "w");
	assert_non_null(file);
	assert_int_equal(pem.size, fwrite(pem.data, 1, pem.size, file));
	assert_int_equal(0, fclose(file));
	assert_int_equal(
	    0, gnutls_certificate_allocate_credentials(&peer->credentials));
	assert_int_equal(0,
	    gnutls_certificate_set_x509_key(peer->credentials, &crt, 1, key));
	gnutls_free(pem.data);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

/* ---- the peer */

struct peer *
peer_start(const struct peer_cert *cert)
{
	static unsigned number;
	struct peer *peer = calloc(1, sizeof *peer);
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof at;
	const char *dir = getenv("TMPDIR");

	assert_non_null(peer);
	(void)pthread_mutex_init(&peer->lock, NULL);
	(void)pthread_cond_init(&peer->news, NULL);
	(void)snprintf(peer->ca_file, sizeof peer->ca_file, "%s/ca-%d-%u.pem",
	    dir ? dir : "/tmp", (int)getpid(), number++);
	peer->priority = cert && cert->only_tls12
			     ? "NORMAL:-VERS-ALL:+VERS-TLS1.2"
			     : "NORMAL";
	if (cert)
		make_cert(peer, cert);
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    0, bind(peer->listener, (struct sockaddr *)&at, sizeof at));
	assert_int_equal(0, listen(peer->listener, 16));
	assert_int_equal(
	    0, getsockname(peer->listener, (struct sockaddr *)&at, &len));
	(void)snprintf(peer->url, sizeof peer->url, "%s:%u/v1/api",
	    cert ? "https://localhost" : "http://127.0.0.1",
	    ntohs(at.sin_port));
	assert_int_equal(
	    0, pthread_create(&peer->acceptor, NULL, accept_main, peer));
	return peer;
}

void
peer_stop(struct peer *peer)
{
	(void)pthread_mutex_lock(&peer->lock);
	peer->stopping = true;
	(void)pthread_mutex_unlock(&peer->lock);
	(void)shutdown(peer->listener, SHUT_RDWR);
	(void)pthread_join(peer->acceptor, NULL);
	for (unsigned i = 0; i < peer->socket_count; i++) {
		(void)shutdown(peer->sockets[i], SHUT_RDWR);
		(void)pthread_join(peer->threads[i], NULL);
		(void)close(peer->sockets[i]);
	}
	(void)close(peer->listener);
	if (peer->credentials)
		gnutls_certificate_free_credentials(peer->credentials);
	(void)unlink(peer->ca_file);
	for (unsigned i = 0; i < peer->count; i++)
		free(peer->requests[i]);
	(void)pthread_cond_destroy(&peer->news);
	(void)pthread_mutex_destroy(&peer->lock);
	free(peer);
}

void
peer_script(struct peer *peer, const struct peer_reply *replies, size_t count)
{
	LOCK_SCOPE(&peer->lock);

	peer->replies = replies;
	peer->reply_count = count;
	peer->reply_at = 0;
}

const char *
peer_url(const struct peer *peer)
{
	return peer->url;
}

const char *
peer_ca_file(const struct peer *peer)
{
	return peer->ca_file;
}

const uint8_t *
peer_pin(const struct peer *peer)
{
	return peer->pin;
}

unsigned
peer_count(struct peer *peer)
{
	LOCK_SCOPE(&peer->lock);

	return peer->count;
}

const char *
peer_request(struct peer *peer, unsigned at)
{
	LOCK_SCOPE(&peer->lock);

	assert_true(at < peer->count);
	return peer->requests[at];
}

unsigned
peer_connection(struct peer *peer, unsigned at)
{
	LOCK_SCOPE(&peer->lock);

	assert_true(at < peer->count);
	return peer->connections[at];
}

void
peer_wait(struct peer *peer, unsigned count)
{
	LOCK_SCOPE(&peer->lock);

	while (peer->count < count)
		(void)pthread_cond_wait(&peer->news, &peer->lock);
}
