/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a message says, by the words of a dialect. */
#include "endpoints/twilio/ap-call-dialect.h"

#include "endpoints/twilio/ap-call-reader.h"
#include "endpoints/twilio/ap-dialects.h"

#include <string.h>

const ApCallDialect *const ap_call_dialects[] = {
  &ap_dialect_twilio,        &ap_dialect_signalwire, &ap_dialect_telnyx, &ap_dialect_vonage,  &ap_dialect_asterisk,
  &ap_dialect_asterisk_json, &ap_dialect_plivo,      &ap_dialect_exotel, &ap_dialect_jambonz, NULL,
};

const ApCallDialect *
ap_call_dialect_for_path (const char *path)
{
  for (guint i = 0; ap_call_dialects[i] != NULL; i++)
    if (g_strv_contains (ap_call_dialects[i]->paths, path))
      return ap_call_dialects[i];
  return NULL;
}

/* --- the events --- */

static ApCallKind
kind_of (const ApCallDialect *dialect, const char *event)
{
  for (const ApCallEvent *row = dialect->events; row->name != NULL; row++)
    if (strcmp (row->name, event) == 0)
      return row->kind;
  return AP_CALL_UNKNOWN;
}

/* The number of a field within bounds; @otherwise when it is not there. */
static guint
bounded (ApCallReader *reader, ApCallField field, guint most, guint otherwise)
{
  guint64 number = ap_call_reader_number (reader, field);

  if (number == AP_CALL_NO_NUMBER)
    return otherwise;
  if (number == 0 || number > most)
    ap_call_reader_fail (reader, AP_CALL_ERROR_BAD_NUMBER, field, "is out of range");
  return (guint)MIN (number, most);
}

/* Kept as long as the call, and in many lines of the log. */
static const char *
identifier (ApCallReader *reader, ApCallField field)
{
  const char *text = ap_call_reader_text (reader, field);

  if (strlen (text) > AP_CALL_ID_BYTES)
    ap_call_reader_fail (reader, AP_CALL_ERROR_TOO_LARGE, field, "is too long");
  return text;
}

static void
read_start (const ApCallDialect *dialect, ApCallReader *reader, ApCallMessage *message)
{
  const char *encoding = ap_call_reader_text (reader, AP_CALL_FIELD_ENCODING);
  ApCallAudio audio = dialect->audio;

  if (*encoding != '\0')
    ap_call_audio_read_name (encoding, dialect->l16, &audio);
  audio.rate = bounded (reader, AP_CALL_FIELD_RATE, 192000, audio.rate);
  audio.channels = bounded (reader, AP_CALL_FIELD_CHANNELS, 2, audio.channels);
  message->start.audio = audio;
  message->start.call_id = identifier (reader, AP_CALL_FIELD_CALL_ID);
  message->start.account_id = identifier (reader, AP_CALL_FIELD_ACCOUNT_ID);
  message->start.frame_bytes = ap_call_reader_number (reader, AP_CALL_FIELD_FRAME_BYTES);
  if (message->start.frame_bytes == AP_CALL_NO_NUMBER && dialect->frame_bytes > 0)
    message->start.frame_bytes = dialect->frame_bytes;
  message->start.tracks = reader->tracks;
  message->start.parameters = message->kept;
  message->start.n_parameters = reader->n_parameters;
  /* What cannot be addressed cannot be answered. */
  if (dialect->media != NULL && strstr (dialect->media, "%s") != NULL && *message->stream_id == '\0')
    ap_call_reader_fail (reader, AP_CALL_ERROR_MISSING_FIELD, AP_CALL_FIELD_STREAM_ID, "is missing");
}

static void
read_media (ApCallReader *reader, ApCallMessage *message)
{
  const char *track = ap_call_reader_text (reader, AP_CALL_FIELD_TRACK);

  message->media.track = *track != '\0' ? ap_call_tracks_from_name (track, strlen (track)) : AP_CALL_TRACK_INBOUND;
  message->media.chunk = ap_call_reader_number (reader, AP_CALL_FIELD_CHUNK);
  message->media.timestamp = ap_call_reader_number (reader, AP_CALL_FIELD_TIMESTAMP);
  ap_call_reader_require (reader, AP_CALL_FIELD_PAYLOAD);
  if (reader->problem == NULL)
    message->media.payload = ap_call_reader_payload (reader, &message->media.length);
}

static void
read_dtmf (ApCallReader *reader, ApCallMessage *message)
{
  const char *digit;

  ap_call_reader_require (reader, AP_CALL_FIELD_DIGIT);
  digit = ap_call_reader_text (reader, AP_CALL_FIELD_DIGIT);
  message->dtmf.digit = g_ascii_toupper (*digit);
  message->dtmf.duration_ms = ap_call_reader_number (reader, AP_CALL_FIELD_DURATION);
  if (message->dtmf.digit == '\0' || digit[1] != '\0' || strchr ("0123456789*#ABCD", message->dtmf.digit) == NULL)
    ap_call_reader_fail (reader, AP_CALL_ERROR_BAD_DIGIT, AP_CALL_FIELD_DIGIT, "is no key of a telephone");
}

