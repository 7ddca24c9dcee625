/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log: its levels, its two formats, and that one event is one line whatever it holds. Each test logs in a process
 * of its own, whose standard error is looked at. */
#define G_LOG_DOMAIN "test"

#include "base/ap-log.h"

#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

/* Hostile to a log: ends of lines (U+2028 is one to some), what moves a terminal's cursor (ECMA-48: ESC and its 8-bit
 * form, U+009B), what turns its text around (U+202E), bytes that are no UTF-8. */
#define HOSTILE                                                                                                        \
  "a\nb\rc\x1b[2Jd\xc2\x9b"                                                                                            \
  "2Je\x07\x7f\xff\tf\xe2\x80\xa8g\xe2\x80\xaeh"

static void
check_harmless (const char *text)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (; *text != '\0' && *text != '\n'; text = g_utf8_next_char (text)) {
    GUnicodeType type = g_unichar_type (g_utf8_get_char (text));

    g_assert_false (g_unichar_iscntrl (g_utf8_get_char (text)));
    g_assert_false (type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_FORMAT);
  }
}

static void
log_all (void)
{
  ap_debug ("one");
  ap_info ("two %d", 2);
  ap_warning ("three");
  ap_error ("four");
  ap_notice ("five");
}

/* Runs @path of this program, and gives back what it wrote to standard error. */
static char *
output_of (const char *path)
{
  g_autofree char *output = NULL;
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  const char *argv[] = { program, path, NULL };
  int status = 0;

  g_assert_true (
      g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &output, &status, NULL));
  g_assert_true (g_spawn_check_wait_status (status, NULL));
  return g_steal_pointer (&output);
}

static const char time_pattern[] = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$";

static void
test_text (void)
{
  static const char *const expected[] = { "info    test: two 2", "warning test: three", "error   test: four",
                                          "info    test: five" };
  g_autofree char *output = output_of ("text-info");
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);

  g_assert_cmpuint (g_strv_length (lines), ==, G_N_ELEMENTS (expected) + 1);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    g_autofree char *time = g_strndup (lines[i], 24);

    g_assert_true (g_regex_match_simple (time_pattern, time, 0, 0));
    g_assert_cmpstr (lines[i] + 25, ==, expected[i]);
  }
}

static guint
count_lines (const char *text)
{
  guint n = 0;

  for (; *text != '\0'; text++)
    n += *text == '\n';
  return n;
}

static void
test_levels (void)
{
  g_autofree char *debug = output_of ("text-debug");
  g_autofree char *warning = output_of ("text-warning");
  g_autofree char *error = output_of ("text-error");

  g_assert_cmpuint (count_lines (debug), ==, 5);
  /* A notice is written at every level. */
  g_assert_cmpuint (count_lines (warning), ==, 3);
  g_assert_cmpuint (count_lines (error), ==, 2);
  g_assert_nonnull (strstr (error, "five"));
}

static void
test_json (void)
{
  g_autofree char *output = output_of ("json-info");
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;

  g_assert_cmpuint (g_strv_length (lines), ==, 5);
  node = json_from_string (lines[0], NULL);
  object = json_node_get_object (node);
  g_assert_true (g_regex_match_simple (time_pattern, json_object_get_string_member (object, "time"), 0, 0));
  g_assert_cmpstr (json_object_get_string_member (object, "level"), ==, "info");
  g_assert_cmpstr (json_object_get_string_member (object, "domain"), ==, "test");
  g_assert_cmpstr (json_object_get_string_member (object, "message"), ==, "two 2");
}

/* A peer's words, such as the reason of its close frame, can neither forge a line nor steer the reader's terminal. */
static void
test_hostile_text (void)
{
  g_autofree char *output = output_of ("text-hostile");

  g_assert_cmpuint (count_lines (output), ==, 1);
  check_harmless (output);
  for (const char *letter = "abcdefgh"; *letter != '\0'; letter++)
    g_assert_nonnull (strchr (output, *letter));
}

static void
test_hostile_json (void)
{
  g_autofree char *output = output_of ("json-hostile");
  g_autoptr (JsonNode) node = json_from_string (output, NULL);

  g_assert_cmpuint (count_lines (output), ==, 1);
  g_assert_nonnull (node);
  g_assert_true (g_str_has_prefix (json_object_get_string_member (json_node_get_object (node), "message"), "a\nb\rc"));
}

