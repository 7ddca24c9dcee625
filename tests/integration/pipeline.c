/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --pipeline: GStreamer elements between the two ends of /ws/audio. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "test-wait.h"

#define FRAME      320
#define RATE       16000
#define ECHO       "audioecho delay=250000000 intensity=0.5"
#define ECHO_DELAY (RATE / 4)

typedef struct {
  const char *name;
  const char *mode;
} Mode;

static const Mode modes[] = { { "auto", "auto" }, { "direct", "direct" }, { "queued", "queued" } };

static ServerProcess *
start (const char *pipeline, const Mode *mode)
{
  return server_process_start ("--pipeline", pipeline, "--pipeline-mode", mode->mode);
}

/* Rec. ITU-T G.711: what is left of a 16-bit sample after mu-law, encoded as the STL (G.191) does it: one's complement
 * of negative values, 14 bits, bias 33, five significant bits. */
static gint16
through_mulaw (gint16 sample)
{
  int magnitude = MIN (((sample < 0 ? ~sample : sample) >> 2) + 33, 0x1fff);
  int exponent = (int)g_bit_storage ((gulong)magnitude) - 6;
  int level = magnitude >> (exponent + 1);
  int decoded = (((2 * level + 1) << exponent) - 33) * 4;

  return (gint16)(sample < 0 ? -decoded : decoded);
}

/* Receives until @len bytes of messages are there. Returns: (transfer full) (nullable) */
static GByteArray *
receive (WsClient *client, gsize len)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  while (bytes->len < len) {
    g_autoptr (WsFrame) frame = ws_client_read_frame (client);

    if (frame == NULL || frame->first_byte != (WS_FIN | WS_BINARY)) {
      ws_client_fail (client, "%u of %" G_GSIZE_FORMAT " bytes came", bytes->len, len);
      return NULL;
    }
    g_byte_array_append (bytes, frame->data, (guint)frame->len);
  }
  return g_steal_pointer (&bytes);
}

/* All 65,536 samples there and back. */
static void
test_mulaw (gconstpointer mode)
{
  g_autoptr (ServerProcess) server = start ("mulawenc_demo ! mulawdec_demo", mode);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (GByteArray) answer = NULL;
  gint16 sweep[65536];

  for (int i = 0; i < 65536; i++)
    sweep[i] = (gint16)(i - 32768);
  for (gsize at = 0; at < sizeof sweep; at += FRAME)
    ws_client_send_binary (client, (guint8 *)sweep + at, MIN (FRAME, sizeof sweep - at));
  answer = receive (client, sizeof sweep);
  for (gsize i = 0; answer != NULL && i < G_N_ELEMENTS (sweep); i++) {
    gint16 got;

    memcpy (&got, answer->data + 2 * i, 2);
    if (got == through_mulaw (sweep[i]))
      continue;
    g_test_fail_printf ("%d became %d, not %d", sweep[i], got, through_mulaw (sweep[i]));
    break;
  }
}

/* A frame of S16 samples gives a frame of the same size, by itself: no codec here waits for more. */
static void
test_one_for_one (gconstpointer mode)
{
  static const gsize sizes[] = { 2, 160, 320, 1920, 65536, 1024 * 1024 };
  g_autoptr (ServerProcess) server = start ("mulawenc_demo ! mulawdec_demo", mode);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree guint8 *silence = g_malloc0 (sizes[i]);

    ws_client_send_binary (client, silence, sizes[i]);
    ws_client_expect_binary (client, silence, sizes[i]);
  }
}

static gint16
sample_at (const GByteArray *bytes, gsize i)
{
  gint16 sample;

  memcpy (&sample, bytes->data + 2 * i, sizeof sample);
  return sample;
}

/* An impulse in the first frame sounds again a quarter of a second later at half its height, and nothing else does. The
 * element works on floating point: conversion may add a step of noise. */
static void
check_impulse (const GByteArray *bytes, int height)
{
  for (gsize i = 0; bytes != NULL && i < bytes->len / 2; i++) {
    int expected = i == 0 ? height : i == ECHO_DELAY ? height / 2 : 0;

    if (abs (sample_at (bytes, i) - expected) <= 2)
      continue;
    g_test_fail_printf ("sample %" G_GSIZE_FORMAT " is %d, not %d", i, sample_at (bytes, i), expected);
    return;
  }
}

