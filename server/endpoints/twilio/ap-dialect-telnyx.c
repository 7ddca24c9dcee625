/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Telnyx media streaming, with stream_bidirectional_mode=rtp: what it takes then is the payload of RTP. */
#include "endpoints/twilio/ap-dialects.h"

static const ApCallEvent events[] = {
  { "media", AP_CALL_MEDIA }, { "connected", AP_CALL_CONNECTED }, { "start", AP_CALL_START }, { "dtmf", AP_CALL_DTMF },
  { "mark", AP_CALL_MARK },   { "error", AP_CALL_FAULT },         { "stop", AP_CALL_STOP },   { NULL },
};

static const ApCallPath fields[] = {
  AP_CALL_PATH ("event", EVENT),
  AP_CALL_PATH ("stream_id", STREAM_ID),
  AP_CALL_PATH ("sequence_number", SEQUENCE),
  AP_CALL_PATH ("media.payload", PAYLOAD),
  AP_CALL_PATH ("media.track", TRACK),
  AP_CALL_PATH ("media.chunk", CHUNK),
  AP_CALL_PATH ("media.timestamp", TIMESTAMP),
  AP_CALL_PATH ("version", VERSION),
  AP_CALL_PATH ("start.call_control_id", CALL_ID),
  AP_CALL_PATH ("start.user_id", ACCOUNT_ID),
  AP_CALL_PATH ("start.media_format.encoding", ENCODING),
  AP_CALL_PATH ("start.media_format.sample_rate", RATE),
  AP_CALL_PATH ("start.media_format.channels", CHANNELS),
  AP_CALL_PATH ("dtmf.digit", DIGIT),
  AP_CALL_PATH ("mark.name", MARK),
  AP_CALL_PATH ("payload.code", FAULT_CODE),
  AP_CALL_PATH ("payload.detail", FAULT_TEXT),
  AP_CALL_PATH ("payload.title", FAULT_TEXT),
  AP_CALL_PATH ("stop.reason", REASON),
  { NULL },
};

static const char *const paths[] = { "/ws/telnyx", NULL };

const ApCallDialect ap_dialect_telnyx = {
  .name = "Telnyx",
  .paths = paths,
  .audio = { AP_CALL_ENCODING_MULAW, 8000, 1 },
  .l16 = AP_CALL_ENCODING_L16BE, /* the byte order of RTP */
  .unordered = TRUE,
  .timestamp_hz = 1000,
  .events = events,
  .fields = fields,
  .parameters = "start.custom_parameters",
  .media = "{\"event\":\"media\",\"media\":{\"payload\":\"%p\"}}",
  .mark = "{\"event\":\"mark\",\"mark\":{\"name\":\"%n\"}}",
  .clear = "{\"event\":\"clear\"}",
};
