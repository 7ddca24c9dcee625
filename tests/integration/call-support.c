/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of calls share. */
#include "call-support.h"

#include <math.h>
#include <string.h>

#include "mulaw-kernel.h"

/* ---- audio ---- */

guint8 *
mulaw_of_pcm (const gint16 *samples, gsize length)
{
  guint8 *mulaw = g_malloc (length);

  pcm16_to_mulaw (mulaw, samples, length, MULAW_TIES_ITU, false);
  return mulaw;
}

gint16 *
pcm_of_mulaw (const guint8 *mulaw, gsize length)
{
  gint16 *samples = g_new (gint16, length);

  mulaw_to_pcm16 (samples, mulaw, length);
  return samples;
}

gint16 *
tone_pcm (guint hz, guint rate, gsize samples)
{
  gint16 *pcm = g_new (gint16, samples);

  for (gsize i = 0; i < samples; i++)
    pcm[i] = (gint16)lrint (G_MAXINT16 / 4.0 * sin (2 * G_PI * hz * (double)i / rate));
  return pcm;
}

guint8 *
tone_mulaw (guint hz, gsize samples)
{
  g_autofree gint16 *pcm = tone_pcm (hz, CALL_RATE, samples);

  return mulaw_of_pcm (pcm, samples);
}

double
tone_level (guint hz, const guint8 *mulaw, gsize length)
{
  g_autofree gint16 *pcm = pcm_of_mulaw (mulaw, length);
  double real = 0, imaginary = 0;

  for (gsize i = 0; i < length; i++) {
    real += pcm[i] * cos (2 * G_PI * hz * (double)i / CALL_RATE);
    imaginary += pcm[i] * sin (2 * G_PI * hz * (double)i / CALL_RATE);
  }
  return length > 0 ? 2 * sqrt (real * real + imaginary * imaginary) / (double)length / G_MAXINT16 : 0;
}

static GByteArray *
wav_head (guint format, guint rate, guint channels, guint sample_bytes, gsize bytes)
{
  struct {
    char riff[4];
    guint32 riff_size;
    char wave_fmt[8];
    guint32 fmt_size;
    guint16 format, channels;
    guint32 rate, bytes_per_second;
    guint16 block, bits;
    char data[4];
    guint32 size;
  } head = { "RIFF", GUINT32_TO_LE (36 + (guint32)bytes), "WAVEfmt ", GUINT32_TO_LE (16), GUINT16_TO_LE (format) };
  GByteArray *wav = g_byte_array_new ();

  head.channels = GUINT16_TO_LE (channels);
  head.rate = GUINT32_TO_LE (rate);
  head.bytes_per_second = GUINT32_TO_LE (rate * channels * sample_bytes);
  head.block = GUINT16_TO_LE (channels * sample_bytes);
  head.bits = GUINT16_TO_LE (8 * sample_bytes);
  memcpy (head.data, "data", 4);
  head.size = GUINT32_TO_LE ((guint32)bytes);
  return g_byte_array_append (wav, (const guint8 *)&head, sizeof head);
}

GBytes *
wav_of_pcm (guint rate, guint channels, const gint16 *samples, gsize n)
{
  GByteArray *wav = wav_head (1, rate, channels, 2, n * sizeof (gint16));

  for (gsize i = 0; i < n; i++) {
    gint16 sample = GINT16_TO_LE (samples[i]);

    g_byte_array_append (wav, (const guint8 *)&sample, sizeof sample);
  }
  return g_byte_array_free_to_bytes (wav);
}

GBytes *
wav_of_g711 (guint format, const guint8 *bytes, gsize n)
{
  GByteArray *wav = wav_head (format, CALL_RATE, 1, 1, n);

  return g_byte_array_free_to_bytes (g_byte_array_append (wav, bytes, (guint)n));
}

/* ---- commands ---- */

HttpAnswer *
http_post (guint16 port, const char *path, const char *type, gconstpointer body, gsize length)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (port);
  g_autofree char *head = g_strdup_printf ("POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: %s\r\n"
                                           "Content-Length: %" G_GSIZE_FORMAT "\r\nConnection: close\r\n\r\n",
                                           path, port, type, length);

  ws_client_send_raw (client, head, strlen (head));
  ws_client_send_raw (client, body, length);
  return ws_client_request (client, "");
}