static void
send_impulse (WsClient *client, gint16 height)
{
  guint8 frame[FRAME] = { (guint8)height, (guint8)(height >> 8) };
  guint8 silence[FRAME] = { 0 };

  ws_client_send_binary (client, frame, sizeof frame);
  for (gsize bytes = FRAME; bytes < 2 * ECHO_DELAY + 10 * FRAME; bytes += FRAME)
    ws_client_send_binary (client, silence, sizeof silence);
}

/* Two connections at once: what one has in its delay line, the other must not hear. */
static void
test_audioecho (gconstpointer mode)
{
  g_autoptr (ServerProcess) server = start (ECHO, mode);
  guint16 port = server_process_port (server);
  g_autoptr (WsClient) loud = ws_client_connect (port, AUDIO_PATH);
  g_autoptr (WsClient) silent = ws_client_connect (port, AUDIO_PATH);
  g_autoptr (GByteArray) from_loud = NULL;
  g_autoptr (GByteArray) from_silent = NULL;

  send_impulse (loud, 16384);
  send_impulse (silent, 0);
  from_loud = receive (loud, 2 * ECHO_DELAY + 10 * FRAME);
  from_silent = receive (silent, 2 * ECHO_DELAY + 10 * FRAME);
  check_impulse (from_loud, 16384);
  check_impulse (from_silent, 0);
}

/* A pipeline that fails ends the connection that it serves and no other. */
static void
test_failure (gconstpointer mode)
{
  g_autoptr (ServerProcess) server = start ("identity error-after=3", mode);
  guint16 port = server_process_port (server);
  g_autoptr (WsClient) doomed = ws_client_connect (port, AUDIO_PATH);
  g_autoptr (WsClient) other = ws_client_connect (port, AUDIO_PATH);

  echo_pattern (other, FRAME, 1);
  for (guint32 i = 0; i < 2; i++)
    echo_pattern (doomed, FRAME, i);
  send_pattern (doomed, FRAME, 2);
  ws_client_expect_close (doomed, 1011);
  g_clear_pointer (&doomed, ws_client_free);
  echo_pattern (other, FRAME, 3);
  g_assert_true (test_wait_until (active_connections (port) == 1));
}

/* What was echoed before the failure still arrives, though client and pipeline were faster than that. */
static void
test_failure_behind_echo (gconstpointer mode)
{
  g_autoptr (ServerProcess) server = start ("identity error-after=10", mode);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  for (guint32 i = 0; i < 20; i++)
    send_pattern (client, FRAME, i);
  for (guint32 i = 0; i < 9; i++)
    expect_pattern (client, FRAME, i);
  ws_client_expect_close (client, 1011);
}

/* Elements may swallow frames, or give other sizes: what comes out is sent, and the server goes on. */
static void
test_uneven (gconstpointer mode)
{
  g_autoptr (ServerProcess) server = start ("mulawenc_demo", mode);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  guint8 silence[FRAME] = { 0 };
  guint8 encoded[FRAME / 2];

  memset (encoded, 0xff, sizeof encoded);
  for (guint i = 0; i < 10; i++) {
    ws_client_send_binary (client, silence, sizeof silence);
    ws_client_expect_binary (client, encoded, sizeof encoded);
  }
}

/* What a frame has beyond whole samples goes with the next, also before elements that refuse half samples. */
static void
test_half_samples (gconstpointer mode)
{
  g_autoptr (ServerProcess) server = start ("audioecho delay=250000000 intensity=0.5", mode);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  static const guint8 silence[FRAME] = { 0 };

  ws_client_send_binary (client, silence, 319);
  ws_client_expect_binary (client, silence, 318);
  ws_client_send_binary (client, silence, 2);
  ws_client_expect_binary (client, silence, 2);
  ws_client_send_binary (client, silence, 1);
  ws_client_expect_binary (client, silence, 2);
}

/* Other caps: what a telephone sends, in and out. */
static void
test_caps (gconstpointer mode)
{
  g_autoptr (ServerProcess) server =
      server_process_start ("--pipeline", "mulawdec_demo", "--caps", "audio/x-mulaw,rate=8000,channels=1",
                            "--pipeline-mode", ((const Mode *)mode)->mode);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  /* Codes of Rec. G.711 and their values, little endian: 0, -0, the largest of both signs. */
  static const guint8 codes[] = { 0xff, 0x7f, 0x80, 0x00 };
  static const gint16 values[] = { 0, 0, 32124, -32124 };

  ws_client_send_binary (client, codes, sizeof codes);
  ws_client_expect_binary (client, values, sizeof values);
}

