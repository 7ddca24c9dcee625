/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What we say, by the templates of a dialect, in one pass into the caller's text. */
#include "base/ap-base64.h"
#include "endpoints/twilio/ap-call-dialect.h"

#include <string.h>

static const char *
template_of (const ApCallDialect *dialect, ApCallCommandKind kind)
{
  switch (kind) {
  case AP_CALL_SAY_MEDIA:
    return dialect->media;
  case AP_CALL_SAY_MARK:
    return dialect->mark;
  case AP_CALL_SAY_CLEAR:
    return dialect->clear;
  case AP_CALL_SAY_HANGUP:
    return dialect->hangup;
  default:
    return NULL;
  }
}

/* A bare word has no escapes: it is printable ASCII, and no key of a `key:value`. */
static gboolean
is_word (const char *name)
{
  for (; *name != '\0'; name++)
    if (!g_ascii_isgraph (*name) || *name == ':')
      return FALSE;
  return TRUE;
}

static gboolean
append_name (const ApCallDialect *dialect, const char *what, const char *name, GString *out, GError **error)
{
  if (name == NULL || *name == '\0') {
    g_set_error (error, AP_CALL_ERROR, AP_CALL_ERROR_MISSING_FIELD, "the %s has no name", what);
    return FALSE;
  }
  if (!g_utf8_validate (name, -1, NULL) || (dialect->plain_text && !is_word (name))) {
    g_set_error (error, AP_CALL_ERROR, AP_CALL_ERROR_BAD_STRING, "%s takes no such name of a %s", dialect->name, what);
    return FALSE;
  }
  ap_json_append_escaped (out, name);
  return TRUE;
}

static void
append_payload (const ApCallCommand *command, GString *out)
{
  gsize at = out->len;

  g_string_set_size (out, at + AP_BASE64_LENGTH (command->length));
  ap_base64_encode (out->str + at, command->payload, command->length);
}

static gboolean
append_place (const ApCallDialect *dialect, const ApCallCommand *command, char place, GString *out, GError **error)
{
  if (place == 'p') {
    append_payload (command, out);
    return TRUE;
  }
  return place == 's' ? append_name (dialect, "stream", command->stream_id, out, error)
                      : append_name (dialect, "mark", command->name, out, error);
}

static gboolean
write_text (const ApCallDialect *dialect, const char *template, const ApCallCommand *command, GString *out,
            GError **error)
{
  gsize from = out->len;

  for (const char *place; (place = strchr (template, '%')) != NULL; template = place + 2) {
    g_string_append_len (out, template, place - template);
    if (!append_place (dialect, command, place[1], out, error))
      return FALSE;
  }
  g_string_append (out, template);
  if (dialect->text_bytes == 0 || out->len - from <= dialect->text_bytes)
    return TRUE;
  g_set_error (error, AP_CALL_ERROR, AP_CALL_ERROR_TOO_LARGE, "%s takes %" G_GUINT64_FORMAT " bytes of text",
               dialect->name, dialect->text_bytes);
  return FALSE;
}

static gboolean
check_media (const ApCallCommand *command, GError **error)
{
  guint sample = ap_call_encoding_bytes (command->encoding);

  if (command->length == 0) {
    g_set_error (error, AP_CALL_ERROR, AP_CALL_ERROR_MISSING_FIELD, "there is no audio to send");
    return FALSE;
  }
  if (sample > 0 && command->length % sample != 0) {
    g_set_error (error, AP_CALL_ERROR, AP_CALL_ERROR_HALF_SAMPLE, "%" G_GSIZE_FORMAT " bytes are no whole samples",
                 command->length);
    return FALSE;
  }
  return TRUE;
}

gboolean
ap_call_write (const ApCallDialect *dialect, const ApCallCommand *command, GString *out, GError **error)
{
  const char *template = template_of (dialect, command->kind);
  gsize from = out->len;

  if (command->kind == AP_CALL_SAY_MEDIA && !check_media (command, error))
    return FALSE;
  if (command->kind == AP_CALL_SAY_MEDIA && dialect->binary_audio) {
    g_string_append_len (out, (const char *)command->payload, (gssize)command->length);
    return TRUE;
  }
  if (template == NULL) {
    g_set_error (error, AP_CALL_ERROR, AP_CALL_ERROR_UNSUPPORTED, "%s has no such command", dialect->name);
    return FALSE;
  }
  if (write_text (dialect, template, command, out, error))
    return TRUE;
  g_string_truncate (out, from);
  return FALSE;
}
