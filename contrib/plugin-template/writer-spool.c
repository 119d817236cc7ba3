/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A writer to start from.  It carries orders into a folder, where a person or
 * another program takes them up:
 *
 *   SPOOL/ACCOUNT/REFERENCE.order     one order, a JSON object on one line
 *   SPOOL/ACCOUNT/REFERENCE.cancel    it should be cancelled
 *
 * and whoever takes them up leaves them there and answers with files of theirs:
 *
 *   SPOOL/ACCOUNT/REFERENCE.filled    one line: QUANTITY PRICE
 *   SPOOL/ACCOUNT/REFERENCE.cancelled
 *   SPOOL/ACCOUNT/REFERENCE.refused
 *
 * Put your own way to a broker in its place; what the functions have to
 * promise stays the same.  ibkr-agent-plugin(3) is the guide,
 * <ibkr-agent/writer.h> the contract.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ibkr-agent/writer.h>

#define ID_PREFIX "spool-"
#define PATH_SIZE 4096
#define ORDER_SIZE 4096
#define LIST_SIZE 1000000 /* an answer has at most 1 MiB */

/* The services of the host: const, alive as long as the process. */
static const struct iag_host *host;

/* What one instance needs; made by open(), freed by close(). */
struct spool {
	char *folder;
};

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *services)
{
	(void)ctx;
	host = services;
	return IAG_OK;
}

static int32_t
open_instance(struct iag_ctx *ctx, void **ret_instance)
{
	struct spool *spool = calloc(1, sizeof *spool);
	const char *folder;
	int32_t r;

	if (!spool)
		return IAG_NOMEM;
	r = host->option_str(ctx, "folder", &folder);
	spool->folder = r == IAG_OK ? strdup(folder) : NULL;
	if (!spool->folder) {
		free(spool);
		return r ? r : IAG_NOMEM;
	}
	*ret_instance = spool;
	return IAG_OK;
}

static void
close_instance(struct iag_ctx *ctx, void *instance)
{
	struct spool *spool = instance;

	(void)ctx;
	free(spool->folder);
	free(spool);
}

/* ---- paths */

/* A part of a path that cannot lead out of its folder. */
static int
is_plain(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";

	return text && *text && *text != '.' && strlen(text) <= 96 &&
	       text[strspn(text, allowed)] == '\0';
}

/* SPOOL/ACCOUNT, or the file of an order in it; 0: does not fit. */
static int
path_of(char path[PATH_SIZE], const struct spool *spool, const char *account,
    const char *ref, const char *suffix)
{
	int len;

	if (!is_plain(account) || (ref && !is_plain(ref)))
		return 0;
	len = ref ? snprintf(path, PATH_SIZE, "%s/%s/%s%s", spool->folder,
			account, ref, suffix)
		  : snprintf(path, PATH_SIZE, "%s/%s", spool->folder, account);
	return len > 0 && len < PATH_SIZE;
}

/* 1: it is there; 0: it is not; -1: nobody can tell. */
static int
look_for(const struct spool *spool, const char *account, const char *ref,
    const char *suffix)
{
	char path[PATH_SIZE];
	struct stat st;

	if (!path_of(path, spool, account, ref, suffix))
		return 0; /* nor could it be written */
	if (stat(path, &st) == 0)
		return 1;
	return errno == ENOENT ? 0 : -1;
}

static int
is_there(const struct spool *spool, const char *account, const char *ref,
    const char *suffix)
{
	return look_for(spool, account, ref, suffix) > 0;
}

