/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The life of an order, small enough to be checked in full: three callers (two
 * of them with one key, two with one approval) in processes that may die at any
 * instant, callbacks of a writer that go on after their callers have given them
 * up, a broker that may be slow, reject or lose its answer, those who look
 * at the broker for what nobody answers for, and an operator who closes the
 * switch and opens it again.
 *
 * A `d_step` or `atomic` block is one transaction of the store or one act of
 * the kernel.  State names are those of the program; tests/unit/test-model.c compares
 * them.  Numbers of invariants are those of docs/architecture.md.
 *
 * CRASHES, RECONCILERS and ALL (three callers at once) make it larger.  With
 * GIVES_UP a caller may give up a callback that goes on, and orders stay as the
 * broker took them, which makes no difference to that.  Each
 * BREAK_x leaves one rule out, and the checker must then find a fault:
 *   BREAK_REPLAY    no look for an existing intent in its own transaction
 *   BREAK_APPROVAL  the approval is read before the transaction, not in it
 *   BREAK_COMMIT    commit_send does not read the switch again
 *   BREAK_DRAIN     close does not wait for writes that are under way
 *   BREAK_LEAVE     leave to send ends with the caller (GIVES_UP)
 *   BREAK_REVOKE    a call that was given up may still begin to send (GIVES_UP)
 *   BREAK_SENDING   absence is believed while that callback goes on (GIVES_UP)
 *   BREAK_OWNER     an intent is settled while its owner is alive
 *   BREAK_FLIGHT    absence is believed while the request may be in flight
 *   BREAK_RESEND    an unknown outcome is sent again
 *   BREAK_TERMINAL  settling does not look whether somebody else settled
 *   BREAK_ORDER     an order follows the broker out of a terminal state
 */

#define CALLERS 3
#define KEYS 2
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef RECONCILERS
#define RECONCILERS 1
#endif
#define APPROVALS 2

/*
 * The states as the program names them:
 *   intent: recorded done refused unknown
 *   approval: requested approved consumed revoked expired
 *   order: submitted filled cancelled refused
 *   switch: closed cancel_only open
 * and what there is before them: absent, nothing.
 */
mtype = {
	absent, nothing,
	recorded, done, refused, unknown,
	requested, approved, consumed, revoked, expired,
	submitted, filled, cancelled,
	closed, cancel_only, open
};

/* The store. */
mtype intent[KEYS] = absent;
byte owner[KEYS];
mtype approval[APPROVALS] = requested;
mtype switch_state = open;
mtype row[KEYS] = nothing; /* what the journal says of the order */

/* The kernel: guards are freed when a process dies. */
bool alive[CALLERS] = true;
byte senders;         /* holders of the guard "send", shared */
byte leave[CALLERS];  /* who counts on it: the caller, its callback */
bool sending[CALLERS]; /* the guard "sending:OWNER", of a given-up callback */
bool draining;        /* "send" is wanted exclusively */
bool account_is_held; /* the guard "account:..." */

/* The world outside. */
byte in_flight[KEYS];
mtype book[KEYS] = nothing;
chan answer[CALLERS] = [1] of { mtype };

/* The host's, between a caller and the callback on its plugin thread. */
bool committed[CALLERS];
bool taken_back[CALLERS]; /* given up before that: it may not commit any more */
bool returned[CALLERS];
mtype result[CALLERS] = nothing;

/* What the invariants are about. */
byte sends[KEYS];
byte landed[KEYS];
byte uses[APPROVALS];
mtype ended[KEYS] = absent; /* the first terminal state */
mtype row_ended[KEYS] = nothing;
bool drained;
byte crashes;

/* callers 0 and 1 have one key, callers 0 and 2 one approval */
#define key_of(caller) (caller == 2 -> 1 : 0)
#define approval_of(caller) (caller == 1 -> 1 : 0)
/* one whose time may run out is enough */
#ifdef GIVES_UP
#define gives_up(caller) (caller == 0)
#else
#define gives_up(caller) false
#endif

inline hold_account(me)
{
	atomic { !account_is_held -> account_is_held = true; has_account = true }
}

inline hold_send(me)
{
	atomic { !draining -> senders++; leave[me] = 1 }
}

inline drop_leave(me)
{
	if
	:: leave[me] > 0 ->
		leave[me]--;
		if
		:: leave[me] == 0 -> senders--; sending[me] = false
		:: else
		fi
	:: else
	fi
}

inline drop_guards(me)
{
	d_step {
		if
		:: has_account -> account_is_held = false; has_account = false
		:: else
		fi;
		drop_leave(me)
	}
}

/* The process ends, however, and its callback with it. */
inline end_process(me)
{
	d_step {
		alive[me] = false;
		if
		:: has_account -> account_is_held = false; has_account = false
		:: else
		fi;
		if
		:: leave[me] > 0 -> leave[me] = 0; senders--; sending[me] = false
		:: else
		fi;
		/* what nobody looks at any more makes no difference */
		committed[me] = false;
		taken_back[me] = false;
		returned[me] = false;
		result[me] = nothing
	}
}

