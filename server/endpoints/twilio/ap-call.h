/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-call-dialect.h"
#include "endpoints/twilio/ap-call-room.h"
#include "session/ap-session.h"

/* One socket of a telephone service: from its handshake to the end of its call. The state of its session; belongs to
 * the worker. Audio goes through the call's own pipeline to the playout, and from there to the caller as far ahead of
 * time as is allowed. Nothing that the peer says wrongly ends the call: it is counted, and logged once a kind. */
typedef struct _ApCall ApCall;

/* A peer that does not read is sent no more than this into the system, and as much again into its socket's queue: half
 * a second of mu-law each. The playout has the rest, which it can drop. */
#define AP_CALL_UNSENT_BYTES (8 * 1024)

/* For the table of an endpoint. */
ApCall *ap_call_open (ApSession *session, const ApCallDialect *dialect);
void ap_call_text (ApSession *session, const char *data, gsize length);
void ap_call_binary (ApSession *session, const guint8 *data, gsize length);
void ap_call_frame (ApSession *session, GstBuffer *buffer);
void ap_call_close (ApSession *session);

/* Commands, of the caller's keys and of /api/calls; without effect before the start of the call. */

/* Ends the call now, or once the caller has heard what waits for it. */
void ap_call_hang_up (ApCall *call, gboolean when_heard);
/* Drops all that the caller has not heard: here, at the peer, and what the elements hold. */
void ap_call_clear (ApCall *call);
/* A mark behind all that waits. FALSE: too many, or a name that the service cannot be sent. */
gboolean ap_call_mark (ApCall *call, const char *name);
/* Plays a WAV file to the caller instead of what the pipeline makes, behind other files that wait; answers @request
 * when the first of it has been decoded, or cannot be. */
void ap_call_play (ApCall *call, GBytes *wav, ApHttpRequest *request);