static char *
post_to_call (guint16 port, CallSimulator *call, const char *command, const char *type, gconstpointer body,
              gsize length, guint status)
{
  g_autofree char *path = g_strdup_printf ("/api/calls/%s/%s", call_simulator_call_sid (call), command);
  g_autoptr (HttpAnswer) answer = http_post (port, path, type, body, length);

  if (answer == NULL || answer->status != status)
    g_test_fail_printf ("%s is answered with %u %s; %u was expected", path, answer != NULL ? answer->status : 0,
                        answer != NULL ? answer->body : "", status);
  return answer != NULL ? g_steal_pointer (&answer->body) : g_strdup ("");
}

char *
command_call (guint16 port, CallSimulator *call, const char *command, const char *body, guint status)
{
  return post_to_call (port, call, command, "application/json", body, strlen (body), status);
}

char *
play_to_call (guint16 port, CallSimulator *call, GBytes *wav, guint status)
{
  gsize length;
  gconstpointer data = g_bytes_get_data (wav, &length);

  return post_to_call (port, call, "play", "audio/wav", data, length, status);
}

/* ---- what is said of a call ---- */

/* Returns: (nullable): the object of @call's stream in @answer */
static JsonObject *
find_stream (const HttpAnswer *answer, JsonParser *parser, CallSimulator *call)
{
  JsonObject *object = answer->status == 200 ? parse_object (parser, answer->body) : NULL;
  JsonArray *streams = object != NULL ? json_object_get_array_member (object, "streams") : NULL;

  for (guint i = 0; streams != NULL && i < json_array_get_length (streams); i++) {
    JsonObject *stream = json_array_get_object_element (streams, i);

    if (g_str_equal (json_object_get_string_member (stream, "stream_sid"), call_simulator_stream_sid (call)))
      return stream;
  }
  return NULL;
}

static HttpAnswer *
show_call (guint16 port, CallSimulator *call)
{
  g_autofree char *path = g_strdup_printf ("/api/calls/%s", call_simulator_call_sid (call));

  return http_get (port, path);
}

gint64
call_figure (guint16 port, CallSimulator *call, const char *name)
{
  g_autoptr (HttpAnswer) answer = show_call (port, call);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *stream = answer != NULL ? find_stream (answer, parser, call) : NULL;

  return stream != NULL ? json_object_get_int_member_with_default (stream, name, -1) : -1;
}

char *
call_text (guint16 port, CallSimulator *call, const char *name)
{
  g_autoptr (HttpAnswer) answer = show_call (port, call);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *stream = answer != NULL ? find_stream (answer, parser, call) : NULL;

  return stream != NULL ? g_strdup (json_object_get_string_member_with_default (stream, name, NULL)) : NULL;
}

guint
count_streams (guint16 port, CallSimulator *call)
{
  g_autoptr (HttpAnswer) answer = show_call (port, call);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = answer != NULL && answer->status == 200 ? parse_object (parser, answer->body) : NULL;

  return object != NULL ? json_array_get_length (json_object_get_array_member (object, "streams")) : 0;
}

guint
count_calls (guint16 port)
{
  g_autoptr (HttpAnswer) answer = http_get (port, "/api/calls");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = answer != NULL && answer->status == 200 ? parse_object (parser, answer->body) : NULL;

  if (object == NULL) {
    g_test_fail_printf ("/api/calls answers: %s", answer != NULL ? answer->body : "nothing");
    return G_MAXUINT;
  }
  g_assert_cmpint (json_object_get_int_member (object, "count"), ==,
                   json_array_get_length (json_object_get_array_member (object, "calls")));
  return json_array_get_length (json_object_get_array_member (object, "calls"));
}

gboolean
wait_for_figure (guint16 port, CallSimulator *call, const char *name, gint64 least)
{
  if (call_simulator_until (call, call_figure (port, call, name) >= least))
    return TRUE;
  g_test_fail_printf ("%s is %" G_GINT64_FORMAT ", and was to be %" G_GINT64_FORMAT " at least", name,
                      call_figure (port, call, name), least);
  return FALSE;
}

void
expect_no_calls (guint16 port)
{
  g_assert_true (test_wait_until (active_connections (port) == 0));
  g_assert_cmpuint (count_calls (port), ==, 0);
}
