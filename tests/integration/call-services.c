/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of other services than Twilio, each in its own words: heard, echoed, cleared, marked, ended. */
#include "call-support.h"

#include <string.h>

enum { LOW_HZ = 440, HIGH_HZ = 1900, FRAMES = 50 };

/* What the server has said on a connection. */
typedef struct {
  WsClient *client;
  GByteArray *audio;
  GString *texts; /* a line each */
} Ear;

static Ear *
ear_open (guint16 port, const char *path)
{
  Ear *ear = g_new0 (Ear, 1);

  ear->client = ws_client_connect (port, path);
  ear->audio = g_byte_array_new ();
  ear->texts = g_string_new (NULL);
  return ear;
}

static void
ear_free (Ear *ear)
{
  ws_client_free (ear->client);
  g_byte_array_unref (ear->audio);
  g_string_free (ear->texts, TRUE);
  g_free (ear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ear, ear_free)

static void
say (Ear *ear, const char *text)
{
  ws_client_send_frame (ear->client, TRUE, WS_TEXT, text, strlen (text));
}

/* Takes the audio out of a message of Telnyx or Plivo, which has nothing in it but what belongs there. */
static gboolean
take_media (Ear *ear, const char *text)
{
  g_autoptr (GRegex) regex =
      g_regex_new ("^\\{(?:\"event\":\"media\",\"media\":\\{|"
                   "\"event\":\"playAudio\",\"media\":\\{\"contentType\":\"audio/x-mulaw\",\"sampleRate\":8000,)"
                   "\"payload\":\"([A-Za-z0-9+/]+=*)\"\\}\\}$",
                   0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *payload = NULL;
  g_autofree guint8 *bytes = NULL;
  gsize length;

  if (!g_regex_match (regex, text, 0, &match))
    return FALSE;
  payload = g_match_info_fetch (match, 1);
  bytes = g_base64_decode (payload, &length);
  g_byte_array_append (ear->audio, bytes, (guint)length);
  return TRUE;
}

/* Takes one frame, if one comes soon. Returns: TRUE */
static gboolean
listen (Ear *ear)
{
  g_autoptr (WsFrame) frame = ws_client_poll_frame (ear->client, g_get_monotonic_time () + 5000);

  if (frame == NULL)
    return TRUE;
  if (frame->first_byte == (WS_FIN | WS_BINARY))
    g_byte_array_append (ear->audio, frame->data, (guint)frame->len);
  else if (frame->first_byte != (WS_FIN | WS_TEXT))
    g_string_append (ear->texts, "?\n");
  else if (!take_media (ear, (const char *)frame->data))
    g_string_append_printf (ear->texts, "%s\n", frame->data);
  return TRUE;
}

#define hear_until(ear, condition) g_assert_true (test_wait_until (listen (ear) && (condition)))

static void
check_level (guint hz, guint other_hz, const guint8 *mulaw, gsize length)
{
  g_assert_cmpfloat (tone_level (hz, mulaw, length), >, 0.2);
  g_assert_cmpfloat (tone_level (other_hz, mulaw, length), <, 0.02);
}

/* ---- Telnyx ---- */

static void
say_telnyx_media (Ear *ear, guint chunk, const guint8 *audio)
{
  g_autofree char *payload = g_base64_encode (audio, CALL_FRAME);
  g_autofree char *text = g_strdup_printf (
      "{\"event\":\"media\",\"sequence_number\":\"%u\",\"media\":{\"track\":\"inbound\",\"chunk\":\"%u\","
      "\"timestamp\":\"%u\",\"payload\":\"%s\"},\"stream_id\":\"s1\"}",
      chunk + 1, chunk, (chunk - 1) * 20, payload);

  say (ear, text);
}

/* Frames that overtake each other are heard in their order, which the wave shows. */
static void
test_telnyx (void)
{
  enum { SAMPLES = FRAMES * CALL_FRAME, COMPARED = SAMPLES - CALL_HELD_SAMPLES };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (Ear) ear = ear_open (port, "/ws/telnyx");
  g_autofree gint16 *pcm = tone_pcm (LOW_HZ, CALL_RATE, SAMPLES);
  g_autofree guint8 *tone = mulaw_of_pcm (pcm, SAMPLES);
  g_autofree gint16 *out = NULL;

  say (ear, "{\"event\":\"connected\",\"version\":\"1.0.0\"}");
  say (ear,
       "{\"event\":\"start\",\"sequence_number\":\"1\",\"start\":{\"user_id\":\"a1\",\"call_control_id\":\"v2:c1\","
       "\"media_format\":{\"encoding\":\"PCMU\",\"sample_rate\":8000,\"channels\":1}},\"stream_id\":\"s1\"}");
  say_telnyx_media (ear, 1, tone);
  for (guint i = 1; i < FRAMES; i++) {
    guint chunk = i % 5 == 0 && i + 1 < FRAMES ? i + 1 : i % 5 == 1 && i > 1 ? i - 1 : i; /* pairs change places */

    say_telnyx_media (ear, chunk + 1, tone + chunk * CALL_FRAME);
  }
  hear_until (ear, ear->audio->len >= SAMPLES);
  out = pcm_of_mulaw (ear->audio->data, SAMPLES);
  g_assert_cmpfloat (telephone_correlation (pcm, out, COMPARED), >, 0.99);
  g_assert_cmpuint (count_calls (port), ==, 1);
  g_assert_cmpstr (ear->texts->str, ==, "");
  say (ear, "{\"event\":\"dtmf\",\"stream_id\":\"s1\",\"dtmf\":{\"digit\":\"*\"}}");
  hear_until (ear, g_str_equal (ear->texts->str, "{\"event\":\"clear\"}\n"));
  say (ear, "{\"event\":\"stop\",\"stop\":{\"user_id\":\"a1\"},\"stream_id\":\"s1\"}");
  ws_client_expect_close (ear->client, 1000);
  expect_no_calls (port);
}

/* Linear audio is big-endian, as in RTP: read the other way round, what the filters make of it is noise. */
static void
test_telnyx_l16 (void)
{
  enum { FRAME = 320, SAMPLES = FRAMES * FRAME / 2 };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (Ear) ear = ear_open (port, "/ws/telnyx");
  g_autofree gint16 *samples = tone_pcm (LOW_HZ, CALL_RATE, SAMPLES);
  g_autofree guint8 *mulaw = NULL;

  for (guint i = 0; i < SAMPLES; i++)
    samples[i] = GINT16_TO_BE (samples[i]);
  say (ear, "{\"event\":\"start\",\"start\":{\"call_control_id\":\"v2:c1\",\"media_format\":{\"encoding\":\"L16\","
            "\"sample_rate\":8000,\"channels\":1}},\"stream_id\":\"s1\"}");
  for (guint i = 0; i < FRAMES; i++) {
    g_autofree char *payload = g_base64_encode ((const guint8 *)samples + i * FRAME, FRAME);
    g_autofree char *text = g_strdup_printf (
        "{\"event\":\"media\",\"media\":{\"track\":\"inbound\",\"chunk\":\"%u\",\"timestamp\":\"%u\",\"payload\":"
        "\"%s\"},\"stream_id\":\"s1\"}",
        i + 1, i * 20, payload);

    say (ear, text);
  }
  hear_until (ear, ear->audio->len >= FRAMES * FRAME);
  g_assert_cmpuint (ear->audio->len, ==, FRAMES * FRAME);
  for (guint i = 0; i < SAMPLES; i++)
    samples[i] = (gint16)(ear->audio->data[2 * i] << 8 | ear->audio->data[2 * i + 1]);
  mulaw = mulaw_of_pcm (samples, SAMPLES);
  check_level (LOW_HZ, HIGH_HZ, mulaw, SAMPLES - CALL_FRAME);
  say (ear, "{\"event\":\"stop\",\"stream_id\":\"s1\"}");
  ws_client_expect_close (ear->client, 1000);
  expect_no_calls (port);
}

/* ---- Plivo ---- */

/* Counters are numbers, times those of a clock on the wall, from which no gap is told. */
static void
test_plivo (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (Ear) ear = ear_open (port, "/ws/plivo");
  g_autofree guint8 *tone = tone_mulaw (LOW_HZ, FRAMES * CALL_FRAME);
  g_autoptr (HttpAnswer) calls = NULL;

  say (ear,
       "{\"sequenceNumber\":0,\"event\":\"start\",\"start\":{\"callId\":\"c1\",\"streamId\":\"s1\",\"tracks\":["
       "\"inbound\"],\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000}},\"extra_headers\":\"{}\"}");
  for (guint i = 0; i < FRAMES; i++) {
    g_autofree char *payload = g_base64_encode (tone + i * CALL_FRAME, CALL_FRAME);
    g_autofree char *text = g_strdup_printf (
        "{\"sequenceNumber\":%u,\"streamId\":\"s1\",\"event\":\"media\",\"media\":{\"track\":\"inbound\","
        "\"timestamp\":\"17952700%05u\",\"chunk\":%u,\"payload\":\"%s\"},\"extra_headers\":\"{}\"}",
        i + 1, i * 500, i + 1, payload);

    say (ear, text);
  }
  hear_until (ear, ear->audio->len >= FRAMES * CALL_FRAME);
  g_assert_cmpuint (ear->audio->len, ==, FRAMES * CALL_FRAME);
  check_level (LOW_HZ, HIGH_HZ, ear->audio->data, (FRAMES - 1) * CALL_FRAME);
  calls = http_get (port, "/api/calls/c1");
  g_assert_nonnull (strstr (calls->body, "\"gaps\":0,\"silence_ms\":0,\"errors\":0,\"ignored\":0,"));
  say (ear, "{\"event\":\"dtmf\",\"streamId\":\"s1\",\"dtmf\":{\"track\":\"inbound\",\"digit\":\"*\"}}");
  hear_until (ear, g_str_equal (ear->texts->str, "{\"event\":\"clearAudio\",\"streamId\":\"s1\"}\n"));
  say (ear, "{\"event\":\"clearedAudio\",\"streamId\":\"s1\"}");
  ws_client_send_close (ear->client, 1000, NULL);
  ws_client_expect_close (ear->client, 1000);
  expect_no_calls (port);
}

/* ---- binary audio ---- */

/* Tones of 16-bit samples at 16 kHz. Returns: (transfer full): @frames of 20 ms */
static guint8 *
tone_l16 (guint hz, guint frames)
{
  gint16 *samples = tone_pcm (hz, 16000, frames * 320);

  for (guint i = 0; i < frames * 320; i++)
    samples[i] = GINT16_TO_LE (samples[i]);
  return (guint8 *)samples;
}

/* As mu-law at 8 kHz, each @nth sample: the tones are far below. */
static void
check_level_l16 (guint hz, guint other_hz, const guint8 *bytes, gsize length, guint nth)
{
  gsize n = length / 2 / nth;
  g_autofree gint16 *samples = g_new (gint16, n);
  g_autofree guint8 *mulaw = NULL;

  for (gsize i = 0; i < n; i++)
    samples[i] = (gint16)(bytes[2 * nth * i] | bytes[2 * nth * i + 1] << 8);
  mulaw = mulaw_of_pcm (samples, n);
  check_level (hz, other_hz, mulaw, n);
}

/* Linear audio at the rate of the models goes through as it is: not a bit changes. */
static void
test_vonage (void)
{
  enum { FRAME = 640 };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (Ear) ear = ear_open (port, "/ws/vonage");
  g_autofree guint8 *low = tone_l16 (LOW_HZ, 5 * FRAMES);
  g_autofree guint8 *high = tone_l16 (HIGH_HZ, FRAMES);
  gsize cleared_at;

  say (ear, "{\"event\":\"websocket:connected\",\"content-type\":\"audio/l16;rate=16000\",\"caller\":\"x\"}");
  for (guint i = 0; i < FRAMES; i++)
    ws_client_send_binary (ear->client, low + i * FRAME, FRAME);
  hear_until (ear, ear->audio->len >= FRAMES * FRAME);
  g_assert_cmpmem (ear->audio->data, ear->audio->len, low, FRAMES * FRAME);
  for (guint i = 0; i < 5 * FRAMES; i++)
    ws_client_send_binary (ear->client, low + i * FRAME, FRAME);
  say (ear, "{\"event\":\"websocket:dtmf\",\"digit\":\"*\",\"duration\":260}");
  hear_until (ear, g_str_equal (ear->texts->str, "{\"action\":\"clear\"}\n"));
  say (ear, "{\"event\":\"websocket:cleared\"}");
  cleared_at = ear->audio->len;
  g_assert_cmpuint (cleared_at, <, 6 * FRAMES * FRAME);
  /* Messages of any size, also with half a sample. */
  for (guint at = 0; at < FRAMES * FRAME; at += 999)
    ws_client_send_binary (ear->client, high + at, MIN (999, FRAMES * FRAME - at));
  hear_until (ear, ear->audio->len >= cleared_at + FRAMES * FRAME);
  g_assert_cmpmem (ear->audio->data + cleared_at, ear->audio->len - cleared_at, high, FRAMES * FRAME);
  check_level_l16 (HIGH_HZ, LOW_HZ, ear->audio->data + cleared_at, FRAMES * FRAME, 2);
  ws_client_send_close (ear->client, 1000, NULL);
  ws_client_expect_close (ear->client, 1000);
  expect_no_calls (port);
}

/* Audio of other rates than the models' comes back at its own, all of it. */
static void
test_vonage_rate (gconstpointer data)
{
  guint rate = GPOINTER_TO_UINT (data);
  guint frame = rate / FRAMES_PER_SECOND * 2;
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (Ear) ear = ear_open (port, "/ws/vonage");
  g_autofree gint16 *samples = tone_pcm (LOW_HZ, rate, FRAMES * frame / 2);
  g_autofree char *start =
      g_strdup_printf ("{\"event\":\"websocket:connected\",\"content-type\":\"audio/l16;rate=%u\"}", rate);

  for (guint i = 0; i < FRAMES * frame / 2; i++)
    samples[i] = GINT16_TO_LE (samples[i]);
  say (ear, start);
  for (guint i = 0; i < FRAMES; i++)
    ws_client_send_binary (ear->client, (const guint8 *)samples + i * frame, frame);
  hear_until (ear, ear->audio->len >= FRAMES * frame);
  g_assert_cmpuint (ear->audio->len, ==, FRAMES * frame);
  check_level_l16 (LOW_HZ, HIGH_HZ, ear->audio->data, (FRAMES - 1) * frame, rate / CALL_RATE);
  ws_client_send_close (ear->client, 1000, NULL);
  ws_client_expect_close (ear->client, 1000);
  expect_no_calls (port);
}

typedef struct {
  const char *format;
  guint8 silence;
  guint frame; /* bytes */
} Tail;

/* What is no whole frame goes all the same, with the silence of its encoding behind it. */
static void
test_tail (gconstpointer data)
{
  const Tail *tail = data;
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (Ear) ear = ear_open (port, "/ws/asterisk");
  g_autofree guint8 *silence = g_malloc (3 * tail->frame);
  g_autofree char *start = g_strdup_printf (
      "MEDIA_START connection_id:s1 channel_id:c1 format:%s optimal_frame_size:%u", tail->format, tail->frame);

  memset (silence, tail->silence, 3 * tail->frame);
  say (ear, start);
  ws_client_send_binary (ear->client, silence, 5 * tail->frame / 2);
  hear_until (ear, ear->audio->len >= 3 * tail->frame);
  g_assert_cmpmem (ear->audio->data, ear->audio->len, silence, 3 * tail->frame);
  ws_client_send_close (ear->client, 1000, NULL);
  ws_client_expect_close (ear->client, 1000);
}

/* Whatever value a sample has, it is audio: none is a mark, a word, or the end. */
static void
test_every_sample (void)
{
  enum { FRAME = 640, BYTES = 65536 * 2 / FRAME * FRAME };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (Ear) ear = ear_open (port, "/ws/vonage");
  g_autofree guint8 *samples = g_malloc (65536 * 2);

  for (guint i = 0; i < 65536; i++) {
    samples[2 * i] = (guint8)~i; /* from -1 down: the last few, that fill no frame, are among those of the middle */
    samples[2 * i + 1] = (guint8)(~i >> 8);
  }
  say (ear, "{\"event\":\"websocket:connected\",\"content-type\":\"audio/l16;rate=16000\"}");
  for (guint at = 0; at < BYTES; at += FRAME)
    ws_client_send_binary (ear->client, samples + at, FRAME);
  hear_until (ear, ear->audio->len >= BYTES);
  g_assert_cmpmem (ear->audio->data, ear->audio->len, samples, BYTES);
  g_assert_cmpstr (ear->texts->str, ==, "");
  ws_client_send_close (ear->client, 1000, NULL);
  ws_client_expect_close (ear->client, 1000);
}

typedef struct {
  const char *path, *start, *star, *hash, *hold, *resume;
  const char *said; /* by the server, in the end */
} Asterisk;

/* Words or JSON; frames of the size that Asterisk likes; nothing while its queue is full but what makes it empty. */
static void
test_asterisk (gconstpointer data)
{
  enum { FRAME = 320 };
  const Asterisk *words = data;
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (Ear) ear = ear_open (port, words->path);
  g_autofree guint8 *low = tone_mulaw (LOW_HZ, FRAMES * CALL_FRAME);
  g_autofree guint8 *high = tone_mulaw (HIGH_HZ, FRAMES * CALL_FRAME);
  gsize cleared_at;

  say (ear, words->start);
  say (ear, words->hold);
  for (guint i = 0; i < FRAMES; i++)
    ws_client_send_binary (ear->client, low + i * CALL_FRAME, CALL_FRAME);
  g_assert_true (test_wait_until (count_calls (port) == 1));
  say (ear, words->star);
  hear_until (ear, strchr (ear->texts->str, '\n') != NULL);
  say (ear, words->resume);
  g_assert_cmpuint (ear->audio->len, ==, 0);
  cleared_at = ear->audio->len;
  say (ear, words->hold);
  for (guint i = 0; i < FRAMES; i++)
    ws_client_send_binary (ear->client, high + i * CALL_FRAME, CALL_FRAME);
  say (ear, words->resume);
  hear_until (ear, ear->audio->len >= cleared_at + FRAMES * CALL_FRAME);
  g_assert_cmpuint (ear->audio->len % FRAME, ==, 0);
  check_level (HIGH_HZ, LOW_HZ, ear->audio->data + cleared_at, (FRAMES - 1) * CALL_FRAME);
  say (ear, words->hash);
  hear_until (ear, g_str_equal (ear->texts->str, words->said));
  ws_client_expect_close (ear->client, 1000);
  expect_no_calls (port);
}

/* ---- Exotel, jambonz ---- */

/* Takes the audio out of the lines that are messages of Exotel, each of which has as much of it as it likes. */
static guint
take_exotel_media (Ear *ear)
{
  g_autoptr (GRegex) regex = g_regex_new (
      "^\\{\"event\":\"media\",\"stream_sid\":\"s1\",\"media\":\\{\"payload\":\"([A-Za-z0-9+/]+=*)\"\\}\\}\n", 0, 0,
      NULL);
  g_autoptr (GMatchInfo) match = NULL;
  guint taken = 0;

  for (g_regex_match (regex, ear->texts->str, 0, &match); g_match_info_matches (match); taken++) {
    g_autofree char *line = g_match_info_fetch (match, 0);
    g_autofree char *payload = g_match_info_fetch (match, 1);
    gsize length;
    g_autofree guint8 *bytes = g_base64_decode (payload, &length);

    g_assert_cmpuint (length, ==, 3200);
    g_byte_array_append (ear->audio, bytes, (guint)length);
    g_string_erase (ear->texts, 0, (gssize)strlen (line));
    g_clear_pointer (&match, g_match_info_unref);
    g_regex_match (regex, ear->texts->str, 0, &match);
  }
  return taken;
}

/* Not a bit of it changes, and it goes in larger messages than it comes. */
static void
test_exotel (void)
{
  enum { FRAME = 640 };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (Ear) ear = ear_open (port, "/ws/exotel");
  g_autofree guint8 *low = tone_l16 (LOW_HZ, FRAMES);

  say (ear, "{\"event\":\"connected\"}");
  say (ear, "{\"event\":\"start\",\"stream_sid\":\"s1\",\"start\":{\"call_sid\":\"c1\",\"media_format\":{\"encoding\":"
            "\"base64\",\"sample_rate\":\"16000\"}}}");
  for (guint at = 0; at < FRAMES * FRAME; at += FRAME) {
    g_autofree char *payload = g_base64_encode (low + at, FRAME);
    g_autofree char *text =
        g_strdup_printf ("{\"event\":\"media\",\"stream_sid\":\"s1\",\"media\":{\"payload\":\"%s\"}}", payload);

    say (ear, text);
  }
  hear_until (ear, take_exotel_media (ear) > 0 && ear->audio->len >= FRAMES * FRAME);
  g_assert_cmpmem (ear->audio->data, ear->audio->len, low, FRAMES * FRAME);
  say (ear, "{\"event\":\"dtmf\",\"stream_sid\":\"s1\",\"dtmf\":{\"digit\":\"*\"}}");
  hear_until (ear, g_str_equal (ear->texts->str, "{\"event\":\"clear\",\"stream_sid\":\"s1\"}\n"));
  say (ear, "{\"event\":\"stop\",\"stream_sid\":\"s1\",\"stop\":{\"reason\":\"callended\"}}");
  ws_client_expect_close (ear->client, 1000);
  expect_no_calls (port);
}

static void
test_jambonz (void)
{
  enum { FRAME = 640 };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (Ear) ear = ear_open (port, "/ws/jambonz");
  g_autofree guint8 *low = tone_l16 (LOW_HZ, FRAMES);

  say (ear, "{\"callSid\":\"c1\",\"sampleRate\":16000,\"mixType\":\"mono\"}");
  for (guint at = 0; at < FRAMES * FRAME; at += FRAME)
    ws_client_send_binary (ear->client, low + at, FRAME);
  hear_until (ear, ear->audio->len >= FRAMES * FRAME);
  g_assert_cmpmem (ear->audio->data, ear->audio->len, low, FRAMES * FRAME);
  say (ear, "{\"event\":\"dtmf\",\"dtmf\":\"*\",\"duration\":\"1600\"}");
  hear_until (ear, g_str_equal (ear->texts->str, "{\"type\":\"killAudio\"}\n"));
  say (ear, "{\"event\":\"dtmf\",\"dtmf\":\"#\"}");
  hear_until (ear, g_str_has_suffix (ear->texts->str, "{\"type\":\"disconnect\"}\n"));
  ws_client_expect_close (ear->client, 1000);
  expect_no_calls (port);
}

/* ---- SignalWire ---- */

/* Twilio's words, with audio as wide as the models'. */
static void
test_signalwire (void)
{
  enum { FRAME = 640 };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) wide = call_simulator_open (
      port,
      &(CallSetup){
          .path = "/ws/signalwire", .stream = 1, .call = 1, .encoding = "L16", .rate = 16000, .frame_bytes = FRAME });
  g_autoptr (CallSimulator) narrow =
      call_simulator_open (port, &(CallSetup){ .path = "/ws/signalwire", .stream = 2, .call = 2 });
  g_autofree guint8 *low = tone_l16 (LOW_HZ, FRAMES);
  g_autofree guint8 *high = tone_mulaw (HIGH_HZ, FRAMES * CALL_FRAME);
  const CallPlayback *heard = call_simulator_heard (wide);

  call_simulator_speak (wide, low, FRAMES * FRAME, NULL);
  call_simulator_speak (narrow, high, FRAMES * CALL_FRAME, NULL);
  g_assert_true (call_simulator_until (wide, heard->audio->len >= FRAMES * FRAME));
  g_assert_cmpmem (heard->audio->data, heard->audio->len, low, FRAMES * FRAME);
  heard = call_simulator_heard (narrow);
  g_assert_true (call_simulator_until (narrow, heard->audio->len >= FRAMES * CALL_FRAME));
  check_level (HIGH_HZ, LOW_HZ, heard->audio->data, (FRAMES - 1) * CALL_FRAME);
  call_simulator_skip (narrow, 400);
  call_simulator_speak (narrow, high, CALL_FRAME, NULL);
  wait_for_figure (port, narrow, "silence_ms", 390);
  call_simulator_stop (wide);
  call_simulator_stop (narrow);
  expect_no_calls (port);
}

int
main (int argc, char **argv)
{
  static const Asterisk plain = {
    .path = "/ws/asterisk",
    .start = "MEDIA_START connection_id:s1 channel:WebSocket/c1 channel_id:pbx1-1.9 format:ulaw "
             "optimal_frame_size:320 ptime:20",
    .star = "DTMF_END digit:*",
    .hash = "DTMF_END digit:#",
    .hold = "MEDIA_XOFF",
    .resume = "MEDIA_XON",
    .said = "FLUSH_MEDIA\nFLUSH_MEDIA\nHANGUP\n",
  };
  static const Asterisk json = {
    .path = "/ws/asterisk/json",
    .start = "{\"event\":\"MEDIA_START\",\"connection_id\":\"s1\",\"channel_id\":\"pbx1-1.9\",\"format\":\"ulaw\","
             "\"optimal_frame_size\":320,\"ptime\":20}",
    .star = "{\"event\":\"DTMF_END\",\"channel_id\":\"pbx1-1.9\",\"digit\":\"*\"}",
    .hash = "{\"event\":\"DTMF_END\",\"channel_id\":\"pbx1-1.9\",\"digit\":\"#\"}",
    .hold = "{\"event\":\"MEDIA_XOFF\"}",
    .resume = "{\"event\":\"MEDIA_XON\"}",
    .said = "{\"command\":\"FLUSH_MEDIA\"}\n{\"command\":\"FLUSH_MEDIA\"}\n{\"command\":\"HANGUP\"}\n",
  };

  static const Tail mulaw = { "ulaw", 0xFF, 160 }, alaw = { "alaw", 0xD5, 160 }, linear = { "slin16", 0, 640 };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call-services/signalwire", test_signalwire);
  g_test_add_func ("/call-services/telnyx", test_telnyx);
  g_test_add_func ("/call-services/telnyx/l16", test_telnyx_l16);
  g_test_add_func ("/call-services/plivo", test_plivo);
  g_test_add_func ("/call-services/vonage", test_vonage);
  g_test_add_data_func ("/call-services/vonage/8-khz", GUINT_TO_POINTER (8000), test_vonage_rate);
  g_test_add_data_func ("/call-services/vonage/24-khz", GUINT_TO_POINTER (24000), test_vonage_rate);
  g_test_add_func ("/call-services/every-sample", test_every_sample);
  g_test_add_data_func ("/call-services/tail/mulaw", &mulaw, test_tail);
  g_test_add_data_func ("/call-services/tail/alaw", &alaw, test_tail);
  g_test_add_data_func ("/call-services/tail/linear", &linear, test_tail);
  g_test_add_func ("/call-services/exotel", test_exotel);
  g_test_add_func ("/call-services/jambonz", test_jambonz);
  g_test_add_data_func ("/call-services/asterisk/plain", &plain, test_asterisk);
  g_test_add_data_func ("/call-services/asterisk/json", &json, test_asterisk);
  return g_test_run ();
}