/* One line of a small file, without its newline; 0: there is none. */
static int
read_line(const struct spool *spool, const char *account, const char *ref,
    const char *suffix, char *line, int size)
{
	char path[PATH_SIZE];
	FILE *file;
	int ok;

	if (!path_of(path, spool, account, ref, suffix))
		return 0;
	file = fopen(path, "re");
	if (!file)
		return 0;
	ok = fgets(line, size, file) != NULL;
	(void)fclose(file);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

/* ---- the order as text */

/* Append ,"key":"value"; of what came from outside, nothing is trusted. */
static int
add_member(char *json, const char *key, const char *value)
{
	size_t at = strlen(json);
	int len;

	if (!value)
		return 1;
	if (strpbrk(value, "\"\\\n\r\t"))
		return 0;
	len = snprintf(json + at, ORDER_SIZE - at, "%s\"%s\":\"%s\"",
	    at > 1 ? "," : "", key, value);
	return len > 0 && (size_t)len < ORDER_SIZE - at;
}

static int
add_end(char *json)
{
	size_t at = strlen(json);

	return snprintf(json + at, ORDER_SIZE - at, "}\n") <
	       (int)(ORDER_SIZE - at);
}

/* As `orders_list` has it, without the state: that is in the other files. */
static int
format_order(char json[ORDER_SIZE], const struct iag_order *order)
{
	static const char *const sides[] = { NULL, "buy", "sell" };
	static const char *const types[] = { NULL, "limit", "stop" };
	static const char *const tifs[] = { NULL, "day",
		"good_till_cancelled" };
	char id[128];

	(void)snprintf(id, sizeof id, ID_PREFIX "%s", order->client_ref);
	(void)snprintf(json, ORDER_SIZE, "{");
	return add_member(json, "broker_order_id", id) &&
	       add_member(json, "account_id", order->account) &&
	       add_member(json, "client_order_id", order->client_ref) &&
	       add_member(json, "contract_id", order->contract_id) &&
	       add_member(json, "symbol", order->symbol) &&
	       add_member(json, "currency", order->currency) &&
	       add_member(json, "side", sides[order->side]) &&
	       add_member(json, "order_type", types[order->type]) &&
	       add_member(json, "time_in_force", tifs[order->tif]) &&
	       add_member(json, "quantity", order->quantity) &&
	       add_member(json, "limit_price", order->limit_price) &&
	       add_member(json, "stop_price", order->stop_price) &&
	       add_end(json);
}

/* ---- sending */

/* The whole text under path, on the disk; 0 or an errno. */
static int
write_file(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fault = 0, fd;

	/* after a crash it may be another name of what was sent */
	if (unlink(path) < 0 && errno != ENOENT)
		return errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	if (write(fd, text, len) != (ssize_t)len)
		fault = errno ? errno : EIO;
	if (!fault && fsync(fd) < 0)
		fault = errno;
	if (close(fd) < 0 && !fault)
		fault = errno;
	return fault;
}

/* The names in a folder, on the disk; 0 or an errno. */
static int
sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fault = fd < 0 || fsync(fd) < 0 ? errno : 0;

	if (fd >= 0)
		(void)close(fd);
	return fault;
}

/*
 * Everything that may fail without consequences comes before commit_send():
 * the file is complete under a name that nobody looks at.  Then link() makes
 * the order visible, at once and never over another one.
 */
static int32_t
send_file(struct iag_ctx *ctx, const struct spool *spool, const char *account,
    const char *ref, const char *suffix, const char *text)
{
	char folder[PATH_SIZE], draft[PATH_SIZE], path[PATH_SIZE];
	int32_t r;
	int fault;

	/* An older host, or one that places no orders, ends before this. */
	if (!IAG_HAS(struct iag_host, host, commit_send) || !host->commit_send)
		return host->fail(
		    ctx, IAG_NOTSUP, NULL, "this host places no orders");
	if (!path_of(folder, spool, account, NULL, NULL) ||
	    !path_of(draft, spool, account, ref, ".draft") ||
	    !path_of(path, spool, account, ref, suffix))
		return host->fail(ctx, IAG_INVAL, NULL,
		    "account '%s' or reference '%s' makes no file name",
		    account, ref);
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return host->fail(ctx, IAG_AGAIN, "BROKER_BACKEND_UNAVAILABLE",
		    "the folder '%s' cannot be made: %s", folder,
		    strerror(errno));
	fault = write_file(draft, text);
	if (!fault) /* the account's folder may be new */
		fault = sync_folder(spool->folder);
	if (fault)
		return host->fail(ctx, IAG_AGAIN, "BROKER_BACKEND_UNAVAILABLE",
		    "'%s' cannot be written: %s", draft, strerror(fault));
	/* the point of no return: not 0 means that nothing may be sent */
	r = host->commit_send(ctx);
	if (r) {
		(void)unlink(draft);
		return r;
	}
	fault = link(draft, path) < 0 ? errno : 0;
	(void)unlink(draft);
	if (!fault)
		fault = sync_folder(folder);
	/* after it, whatever is no proof of refusal is `unknown` */
	if (fault)
		return host->fail(ctx, IAG_UNKNOWN, NULL,
		    "'%s' cannot be kept: %s", path, strerror(fault));
	host->count(ctx, "files_sent", 1);
	return IAG_OK;
}

/* ---- answers */

static const char *
intern(struct iag_ctx *ctx, const char *text)
{
	return host->intern(ctx, text, strlen(text));
}

static int
is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789.")] == '\0';
}

/* "QUANTITY PRICE" in two: the price; NULL: it is something else. */
static char *
split_fill(char *line)
{
	char *space = strchr(line, ' ');

	if (!space)
		return NULL;
	*space = '\0';
	return is_number(line) && is_number(space + 1) ? space + 1 : NULL;
}

