/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Both ends of the relay's outer session: what is kept, and what waits. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <sys/socket.h>

#include <gnutls/x509.h>

#include <cmocka.h>

#include "sidecar/channel.h"

/* Both ends of one connection, on this machine and in this thread. */
struct wire {
	gnutls_certificate_credentials_t mine, theirs;
	struct channel *gateway, *sidecar;
};

static gnutls_x509_crt_t
certificate_make(gnutls_x509_privkey_t key)
{
	gnutls_x509_crt_t crt;
	time_t now = time(NULL);

	assert_int_equal(0, gnutls_x509_crt_init(&crt));
	(void)gnutls_x509_crt_set_version(crt, 3);
	(void)gnutls_x509_crt_set_serial(crt, "\1", 1);
	(void)gnutls_x509_crt_set_dn(crt, "CN=relay", NULL);
	(void)gnutls_x509_crt_set_subject_alt_name(
	    crt, GNUTLS_SAN_DNSNAME, "relay", 5, GNUTLS_FSAN_SET);
	(void)gnutls_x509_crt_set_basic_constraints(crt, 1, -1);
	(void)gnutls_x509_crt_set_activation_time(crt, now - 86400);
	(void)gnutls_x509_crt_set_expiration_time(crt, now + 86400);
	(void)gnutls_x509_crt_set_key(crt, key);
	assert_int_equal(
	    0, gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0));
	return crt;
}

static void
wire_credentials(struct wire *wire)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;

	assert_int_equal(0, gnutls_x509_privkey_init(&key));
	assert_int_equal(
	    0, gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		   GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	crt = certificate_make(key);
	assert_int_equal(
	    0, gnutls_certificate_allocate_credentials(&wire->mine));
	assert_int_equal(
	    0, gnutls_certificate_allocate_credentials(&wire->theirs));
	assert_int_equal(
	    0, gnutls_certificate_set_x509_key(wire->mine, &crt, 1, key));
	assert_int_equal(
	    1, gnutls_certificate_set_x509_trust(wire->theirs, &crt, 1));
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

static void
wire_open(struct wire *wire)
{
	int fds[2];

	wire_credentials(wire);
	assert_int_equal(
	    0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		   0, fds));
	assert_int_equal(
	    0, channel_new(fds[0], wire->mine, NULL, &wire->gateway, NULL));
	assert_int_equal(0,
	    channel_new(fds[1], wire->theirs, "relay", &wire->sidecar, NULL));
	for (int i = 0; i < 100 && !(channel_is_up(wire->gateway) &&
				       channel_is_up(wire->sidecar));
	     i++) {
		assert_true(channel_step(wire->sidecar, NULL) >= 0);
		assert_true(channel_step(wire->gateway, NULL) >= 0);
	}
	assert_true(channel_is_up(wire->gateway));
	assert_true(channel_is_up(wire->sidecar));
}

static void
wire_close(struct wire *wire)
{
	channel_free(wire->gateway);
	channel_free(wire->sidecar);
	gnutls_certificate_free_credentials(wire->mine);
	gnutls_certificate_free_credentials(wire->theirs);
}

/* What has come at the other end: frames that are numbered. */
static unsigned
frames_take(struct channel *channel, unsigned next)
{
	struct frame frame;
	int rc;

	while ((rc = channel_take(channel, &frame, NULL)) == 0) {
		unsigned number;

		assert_int_equal(frame.type, FRAME_RESPONSE);
		memcpy(&number, frame.data, sizeof number);
		assert_int_equal(number, next++);
	}
	assert_int_equal(rc, 1);
	return next;
}

static void
test_who_does_not_read_is_not_sent_more(void **state)
{
	uint8_t data[FRAME_CONTROL_MAX] = { 0 };
	struct wire wire = { .gateway = NULL };
	unsigned put = 0, taken = 0;
	int more = 0;

	(void)state;
	wire_open(&wire);
	/* room is for so much, and an answer that is put all the same */
	for (; channel_has_room(wire.sidecar) && put < 1000; put++) {
		memcpy(data, &put, sizeof put);
		channel_put(wire.sidecar, FRAME_RESPONSE, data, sizeof data);
	}
	assert_in_range(put, 10, 100);
	for (; put < 1000; put++) {
		memcpy(data, &put, sizeof put);
		channel_put(wire.sidecar, FRAME_RESPONSE, data, sizeof data);
	}
	/* the other end keeps so much, then leaves the rest where it is */
	for (int i = 0; i < 100; i++) {
		assert_true(channel_step(wire.sidecar, NULL) >= 0);
		more = channel_step(wire.gateway, NULL);
	}
	assert_int_equal(more, 1);
	assert_false(channel_has_room(wire.sidecar));
	assert_false(channel_is_flushed(wire.sidecar));
	/* once it reads, all of it comes, in its order */
	for (int i = 0; i < 1000 && taken < put; i++) {
		taken = frames_take(wire.gateway, taken);
		assert_true(channel_step(wire.sidecar, NULL) >= 0);
		assert_true(channel_step(wire.gateway, NULL) >= 0);
	}
	assert_int_equal(taken, put);
	assert_true(channel_has_room(wire.sidecar));
	assert_true(channel_is_flushed(wire.sidecar));
	wire_close(&wire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_does_not_read_is_not_sent_more),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
