/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text messages of recordings. The answers are put together by hand: a tree of JSON for each costs ten times as
 * much. */
#include "endpoints/recording/ap-recording-message.h"

#include <string.h>

#include "base/ap-json-scanner.h"

static const char *const actions[] = {
  [AP_RECORDING_CONTROL_CLOSE_SESSION] = "close_session",
  [AP_RECORDING_CONTROL_STATUS] = "status",
};
#define ACTIONS "\"close_session\",\"status\""

/* --- what clients say --- */

static gboolean
refuse (GError **error, const char *problem)
{
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_BAD_CONTROL,
               "%s; a control message is {\"type\":\"control\",\"action\":…} with one of the actions " ACTIONS,
               problem);
  return FALSE;
}

static gboolean
refuse_scan (GError **error, const ApJsonScanner *scanner)
{
  g_autofree char *problem =
      g_strdup_printf ("not JSON at byte %" G_GSIZE_FORMAT ": %s", ap_json_scanner_offset (scanner), scanner->problem);

  return refuse (error, problem);
}

/* Whether a key or a string says @word, however it is escaped. */
static gboolean
says (const ApJsonToken *token, const char *word)
{
  char text[6 * sizeof "close_session"]; /* every character as \u0000 */
  gssize length;

  if (token->length > sizeof text)
    return FALSE;
  length = ap_json_token_unescape (token, text);
  return length == (gssize)strlen (word) && memcmp (text, word, (gsize)length) == 0;
}

/* The members `type` and `action`; AP_JSON_END where there is none. */
static gboolean
read_members (ApJsonScanner *scanner, ApJsonToken *type, ApJsonToken *action, GError **error)
{
  ApJsonToken *member = NULL;
  ApJsonToken token;
  guint depth = 0;

  if (ap_json_scanner_next (scanner, &token) == AP_JSON_ERROR)
    return refuse_scan (error, scanner);
  if (token.type != AP_JSON_OBJECT)
    return refuse (error, "the message is JSON, but no object");
  while (ap_json_scanner_next (scanner, &token) > AP_JSON_ERROR) {
    if (token.type == AP_JSON_KEY && depth == 0) {
      member = says (&token, "type") ? type : says (&token, "action") ? action : NULL;
      continue;
    }
    if (depth == 0 && member != NULL)
      *member = token;
    member = NULL;
    if (token.type == AP_JSON_OBJECT || token.type == AP_JSON_ARRAY)
      depth++;
    else if ((token.type == AP_JSON_OBJECT_END || token.type == AP_JSON_ARRAY_END) && depth > 0)
      depth--;
  }
  return token.type == AP_JSON_ERROR ? refuse_scan (error, scanner) : TRUE;
}

gboolean
ap_recording_control_parse (const char *text, gsize length, ApRecordingControl *control, GError **error)
{
  ApJsonToken type = { AP_JSON_END, "", 0, FALSE };
  ApJsonToken action = type;
  ApJsonScanner scanner;

  if (length > AP_RECORDING_CONTROL_BYTES)
    return refuse (error, "the message has over 4096 bytes");
  ap_json_scanner_init (&scanner, text, length);
  if (!read_members (&scanner, &type, &action, error))
    return FALSE;
  if (type.type == AP_JSON_END)
    return refuse (error, "type is missing");
  if (type.type != AP_JSON_STRING || !says (&type, "control"))
    return refuse (error, "type is not \"control\"");
  if (action.type == AP_JSON_END)
    return refuse (error, "action is missing");
  if (action.type != AP_JSON_STRING)
    return refuse (error, "action is no string");
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    if (says (&action, actions[i])) {
      *control = (ApRecordingControl)i;
      return TRUE;
    }
  return refuse (error, "action is unknown");
}

/* --- what is answered --- */

static void
add_number (GString *out, const char *name, guint64 number)
{
  char digits[20];
  guint at = sizeof digits;

  do
    digits[--at] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  g_string_append (out, name);
  g_string_append_len (out, digits + at, (gssize)(sizeof digits - at));
}

void
ap_recording_append_duration (GString *out, const ApRecordingInfo *info)
{
  guint rate = MAX (info->sample_rate, 1);
  guint fraction = (guint)(info->frames % rate * G_USEC_PER_SEC / rate);

  add_number (out, ",\"duration_seconds\":", info->frames / rate);
  if (fraction == 0)
    return;
  g_string_append_c (out, '.');
  for (guint unit = G_USEC_PER_SEC / 10; fraction > 0; unit /= 10) {
    g_string_append_c (out, (char)('0' + fraction / unit));
    fraction %= unit;
  }
}