/* What is known of an order; texts are constants or interned. */
static void
read_state(struct iag_ctx *ctx, const struct spool *spool, const char *account,
    const char *ref, struct iag_ack *ack)
{
	char line[160], *price;

	ack->client_ref = intern(ctx, ref);
	(void)snprintf(line, sizeof line, ID_PREFIX "%s", ref);
	ack->broker_order_id = intern(ctx, line);
	if (read_line(spool, account, ref, ".filled", line, sizeof line) &&
	    (price = split_fill(line))) {
		ack->status = IAG_STATUS_FILLED;
		ack->broker_status = "filled";
		ack->filled_quantity = intern(ctx, line);
		ack->average_price = intern(ctx, price);
	} else if (is_there(spool, account, ref, ".cancelled")) {
		ack->status = IAG_STATUS_CANCELLED;
		ack->broker_status = "cancelled";
	} else if (is_there(spool, account, ref, ".refused")) {
		ack->status = IAG_STATUS_REFUSED;
		ack->broker_status = "refused";
	} else if (is_there(spool, account, ref, ".cancel")) {
		ack->status = IAG_STATUS_PENDING_CANCEL;
		ack->broker_status = "cancel spooled";
	} else {
		ack->status = IAG_STATUS_SUBMITTED;
		ack->broker_status = "spooled";
	}
}

static int32_t
submit(struct iag_ctx *ctx, void *instance, const struct iag_order *order,
    struct iag_ack *ret_ack)
{
	const struct spool *spool = instance;
	char json[ORDER_SIZE];
	int32_t r;

	/* A bit that is not understood must never be dropped. */
	if (order->need_flags)
		return host->fail(ctx, IAG_NOTSUP, NULL,
		    "the order needs 0x%x, which this writer does not know",
		    (unsigned)order->need_flags);
	if (!format_order(json, order))
		return host->fail(ctx, IAG_INVAL, NULL,
		    "the order '%s' has a text that cannot be spooled",
		    order->client_ref);
	r = send_file(
	    ctx, spool, order->account, order->client_ref, ".order", json);
	if (r == IAG_OK)
		read_state(
		    ctx, spool, order->account, order->client_ref, ret_ack);
	return r;
}

/* The reference behind a broker order id of ours; NULL: none of ours. */
static const char *
ref_of(const struct iag_target *target)
{
	const char *id = target->broker_order_id;

	if (target->client_ref)
		return target->client_ref;
	if (!id || strncmp(id, ID_PREFIX, sizeof ID_PREFIX - 1) != 0)
		return NULL;
	return id + sizeof ID_PREFIX - 1;
}

static int32_t
cancel(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_ack *ret_ack)
{
	const struct spool *spool = instance;
	const char *ref = ref_of(target);
	int32_t r;

	/* Sure before anything was sent: REJECTED, and the text says why. */
	if (!ref || !is_there(spool, target->account, ref, ".order"))
		return host->fail(ctx, IAG_REJECTED, NULL,
		    "there is no order '%s' in the spool",
		    target->broker_order_id ? target->broker_order_id : "");
	r = send_file(ctx, spool, target->account, ref, ".cancel", "");
	if (r == IAG_OK)
		read_state(ctx, spool, target->account, ref, ret_ack);
	return r;
}

/*
 * For recovery after a crash or a lost answer.  The folder is all that there
 * is, so what is not in it was not sent; a broker's list proves that only if
 * it is complete and goes back far enough.  When in doubt: INCONCLUSIVE.
 */
static int32_t
find(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_find *ret_find)
{
	const struct spool *spool = instance;
	const char *ref = ref_of(target);
	struct stat st;
	int there;

	if (stat(spool->folder, &st) < 0)
		return host->fail(ctx, IAG_AGAIN, "BROKER_BACKEND_UNAVAILABLE",
		    "the folder '%s' cannot be read: %s", spool->folder,
		    strerror(errno));
	ret_find->complete = 1;
	ret_find->since_ns = 1; /* from the beginning */
	there = ref ? look_for(spool, target->account, ref, ".order") : -1;
	ret_find->answer = there > 0    ? IAG_FIND_FOUND
			   : there == 0 ? IAG_FIND_ABSENT
					: IAG_FIND_INCONCLUSIVE;
	if (there > 0)
		read_state(ctx, spool, target->account, ref, &ret_find->ack);
	return IAG_OK;
}

