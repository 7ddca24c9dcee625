/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A control message of a recording, held against json-glib: what is taken says what it must, and what is refused is
 * answered in JSON, with whatever the client wrote as its session's id. */
#include "endpoints/recording/ap-recording-message.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "fuzz.h"

/* NULL: json-glib does not take half a surrogate pair, not even in a string that nobody looks at. */
static JsonObject *
parse_object (JsonParser *parser, const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;

  if (!json_parser_load_from_data (parser, text, (gssize)length, &error) && g_strstr_len (text, (gssize)length, "\\u"))
    return NULL;
  g_assert_no_error (error);
  return json_node_get_object (json_parser_get_root (parser));
}

static void
check_answer (const char *session_id, const GError *problem)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *answer = ap_recording_format_bad_control (session_id, problem);
  JsonObject *object = parse_object (parser, answer, strlen (answer));

  g_assert_nonnull (object);
  g_assert_cmpstr (json_object_get_string_member (object, "session_id"), ==, session_id);
  g_assert_cmpstr (json_object_get_string_member (object, "detail"), ==, problem->message);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const actions[] = { "close_session", "status" };
  g_autofree char *text = g_utf8_make_valid (size > 0 ? (const char *)data : "", (gssize)size);
  g_autoptr (GError) error = NULL;
  ApRecordingControl control;

  if (!ap_recording_control_parse (size > 0 ? (const char *)data : "", size, &control, &error)) {
    g_assert_true (g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_BAD_CONTROL));
    check_answer (text, error);
  } else {
    g_autoptr (JsonParser) parser = json_parser_new ();
    JsonObject *object = parse_object (parser, (const char *)data, size);

    g_assert_cmpuint (size, <=, AP_RECORDING_CONTROL_BYTES);
    if (object == NULL)
      return 0;
    g_assert_cmpstr (json_object_get_string_member (object, "type"), ==, "control");
    g_assert_cmpstr (json_object_get_string_member (object, "action"), ==, actions[control]);
  }
  return 0;
}
