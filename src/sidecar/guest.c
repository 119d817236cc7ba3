/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/guest.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "sidecar/greeting.h"

/* For one that is not let in yet. */
#define COME_NS (10 * NS_PER_S)
/* Lines about refusals in a minute: strangers knock as often as they like. */
enum { WORDS_MAX = 60 };

int
guest_new(struct guest_house *house, int fd, struct guest **ret_guest,
    struct err *err)
{
	const struct config *config = house->config;
	struct guest *guest = calloc(1, sizeof *guest);
	uint8_t nonce[HASH_SIZE];
	int rc = 0;

	if (!guest ||
	    gnutls_certificate_allocate_credentials(&guest->outer) < 0) {
		free(guest);
		(void)close(fd);
		return err_no_memory(err);
	}
	guest->house = house;
	guest->until_ns = clock_boot_ns() + COME_NS;
	hash_random(nonce, sizeof nonce);
	hash_hex(nonce, guest->nonce);
	/* read anew for each, so that a new certificate needs no restart */
	rc = gnutls_certificate_set_x509_key_file(guest->outer,
	    config->remote_mcp.tls_certificate_file,
	    config->remote_mcp.tls_key_file, GNUTLS_X509_FMT_PEM);
	if (rc < 0) {
		(void)close(fd);
		rc = err_set(err, ERR_CONFIG_INVALID,
		    "cannot use remote_mcp.tls_certificate_file: %s",
		    gnutls_strerror(rc));
	} else {
		rc = channel_new(fd, guest->outer, NULL, &guest->channel, err);
	}
	if (rc) {
		guest_free(guest);
		return rc;
	}
	*ret_guest = guest;
	return 0;
}

void
guest_free(struct guest *guest)
{
	if (!guest)
		return;
	channel_free(guest->channel);
	gnutls_certificate_free_credentials(guest->outer);
	pairing_fini(&guest->pairing);
	relay_session_fini(&guest->session);
	free(guest);
}

uint64_t
greeting_skew_ns(const struct guest *guest)
{
	return guest->house->config->sidecar.clock_skew_seconds * NS_PER_S;
}

int
greeting_add_now(struct json_object *body)
{
	char now[CLOCK_TEXT_SIZE];

	clock_format(clock_real_ns(), now);
	return json_add_str(body, "observed_at", now);
}

int
guest_ask(struct guest *guest, struct err *err)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (json_add_str(body, "nonce", guest->nonce) ||
	    greeting_add_now(body) || json_add_int(body, "protocol", 1))
		return err_no_memory(err);
	json_write(&text, body, 0);
	channel_put(guest->channel, FRAME_CHALLENGE, buf_text(&text), text.len);
	guest->state = GUEST_ASKED;
	return 0;
}

int
guest_frame(struct guest *guest, const struct frame *frame, struct err *err)
{
	if (frame->type == FRAME_BYE)
		return channel_read_bye(frame, err);
	if (guest->state == GUEST_ASKED && frame->type == FRAME_HELLO)
		return greeting_hello(guest, frame, err);
	if (guest->state == GUEST_ASKED && frame->type == FRAME_JOIN)
		return greeting_join(guest, frame, err);
	if ((guest->state == GUEST_INNER || guest->state == GUEST_LIVE) &&
	    frame->type == FRAME_BEAT)
		return greeting_beat(guest, frame, err);
	return err_set(err, ERR_OUTPUT_UNSAFE,
	    "a frame of type %u does not belong here", (unsigned)frame->type);
}

int
guest_check(struct guest *guest, struct err *err)
{
	const struct config *config = guest->house->config;
	int rc;

	if (guest->state != GUEST_LIVE && clock_boot_ns() >= guest->until_ns)
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "it took more than %llu s to say who it is",
		    (unsigned long long)(COME_NS / NS_PER_S));
	if (guest->state != GUEST_LIVE)
		return 0;
	/* silence is no matter of a clock that somebody sets */
	rc = relay_session_usable(&guest->session,
	    guest->session.heartbeat_ns + clock_boot_ns() - guest->beat_boot_ns,
	    config->sidecar.heartbeat_timeout_seconds * NS_PER_S, err);
	if (rc)
		return rc;
	return pairing_still_usable(
	    guest->house->journal, guest->pairing.pairing_id, err);
}

static void
guest_tell(const struct guest *guest, const struct err *why)
{
	struct budget *words = &guest->house->words;

	if (!budget_take(words, WORDS_MAX, clock_boot_ns()))
		return;
	log_warning("sidecar", "%s: %s%s", guest->place, err_text(why),
	    words->used < WORDS_MAX
		? ""
		: "; more refusals are not told in this minute");
}

void
guest_refuse(struct guest *guest, const struct err *why)
{
	guest_tell(guest, why);
	if (channel_is_up(guest->channel))
		channel_put_bye(guest->channel, why);
	guest->state = GUEST_LEAVING;
	guest->until_ns = clock_boot_ns() + GREETING_LEAVE_NS;
}
