/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-call-error.h"
#include "endpoints/twilio/ap-call-fields.h"
#include "endpoints/twilio/ap-call-message.h"

/* How one telephone service speaks: a row of constants. Reading and writing are the same code for all of them, without
 * I/O. The rows are in ap-dialect-*.c; docs/protocols/call-adapters.md says how to add one. */
typedef struct {
  const char *name;
  const char *const *paths; /* of its WebSocket, NULL behind the last */

  ApCallAudio audio;         /* unless the start of a call names another */
  ApCallEncoding l16;        /* what it means by L16; 0: it has none */
  gboolean binary_audio;     /* audio is binary messages, both ways */
  guint frame_bytes;         /* of audio in a message, unless the start of a call names others; 0: 20 ms */
  gboolean unordered;        /* media may overtake each other */
  guint timestamp_hz;        /* ticks of a timestamp in a second; 0: there are none */
  guint64 text_bytes;        /* the longest text message that it takes; 0: no limit is known */
  gboolean plain_text;       /* events may come as `EVENT key:value …` instead of JSON; commands are bare words */
  ApCallKind unnamed;        /* what a message without an event is; 0: an error */
  const ApCallEvent *events; /* its words, NULL behind the last */
  const ApCallPath *fields;  /* where in a message things are, NULL behind the last; earlier rows go first */
  const char *parameters;    /* the object whose members are the call's parameters; "": the message itself */

  /* What we say: %s is the stream, %n a mark's name, %p the audio. NULL: it cannot be said. */
  const char *media, *mark, *clear;
  const char *hangup; /* NULL: the end of the socket is the end of the call */
} ApCallDialect;

/* Every dialect, NULL behind the last. */
extern const ApCallDialect *const ap_call_dialects[];

/* The dialect of a WebSocket's path; NULL: no service has it. */
const ApCallDialect *ap_call_dialect_for_path (const char *path);

/* The longest name of a call, a stream or an account. */
#define AP_CALL_ID_BYTES 256

/**
 * ap_call_read_text:
 * @text: a text message, @length bytes; need not outlive the call
 * @message: (inout): filled
 *
 * Lenient: events and members that it does not know, what is missing and can be, numbers in strings. Strict about JSON,
 * base 64, UTF-8 and sizes. Of members of the same name the last counts.
 *
 * Returns: FALSE with an AP_CALL_ERROR; @message then holds nothing
 */
gboolean ap_call_read_text (const ApCallDialect *dialect, const char *text, gsize length, ApCallMessage *message,
                            GError **error);

/* The same for a binary message, whose bytes stay where they are. */
gboolean ap_call_read_binary (const ApCallDialect *dialect, const guint8 *bytes, gsize length, ApCallMessage *message,
                              GError **error);

typedef enum {
  AP_CALL_SAY_MEDIA,  /* @payload */
  AP_CALL_SAY_MARK,   /* @name, to come back as AP_CALL_MARK */
  AP_CALL_SAY_CLEAR,  /* drop what has not been played */
  AP_CALL_SAY_HANGUP, /* AP_CALL_ERROR_UNSUPPORTED: close the socket instead */
} ApCallCommandKind;

typedef struct {
  ApCallCommandKind kind;
  const char *stream_id, *name; /* UTF-8 */
  const guint8 *payload;
  gsize length;            /* bytes */
  ApCallEncoding encoding; /* of @payload */
} ApCallCommand;

/* Appends the one message for @command to @out. It is binary for media of a dialect with binary audio, else text.
 * Returns: FALSE with an AP_CALL_ERROR, and @out as it was. */
gboolean ap_call_write (const ApCallDialect *dialect, const ApCallCommand *command, GString *out, GError **error);
