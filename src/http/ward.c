/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: the loops of the listener enter, leave and change phases, several
 * at a time, other threads write to streams, the ward's own thread waits for
 * hang-ups and counts time.  lock guards the entries; hold() and is_stalled()
 * run under it and may take no lock under which this file is called.
 */

#include "http/ward.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/thread.h"

/* Connections beyond the limit that are told so. */
enum { WARD_EXTRA = 64, WARD_TICK_MS = 1000, WARD_EVENTS = 64 };

struct ward_entry {
	struct ward_entry *next, *prev;
	struct ward *ward;
	uint64_t serial;
	int fd;
	struct address site;
	enum ward_phase phase;
	uint64_t since_ns;
	uint64_t until_ns; /* 0: no end */
	void *request;
	bool is_extra;
	bool is_hung; /* the peer has hung up */
	bool is_cut;  /* it was ended here, and is not closed yet */
};

struct ward {
	struct ward_limits limits;
	const struct ward_calls *calls;
	void *arg;
	pthread_t thread;
	int epoll_fd;
	int stop_fd;
	pthread_mutex_t lock;
	struct ward_entry *entries;
	unsigned count;
	uint64_t serial;
};

static struct ward_entry *
ward_find(struct ward *ward, uint64_t serial)
{
	for (struct ward_entry *e = ward->entries; e; e = e->next) {
		if (e->serial == serial)
			return e;
	}
	return NULL;
}

static void
ward_cut(struct ward_entry *entry)
{
	(void)shutdown(entry->fd, SHUT_RDWR);
	entry->until_ns = 0;
	entry->is_cut = true;
}

/* The request that is to be told of the hang-up, kept; or NULL. */
static void *
ward_lost(struct ward *ward, struct ward_entry *entry)
{
	void *request = entry->is_hung ? entry->request : NULL;

	if (request)
		ward->calls->hold(ward->arg, request);
	return request;
}

static void
ward_hang(struct ward *ward, uint64_t serial)
{
	struct ward_entry *entry = NULL;
	void *request = NULL;

	(void)pthread_mutex_lock(&ward->lock);
	entry = ward_find(ward, serial);
	if (entry && !entry->is_hung) {
		entry->is_hung = true;
		request = ward_lost(ward, entry);
	}
	(void)pthread_mutex_unlock(&ward->lock);
	if (request)
		ward->calls->gone(ward->arg, request);
}

static bool
ward_is_idle(const struct ward_entry *entry)
{
	return entry->phase == WARD_FRESH || entry->phase == WARD_IDLE;
}

/* Must it end now? */
static bool
ward_is_due(
    const struct ward *ward, const struct ward_entry *entry, uint64_t now_ns)
{
	if (entry->until_ns && now_ns >= entry->until_ns)
		return true;
	/* the library does not see every end of a peer that sent before */
	if (entry->is_hung && !entry->is_cut &&
	    (ward_is_idle(entry) || entry->phase == WARD_READING))
		return now_ns >= entry->since_ns + WARD_TICK_MS * NS_PER_MS;
	return entry->phase == WARD_STREAM && entry->request &&
	       ward->calls->is_stalled(ward->arg, entry->request, now_ns);
}

static void
ward_count_time(struct ward *ward)
{
	uint64_t now = clock_boot_ns();
	LOCK_SCOPE(&ward->lock);

	for (struct ward_entry *e = ward->entries; e; e = e->next) {
		if (ward_is_due(ward, e, now))
			ward_cut(e);
	}
}

static void *
ward_run(void *arg)
{
	struct ward *ward = arg;
	struct epoll_event events[WARD_EVENTS];
	uint64_t next_ns = clock_boot_ns() + WARD_TICK_MS * NS_PER_MS;

	for (;;) {
		uint64_t now = clock_boot_ns();
		int wait =
		    now >= next_ns ? 0 : (int)((next_ns - now) / NS_PER_MS) + 1;
		int n = epoll_wait(ward->epoll_fd, events, WARD_EVENTS, wait);

		for (int i = 0; i < n; i++) {
			if (events[i].data.u64 == 0)
				return NULL;
			ward_hang(ward, events[i].data.u64);
		}
		if (clock_boot_ns() < next_ns)
			continue;
		next_ns = clock_boot_ns() + WARD_TICK_MS * NS_PER_MS;
		ward_count_time(ward);
		if (ward->calls->tick)
			ward->calls->tick(ward->arg);
	}
}

static int
ward_open(struct ward *ward)
{
	struct epoll_event stop = { .events = EPOLLIN };

	ward->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	ward->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ward->epoll_fd < 0 || ward->stop_fd < 0 ||
	    epoll_ctl(ward->epoll_fd, EPOLL_CTL_ADD, ward->stop_fd, &stop) < 0)
		return errno;
	return thread_start(&ward->thread, 0, ward_run, ward);
}

int
ward_start(const struct ward_limits *limits, const struct ward_calls *calls,
    void *arg, struct ward **ret_ward, struct err *err)
{
	struct ward *ward = calloc(1, sizeof *ward);
	int r;

	if (!ward)
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory for connections");
	ward->limits = *limits;
	ward->calls = calls;
	ward->arg = arg;
	ward->stop_fd = -1;
	(void)pthread_mutex_init(&ward->lock, NULL);
	r = ward_open(ward);
	if (r != 0) {
		ward_free(ward);
		return err_set(err, ERR_INTERNAL_ERROR,
		    "cannot watch connections: %s", strerror(r));
	}
	*ret_ward = ward;
	return 0;
}

