/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plivo audio streaming, with bidirectional="true" and mu-law, which is what its answers are said to be. */
#include "endpoints/twilio/ap-dialects.h"

static const ApCallEvent events[] = {
  { "media", AP_CALL_MEDIA },       { "start", AP_CALL_START },          { "dtmf", AP_CALL_DTMF },
  { "playedStream", AP_CALL_MARK }, { "clearedAudio", AP_CALL_CLEARED }, { NULL },
};

static const ApCallPath fields[] = {
  AP_CALL_PATH ("event", EVENT),
  AP_CALL_PATH ("streamId", STREAM_ID),
  AP_CALL_PATH ("start.streamId", STREAM_ID),
  AP_CALL_PATH ("sequenceNumber", SEQUENCE),
  AP_CALL_PATH ("media.payload", PAYLOAD),
  AP_CALL_PATH ("media.track", TRACK),
  AP_CALL_PATH ("media.chunk", CHUNK),
  AP_CALL_PATH ("media.timestamp", TIMESTAMP),
  AP_CALL_PATH ("start.callId", CALL_ID),
  AP_CALL_PATH ("start.accountId", ACCOUNT_ID),
  AP_CALL_PATH ("start.mediaFormat.encoding", ENCODING),
  AP_CALL_PATH ("start.mediaFormat.sampleRate", RATE),
  AP_CALL_PATH ("dtmf.digit", DIGIT),
  AP_CALL_PATH ("name", MARK),
  { NULL },
};

static const char *const paths[] = { "/ws/plivo", NULL };

/* Its timestamps are those of a clock on the wall, which say when a message was made and not what is missing. */
const ApCallDialect ap_dialect_plivo = {
  .name = "Plivo",
  .paths = paths,
  .audio = { AP_CALL_ENCODING_MULAW, 8000, 1 },
  .events = events,
  .fields = fields,
  .media =
      "{\"event\":\"playAudio\",\"media\":{\"contentType\":\"audio/x-mulaw\",\"sampleRate\":8000,\"payload\":\"%p\"}}",
  .mark = "{\"event\":\"checkpoint\",\"streamId\":\"%s\",\"name\":\"%n\"}",
  .clear = "{\"event\":\"clearAudio\",\"streamId\":\"%s\"}",
};