static void
add_text (GString *out, const char *name, const char *text)
{
  g_string_append (out, name);
  g_string_append_c (out, '"');
  ap_json_append_escaped (out, text);
  g_string_append_c (out, '"');
}

static void
add_durability (GString *out, gboolean synced)
{
  g_string_append (out, synced ? ",\"durability\":\"synced\"" : ",\"durability\":\"written\"");
}

static char *
end (GString *out)
{
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}

/* What every answer about a recording has, and clients look at first. */
static GString *
begin (const char *message, const ApRecordingInfo *info, const char *status)
{
  GString *out = g_string_sized_new (384);

  g_string_append (out, "{\"message\":\"");
  g_string_append (out, message);
  g_string_append (out, "\",\"session_id\":\"");
  g_string_append (out, info->id);
  add_number (out, "\",\"chunk_count\":", info->total_chunks);
  g_string_append (out, ",\"status\":\"");
  g_string_append (out, status);
  g_string_append_c (out, '"');
  return out;
}

static void
add_totals (GString *out, const ApRecordingInfo *info)
{
  add_number (out, ",\"bytes_received\":", info->bytes_received);
  ap_recording_append_duration (out, info);
}

static GString *
begin_state (const char *message, const ApRecordingInfo *info)
{
  GString *out = begin (message, info, ap_recording_status_to_string (info->status));

  add_totals (out, info);
  add_number (out, ",\"sample_rate\":", info->sample_rate);
  add_number (out, ",\"channels\":", info->channels);
  add_text (out, ",\"format\":", ap_recording_format_to_string (info->format));
  if (info->damaged_chunks > 0)
    add_number (out, ",\"damaged_chunks\":", info->damaged_chunks);
  return out;
}

char *
ap_recording_format_greeting (const ApRecordingInfo *info)
{
  return end (begin_state ("Session created", info));
}

char *
ap_recording_format_status (const ApRecordingInfo *info, gboolean synced)
{
  GString *out = begin_state ("Session status", info);

  add_durability (out, synced);
  return end (out);
}

char *
ap_recording_format_completed (const ApRecordingInfo *info)
{
  return end (begin_state ("Session closed", info));
}

char *
ap_recording_format_ack (const ApRecordingInfo *info, guint64 chunk_bytes, gboolean synced)
{
  GString *out = begin ("Chunk processed successfully", info, "active");

  add_number (out, ",\"chunk_bytes\":", chunk_bytes);
  add_totals (out, info);
  add_durability (out, synced);
  return end (out);
}

char *
ap_recording_format_failure (const ApRecordingInfo *info, const GError *error)
{
  GString *out = begin ("Failed to process chunk", info, "error");

  add_text (out, ",\"error\":", ap_recording_error_name (error));
  add_text (out, ",\"detail\":", error->message);
  return end (out);
}

/* --- why it cannot be --- */

static char *
format_problem (const char *title, const char *session_id, const char *valid_values, const char *detail)
{
  GString *out = g_string_new (NULL);

  add_text (out, "{\"error\":", title);
  if (session_id != NULL)
    add_text (out, ",\"session_id\":", session_id);
  if (valid_values != NULL)
    g_string_append_printf (out, ",\"valid_values\":[%s]", valid_values);
  add_text (out, ",\"detail\":", detail);
  return end (out);
}

char *
ap_recording_format_bad_control (const char *session_id, const GError *error)
{
  return format_problem ("Invalid control message", session_id, ACTIONS, error->message);
}

char *
ap_recording_format_invalid (const char *title, const char *valid_values, const char *detail)
{
  return format_problem (title, NULL, valid_values, detail);
}

/* Of what the system says, and where, clients hear nothing. */
static const char *
tell (const GError *error)
{
  if (error->domain != AP_RECORDING_ERROR)
    return "the server failed; its log tells more";
  if (error->code == AP_RECORDING_ERROR_STORAGE || error->code == AP_RECORDING_ERROR_NO_SPACE)
    return "the recordings cannot be read or written now; try again later";
  return error->message;
}

char *
ap_recording_format_error (const GError *error, const char *session_id)
{
  return format_problem (ap_recording_error_title (error), session_id, NULL, tell (error));
}