void
ward_stop(struct ward *ward)
{
	(void)eventfd_write(ward->stop_fd, 1);
	(void)pthread_join(ward->thread, NULL);
}

void
ward_free(struct ward *ward)
{
	if (!ward)
		return;
	if (ward->epoll_fd >= 0)
		(void)close(ward->epoll_fd);
	if (ward->stop_fd >= 0)
		(void)close(ward->stop_fd);
	(void)pthread_mutex_destroy(&ward->lock);
	free(ward);
}

/* Make room: the one that has done nothing for the longest time. */
static void
ward_end_oldest(struct ward *ward)
{
	struct ward_entry *oldest = NULL;

	for (struct ward_entry *e = ward->entries; e; e = e->next) {
		if (ward_is_idle(e) && !e->is_cut &&
		    (!oldest || e->since_ns < oldest->since_ns))
			oldest = e;
	}
	if (oldest)
		ward_cut(oldest);
}

/* Those that have a place. */
static unsigned
ward_places(const struct ward *ward)
{
	unsigned count = 0;

	for (const struct ward_entry *e = ward->entries; e; e = e->next)
		count += !e->is_cut;
	return count;
}

static bool
ward_is_full(const struct ward *ward)
{
	return ward->count >= ward->limits.connections &&
	       ward_places(ward) >= ward->limits.connections;
}

/* Under lock: is there room for one more from there?  It is made. */
static bool
ward_has_room(struct ward *ward, const struct address *site, bool is_exempt)
{
	unsigned same = 0;

	for (const struct ward_entry *e = ward->entries; e; e = e->next)
		same += address_equal(&e->site, site);
	if (!is_exempt && ward->limits.per_address > 0 &&
	    same >= ward->limits.per_address)
		return false;
	if (ward_is_full(ward))
		ward_end_oldest(ward);
	return ward->count < ward->limits.connections + WARD_EXTRA;
}

bool
ward_admits(struct ward *ward, const struct address *address, bool is_exempt)
{
	const struct address site = address_site(address);
	LOCK_SCOPE(&ward->lock);

	return ward_has_room(ward, &site, is_exempt);
}

static void
ward_set(struct ward *ward, struct ward_entry *entry, enum ward_phase phase)
{
	uint64_t stay = ward->limits.stay_ns[phase];

	entry->phase = phase;
	entry->since_ns = clock_boot_ns();
	entry->until_ns = stay > 0 ? entry->since_ns + stay : 0;
}

struct ward_entry *
ward_enter(
    struct ward *ward, int fd, const struct address *address, bool is_exempt)
{
	const struct address site = address_site(address);
	struct ward_entry *entry = calloc(1, sizeof *entry);
	struct epoll_event event = { .events = EPOLLRDHUP | EPOLLET };
	LOCK_SCOPE(&ward->lock);

	/* another loop may have let one in since ward_admits() */
	if (!entry || !ward_has_room(ward, &site, is_exempt)) {
		(void)shutdown(fd, SHUT_RDWR);
		free(entry);
		return NULL;
	}
	entry->ward = ward;
	entry->fd = fd;
	entry->site = site;
	entry->serial = ++ward->serial;
	entry->is_extra = ward_is_full(ward);
	ward_set(ward, entry, WARD_FRESH);
	entry->next = ward->entries;
	if (entry->next)
		entry->next->prev = entry;
	ward->entries = entry;
	ward->count++;
	event.data.u64 = entry->serial;
	(void)epoll_ctl(ward->epoll_fd, EPOLL_CTL_ADD, fd, &event);
	return entry;
}

void
ward_leave(struct ward *ward, struct ward_entry *entry)
{
	LOCK_SCOPE(&ward->lock);

	(void)epoll_ctl(ward->epoll_fd, EPOLL_CTL_DEL, entry->fd, NULL);
	if (entry->prev)
		entry->prev->next = entry->next;
	else
		ward->entries = entry->next;
	if (entry->next)
		entry->next->prev = entry->prev;
	ward->count--;
	free(entry);
}

void
ward_phase(struct ward *ward, struct ward_entry *entry, enum ward_phase phase,
    void *request)
{
	void *lost = NULL;

	(void)pthread_mutex_lock(&ward->lock);
	ward_set(ward, entry, phase);
	entry->request = request;
	lost = ward_lost(ward, entry);
	(void)pthread_mutex_unlock(&ward->lock);
	if (lost)
		ward->calls->gone(ward->arg, lost);
}

bool
ward_is_extra(const struct ward_entry *entry)
{
	return entry->is_extra;
}

void *
ward_owner(const struct ward_entry *entry)
{
	return entry->ward->arg;
}

void
ward_end_idle(struct ward *ward)
{
	LOCK_SCOPE(&ward->lock);

	for (struct ward_entry *e = ward->entries; e; e = e->next) {
		if (ward_is_idle(e))
			ward_cut(e);
	}
}

unsigned
ward_count(struct ward *ward)
{
	LOCK_SCOPE(&ward->lock);

	return ward->count;
}
