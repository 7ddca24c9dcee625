/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vonage Voice API, WebSocket endpoint: audio in binary messages, what is said of it in JSON. */
#include "endpoints/twilio/ap-dialects.h"

static const ApCallEvent events[] = {
  { "websocket:connected", AP_CALL_START },
  { "websocket:dtmf", AP_CALL_DTMF },
  { "websocket:notify", AP_CALL_MARK },
  { "websocket:cleared", AP_CALL_CLEARED },
  { NULL },
};

/* The digit stands in one of three places, by the age of what sends it. */
static const ApCallPath fields[] = {
  AP_CALL_PATH ("event", EVENT),       AP_CALL_PATH ("content-type", ENCODING),
  AP_CALL_PATH ("digit", DIGIT),       AP_CALL_PATH ("dtmf.digit", DIGIT),
  AP_CALL_PATH ("dtmf", DIGIT),        AP_CALL_PATH ("duration", DURATION),
  AP_CALL_PATH ("payload.name", MARK), { NULL },
};

static const char *const paths[] = { "/ws/vonage", NULL };

const ApCallDialect ap_dialect_vonage = {
  .name = "Vonage",
  .paths = paths,
  .audio = { AP_CALL_ENCODING_L16LE, 16000, 1 },
  .l16 = AP_CALL_ENCODING_L16LE,
  .binary_audio = TRUE,
  .events = events,
  .fields = fields,
  .parameters = "", /* the headers of the endpoint in the NCCO stand beside the event */
  .mark = "{\"action\":\"notify\",\"payload\":{\"name\":\"%n\"}}",
  .clear = "{\"action\":\"clear\"}",
};
