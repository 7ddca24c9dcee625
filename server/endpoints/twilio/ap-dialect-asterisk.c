/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asterisk's chan_websocket: audio in binary messages; events and commands as words, or as JSON with `f(json)` in the
 * dial string (Asterisk 20.18, 22.8, 23.2). Events are read in either form; commands have to be in the channel's. */
#include "endpoints/twilio/ap-dialects.h"

static const ApCallEvent events[] = {
  { "MEDIA_START", AP_CALL_START },
  { "MEDIA_XOFF", AP_CALL_PAUSE },
  { "MEDIA_XON", AP_CALL_RESUME },
  { "MEDIA_MARK_PROCESSED", AP_CALL_MARK },
  { "QUEUE_DRAINED", AP_CALL_DRAINED },
  { "DTMF_END", AP_CALL_DTMF },
  { "ERROR", AP_CALL_FAULT },
  { NULL }, /* MEDIA_BUFFERING_COMPLETED and STATUS answer commands that we do not give */
};

static const ApCallPath fields[] = {
  AP_CALL_PATH ("event", EVENT),
  AP_CALL_PATH ("connection_id", STREAM_ID),
  AP_CALL_PATH ("channel_id", CALL_ID),
  AP_CALL_PATH ("channel", CALL_ID), /* all that the first versions tell */
  AP_CALL_PATH ("format", ENCODING),
  AP_CALL_PATH ("optimal_frame_size", FRAME_BYTES),
  AP_CALL_PATH ("digit", DIGIT),
  AP_CALL_PATH ("duration_ms", DURATION),
  AP_CALL_PATH ("correlation_id", MARK),
  AP_CALL_PATH ("error_text", FAULT_TEXT),
  { NULL },
};

static const char *const paths[] = { "/ws/asterisk", NULL };
static const char *const json_paths[] = { "/ws/asterisk/json", NULL };

const ApCallDialect ap_dialect_asterisk = {
  .name = "Asterisk",
  .paths = paths,
  .audio = { AP_CALL_ENCODING_MULAW, 8000, 1 },
  .l16 = AP_CALL_ENCODING_L16LE,
  .binary_audio = TRUE,
  .text_bytes = 128,
  .plain_text = TRUE,
  .events = events,
  .fields = fields,
  .parameters = "channel_variables",
  .mark = "MARK_MEDIA %n",
  .clear = "FLUSH_MEDIA",
  .hangup = "HANGUP",
};

const ApCallDialect ap_dialect_asterisk_json = {
  .name = "Asterisk (JSON)",
  .paths = json_paths,
  .audio = { AP_CALL_ENCODING_MULAW, 8000, 1 },
  .l16 = AP_CALL_ENCODING_L16LE,
  .binary_audio = TRUE,
  .text_bytes = 128,
  .events = events,
  .fields = fields,
  .parameters = "channel_variables",
  .mark = "{\"command\":\"MARK_MEDIA\",\"correlation_id\":\"%n\"}",
  .clear = "{\"command\":\"FLUSH_MEDIA\"}",
  .hangup = "{\"command\":\"HANGUP\"}",
};
