/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench-call-message: 20 ms of a telephone call as Twilio's JSON, read and written by our code and by json-glib with
 * GLib's base 64, which both give the same bytes. */
#include "bench-measure.h"

#include "endpoints/twilio/ap-call-dialect.h"

#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

#define STREAM   "MZ0123456789abcdef0123456789abcdef"
#define MESSAGES 2000
/* How many times faster than json-glib. */
#define TARGET 6

static guint8 audio[160];
static char *text; /* a media message with it */

static void
read_ours (gpointer data)
{
  const ApCallDialect *dialect = ap_call_dialect_for_path ("/ws/twilio");
  g_auto (ApCallMessage) message = { 0 };
  gsize length = strlen (text);

  for (guint i = 0; i < MESSAGES; i++) {
    g_assert_true (ap_call_read_text (dialect, text, length, &message, NULL));
    g_assert_true (memcmp (message.media.payload, audio, sizeof audio) == 0);
  }
}

static void
read_json_glib (gpointer data)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  gsize length = strlen (text);

  for (guint i = 0; i < MESSAGES; i++) {
    g_autofree guint8 *bytes = NULL;
    JsonObject *root, *media;
    gsize n;

    g_assert_true (json_parser_load_from_data (parser, text, (gssize)length, NULL));
    root = json_node_get_object (json_parser_get_root (parser));
    g_assert_cmpstr (json_object_get_string_member (root, "event"), ==, "media");
    media = json_object_get_object_member (root, "media");
    bytes = g_base64_decode (json_object_get_string_member (media, "payload"), &n);
    g_assert_true (n == sizeof audio && memcmp (bytes, audio, n) == 0);
  }
}

static void
write_ours (gpointer data)
{
  const ApCallDialect *dialect = ap_call_dialect_for_path ("/ws/twilio");
  ApCallCommand command = { AP_CALL_SAY_MEDIA, STREAM, NULL, audio, sizeof audio, AP_CALL_ENCODING_MULAW };
  g_autoptr (GString) out = g_string_new (NULL);

  for (guint i = 0; i < MESSAGES; i++) {
    g_string_truncate (out, 0);
    g_assert_true (ap_call_write (dialect, &command, out, NULL));
  }
}

static void
write_json_glib (gpointer data)
{
  for (guint i = 0; i < MESSAGES; i++) {
    g_autoptr (JsonBuilder) builder = json_builder_new ();
    g_autofree char *payload = g_base64_encode (audio, sizeof audio);
    g_autoptr (JsonNode) root = NULL;
    g_autofree char *message = NULL;

    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "event");
    json_builder_add_string_value (builder, "media");
    json_builder_set_member_name (builder, "streamSid");
    json_builder_add_string_value (builder, STREAM);
    json_builder_set_member_name (builder, "media");
    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "payload");
    json_builder_add_string_value (builder, payload);
    json_builder_end_object (builder);
    json_builder_end_object (builder);
    root = json_builder_get_root (builder);
    message = json_to_string (root, FALSE);
  }
}

static void
make_text (void)
{
  g_autofree char *payload = NULL;

  for (guint i = 0; i < sizeof audio; i++)
    audio[i] = (guint8)(i * 37);
  payload = g_base64_encode (audio, sizeof audio);
  text =
      g_strdup_printf ("{\"event\":\"media\",\"sequenceNumber\":\"4\",\"media\":{\"track\":\"inbound\",\"chunk\":\"3\","
                       "\"timestamp\":\"155\",\"payload\":\"%s\"},\"streamSid\":\"" STREAM "\"}",
                       payload);
}

static guint
print_row (const char *what, const BenchCase *ours, const BenchCase *json_glib)
{
  gdouble ratio = bench_median (json_glib) / bench_median (ours);
  gboolean misses = ratio < TARGET;

  g_print ("%-6s %8.0f ns %10.0f ns %8.1f (>= %d)%s\n", what, bench_median (ours), bench_median (json_glib), ratio,
           TARGET, misses ? "!" : "");
  return misses;
}

int
main (int argc, char **argv)
{
  gboolean quick = argc > 1 && g_str_equal (argv[1], "--quick");
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func ((GDestroyNotify)bench_case_free);
  guint missed;

  make_text ();
  g_ptr_array_add (cases, bench_case_new (g_strdup ("read"), read_ours, NULL, NULL, MESSAGES));
  g_ptr_array_add (cases, bench_case_new (g_strdup ("read, json-glib"), read_json_glib, NULL, NULL, MESSAGES));
  g_ptr_array_add (cases, bench_case_new (g_strdup ("write"), write_ours, NULL, NULL, MESSAGES));
  g_ptr_array_add (cases, bench_case_new (g_strdup ("write, json-glib"), write_json_glib, NULL, NULL, MESSAGES));
  bench_measure (cases, quick ? 11 : 101);
  g_print ("A media message of %u bytes, 160 of audio; CPU time of one thread, median of interleaved rounds.\n"
           "%-6s %11s %13s %8s\n",
           (guint)strlen (text), "", "ours", "json-glib", "times");
  missed = print_row ("read", cases->pdata[0], cases->pdata[1]);
  missed += print_row ("write", cases->pdata[2], cases->pdata[3]);
  g_print ("\n%u target%s missed.\n", missed, missed == 1 ? "" : "s");
  g_free (text);
  return EXIT_SUCCESS;
}
