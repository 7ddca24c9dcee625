/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exotel AgentStream (Voicebot): Twilio's shape, with linear audio and other spellings. */
#include "endpoints/twilio/ap-dialects.h"

static const ApCallEvent events[] = {
  { "media", AP_CALL_MEDIA }, { "connected", AP_CALL_CONNECTED }, { "start", AP_CALL_START }, { "dtmf", AP_CALL_DTMF },
  { "mark", AP_CALL_MARK },   { "clear", AP_CALL_CLEARED },       { "stop", AP_CALL_STOP },   { NULL },
};

/* What it calls the encoding is base64. */
static const ApCallPath fields[] = {
  AP_CALL_PATH ("event", EVENT),
  AP_CALL_PATH ("stream_sid", STREAM_ID),
  AP_CALL_PATH ("start.stream_sid", STREAM_ID),
  AP_CALL_PATH ("sequence_number", SEQUENCE),
  AP_CALL_PATH ("media.payload", PAYLOAD),
  AP_CALL_PATH ("media.chunk", CHUNK),
  AP_CALL_PATH ("media.timestamp", TIMESTAMP),
  AP_CALL_PATH ("start.call_sid", CALL_ID),
  AP_CALL_PATH ("start.account_sid", ACCOUNT_ID),
  AP_CALL_PATH ("start.media_format.sample_rate", RATE),
  AP_CALL_PATH ("dtmf.digit", DIGIT),
  AP_CALL_PATH ("dtmf.duration", DURATION),
  AP_CALL_PATH ("mark.name", MARK),
  AP_CALL_PATH ("stop.reason", REASON),
  { NULL },
};

static const char *const paths[] = { "/ws/exotel", NULL };

const ApCallDialect ap_dialect_exotel = {
  .name = "Exotel",
  .paths = paths,
  .audio = { AP_CALL_ENCODING_L16LE, 8000, 1 },
  .frame_bytes = 3200, /* the least that it takes at once; what it takes is a multiple of 320 */
  .events = events,
  .fields = fields,
  .parameters = "start.custom_parameters",
  .media = "{\"event\":\"media\",\"stream_sid\":\"%s\",\"media\":{\"payload\":\"%p\"}}",
  .mark = "{\"event\":\"mark\",\"stream_sid\":\"%s\",\"mark\":{\"name\":\"%n\"}}",
  .clear = "{\"event\":\"clear\",\"stream_sid\":\"%s\"}",
};