/* Elements that have threads, or that wait, run behind one of ours without being told to. */
static void
test_auto_queued (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--pipeline", "queue");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  for (guint32 i = 0; i < 100; i++)
    echo_pattern (client, FRAME, i);
}

/* Elements that let audio through at its own pace owe more of it, when the client closes, than the closing handshake
 * may last: all of it comes, and then the close frame. */
static void
test_paced_close (void)
{
  enum { FRAMES = 65, FRAME_LEN = RATE / 10 * 2 };
  g_autoptr (ServerProcess) server = server_process_start ("--pipeline", "identity sync=true");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  for (guint32 i = 0; i < FRAMES; i++)
    send_pattern (client, FRAME_LEN, i);
  ws_client_send_close (client, 1000, NULL);
  for (guint32 i = 0; i < FRAMES && expect_pattern (client, FRAME_LEN, i); i++)
    continue;
  ws_client_expect_close (client, 1000);
}

/* Refused before the first client, with GStreamer's reason. */
typedef struct {
  const char *name;
  const char *pipeline;
  const char *caps;
  const char *reason;
  const char *mode;
} Refusal;

static const Refusal refusals[] = {
  { "unknown-element", "nosuchelement_xyz", NULL, "nosuchelement_xyz" },
  { "unknown-property", "identity nosuchproperty=1", NULL, "nosuchproperty" },
  { "syntax", "identity ! ! identity", NULL, "" },
  { "dangling", "identity !", NULL, "" },
  { "no-link", "mulawdec_demo ! mulawdec_demo", NULL, "" },
  { "no-link-to-caps", "mulawdec_demo", NULL, "" },
  { "caps-syntax", "identity", "audio/x-raw,format=(", "audio/x-raw,format=(" },
  { "caps-alone", NULL, "not caps at all!", "not caps at all!" },
  { "direct-with-thread", "queue", NULL, "cannot be run directly: an element of it has a thread", "direct" },
  { "direct-that-waits", "identity sync=true", NULL, "thread of its own, or waits", "direct" },
};

static void
test_refusal (gconstpointer data)
{
  const Refusal *refusal = data;
  const char *args[9] = { "--port", "0" };
  guint n = 2;
  g_autoptr (ServerProcess) server = NULL;
  g_autofree char *text = NULL;

  if (refusal->pipeline != NULL) {
    args[n++] = "--pipeline";
    args[n++] = refusal->pipeline;
  }
  if (refusal->caps != NULL) {
    args[n++] = "--caps";
    args[n++] = refusal->caps;
  }
  if (refusal->mode != NULL) {
    args[n++] = "--pipeline-mode";
    args[n++] = refusal->mode;
  }
  server = server_process_spawn (&(ServerSetup){ .args = args });
  g_assert_cmpint (server_process_wait_exit (server), ==, EXIT_CONFIGURATION);
  text = server_process_stderr (server);
  g_test_message ("%s", text);
  if (strstr (text, refusal->reason) == NULL || strstr (text, "listening on") != NULL)
    g_test_fail_printf ("stderr: %s", text);
}

static void
add (const char *name, GTestDataFunc test)
{
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++) {
    g_autofree char *path = g_strdup_printf ("/pipeline/%s/%s", modes[i].name, name);

    g_test_add_data_func (path, &modes[i], test);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  add ("mulaw", test_mulaw);
  add ("one-for-one", test_one_for_one);
  add ("audioecho", test_audioecho);
  add ("failure", test_failure);
  add ("failure-behind-echo", test_failure_behind_echo);
  add ("uneven", test_uneven);
  add ("half-samples", test_half_samples);
  add ("caps", test_caps);
  g_test_add_func ("/pipeline/auto/queue", test_auto_queued);
  g_test_add_func ("/pipeline/auto/paced-close", test_paced_close);
  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++) {
    g_autofree char *path = g_strdup_printf ("/pipeline/refused/%s", refusals[i].name);

    g_test_add_data_func (path, &refusals[i], test_refusal);
  }
  return g_test_run ();
}