/* The settling transaction: the state may have changed meanwhile. */
inline settle(k, state)
{
	d_step {
#ifdef BREAK_TERMINAL
		if
		:: intent[k] != absent -> intent[k] = state
#else
		if
		:: intent[k] == recorded || intent[k] == unknown ->
			intent[k] = state
#endif
		:: else
		fi;
		if
		:: intent[k] == done && row[k] == nothing -> row[k] = submitted
		:: else
		fi;
		if
		:: ended[k] == absent &&
		    (intent[k] == done || intent[k] == refused) ->
			ended[k] = intent[k]
		:: else
		fi
	}
}

/* Dies here, or not.  The kernel frees what it held. */
inline may_die(me)
{
	if
	:: crashes < CRASHES ->
		crashes++;
		end_process(me);
		goto dead
	:: true
	fi
}

/*
 * The writer's submit: commit_send, the first byte as late as it likes, the
 * answer.  It dies with its process, which may be at every step.
 */
proctype callback(byte me)
{
	byte k = key_of(me);
	mtype said = unknown;

	/* commit_send: the last look before the point of no return */
	atomic {
		if
		:: !alive[me] -> goto gone
#ifndef BREAK_REVOKE
		:: alive[me] && taken_back[me] -> said = nothing
#endif
#ifdef BREAK_COMMIT
		:: alive[me] ->
#elif defined(BREAK_REVOKE)
		:: alive[me] && switch_state == open ->
#else
		:: alive[me] && !taken_back[me] && switch_state == open ->
#endif
			committed[me] = true;
			assert(switch_state == open) /* a close is in force */
		:: alive[me] && switch_state != open -> said = nothing
		fi
	}
	if
	:: said == nothing -> goto back
	:: else
	fi;
	/* the first byte */
	d_step {
		if
		:: alive[me] ->
			/* inv1; of a given-up call, what it was settled as */
			assert(intent[k] == recorded || intent[k] == unknown);
			assert(!drained);              /* inv7 */
			sends[k]++;
			assert(sends[k] <= 1);         /* inv2 */
			in_flight[k]++
		:: else
		fi
	}
	if
	:: !alive[me] -> goto gone
	:: alive[me]; answer[me]?said
	:: alive[me] -> said = unknown /* its own limit of time */
	fi;
back:
	skip;
	d_step {
		if
		:: alive[me] ->
			result[me] = said;
			returned[me] = true;
			drop_leave(me)
		:: else
		fi
	}
gone:
	skip
}

/* The caller's end of it: what came back, or the deadline. */
inline wait_for_callback(me)
{
	atomic {
		if
		:: returned[me] -> said = result[me]; result[me] = nothing
		/* too late for a byte to be held back: it goes on, and is told */
		:: gives_up(me) && !returned[me] && committed[me] ->
			sending[me] = true;
			said = unknown
		:: gives_up(me) && !returned[me] && !committed[me] ->
			taken_back[me] = true;
			said = nothing
		fi
	}
}

proctype caller(byte me)
{
	byte k = key_of(me), a = approval_of(me);
	bool has_account = false, may_go = false;
	bool saw_approved = false;
	mtype said;

	may_die(me);
#ifdef BREAK_APPROVAL
	saw_approved = approval[a] == approved;
#endif
	hold_send(me);
	hold_account(me);
	may_die(me);
	/* gates and intent: one transaction */
	d_step {
#ifndef BREAK_APPROVAL
		saw_approved = approval[a] == approved;
#endif
		if
#ifdef BREAK_REPLAY
		:: switch_state == open && saw_approved ->
#elif defined(BREAK_RESEND)
		:: intent[k] == unknown && switch_state == open ->
			intent[k] = recorded;
			owner[k] = me;
			may_go = true
		:: intent[k] == absent && switch_state == open && saw_approved ->
#else
		:: intent[k] == absent && switch_state == open && saw_approved ->
#endif
			intent[k] = recorded;
			owner[k] = me;
			approval[a] = consumed;
			uses[a]++;
			may_go = true
		:: else /* replayed, or refused by a gate: nothing is stored */
		fi;
		saw_approved = false
	}
	if
	:: !may_go -> goto out
	:: else
	fi;
	may_die(me);
	atomic {
#ifndef BREAK_LEAVE
		leave[me]++;
#endif
		run callback(me)
	}
	wait_for_callback(me);
	may_die(me);
	if
	:: said == nothing ->
		/* nothing was sent: key and approval are free */
		d_step {
			intent[k] = absent;
			approval[a] = approved;
			uses[a]--
		}
		goto out
	:: else
	fi;
	settle(k, said);
	said = unknown;
	may_die(me);
out:
	drop_guards(me);
	/* a daemon lives on; a command ends, whatever still goes on in it */
	if
	:: returned[me] || leave[me] == 0
	:: true
	fi;
	end_process(me);
dead:
	skip
}

