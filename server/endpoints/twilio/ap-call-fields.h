/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-json-scanner.h"
#include "endpoints/twilio/ap-call-message.h"

/* What can be told in a message. */
typedef enum {
  AP_CALL_FIELD_EVENT,
  AP_CALL_FIELD_STREAM_ID,
  AP_CALL_FIELD_SEQUENCE,
  AP_CALL_FIELD_PROTOCOL,
  AP_CALL_FIELD_VERSION,
  AP_CALL_FIELD_CALL_ID,
  AP_CALL_FIELD_ACCOUNT_ID,
  AP_CALL_FIELD_TRACKS, /* a string, or an array of strings */
  AP_CALL_FIELD_ENCODING,
  AP_CALL_FIELD_RATE,
  AP_CALL_FIELD_CHANNELS,
  AP_CALL_FIELD_FRAME_BYTES,
  AP_CALL_FIELD_TRACK,
  AP_CALL_FIELD_CHUNK,
  AP_CALL_FIELD_TIMESTAMP,
  AP_CALL_FIELD_PAYLOAD,
  AP_CALL_FIELD_DIGIT,
  AP_CALL_FIELD_DURATION, /* ms */
  AP_CALL_FIELD_MARK,
  AP_CALL_FIELD_FAULT_CODE,
  AP_CALL_FIELD_FAULT_TEXT,
  AP_CALL_FIELD_REASON, /* of a stop */
  AP_CALL_N_FIELDS,
} ApCallField;

/* A place in a message: the names of members within each other, with dots between them. */
typedef struct {
  const char *path;
  guint length;
  ApCallField field;
} ApCallPath;

#define AP_CALL_PATH(path, field)                                                                                      \
  {                                                                                                                    \
    path, sizeof (path) - 1, AP_CALL_FIELD_##field                                                                     \
  }
/* Longer paths than this mean nothing to any dialect. */
#define AP_CALL_PATH_BYTES 64

typedef struct {
  const char *name;
  ApCallKind kind;
} ApCallEvent;
