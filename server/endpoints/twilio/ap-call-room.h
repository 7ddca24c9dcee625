/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-call-table.h"
#include "endpoints/twilio/ap-call-token.h"

/* The settings of the room, as its options fill them; see ap-twilio.c for what each means. */
typedef struct {
  gint64 max_calls; /* 0: no limit but that of the server */
  char *call_pipeline;
  gint64 call_lead_ms, call_queue_ms;
  gint64 call_start_seconds, call_idle_seconds;
  gint64 max_call_message_bytes;
  char *public_url; /* NULL: as each request says */
  char *twilio_auth_token;
  gboolean call_token;
  gint64 call_token_seconds;
} ApCallSettings;

/* The state of the room: one for the process. Each part has a lock of its own, or does not change. */
typedef struct {
  const ApCallSettings *settings;
  ApCallTable *table;
  ApCallTokens *tokens; /* NULL: none is asked for */
} ApCallRoom;