/* Takes what has arrived, whenever it likes; its answer may get lost. */
active proctype broker()
{
	byte k;

end:
	do
	:: atomic {
		(in_flight[0] > 0 || in_flight[1] > 0) ->
		if
		:: in_flight[0] > 0 -> k = 0
		:: in_flight[1] > 0 -> k = 1
		fi;
		in_flight[k]--;
		landed[k]++;
		if
		:: book[k] = submitted;
			if
			:: nfull(answer[owner[k]]) -> answer[owner[k]]!done
			:: true /* lost */
			fi
		:: book[k] == nothing -> /* refused, and it says so */
			landed[k]--;
			if
			:: nfull(answer[owner[k]]) -> answer[owner[k]]!refused
			:: true
			fi
		fi
	   }
#ifndef GIVES_UP
	:: atomic { book[0] == submitted -> book[0] = cancelled }
	/* brokers have been seen to say so */
	:: atomic { book[0] == cancelled -> book[0] = filled }
	:: atomic { book[1] == submitted -> book[1] = refused }
#endif
	od
}

inline select_key(k)
{
	if
	:: k = 0
	:: k = 1
	fi
}

/* What a process does not need any more makes no difference. */
inline forget(k, state)
{
	d_step { k = 0; state = absent }
}

/* What the guard "sending" says before a look, and max_flight after it. */
#ifdef BREAK_SENDING
#define may_land(k) (in_flight[k] > 0)
#else
#define may_land(k) (in_flight[k] > 0 || sending[owner[k]])
#endif

/*
 * Looks at the broker for what nobody answers for, in one step, and settles in
 * a later one; it never sends.  The reconciler is one, `orders resolve` would
 * be another.
 */
active [RECONCILERS] proctype reconciler()
{
	byte k = 0;
	mtype verdict;

end:
	do
	:: atomic {
		select_key(k);
#ifdef BREAK_OWNER
		(intent[k] == recorded || intent[k] == unknown) ->
#else
		(intent[k] == unknown ||
		    (intent[k] == recorded && !alive[owner[k]])) ->
#endif
		if
		:: book[k] != nothing -> verdict = done
#ifdef BREAK_FLIGHT
		:: book[k] == nothing -> verdict = refused
#else
		/* max_flight is over, and nothing is in the book */
		:: book[k] == nothing && !may_land(k) -> verdict = refused
		:: book[k] == nothing && may_land(k) -> verdict = unknown
#endif
		fi
	   };
	   settle(k, verdict);
	   forget(k, verdict)
	/* follow the order until it is terminal */
	:: atomic {
		select_key(k);
#ifdef BREAK_ORDER
		row[k] != nothing && book[k] != nothing -> row[k] = book[k];
#else
		row[k] == submitted && book[k] != nothing -> row[k] = book[k];
#endif
		if
		:: row[k] != submitted && row_ended[k] == nothing ->
			row_ended[k] = row[k]
		:: else
		fi;
		k = 0
	   }
	od
}

active proctype operator()
{
	/* the request of an agent stays one until here */
	d_step { approval[0] = approved; approval[1] = approved };
	if
	:: d_step { approval[0] == approved -> approval[0] = revoked }
	:: d_step { approval[1] == approved -> approval[1] = expired }
	:: true
	fi;
	if
	:: d_step { switch_state = closed; draining = true };
#ifndef BREAK_DRAIN
		senders == 0;
#endif
		drained = true;
		draining = false;
		d_step { drained = false; switch_state = open }
	:: switch_state = cancel_only
	:: true
	fi
}

init
{
	atomic {
		run caller(0);
		if
		:: run caller(1) /* the same key */
		:: run caller(2) /* the same approval */
#ifdef ALL
		:: run caller(1); run caller(2)
#endif
		fi
	}
}

/* One approval, one use, one order (inv2, inv3). */
#define once \
	(uses[0] <= 1 && uses[1] <= 1 && landed[0] <= 1 && landed[1] <= 1)
/* Refused means that nothing happened, done that it did (inv4). */
#define honest \
	((intent[0] != refused || book[0] == nothing) && \
	 (intent[1] != refused || book[1] == nothing) && \
	 (intent[0] != done || book[0] != nothing) && \
	 (intent[1] != done || book[1] != nothing) && \
	 (book[0] == nothing || intent[0] != absent) && \
	 (book[1] == nothing || intent[1] != absent))

/* Terminal states never come back. */
#define final \
	((ended[0] == absent || intent[0] == ended[0]) && \
	 (ended[1] == absent || intent[1] == ended[1]) && \
	 (row_ended[0] == nothing || row[0] == row_ended[0]) && \
	 (row_ended[1] == nothing || row[1] == row_ended[1]))

never {
	do
	:: !(once && honest && final) -> break
	:: else
	od
}
