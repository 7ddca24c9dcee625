/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said in text on a recording's sockets: control messages, each answer, and why something is refused. */
#include "endpoints/recording/ap-recording-message.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "call-support.h"
#include "endpoints/recording/ap-recording-query.h"

#define ID "0f5e2a52-8a3c-4b1e-9d0a-6f3f5f7a9c11"

static gboolean
parse (const char *text, gsize length, ApRecordingControl *control, GError **error)
{
  g_autofree char *copy = g_memdup2 (text, length); /* its exact size, for sanitizers */

  return ap_recording_control_parse (length > 0 ? copy : "", length, control, error);
}

static void
test_good (void)
{
  static const struct {
    const char *text;
    ApRecordingControl control;
  } rows[] = {
    { "{\"type\":\"control\",\"action\":\"close_session\"}", AP_RECORDING_CONTROL_CLOSE_SESSION },
    { "{\"type\":\"control\",\"action\":\"status\"}", AP_RECORDING_CONTROL_STATUS },
    { "\n{ \"action\" : \"status\" ,\t\"type\" : \"control\" }\r\n", AP_RECORDING_CONTROL_STATUS },
    { "{\"\\u0074ype\":\"control\",\"action\":\"st\\u0061tus\"}", AP_RECORDING_CONTROL_STATUS },
    { "{\"id\":7,\"type\":\"control\",\"more\":{\"action\":\"x\",\"a\":[{}]},\"action\":\"status\"}",
      AP_RECORDING_CONTROL_STATUS },
    { "{\"type\":\"control\",\"action\":\"status\",\"action\":\"close_session\"}", AP_RECORDING_CONTROL_CLOSE_SESSION },
    { "{\"type\":{\"type\":\"x\"},\"type\":\"control\",\"action\":[[\"x\"]],\"action\":\"status\"}",
      AP_RECORDING_CONTROL_STATUS },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    ApRecordingControl control = (ApRecordingControl)-1;
    g_autoptr (GError) error = NULL;

    g_assert_true (parse (rows[i].text, strlen (rows[i].text), &control, &error));
    g_assert_no_error (error);
    g_assert_cmpint (control, ==, rows[i].control);
  }
}