static void
test_event_text (void)
{
  g_autofree char *output = output_of ("text-event");

  g_assert_cmpuint (count_lines (output), ==, 1);
  g_assert_true (g_str_has_suffix (output, " info    test: it happened number=18446744073709551615 seconds=61.005 "
                                           "word=plain words=\"two \\\"words\\\"\" last=\"x=\"\n"));
}

static void
test_event_json (void)
{
  g_autofree char *output = output_of ("json-event");
  g_autoptr (JsonNode) node = json_from_string (output, NULL);
  JsonObject *object = json_node_get_object (node);

  g_assert_cmpuint (count_lines (output), ==, 1);
  g_assert_cmpstr (json_object_get_string_member (object, "message"), ==, "it happened");
  g_assert_nonnull (strstr (output, "\"number\":18446744073709551615,\"seconds\":61.005,"));
  g_assert_cmpstr (json_object_get_string_member (object, "word"), ==, "plain");
  g_assert_cmpstr (json_object_get_string_member (object, "words"), ==, "two \"words\"");
  g_assert_cmpstr (json_object_get_string_member (object, "empty"), ==, "");
  g_assert_cmpstr (json_object_get_string_member (object, "last"), ==, "x=");
}

static void
test_event_level (void)
{
  g_autofree char *below = output_of ("text-event-warning");
  g_autofree char *chosen = output_of ("text-write-error");

  g_assert_cmpstr (below, ==, "");
  g_assert_true (g_str_has_suffix (chosen, " debug   other: whatever the level\n"));
}

/* A peer's words in a field are as harmless as in a message. */
static void
test_event_hostile (void)
{
  g_autofree char *text = output_of ("text-event-hostile");
  g_autofree char *json = output_of ("json-event-hostile");
  g_autoptr (JsonNode) node = json_from_string (json, NULL);

  g_assert_cmpuint (count_lines (text), ==, 1);
  check_harmless (text);
  g_assert_nonnull (strstr (text, "reason=\"a b c"));
  g_assert_cmpuint (count_lines (json), ==, 1);
  g_assert_nonnull (node);
  g_assert_true (g_str_has_prefix (json_object_get_string_member (json_node_get_object (node), "reason"), "a\nb\rc"));
}

static void
log_event (void)
{
  ap_event (G_LOG_LEVEL_INFO, "it happened", AP_LOG_NUMBER ("number", G_MAXUINT64),
            AP_LOG_SECONDS ("seconds", 61005999), AP_LOG_TEXT ("word", "plain"), AP_LOG_TEXT ("words", "two \"words\""),
            AP_LOG_TEXT ("empty", ""), AP_LOG_TEXT ("last", "x="));
}

static int
run_child (const char *name)
{
  ApLogFormat format = g_str_has_prefix (name, "json") ? AP_LOG_FORMAT_JSON : AP_LOG_FORMAT_TEXT;
  GLogLevelFlags level = g_str_has_suffix (name, "debug")     ? G_LOG_LEVEL_DEBUG
                         : g_str_has_suffix (name, "warning") ? G_LOG_LEVEL_WARNING
                         : g_str_has_suffix (name, "error")   ? G_LOG_LEVEL_CRITICAL
                                                              : G_LOG_LEVEL_INFO;

  ap_log_init (level, format);
  if (strstr (name, "event-hostile") != NULL)
    ap_event (G_LOG_LEVEL_INFO, "it ended", AP_LOG_TEXT ("reason", HOSTILE));
  else if (strstr (name, "event") != NULL)
    log_event ();
  else if (strstr (name, "write") != NULL)
    ap_log_write (G_LOG_LEVEL_DEBUG, "other", "whatever the level");
  else if (g_str_has_suffix (name, "hostile"))
    ap_info ("%s", HOSTILE);
  else
    log_all ();
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  if (argc == 2 && argv[1][0] != '-')
    return run_child (argv[1]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log/text", test_text);
  g_test_add_func ("/log/levels", test_levels);
  g_test_add_func ("/log/json", test_json);
  g_test_add_func ("/log/hostile-text", test_hostile_text);
  g_test_add_func ("/log/hostile-json", test_hostile_json);
  g_test_add_func ("/log/event/text", test_event_text);
  g_test_add_func ("/log/event/json", test_event_json);
  g_test_add_func ("/log/event/level", test_event_level);
  g_test_add_func ("/log/event/hostile", test_event_hostile);
  return g_test_run ();
}
