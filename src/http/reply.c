/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Answers, from the thread that has one to the loop that sends it.
 *
 * Threads: any.  request->lock is taken alone: a connection is resumed
 * outside of it, by whoever took is_suspended away, since the library has a
 * lock of its own under which the loop may call back.
 */

#include "http/loop.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

/*
 * What a reader of a stream may be behind when there is more to tell; one
 * message may have any size.
 */
enum { REPLY_STREAM_MAX = 1024 * 1024, REPLY_BLOCK = 16 * 1024 };

/* Under lock: must the caller resume the connection? */
static bool
reply_takes_turn(struct listener_request *request)
{
	bool was = request->is_suspended;

	request->is_suspended = false;
	return was;
}

static void
reply_headers(const struct listener *listener, struct MHD_Response *response,
    const struct listener_answer *answer)
{
	if (answer->type)
		(void)MHD_add_response_header(
		    response, "Content-Type", answer->type);
	(void)MHD_add_response_header(
	    response, "X-Content-Type-Options", "nosniff");
	for (size_t i = 0; i < answer->header_count; i++)
		(void)MHD_add_response_header(response, answer->headers[i].name,
		    answer->headers[i].value);
	if (answer->is_last ||
	    __atomic_load_n(&listener->is_quiet, __ATOMIC_ACQUIRE))
		(void)MHD_add_response_header(response, "Connection", "close");
}

