/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-call-room.h"
#include "net/ap-http.h"

/* /api/calls. @room: the ApCallRoom. A command to a call goes to all of its streams. */

/* The bounds of a body: of a command in JSON, and of a WAV file, in bytes. */
#define AP_CALL_COMMAND_BYTES (4 * 1024)
#define AP_CALL_WAV_BYTES     (32 * 1024 * 1024)

void ap_call_api_list (ApHttpRequest *request, gpointer room);
void ap_call_api_show (ApHttpRequest *request, gpointer room);
void ap_call_api_hang_up (ApHttpRequest *request, gpointer room);
void ap_call_api_clear (ApHttpRequest *request, gpointer room);
void ap_call_api_mark (ApHttpRequest *request, gpointer room);
void ap_call_api_play (ApHttpRequest *request, gpointer room);
/* Before the file comes: whether there is somebody to hear it. */
void ap_call_api_admit_play (ApHttpRequest *request, gpointer room);
