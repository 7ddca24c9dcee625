/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jambonz, its verb `listen` (or `stream`) with bidirectional audio that streams: binary both ways. */
#include "endpoints/twilio/ap-dialects.h"

static const ApCallEvent events[] = { { "dtmf", AP_CALL_DTMF }, { "mark", AP_CALL_MARK }, { NULL } };

/* Events are named by one of two members. */
static const ApCallPath fields[] = {
  AP_CALL_PATH ("event", EVENT),
  AP_CALL_PATH ("type", EVENT),
  AP_CALL_PATH ("callSid", CALL_ID),
  AP_CALL_PATH ("accountSid", ACCOUNT_ID),
  AP_CALL_PATH ("sampleRate", RATE),
  AP_CALL_PATH ("dtmf", DIGIT),
  AP_CALL_PATH ("dtmf.digit", DIGIT),
  AP_CALL_PATH ("duration", DURATION),
  AP_CALL_PATH ("data.name", MARK),
  AP_CALL_PATH ("name", MARK),
  { NULL },
};

static const char *const paths[] = { "/ws/jambonz", NULL };

const ApCallDialect ap_dialect_jambonz = {
  .name = "jambonz",
  .paths = paths,
  .audio = { AP_CALL_ENCODING_L16LE, 8000, 1 },
  .binary_audio = TRUE,
  .unnamed = AP_CALL_START, /* the first message has no event */
  .events = events,
  .fields = fields,
  .parameters = "", /* the metadata of the verb stand beside the rest */
  .mark = "{\"type\":\"mark\",\"data\":{\"name\":\"%n\"}}",
  .clear = "{\"type\":\"killAudio\"}",
  .hangup = "{\"type\":\"disconnect\"}",
};