static void
assert_refused (const char *text, gsize length, const char *problem)
{
  ApRecordingControl control;
  g_autoptr (GError) error = NULL;

  g_assert_false (parse (text, length, &control, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_BAD_CONTROL);
  if (!g_str_has_prefix (error->message, problem))
    g_error ("'%s' begins not with '%s'", error->message, problem);
  g_assert_nonnull (strstr (error->message, "\"close_session\",\"status\""));
}

static void
test_bad (void)
{
  static const struct {
    const char *text, *problem;
  } rows[] = {
    { "", "not JSON at byte 0" },
    { "close_session", "not JSON at byte 0" },
    { "{\"type\":\"control\",\"action\":\"status\"", "not JSON at byte 35" },
    { "{\"type\":\"control\",\"action\":\"status\"} {}", "not JSON" },
    { "{'type':'control'}", "not JSON" },
    { "{\"type\":\"control\",\"action\":\"\xff\"}", "not JSON" },
    { "[]", "the message is JSON, but no object" },
    { "\"close_session\"", "the message is JSON, but no object" },
    { "null", "the message is JSON, but no object" },
    { "{}", "type is missing" },
    { "{\"action\":\"status\"}", "type is missing" },
    { "{\"Type\":\"control\",\"action\":\"status\"}", "type is missing" },
    { "{\"more\":{\"type\":\"control\",\"action\":\"status\"}}", "type is missing" },
    { "{\"type\":\"audio\",\"action\":\"status\"}", "type is not \"control\"" },
    { "{\"type\":\"Control\",\"action\":\"status\"}", "type is not \"control\"" },
    { "{\"type\":1,\"action\":\"status\"}", "type is not \"control\"" },
    { "{\"type\":null,\"action\":\"status\"}", "type is not \"control\"" },
    { "{\"type\":\"control\"}", "action is missing" },
    { "{\"type\":\"control\",\"action\":null}", "action is no string" },
    { "{\"type\":\"control\",\"action\":[\"status\"]}", "action is no string" },
    { "{\"type\":\"control\",\"action\":{\"action\":\"status\"}}", "action is no string" },
    { "{\"type\":\"control\",\"action\":\"\"}", "action is unknown" },
    { "{\"type\":\"control\",\"action\":\"STATUS\"}", "action is unknown" },
    { "{\"type\":\"control\",\"action\":\"status \"}", "action is unknown" },
    { "{\"type\":\"control\",\"action\":\"status\\u0000\"}", "action is unknown" },
    { "{\"type\":\"control\",\"action\":\"\\ud800\"}", "action is unknown" },
    { "{\"type\":\"control\",\"action\":\"delete\"}", "action is unknown" },
    { "{\"type\":\"control\",\"action\":\"status\",\"action\":\"x\"}", "action is unknown" },
    { "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "the message is JSON, but no object" },
    { "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "not JSON at byte" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_refused (rows[i].text, strlen (rows[i].text), rows[i].problem);
  assert_refused ("{\0}", 3, "not JSON");
}

/* 4096 bytes are read, and one more is not. */
static void
test_long (void)
{
  const char *message = "{\"type\":\"control\",\"action\":\"status\"}";
  g_autofree char *text = g_strnfill (AP_RECORDING_CONTROL_BYTES + 1, ' ');
  ApRecordingControl control;
  g_autoptr (GError) error = NULL;

  memcpy (text, message, strlen (message));
  g_assert_true (parse (text, AP_RECORDING_CONTROL_BYTES, &control, &error));
  g_assert_no_error (error);
  assert_refused (text, AP_RECORDING_CONTROL_BYTES + 1, "the message has over 4096 bytes");
}

static const ApRecordingInfo active = {
  .id = ID,
  .format = AP_RECORDING_FORMAT_FLAC,
  .sample_rate = 48000,
  .channels = 2,
  .status = AP_RECORDING_ACTIVE,
  .total_chunks = 42,
  .bytes_received = 344064,
  .frames = 90000,
};

/* @text (transfer full) is a line of JSON, and this one. */
static void
assert_json (char *text, const char *expected)
{
  g_autofree char *line = text;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (line, ==, expected);
  json_parser_load_from_data (parser, line, -1, &error);
  g_assert_no_error (error);
}

static void
test_states (void)
{
  ApRecordingInfo created = active;
  ApRecordingInfo completed = active;

  created.total_chunks = created.bytes_received = created.frames = 0;
  assert_json (ap_recording_format_greeting (&created),
               "{\"message\":\"Session created\",\"session_id\":\"" ID "\",\"chunk_count\":0,\"status\":\"active\","
               "\"bytes_received\":0,\"duration_seconds\":0,\"sample_rate\":48000,\"channels\":2,\"format\":\"flac\"}");
  assert_json (ap_recording_format_status (&active, TRUE),
               "{\"message\":\"Session status\",\"session_id\":\"" ID "\",\"chunk_count\":42,\"status\":\"active\","
               "\"bytes_received\":344064,\"duration_seconds\":1.875,\"sample_rate\":48000,\"channels\":2,"
               "\"format\":\"flac\",\"durability\":\"synced\"}");
  completed.status = AP_RECORDING_COMPLETED;
  assert_json (
      ap_recording_format_completed (&completed),
      "{\"message\":\"Session closed\",\"session_id\":\"" ID "\",\"chunk_count\":42,\"status\":\"completed\","
      "\"bytes_received\":344064,\"duration_seconds\":1.875,\"sample_rate\":48000,\"channels\":2,\"format\":\"flac\"}");
  completed.damaged_chunks = 7;
  assert_json (ap_recording_format_completed (&completed),
               "{\"message\":\"Session closed\",\"session_id\":\"" ID "\",\"chunk_count\":42,\"status\":\"completed\","
               "\"bytes_received\":344064,\"duration_seconds\":1.875,\"sample_rate\":48000,\"channels\":2,"
               "\"format\":\"flac\",\"damaged_chunks\":7}");
}

static void
test_ack (void)
{
  ApRecordingInfo most = active;

  assert_json (ap_recording_format_ack (&active, 8192, TRUE),
               "{\"message\":\"Chunk processed successfully\",\"session_id\":\"" ID "\",\"chunk_count\":42,"
               "\"status\":\"active\",\"chunk_bytes\":8192,\"bytes_received\":344064,\"duration_seconds\":1.875,"
               "\"durability\":\"synced\"}");
  most.total_chunks = most.bytes_received = most.frames = G_MAXUINT64;
  most.sample_rate = 96000;
  assert_json (ap_recording_format_ack (&most, 0, FALSE),
               "{\"message\":\"Chunk processed successfully\",\"session_id\":\"" ID "\","
               "\"chunk_count\":18446744073709551615,\"status\":\"active\",\"chunk_bytes\":0,"
               "\"bytes_received\":18446744073709551615,\"duration_seconds\":192153584101141.162656,"
               "\"durability\":\"written\"}");
}

static void
test_durations (void)
{
  static const struct {
    guint64 frames;
    guint rate;
    const char *duration;
  } rows[] = {
    { 0, 44100, "0" },        { 44100, 44100, "1" },          { 22050, 44100, "0.5" },
    { 1, 44100, "0.000022" }, { 1, 96000, "0.00001" },        { 44099, 44100, "0.999977" },
    { 441, 44100, "0.01" },   { 160001, 16000, "10.000062" }, { 8000 * 86400ull, 8000, "86400" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    ApRecordingInfo info = active;
    g_autofree char *text = NULL;
    g_autofree char *expected = g_strdup_printf ("\"duration_seconds\":%s,", rows[i].duration);

    info.frames = rows[i].frames;
    info.sample_rate = rows[i].rate;
    text = ap_recording_format_ack (&info, 1, TRUE);
    g_assert_nonnull (strstr (text, expected));
  }
}

static void
test_failure (void)
{
  static const struct {
    ApRecordingErrorCode code;
    const char *name;
  } rows[] = {
    { AP_RECORDING_ERROR_UNDECODABLE, "undecodable" },
    { AP_RECORDING_ERROR_NO_SPACE, "no_space" },
    { AP_RECORDING_ERROR_QUOTA, "quota" },
    { AP_RECORDING_ERROR_TOO_LARGE, "too_large" },
    { AP_RECORDING_ERROR_BUSY, "busy" },
    { AP_RECORDING_ERROR_DECODER_DIED, "decoder_died" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = g_error_new (AP_RECORDING_ERROR, (gint)rows[i].code, "no \"frame\" in 64 KiB");
    g_autofree char *expected =
        g_strdup_printf ("{\"message\":\"Failed to process chunk\",\"session_id\":\"" ID "\",\"chunk_count\":42,"
                         "\"status\":\"error\",\"error\":\"%s\",\"detail\":\"no \\\"frame\\\" in 64 KiB\"}",
                         rows[i].name);

    assert_json (ap_recording_format_failure (&active, error), expected);
  }
}

static void
test_errors (void)
{
  g_autoptr (GError) unknown =
      g_error_new_literal (AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND, "Session not found");
  g_autoptr (GError) storage =
      g_error_new (AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "/srv/recordings: Permission denied");
  g_autoptr (GError) foreign = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_IO, "it broke");
  g_autoptr (GError) control = g_error_new_literal (AP_RECORDING_ERROR, AP_RECORDING_ERROR_BAD_CONTROL, "why");

  assert_json (ap_recording_format_error (unknown, ID),
               "{\"error\":\"Session not found\",\"session_id\":\"" ID "\",\"detail\":\"Session not found\"}");
  assert_json (ap_recording_format_error (unknown, "a\"\n\\\xc3\xa9"),
               "{\"error\":\"Session not found\",\"session_id\":\"a\\\"\\u000a\\\\\xc3\xa9\","
               "\"detail\":\"Session not found\"}");
  assert_json (ap_recording_format_error (foreign, NULL),
               "{\"error\":\"Internal error\",\"detail\":\"the server failed; its log tells more\"}");
  assert_json (
      ap_recording_format_error (storage, NULL),
      "{\"error\":\"Storage failed\",\"detail\":\"the recordings cannot be read or written now; try again later\"}");
  assert_json (ap_recording_format_bad_control (ID, control),
               "{\"error\":\"Invalid control message\",\"session_id\":\"" ID "\","
               "\"valid_values\":[\"close_session\",\"status\"],\"detail\":\"why\"}");
  assert_json (ap_recording_format_invalid ("Invalid channels", "1,2", "why"),
               "{\"error\":\"Invalid channels\",\"valid_values\":[1,2],\"detail\":\"why\"}");
}

/* --- the page: its examples are what is read and written --- */

static const char *
example (GPtrArray *examples, const char *section)
{
  for (guint i = 0; i < examples->len; i++) {
    const CallExample *found = g_ptr_array_index (examples, i);

    if (g_str_equal (found->chapter, "WebSocket") && g_str_equal (found->section, section))
      return found->body;
  }
  g_error ("no example of %s", section);
}

static GError *
refusal_of (const char *text)
{
  ApRecordingControl control;
  GError *error = NULL;

  g_assert_false (parse (text, strlen (text), &control, &error));
  return error;
}

static char *
problem_of (const ApRecordingQueryText *text)
{
  ApRecordingQuery query = { 0 };
  char *problem;

  g_assert_false (ap_recording_query_parse (text, &query, &query, &problem));
  return problem;
}

static void
assert_page_reads (GPtrArray *examples)
{
  ApRecordingControl control = AP_RECORDING_CONTROL_STATUS;
  const char *close = example (examples, "close_session");
  const char *status = example (examples, "status");

  g_assert_true (parse (close, strlen (close), &control, NULL));
  g_assert_cmpint (control, ==, AP_RECORDING_CONTROL_CLOSE_SESSION);
  g_assert_true (parse (status, strlen (status), &control, NULL));
  g_assert_cmpint (control, ==, AP_RECORDING_CONTROL_STATUS);
}

static void
test_page (void)
{
  g_autoptr (GPtrArray) examples = call_examples ("recording.md");
  ApRecordingInfo created = active;
  ApRecordingInfo completed = active;
  g_autoptr (GError) undecodable =
      g_error_new_literal (AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "no MP3 frame in 64 KiB");
  g_autoptr (GError) unknown =
      g_error_new_literal (AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND, "there is no active session of this id");
  g_autoptr (GError) control = refusal_of ("{\"type\":\"control\",\"action\":\"stop\"}");
  const ApRecordingQueryText query = { .sample_rate = "44101" };

  created.total_chunks = created.bytes_received = created.frames = 0;
  completed.status = AP_RECORDING_COMPLETED;
  assert_page_reads (examples);
  assert_json (ap_recording_format_greeting (&created), example (examples, "Greeting"));
  assert_json (ap_recording_format_ack (&active, 8192, TRUE), example (examples, "Acknowledgement"));
  assert_json (ap_recording_format_failure (&active, undecodable), example (examples, "Failure"));
  assert_json (ap_recording_format_status (&active, TRUE), example (examples, "Status"));
  assert_json (ap_recording_format_completed (&completed), example (examples, "Completed"));
  assert_json (ap_recording_format_bad_control (ID, control), example (examples, "Bad control message"));
  assert_json (problem_of (&query), example (examples, "Invalid query"));
  assert_json (ap_recording_format_error (unknown, ID), example (examples, "Session not found"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recording-message/control/good", test_good);
  g_test_add_func ("/recording-message/control/bad", test_bad);
  g_test_add_func ("/recording-message/control/long", test_long);
  g_test_add_func ("/recording-message/states", test_states);
  g_test_add_func ("/recording-message/ack", test_ack);
  g_test_add_func ("/recording-message/durations", test_durations);
  g_test_add_func ("/recording-message/failure", test_failure);
  g_test_add_func ("/recording-message/errors", test_errors);
  g_test_add_func ("/recording-message/page", test_page);
  return g_test_run ();
}
