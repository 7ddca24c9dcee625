/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-call-room.h"
#include "net/ap-http.h"

/* What Twilio asks for by HTTP, and who may. @room: the ApCallRoom. */

/* The bound of a webhook's body, in bytes. */
#define AP_CALL_WEBHOOK_BYTES (64 * 1024)

/* Refuses the handshake of a call that is not to be let in: 403 without a right signature, 401 without the server's
 * token, 503 when there are as many calls as are allowed. */
void ap_call_admit (ApHttpRequest *request, gpointer room);

/* GET and POST /twiml: the answer to a call, which connects it to this server. */
void ap_call_answer_twiml (ApHttpRequest *request, gpointer room);
/* POST /twilio/status: what became of a stream, for the log. */
void ap_call_take_status (ApHttpRequest *request, gpointer room);
