/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The query of a recording's beginning: what is taken is valid, and what is refused is told in JSON. An input is four
 * lines: user, rate, channels, format; an empty line is a value that is not there. */
#include "endpoints/recording/ap-recording-query.h"

#include <json-glib/json-glib.h>

#include "fuzz.h"

static void
check_query (const ApRecordingQuery *query)
{
  static const guint rates[] = { 8000, 16000, 22050, 44100, 48000, 96000 };
  gboolean known = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    known = known || rates[i] == query->sample_rate;
  g_assert_true (known);
  g_assert_true (query->channels == 1 || query->channels == 2);
  g_assert_cmpint (query->format, <=, AP_RECORDING_FORMAT_WEBM);
  if (query->user_id == NULL)
    return;
  g_assert_true (g_utf8_validate (query->user_id, -1, NULL));
  g_assert_cmpint (g_utf8_strlen (query->user_id, -1), <=, AP_RECORDING_USER_CHARACTERS);
  for (const char *at = query->user_id; *at != '\0'; at++)
    g_assert_false (g_ascii_iscntrl (*at));
}

static void
check_problem (const char *problem)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  json_parser_load_from_data (parser, problem, -1, &error);
  g_assert_no_error (error);
  object = json_node_get_object (json_parser_get_root (parser));
  g_assert_true (g_str_has_prefix (json_object_get_string_member (object, "error"), "Invalid "));
  g_assert_true (json_object_has_member (object, "detail"));
}

static const char *
line_or_null (char **lines, guint i)
{
  return i < g_strv_length (lines) && *lines[i] != '\0' ? lines[i] : NULL;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *input = g_strndup (size > 0 ? (const char *)data : "", size);
  g_auto (GStrv) lines = g_strsplit (input, "\n", 4);
  const ApRecordingQueryText text = { line_or_null (lines, 0), line_or_null (lines, 1), line_or_null (lines, 2),
                                      line_or_null (lines, 3) };
  const ApRecordingQuery defaults = { AP_RECORDING_FORMAT_WAV, 44100, 1, NULL };
  ApRecordingQuery query;
  g_autofree char *problem = NULL;

  if (ap_recording_query_parse (&text, &defaults, &query, &problem)) {
    g_assert_null (problem);
    check_query (&query);
  } else {
    check_problem (problem);
  }
  return 0;
}
