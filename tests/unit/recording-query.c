/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The query of a recording's beginning: each value, and each that is refused. */
#include "endpoints/recording/ap-recording-query.h"

#include <string.h>

#define RATES   "8000,16000,22050,44100,48000,96000"
#define FORMATS "\"wav\",\"mp3\",\"flac\",\"aac\",\"ogg\",\"webm\""

static const ApRecordingQuery defaults = { AP_RECORDING_FORMAT_WAV, 44100, 1, NULL };

static void
test_good (void)
{
  static const struct {
    ApRecordingQueryText text;
    ApRecordingQuery query;
  } rows[] = {
    { { NULL, NULL, NULL, NULL }, { AP_RECORDING_FORMAT_WAV, 44100, 1, NULL } },
    { { "user123", "48000", "2", "mp3" }, { AP_RECORDING_FORMAT_MP3, 48000, 2, "user123" } },
    { { "", "8000", "1", "wav" }, { AP_RECORDING_FORMAT_WAV, 8000, 1, NULL } },
    { { NULL, "16000", NULL, "flac" }, { AP_RECORDING_FORMAT_FLAC, 16000, 1, NULL } },
    { { NULL, "22050", NULL, "aac" }, { AP_RECORDING_FORMAT_AAC, 22050, 1, NULL } },
    { { NULL, "44100", NULL, "ogg" }, { AP_RECORDING_FORMAT_OGG, 44100, 1, NULL } },
    { { NULL, "96000", NULL, "webm" }, { AP_RECORDING_FORMAT_WEBM, 96000, 1, NULL } },
    { { "J\xc3\xbcrgen <x> \"y\" ../", NULL, NULL, NULL },
      { AP_RECORDING_FORMAT_WAV, 44100, 1, "J\xc3\xbcrgen <x> \"y\" ../" } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    ApRecordingQuery query;
    g_autofree char *problem = NULL;

    g_assert_true (ap_recording_query_parse (&rows[i].text, &defaults, &query, &problem));
    g_assert_null (problem);
    g_assert_cmpint (query.format, ==, rows[i].query.format);
    g_assert_cmpuint (query.sample_rate, ==, rows[i].query.sample_rate);
    g_assert_cmpuint (query.channels, ==, rows[i].query.channels);
    g_assert_cmpstr (query.user_id, ==, rows[i].query.user_id);
  }
}

static void
test_defaults (void)
{
  const ApRecordingQuery others = { AP_RECORDING_FORMAT_OGG, 16000, 2, NULL };
  const ApRecordingQueryText text = { .channels = "1" };
  ApRecordingQuery query;
  g_autofree char *problem = NULL;

  g_assert_true (ap_recording_query_parse (&text, &others, &query, &problem));
  g_assert_cmpint (query.format, ==, AP_RECORDING_FORMAT_OGG);
  g_assert_cmpuint (query.sample_rate, ==, 16000);
  g_assert_cmpuint (query.channels, ==, 1);
}

static void
assert_refused (const ApRecordingQueryText *text, const char *expected)
{
  ApRecordingQuery query;
  g_autofree char *problem = NULL;

  g_assert_false (ap_recording_query_parse (text, &defaults, &query, &problem));
  g_assert_cmpstr (problem, ==, expected);
}

static void
test_bad_numbers (void)
{
  static const char *const rates[] = { "",       "0",          "44101",  "-8000", "+8000",     " 8000",
                                       "8000 ",  "08000",      "8000.0", "8e3",   "8k",        "8000x",
                                       "0x1f40", "4294975296", "88200",  "NaN",   "8000,16000" };
  static const char *const channels[] = { "", "0", "3", "-1", "01", "1.0", "mono", "4294967297" };

  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    assert_refused (&(ApRecordingQueryText){ .sample_rate = rates[i] },
                    "{\"error\":\"Invalid sample rate\",\"valid_values\":[" RATES "],"
                    "\"detail\":\"sample_rate is none of the valid values\"}");
  for (guint i = 0; i < G_N_ELEMENTS (channels); i++)
    assert_refused (&(ApRecordingQueryText){ .channels = channels[i] },
                    "{\"error\":\"Invalid channels\",\"valid_values\":[1,2],"
                    "\"detail\":\"channels is none of the valid values\"}");
}

static void
test_bad_formats (void)
{
  static const char *const formats[] = { "", "WAV", "wave", "m4a", "opus", "wav\n", "../wav" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    assert_refused (&(ApRecordingQueryText){ .format = formats[i] },
                    "{\"error\":\"Invalid format\",\"valid_values\":[" FORMATS "],"
                    "\"detail\":\"format is none of the valid values\"}");
}

static void
test_bad_users (void)
{
  static const struct {
    const char *user, *detail;
  } rows[] = {
    { "a\nb", "user_id has a control character in it" },
    { "a\x7f", "user_id has a control character in it" },
    { "\x1b[31m", "user_id has a control character in it" },
    { "\xc2\x85", "user_id has a control character in it" }, /* U+0085 */
    { "a\xff", "user_id is not UTF-8" },
    { "\xc3", "user_id is not UTF-8" },
    { "\xed\xa0\x80", "user_id is not UTF-8" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *expected = g_strdup_printf ("{\"error\":\"Invalid user id\",\"detail\":\"%s\"}", rows[i].detail);

    assert_refused (&(ApRecordingQueryText){ .user_id = rows[i].user }, expected);
  }
}

/* 128 characters, of whatever length in bytes. */
static void
test_long_users (void)
{
  static const char *const characters[] = { "u", "\xc3\xa9", "\xf0\x9f\x8e\xa7" };

  for (guint i = 0; i < G_N_ELEMENTS (characters); i++) {
    g_autoptr (GString) user = g_string_new (NULL);
    const char *user_id;
    g_autofree char *problem = NULL;

    while (g_utf8_strlen (user->str, -1) < AP_RECORDING_USER_CHARACTERS)
      g_string_append (user, characters[i]);
    g_assert_true (ap_recording_user_parse (user->str, &user_id, &problem));
    g_assert_true (user_id == user->str);
    g_string_append (user, characters[i]);
    assert_refused (&(ApRecordingQueryText){ .user_id = user->str },
                    "{\"error\":\"Invalid user id\",\"detail\":\"user_id has over 128 characters\"}");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recording-query/good", test_good);
  g_test_add_func ("/recording-query/defaults", test_defaults);
  g_test_add_func ("/recording-query/bad-numbers", test_bad_numbers);
  g_test_add_func ("/recording-query/bad-formats", test_bad_formats);
  g_test_add_func ("/recording-query/bad-users", test_bad_users);
  g_test_add_func ("/recording-query/long-users", test_long_users);
  return g_test_run ();
}
