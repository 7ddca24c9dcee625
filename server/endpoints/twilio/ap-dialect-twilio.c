/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Twilio Media Streams, and SignalWire, which speaks the same with more kinds of audio. */
#include "endpoints/twilio/ap-dialects.h"

static const ApCallEvent events[] = {
  { "media", AP_CALL_MEDIA },
  { "connected", AP_CALL_CONNECTED },
  { "start", AP_CALL_START },
  { "dtmf", AP_CALL_DTMF },
  { "mark", AP_CALL_MARK },
  { "stop", AP_CALL_STOP },
  { NULL },
};

static const ApCallPath fields[] = {
  AP_CALL_PATH ("event", EVENT),
  AP_CALL_PATH ("streamSid", STREAM_ID),
  AP_CALL_PATH ("sequenceNumber", SEQUENCE),
  AP_CALL_PATH ("media.payload", PAYLOAD),
  AP_CALL_PATH ("media.track", TRACK),
  AP_CALL_PATH ("media.chunk", CHUNK),
  AP_CALL_PATH ("media.timestamp", TIMESTAMP),
  AP_CALL_PATH ("protocol", PROTOCOL),
  AP_CALL_PATH ("version", VERSION),
  AP_CALL_PATH ("start.streamSid", STREAM_ID),
  AP_CALL_PATH ("start.callSid", CALL_ID),
  AP_CALL_PATH ("start.accountSid", ACCOUNT_ID),
  AP_CALL_PATH ("start.tracks", TRACKS),
  AP_CALL_PATH ("start.mediaFormat.encoding", ENCODING),
  AP_CALL_PATH ("start.mediaFormat.sampleRate", RATE),
  AP_CALL_PATH ("start.mediaFormat.channels", CHANNELS),
  AP_CALL_PATH ("dtmf.digit", DIGIT),
  AP_CALL_PATH ("dtmf.duration", DURATION),
  AP_CALL_PATH ("mark.name", MARK),
  AP_CALL_PATH ("stop.reason", REASON),
  { NULL },
};

static const char *const twilio_paths[] = { "/ws", "/ws/twilio", NULL };
static const char *const signalwire_paths[] = { "/ws/signalwire", NULL };

/* One more member in one of these, and Twilio ignores the message (warning 31951). */
#define SPEECH                                                                                                         \
  .media = "{\"event\":\"media\",\"streamSid\":\"%s\",\"media\":{\"payload\":\"%p\"}}",                                \
  .mark = "{\"event\":\"mark\",\"streamSid\":\"%s\",\"mark\":{\"name\":\"%n\"}}",                                      \
  .clear = "{\"event\":\"clear\",\"streamSid\":\"%s\"}"

const ApCallDialect ap_dialect_twilio = {
  .name = "Twilio",
  .paths = twilio_paths,
  .audio = { AP_CALL_ENCODING_MULAW, 8000, 1 },
  .timestamp_hz = 1000,
  .events = events,
  .fields = fields,
  .parameters = "start.customParameters",
  SPEECH,
};

const ApCallDialect ap_dialect_signalwire = {
  .name = "SignalWire",
  .paths = signalwire_paths,
  .audio = { AP_CALL_ENCODING_MULAW, 8000, 1 },
  .l16 = AP_CALL_ENCODING_L16LE,
  .timestamp_hz = 1000,
  .events = events,
  .fields = fields,
  .parameters = "start.customParameters",
  SPEECH,
};
