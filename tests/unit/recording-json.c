/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recordings as HTTP tells them, byte by byte, and read back by json-glib. */
#include "endpoints/recording/ap-recording-json.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define ID "0f5e2a52-8a3c-4b1e-9d0a-6f3f5f7a9c11"

static const ApRecordingInfo active = {
  .id = ID,
  .format = AP_RECORDING_FORMAT_FLAC,
  .sample_rate = 48000,
  .channels = 2,
  .status = AP_RECORDING_ACTIVE,
  .created_us = G_GINT64_CONSTANT (1795255200000000),
  .updated_us = G_GINT64_CONSTANT (1795255201000007),
  .total_chunks = 42,
  .bytes_received = 344064,
  .frames = 90000,
};

#define ACTIVE                                                                                                         \
  "\"session_id\":\"" ID "\",\"status\":\"active\",\"file_path\":\"" ID ".wav\",\"duration_seconds\":1.875,"           \
  "\"total_chunks\":42,\"sample_rate\":48000,\"channels\":2,\"format\":\"flac\",\"user_id\":null,"                     \
  "\"created_at\":\"2026-11-21T10:00:00.000000Z\",\"updated_at\":\"2026-11-21T10:00:01.000007Z\","                     \
  "\"completed_at\":null,\"bytes_received\":344064,\"file_bytes\":360080,\"damaged_chunks\":0"

static void
assert_json (char *json, const char *expected)
{
  g_autofree char *text = json;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (text, ==, expected);
  json_parser_load_from_data (parser, text, -1, &error);
  g_assert_no_error (error);
}

static void
test_info (void)
{
  assert_json (ap_recording_json_info (&active, NULL), "{" ACTIVE "}");
  assert_json (ap_recording_json_success (&active, NULL), "{\"success\":true," ACTIVE "}");
}

static void
test_completed (void)
{
  ApRecordingInfo info = active;

  info.user_id = (char *)"o\"ha\\ra \xc3\xa9";
  info.status = AP_RECORDING_COMPLETED;
  info.completed_us = info.updated_us;
  info.channels = 1;
  info.frames = G_GUINT64_CONSTANT (1) << 40;
  info.damaged_chunks = 3;
  assert_json (ap_recording_json_info (&info, "/srv/recordings"),
               "{\"session_id\":\"" ID "\",\"status\":\"completed\",\"file_path\":\"/srv/recordings/" ID ".wav\","
               "\"duration_seconds\":22906492.245333,\"total_chunks\":42,\"sample_rate\":48000,\"channels\":1,"
               "\"format\":\"flac\",\"user_id\":\"o\\\"ha\\\\ra \xc3\xa9\","
               "\"created_at\":\"2026-11-21T10:00:00.000000Z\",\"updated_at\":\"2026-11-21T10:00:01.000007Z\","
               "\"completed_at\":\"2026-11-21T10:00:01.000007Z\",\"bytes_received\":344064,"
               "\"file_bytes\":2199023255632,\"damaged_chunks\":3}");
}

static void
test_list (void)
{
  g_autoptr (GPtrArray) infos = g_ptr_array_new ();

  assert_json (ap_recording_json_list (infos, 0, 100, 0, NULL),
               "{\"sessions\":[],\"total\":0,\"limit\":100,\"offset\":0}");
  g_ptr_array_add (infos, (gpointer)&active);
  g_ptr_array_add (infos, (gpointer)&active);
  assert_json (ap_recording_json_list (infos, 7, 2, 4, NULL),
               "{\"sessions\":[{" ACTIVE "},{" ACTIVE "}],\"total\":7,\"limit\":2,\"offset\":4}");
}

static void
test_peaks (void)
{
  static const ApPeak peaks[] = { { -1, 2 }, { -3, 4 }, { -32768, 32767 }, { 5, 6 } };
  static const char begin[] = "{\"session_id\":\"" ID "\",\"status\":\"active\",\"duration_seconds\":1.875,"
                              "\"sample_rate\":48000,\"channels\":2,\"frames\":90000,";
  g_autofree char *two =
      g_strconcat (begin, "\"parts\":2,\"exact\":true,\"min\":[[-1,-32768],[-3,5]],\"max\":[[2,32767],[4,6]]}", NULL);
  g_autofree char *none = g_strconcat (begin, "\"parts\":0,\"exact\":false,\"min\":[[],[]],\"max\":[[],[]]}", NULL);

  assert_json (ap_recording_json_peaks (&active, peaks, 2, TRUE), two);
  assert_json (ap_recording_json_peaks (&active, NULL, 0, FALSE), none);
}

static void
test_range (void)
{
  assert_json (ap_recording_json_out_of_range ("limit", 1, 1000),
               "{\"error\":\"Invalid limit\",\"valid_range\":[1,1000],"
               "\"detail\":\"limit must be a whole number from 1 to 1000\"}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recording-json/info", test_info);
  g_test_add_func ("/recording-json/completed", test_completed);
  g_test_add_func ("/recording-json/list", test_list);
  g_test_add_func ("/recording-json/peaks", test_peaks);
  g_test_add_func ("/recording-json/range", test_range);
  return g_test_run ();
}