/* One row: the spooled text with the state in front; 0: it is left out. */
static int
list_row(struct iag_ctx *ctx, const struct spool *spool, const char *account,
    const char *ref, char *json, size_t *at)
{
	static const char *const words[] = { "unknown", "open", "open", "open",
		"filled", "cancelled", "cancelled" };
	char order[ORDER_SIZE], filled[96] = "";
	struct iag_ack ack = { .struct_size = sizeof ack };
	int len;

	if (!read_line(spool, account, ref, ".order", order, sizeof order))
		return 0; /* it cannot be read */
	if (order[0] != '{')
		return 1; /* not written by this writer */
	read_state(ctx, spool, account, ref, &ack);
	if (ack.filled_quantity)
		(void)snprintf(filled, sizeof filled,
		    "\"filled_quantity\":\"%s\",", ack.filled_quantity);
	len = snprintf(json + *at, LIST_SIZE - *at,
	    "%s{\"status\":\"%s\",\"broker_status\":\"%s\",%s%s",
	    json[*at - 1] == '[' ? "" : ",", words[ack.status],
	    ack.broker_status, filled, order + 1);
	if (len < 0 || (size_t)len + 3 >= LIST_SIZE - *at)
		return 0;
	*at += (size_t)len;
	return 1;
}

/* All orders of the account into json; 0: some are left out. */
static int
list_folder(struct iag_ctx *ctx, const struct spool *spool, const char *account,
    DIR *folder, char *json, size_t *at)
{
	struct dirent *entry;

	while ((entry = readdir(folder))) {
		char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".order") != 0)
			continue;
		*dot = '\0';
		if (!list_row(ctx, spool, account, entry->d_name, json, at))
			return 0;
	}
	return 1;
}

/* Orders that no backend knows: the answer of `orders_list`. */
static int32_t
list(struct iag_ctx *ctx, void *instance, const char *account)
{
	struct iag_reply_meta meta = { sizeof meta, IAG_REPLY_COMPLETE, 0, 0 };
	const struct spool *spool = instance;
	char path[PATH_SIZE], *json = malloc(LIST_SIZE);
	size_t at;
	DIR *folder;
	int32_t r;

	if (!json || !path_of(path, spool, account, NULL, NULL)) {
		free(json);
		return host->fail(ctx, IAG_INVAL, NULL,
		    "there is no folder for the account '%s'", account);
	}
	at = (size_t)snprintf(json, LIST_SIZE, "{\"orders\":[");
	folder = opendir(path);
	if (!folder && errno != ENOENT) {
		free(json);
		return host->fail(ctx, IAG_AGAIN, "BROKER_BACKEND_UNAVAILABLE",
		    "the folder '%s' cannot be read: %s", path,
		    strerror(errno));
	}
	if (folder && !list_folder(ctx, spool, account, folder, json, &at))
		meta.flags = 0; /* not all: nothing may follow from absence */
	if (folder)
		(void)closedir(folder);
	/* list_row() has left room for it */
	at += (size_t)snprintf(json + at, LIST_SIZE - at, "]}");
	r = host->reply(ctx, &meta, json, at);
	free(json);
	return r;
}

/* ---- what the host reads before it calls anything */

static const struct iag_option options[] = {
	{
	    .type = IAG_OPTION_PATH,
	    .flags = IAG_OPTION_REQUIRED,
	    .key = "folder",
	    .help = "where orders go; it must be there",
	},
};

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
	.open = open_instance,
	.close = close_instance,
};

/* Declare only what you keep: the host refuses the rest before you see it. */
static const struct iag_writer_ops writer_ops = {
	.struct_size = sizeof writer_ops,
	.operations = IAG_WRITER_SUBMIT | IAG_WRITER_CANCEL | IAG_WRITER_FIND |
		      IAG_WRITER_LIST,
	.order_types = 1u << IAG_TYPE_LIMIT | 1u << IAG_TYPE_STOP,
	.tifs = 1u << IAG_TIF_DAY | 1u << IAG_TIF_GOOD_TILL_CANCELLED,
	.modes = 1u << IAG_MODE_PAPER | 1u << IAG_MODE_LIVE,
	.ref_len = 96,
	.asset_classes = "stock etf",
	.submit = submit,
	.cancel = cancel,
	.find = find,
	.list = list,
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof plugin,
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_WRITER,
	.thread_model = IAG_THREAD_INSTANCE_SERIAL,
	/* Take this away as soon as a real broker is behind it. */
	.hint_flags = IAG_HINT_SIMULATED,
	.name = "spool",
	.version = "1.0",
	.summary = "carries orders into a folder, one file each",
	.options = options,
	.option_count = sizeof options / sizeof *options,
	.option_size = sizeof *options,
	.load = load,
	.instance = &instance_ops,
	.ops = &writer_ops,
};

/* The only symbol that leaves the file. */
const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}