static void
read_body (const ApCallDialect *dialect, ApCallReader *reader, ApCallMessage *message)
{
  switch (message->kind) {
  case AP_CALL_CONNECTED:
    message->connected.protocol = ap_call_reader_text (reader, AP_CALL_FIELD_PROTOCOL);
    message->connected.version = ap_call_reader_text (reader, AP_CALL_FIELD_VERSION);
    break;
  case AP_CALL_START:
    read_start (dialect, reader, message);
    break;
  case AP_CALL_MEDIA:
    read_media (reader, message);
    break;
  case AP_CALL_DTMF:
    read_dtmf (reader, message);
    break;
  case AP_CALL_MARK:
    ap_call_reader_require (reader, AP_CALL_FIELD_MARK);
    message->mark = ap_call_reader_text (reader, AP_CALL_FIELD_MARK);
    break;
  case AP_CALL_FAULT:
    message->fault.code = ap_call_reader_text (reader, AP_CALL_FIELD_FAULT_CODE);
    message->fault.text = ap_call_reader_text (reader, AP_CALL_FIELD_FAULT_TEXT);
    break;
  case AP_CALL_STOP:
    message->stop_reason = ap_call_reader_text (reader, AP_CALL_FIELD_REASON);
    break;
  case AP_CALL_UNKNOWN:
  case AP_CALL_CLEARED:
  case AP_CALL_DRAINED:
  case AP_CALL_PAUSE:
  case AP_CALL_RESUME:
  default:
    break;
  }
}

static void
read_message (const ApCallDialect *dialect, ApCallReader *reader, ApCallMessage *message)
{
  if (dialect->unnamed == AP_CALL_UNKNOWN)
    ap_call_reader_require (reader, AP_CALL_FIELD_EVENT);
  message->event = ap_call_reader_text (reader, AP_CALL_FIELD_EVENT);
  message->kind = *message->event != '\0' ? kind_of (dialect, message->event) : dialect->unnamed;
  /* Nothing is asked of an event that we do not know. */
  if (message->kind == AP_CALL_UNKNOWN || reader->problem != NULL)
    return;
  message->stream_id = identifier (reader, AP_CALL_FIELD_STREAM_ID);
  message->sequence = ap_call_reader_number (reader, AP_CALL_FIELD_SEQUENCE);
  read_body (dialect, reader, message);
}

/* --- what comes in --- */

static gboolean
empty_message (ApCallMessage *message, gsize length, gsize most, GError **error)
{
  message->kind = AP_CALL_UNKNOWN;
  message->event = "";
  message->stream_id = "";
  message->sequence = AP_CALL_NO_NUMBER;
  if (length <= most)
    return TRUE;
  g_set_error (error, AP_CALL_ERROR, AP_CALL_ERROR_TOO_LARGE, "a message of %" G_GSIZE_FORMAT " bytes is too large",
               length);
  return FALSE;
}

gboolean
ap_call_read_text (const ApCallDialect *dialect, const char *text, gsize length, ApCallMessage *message, GError **error)
{
  gboolean words = dialect->plain_text && length > 0 && *text != '{';
  ApCallReader reader;

  if (!empty_message (message, length, AP_CALL_MESSAGE_BYTES, error))
    return FALSE;
  ap_call_reader_init (&reader, dialect->fields, dialect->parameters, message, length);
  if (words ? ap_call_reader_read_words (&reader, text, length) : ap_call_reader_read_json (&reader, text, length))
    read_message (dialect, &reader, message);
  if (reader.problem == NULL)
    return TRUE;
  empty_message (message, 0, 0, NULL);
  g_propagate_error (error, reader.problem);
  return FALSE;
}

gboolean
ap_call_read_binary (const ApCallDialect *dialect, const guint8 *bytes, gsize length, ApCallMessage *message,
                     GError **error)
{
  if (!empty_message (message, length, AP_CALL_PAYLOAD_BYTES, error))
    return FALSE;
  if (!dialect->binary_audio) {
    g_set_error (error, AP_CALL_ERROR, AP_CALL_ERROR_UNSUPPORTED, "%s has no binary messages", dialect->name);
    return FALSE;
  }
  message->kind = AP_CALL_MEDIA;
  message->media.track = AP_CALL_TRACK_INBOUND;
  message->media.chunk = AP_CALL_NO_NUMBER;
  message->media.timestamp = AP_CALL_NO_NUMBER;
  message->media.payload = bytes;
  message->media.length = length;
  return TRUE;
}
