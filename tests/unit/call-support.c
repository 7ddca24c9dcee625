/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "call-support.h"

#include <string.h>

static const char *const kinds[] = {
  [AP_CALL_UNKNOWN] = "UNKNOWN", [AP_CALL_CONNECTED] = "CONNECTED", [AP_CALL_START] = "START",
  [AP_CALL_MEDIA] = "MEDIA",     [AP_CALL_DTMF] = "DTMF",           [AP_CALL_MARK] = "MARK",
  [AP_CALL_CLEARED] = "CLEARED", [AP_CALL_DRAINED] = "DRAINED",     [AP_CALL_PAUSE] = "PAUSE",
  [AP_CALL_RESUME] = "RESUME",   [AP_CALL_FAULT] = "FAULT",         [AP_CALL_STOP] = "STOP",
};

static const char *const errors[] = {
  [AP_CALL_ERROR_SYNTAX] = "SYNTAX",           [AP_CALL_ERROR_UTF8] = "UTF8",
  [AP_CALL_ERROR_TOO_DEEP] = "TOO_DEEP",       [AP_CALL_ERROR_TOO_LARGE] = "TOO_LARGE",
  [AP_CALL_ERROR_NOT_OBJECT] = "NOT_OBJECT",   [AP_CALL_ERROR_MISSING_FIELD] = "MISSING_FIELD",
  [AP_CALL_ERROR_WRONG_TYPE] = "WRONG_TYPE",   [AP_CALL_ERROR_BAD_NUMBER] = "BAD_NUMBER",
  [AP_CALL_ERROR_BAD_STRING] = "BAD_STRING",   [AP_CALL_ERROR_BAD_DIGIT] = "BAD_DIGIT",
  [AP_CALL_ERROR_BAD_BASE64] = "BAD_BASE64",   [AP_CALL_ERROR_HALF_SAMPLE] = "HALF_SAMPLE",
  [AP_CALL_ERROR_UNSUPPORTED] = "UNSUPPORTED",
};

static const char *const encodings[] = {
  [AP_CALL_ENCODING_OTHER] = "other", [AP_CALL_ENCODING_MULAW] = "mulaw", [AP_CALL_ENCODING_ALAW] = "alaw",
  [AP_CALL_ENCODING_L16LE] = "l16le", [AP_CALL_ENCODING_L16BE] = "l16be",
};

static const char *const tracks[] = { "", "inbound", "outbound", "both" };

static void
add_text (GString *line, const char *name, const char *text)
{
  if (*text != '\0')
    g_string_append_printf (line, " %s=%s", name, text);
}

static void
add_number (GString *line, const char *name, guint64 number)
{
  if (number != AP_CALL_NO_NUMBER)
    g_string_append_printf (line, " %s=%" G_GUINT64_FORMAT, name, number);
}

static void
add_start (GString *line, const ApCallMessage *message)
{
  add_text (line, "call", message->start.call_id);
  add_text (line, "account", message->start.account_id);
  add_text (line, "tracks", tracks[message->start.tracks]);
  g_string_append_printf (line, " %s/%u/%u", encodings[message->start.audio.encoding], message->start.audio.rate,
                          message->start.audio.channels);
  add_number (line, "frame", message->start.frame_bytes);
  for (guint i = 0; i < message->start.n_parameters; i++)
    g_string_append_printf (line, " [%s]=%s", message->start.parameters[i].name, message->start.parameters[i].value);
}

static void
add_media (GString *line, const ApCallMessage *message)
{
  add_text (line, "track", tracks[message->media.track]);
  add_number (line, "chunk", message->media.chunk);
  add_number (line, "time", message->media.timestamp);
  g_string_append (line, " audio=");
  for (gsize i = 0; i < message->media.length && message->media.length <= 8; i++)
    g_string_append_printf (line, "%02x", message->media.payload[i]);
  if (message->media.length == 0 || message->media.length > 8)
    g_string_append_printf (line, "%" G_GSIZE_FORMAT "B", message->media.length);
}