static ssize_t
reply_read(void *arg, uint64_t at, char *to, size_t room)
{
	struct listener_request *request = arg;
	size_t len = 0;
	LOCK_SCOPE(&request->lock);

	(void)at;
	len = request->out.len - request->out_at;
	if (request->is_cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (len == 0 && request->is_ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (len == 0) {
		request->is_suspended = true;
		MHD_suspend_connection(request->connection);
		return 0;
	}
	len = len < room ? len : room;
	memcpy(to, request->out.data + request->out_at, len);
	request->out_at += len;
	request->waits_ns = clock_boot_ns();
	if (request->out_at == request->out.len) {
		buf_reset(&request->out);
		request->out_at = 0;
		request->waits_ns = 0;
	}
	return (ssize_t)len;
}

/*
 * The response becomes the answer, and the request has its body; response
 * NULL: the connection is cut.
 */
static void
reply_give(struct listener_request *request, struct MHD_Response *response,
    unsigned status, struct buf *body)
{
	bool takes_turn = false;

	(void)pthread_mutex_lock(&request->lock);
	if (request->is_answered || request->is_over) {
		if (response)
			MHD_destroy_response(response);
	} else {
		request->is_answered = true;
		request->response = response;
		request->status = status;
		request->is_cut |= !response;
		buf_fini(&request->answer);
		request->answer = *body;
		*body = (struct buf)BUF_INIT;
		takes_turn = reply_takes_turn(request);
	}
	(void)pthread_mutex_unlock(&request->lock);
	if (takes_turn)
		MHD_resume_connection(request->connection);
}

struct buf
listener_memory(struct listener_request *request)
{
	struct buf memory = request->answer;

	request->answer = (struct buf)BUF_INIT;
	return memory;
}

void
listener_answer(
    struct listener_request *request, const struct listener_answer *answer)
{
	CLEANUP_BUF struct buf body = BUF_INIT;
	struct MHD_Response *response = NULL;

	if (answer->body) {
		body = *answer->body;
		*answer->body = (struct buf)BUF_INIT;
	}
	if (!body.failed)
		response = MHD_create_response_from_buffer(body.len,
		    (void *)(uintptr_t)buf_text(&body), MHD_RESPMEM_PERSISTENT);
	if (response)
		reply_headers(request->listener, response, answer);
	reply_give(request, response, answer->status, &body);
}

void
listener_refuse(struct listener_request *request, unsigned status,
    const char *error, const char *message, bool is_last)
{
	CLEANUP_BUF struct buf body = BUF_INIT;
	const struct listener_answer answer = { .status = status,
		.type = "application/json",
		.body = &body,
		.is_last = is_last };

	buf_printf(&body, "{\"error\":\"%s\",\"message\":", error);
	json_write_string(&body, message, strlen(message));
	buf_str(&body, "}\n");
	listener_answer(request, &answer);
}

void
listener_stream(
    struct listener_request *request, const struct listener_answer *answer)
{
	struct buf nothing = BUF_INIT;
	struct MHD_Response *response = MHD_create_response_from_callback(
	    MHD_SIZE_UNKNOWN, REPLY_BLOCK, reply_read, request, NULL);

	if (response)
		reply_headers(request->listener, response, answer);
	(void)pthread_mutex_lock(&request->lock);
	request->is_stream = !request->is_answered;
	buf_init(&request->out, 0);
	if (answer->body) {
		buf_add(&request->out, answer->body->data, answer->body->len);
		buf_fini(answer->body);
	}
	(void)pthread_mutex_unlock(&request->lock);
	reply_give(request, response, answer->status, &nothing);
}

/* Under lock: what was read takes no room. */
static void
reply_compact(struct listener_request *request)
{
	struct buf *out = &request->out;

	if (request->out_at == 0)
		return;
	out->len -= request->out_at;
	memmove(out->data, out->data + request->out_at, out->len + 1);
	request->out_at = 0;
}

/* Under lock. */
static bool
reply_add(struct listener_request *request, const char *data, size_t len)
{
	if (!request->is_stream || request->is_over || request->is_cut ||
	    request->is_ended)
		return false;
	if (request->out.len == request->out_at)
		request->waits_ns = clock_boot_ns();
	reply_compact(request);
	if (request->out.len <= REPLY_STREAM_MAX)
		buf_add(&request->out, data, len);
	else
		request->is_cut = true;
	request->is_cut |= request->out.failed;
	return !request->is_cut;
}

bool
listener_write(struct listener_request *request, const char *data, size_t len)
{
	bool takes_turn = false;
	bool is_read = false;

	(void)pthread_mutex_lock(&request->lock);
	is_read = reply_add(request, data, len);
	takes_turn = reply_takes_turn(request);
	(void)pthread_mutex_unlock(&request->lock);
	if (takes_turn)
		MHD_resume_connection(request->connection);
	return is_read;
}

void
listener_end(struct listener_request *request)
{
	bool takes_turn = false;

	(void)pthread_mutex_lock(&request->lock);
	request->is_ended = true;
	takes_turn = reply_takes_turn(request);
	(void)pthread_mutex_unlock(&request->lock);
	if (takes_turn)
		MHD_resume_connection(request->connection);
}

void
request_cut(struct listener_request *request)
{
	bool takes_turn = false;

	(void)pthread_mutex_lock(&request->lock);
	request->is_cut = true;
	takes_turn = reply_takes_turn(request);
	(void)pthread_mutex_unlock(&request->lock);
	if (takes_turn)
		MHD_resume_connection(request->connection);
}

void
request_hang_up(struct listener_request *request)
{
	bool is_stream = false;

	(void)pthread_mutex_lock(&request->lock);
	is_stream = request->is_stream;
	(void)pthread_mutex_unlock(&request->lock);
	if (is_stream)
		request_cut(request);
}

/* On the loop: what is there, or wait for it. */
static bool
request_take_response(
    struct listener_request *request, struct MHD_Response **ret_response)
{
	LOCK_SCOPE(&request->lock);

	*ret_response = request->response;
	request->response = NULL;
	if (*ret_response || request->is_cut || request->is_answered)
		return true;
	/* asked in the middle of a body: later */
	if (!request->is_taken)
		return false;
	request->is_suspended = true;
	MHD_suspend_connection(request->connection);
	return false;
}

bool
request_queue(struct listener_request *request, enum MHD_Result *ret_result)
{
	struct MHD_Response *response = NULL;

	*ret_result = MHD_YES;
	if (!request_take_response(request, &response))
		return false;
	if (!response) {
		*ret_result = MHD_NO;
		return true;
	}
	ward_phase(request->listener->ward, request->entry,
	    request->is_stream ? WARD_STREAM : WARD_SENDING,
	    request->is_stream ? request : NULL);
	*ret_result =
	    MHD_queue_response(request->connection, request->status, response);
	MHD_destroy_response(response);
	return true;
}

struct listener_request *
request_new(void)
{
	struct listener_request *request = calloc(1, sizeof *request);

	if (request)
		(void)pthread_mutex_init(&request->lock, NULL);
	return request;
}

static void
request_wipe(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->len);
}

/* What a cleared one does not keep. */
static void
request_fini(struct listener_request *request)
{
	if (request->response)
		MHD_destroy_response(request->response);
	request_wipe(&request->text);
	request_wipe(&request->body);
	buf_fini(&request->out);
	(void)pthread_mutex_destroy(&request->lock);
}

void
request_free(struct listener_request *request)
{
	request_fini(request);
	buf_fini(&request->text);
	buf_fini(&request->body);
	buf_fini(&request->answer);
	free(request);
}

static struct buf
request_memory(struct buf *buf, size_t max)
{
	buf->max = 0;
	buf_reset(buf);
	if (buf->cap > max)
		buf_fini(buf);
	return *buf;
}

void
request_clear(struct listener_request *request, size_t max)
{
	request_fini(request);
	*request = (struct listener_request){
		.text = request_memory(&request->text, max),
		.body = request_memory(&request->body, max),
		.answer = request_memory(&request->answer, max),
	};
	(void)pthread_mutex_init(&request->lock, NULL);
}

struct listener_request *
listener_ref(struct listener_request *request)
{
	(void)__atomic_add_fetch(&request->ref_count, 1, __ATOMIC_RELAXED);
	return request;
}
