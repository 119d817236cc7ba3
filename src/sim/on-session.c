/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Login, brokerage session, logout: cpapi.md section 2. */

#include "base/cleanup.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/world.h"

#define MAC "00:00:5E:00:53:01"
#define SERVER                                                    \
	"'serverInfo':{'serverName':'SimN00001','serverVersion':" \
	"'Build 10.44.1b, Mar 1, 2026 1:00:00 PM'}"
#define NO_SERVER "'serverInfo':{'serverName':null,'serverVersion':null}"

static void
pack_status(struct call *call)
{
	const struct session *session = &call->sim->session;

	switch (session->broker) {
	case BROKER_STARTING:
	case BROKER_READY:
		call_pack(call,
		    "{'authenticated':true,'established':%b,"
		    "'competing':false,'connected':true,'message':'',"
		    "'MAC':'" MAC "'," SERVER ",'hardware_info':"
		    "'00000000|" MAC "','fail':''}",
		    session->broker == BROKER_READY);
		break;
	case BROKER_TIMED_OUT:
		call_pack(call,
		    "{'authenticated':false,'established':false,"
		    "'competing':false,'connected':true,'message':'',"
		    "'MAC':'" MAC "'," SERVER ",'fail':''}");
		break;
	case BROKER_TAKEN:
		call_pack(call,
		    "{'authenticated':false,'established':false,"
		    "'competing':true,'connected':true,'message':'',"
		    "'MAC':'" MAC "'," NO_SERVER ",'fail':''}");
		break;
	default:
		call_pack(call,
		    "{'authenticated':false,'competing':%b,"
		    "'connected':false,'MAC':'" MAC "'}",
		    session->rival);
	}
}

static void
tickle(struct call *call)
{
	struct session *session = &call->sim->session;

	if (!session->outer) {
		call_known(call, KNOWN_NO_SESSION);
		return;
	}
	session_tickle(session, call->now_ms);
	call_pack(call,
	    "{'session':%s,'ssoExpires':%l,'collission':false,"
	    "'userId':123456789,'hmds':{'error':'no bridge'},"
	    "'iserver':{'authStatus':",
	    session->token, session->ends_ms - call->now_ms);
	pack_status(call);
	call_pack(call, "}}");
}

static void
status(struct call *call)
{
	pack_status(call);
}

static void
refuse_init(struct call *call)
{
	call_pack(call,
	    "{'authenticated':false,'competing':true,'connected':false,"
	    "'message':''," NO_SERVER ",'fail':"
	    "'Force compete capability must be used together with compete "
	    "flag'}");
}

static void
init(struct call *call)
{
	struct session *session = &call->sim->session;
	bool compete = json_get_bool(call->body, "compete", false);

	if (session_is_maintained(session, call->now_ms))
		call_known(call, KNOWN_UNAVAILABLE);
	else if (!json_get_bool(call->body, "publish", false))
		call_error(call, 500, "publish must be true");
	else if (!session_ask(session, compete, call->now_ms))
		refuse_init(call);
	else
		pack_status(call);
}

static void
validate(struct call *call)
{
	const struct session *session = &call->sim->session;

	call_pack(call,
	    "{'USER_ID':123456789,'USER_NAME':'simuser','RESULT':true,"
	    "'AUTH_TIME':%l,'SF_ENABLED':false,'IS_FREE_TRIAL':false,"
	    "'CREDENTIAL':'simuser','IP':'127.0.0.1','EXPIRES':%l,",
	    session->login_ms, session->ends_ms - call->now_ms);
	call_pack(call,
	    "'QUALIFIED_FOR_MOBILE_AUTH':null,'LANDING_APP':'UNIVERSAL',"
	    "'IS_MASTER':false,'lastAccessed':%l,'LOGIN_TYPE':%d,"
	    "'PAPER_USER_NAME':'simpaper','features':{'env':'PROD',"
	    "'wlms':true,'realtime':true,'bond':true,'optionChains':true},"
	    "'region':'NJ'}",
	    call->now_ms, session->live ? 1 : 2);
}

static void
logout(struct call *call)
{
	session_logout(&call->sim->session);
	call_pack(call, "{'status':true}");
}

static const struct route routes[] = {
	{ "GET POST", "/tickle", 0, tickle },
	{ "GET POST", "/iserver/auth/status", NEED_OUTER, status },
	{ "POST", "/iserver/auth/ssodh/init", NEED_OUTER | NEED_BODY, init },
	{ "GET", "/sso/validate", NEED_OUTER, validate },
	{ "POST", "/logout", NEED_OUTER, logout },
};
const struct family session_family = { routes, ARRAY_COUNT(routes) };