static void
add_body (GString *line, const ApCallMessage *message)
{
  if (message->kind == AP_CALL_UNKNOWN) {
    add_text (line, "event", message->event);
  } else if (message->kind == AP_CALL_CONNECTED) {
    add_text (line, "protocol", message->connected.protocol);
    add_text (line, "version", message->connected.version);
  } else if (message->kind == AP_CALL_START) {
    add_start (line, message);
  } else if (message->kind == AP_CALL_MEDIA) {
    add_media (line, message);
  } else if (message->kind == AP_CALL_DTMF) {
    g_string_append_printf (line, " digit=%c", message->dtmf.digit);
    add_number (line, "ms", message->dtmf.duration_ms);
  } else if (message->kind == AP_CALL_MARK) {
    add_text (line, "name", message->mark);
  } else if (message->kind == AP_CALL_FAULT) {
    add_text (line, "code", message->fault.code);
    add_text (line, "text", message->fault.text);
  } else if (message->kind == AP_CALL_STOP) {
    add_text (line, "reason", message->stop_reason);
  }
}

char *
call_describe_message (const ApCallMessage *message)
{
  GString *line = g_string_new (kinds[message->kind]);

  add_text (line, "stream", message->stream_id);
  add_number (line, "seq", message->sequence);
  add_body (line, message);
  return g_string_free (line, FALSE);
}

static char *
describe_error (const GError *error)
{
  g_assert_true (error->domain == AP_CALL_ERROR);
  g_assert_cmpuint ((guint)error->code, <, G_N_ELEMENTS (errors));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  return g_strconcat ("error ", errors[error->code], NULL);
}

char *
call_describe (const ApCallDialect *dialect, const char *text, gssize length)
{
  g_auto (ApCallMessage) message = { 0 };
  g_autoptr (GError) error = NULL;
  gsize n = length < 0 ? strlen (text) : (gsize)length;
  /* A copy of its exact size, so that a sanitizer sees a byte read too far. */
  g_autofree char *copy = g_memdup2 (text, n);

  if (ap_call_read_text (dialect, n > 0 ? copy : "", n, &message, &error))
    return call_describe_message (&message);
  g_assert_cmpint (message.kind, ==, AP_CALL_UNKNOWN);
  return describe_error (error);
}

char *
call_say (const ApCallDialect *dialect, const ApCallCommand *command)
{
  g_autoptr (GString) out = g_string_new ("before|");
  g_autoptr (GError) error = NULL;

  if (ap_call_write (dialect, command, out, &error))
    return g_strdup (out->str + strlen ("before|"));
  g_assert_cmpstr (out->str, ==, "before|");
  return describe_error (error);
}

static void
free_example (gpointer data)
{
  CallExample *example = data;

  g_free (example->chapter);
  g_free (example->section);
  g_free (example->language);
  g_free (example->body);
  g_free (example);
}

/* From the line behind the opening marks at lines[*@at] to the closing ones. */
static char *
block_body (char **lines, guint *at)
{
  g_autoptr (GString) body = g_string_new (NULL);

  while (lines[++*at] != NULL && !g_str_has_prefix (lines[*at], "```"))
    g_string_append_printf (body, "%s%s", body->len > 0 ? "\n" : "", lines[*at]);
  g_assert_nonnull (lines[*at]);
  return g_strdup (body->str);
}

GPtrArray *
call_examples (const char *page)
{
  g_autofree char *path = g_build_filename (PROTOCOL_PAGES, page, NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *examples = g_ptr_array_new_with_free_func (free_example);
  const char *chapter = "";
  const char *section = "";

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (g_str_has_prefix (lines[i], "## ")) {
      chapter = lines[i] + strlen ("## ");
      section = "";
    } else if (g_str_has_prefix (lines[i], "### ")) {
      section = lines[i] + strlen ("### ");
    } else if (g_str_has_prefix (lines[i], "```")) {
      CallExample *example = g_new0 (CallExample, 1);

      example->chapter = g_strdup (chapter);
      example->section = g_strdup (section);
      example->language = g_strdup (lines[i] + strlen ("```"));
      example->body = block_body (lines, &i);
      g_ptr_array_add (examples, example);
    }
  }
  return examples;
}
