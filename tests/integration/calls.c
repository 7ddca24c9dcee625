/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of Twilio: what is said comes back, is taken back, and ends. */
#include "call-support.h"

#include <signal.h>
#include <string.h>

#include "test-wait.h"

enum { LOW_HZ = 440, HIGH_HZ = 1900 };

#define PRESENT 0.2
#define ABSENT  0.02

/* Waits until @frames frames have come since @from (bytes). */
static gboolean
hear_frames (CallSimulator *call, gsize from, guint frames)
{
  const CallPlayback *heard = call_simulator_heard (call);

  if (!call_simulator_until (call, heard->audio->len >= from + frames * CALL_FRAME)) {
    g_test_fail_printf ("%u frames came, %u were expected", (guint)((heard->audio->len - from) / CALL_FRAME), frames);
    return FALSE;
  }
  return TRUE;
}

/* The first @frames frames since @from (bytes) are of one tone, and not of the other. */
static void
check_tone (CallSimulator *call, gsize from, guint frames, guint hz, guint other_hz)
{
  const CallPlayback *heard = call_simulator_heard (call);
  gsize length = frames * CALL_FRAME;

  g_assert_cmpuint (heard->audio->len, >=, from + length);
  g_assert_cmpfloat (tone_level (hz, heard->audio->data + from, length), >, PRESENT);
  g_assert_cmpfloat (tone_level (other_hz, heard->audio->data + from, length), <, ABSENT);
}

static void
speak_tone (CallSimulator *call, guint hz, guint frames)
{
  g_autofree guint8 *tone = tone_mulaw (hz, frames * CALL_FRAME);

  call_simulator_speak (call, tone, frames * CALL_FRAME, NULL);
}

/* The clear has come: what was said before it is over. Returns: the bytes of audio before it */
static gsize
expect_clear (CallSimulator *call)
{
  const CallPlayback *heard = call_simulator_heard (call);
  guint before = heard->clears;

  if (!call_simulator_until (call, heard->clears > before))
    g_test_fail_printf ("no clear came");
  return heard->audio->len;
}

/* Waits until the stream is no more. */
static void
expect_gone (guint16 port, CallSimulator *call)
{
  g_assert_true (call_simulator_until (call, call_figure (port, call, "frames_in") < 0));
}

/* In real time, late and in heaps: every frame is counted, nothing is taken for lost, and it all comes back. */
static void
test_paced (gconstpointer data)
{
  const CallPace *pace = data;
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1 });
  g_autofree guint8 *tone = tone_mulaw (LOW_HZ, 100 * CALL_FRAME);

  call_simulator_speak (call, tone, 100 * CALL_FRAME, pace);
  hear_frames (call, 0, 100);
  g_assert_cmpint (call_figure (port, call, "frames_in"), ==, 100);
  g_assert_cmpint (call_figure (port, call, "gaps"), ==, 0);
  g_assert_cmpint (call_figure (port, call, "errors"), ==, 0);
  g_assert_cmpint (call_figure (port, call, "dropped_ms"), ==, 0);
  g_assert_cmpuint (call_simulator_heard (call)->marks, ==, 0); /* nobody asked for one */
  call_simulator_stop (call);
  expect_no_calls (port);
}

/* An echo that has fallen behind catches up: what comes in real time and always waits is dropped, the oldest first. */
static void
test_catches_up (void)
{
  static const CallPace real_time = { .speed = 1 };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1 });
  g_autofree guint8 *tone = tone_mulaw (LOW_HZ, 50 * CALL_FRAME);

  call_simulator_speak (call, tone, 50 * CALL_FRAME, NULL);
  wait_for_figure (port, call, "frames_in", 50);
  g_assert_cmpint (call_figure (port, call, "dropped_ms"), ==, 0);
  g_assert_true (test_wait_until (
      (call_simulator_speak (call, tone, 25 * CALL_FRAME, &real_time), call_figure (port, call, "dropped_ms") > 0)));
  call_simulator_stop (call);
}

/* Two streams of one call, as a fork makes them: each hears itself, and one that leaves does not take the other along.
 */
static void
test_two_sockets (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) low = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 7 });
  g_autoptr (CallSimulator) high =
      call_simulator_open (port, &(CallSetup){ .path = "/ws/twilio", .stream = 2, .call = 7 });

  speak_tone (low, LOW_HZ, 25);
  speak_tone (high, HIGH_HZ, 25);
  hear_frames (low, 0, 25);
  hear_frames (high, 0, 25);
  check_tone (low, 0, 24, LOW_HZ, HIGH_HZ);
  check_tone (high, 0, 24, HIGH_HZ, LOW_HZ);
  g_assert_cmpuint (count_streams (port, low), ==, 2);
  g_assert_cmpint (active_connections (port), ==, 2);
  call_simulator_stop (low);
  expect_gone (port, low);
  g_assert_cmpuint (count_streams (port, high), ==, 1);
  speak_tone (high, HIGH_HZ, 25);
  hear_frames (high, 25 * CALL_FRAME, 25);
  call_simulator_stop (high);
  expect_no_calls (port);
}

/* What the start of a call tells about it can be looked up, but for its token; and no more than there is room for. */
static void
test_parameters (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autofree char *large = g_strnfill (2048, 'x');
  g_autofree char *parameters = g_strdup_printf (
      "\"from\":\"+15550100\",\"token\":\"s3cret\",\"large\":\"%s\",\"say \\\"it\\\"\":\"\\u00e9\\n\"", large);
  g_autoptr (CallSimulator) call =
      call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1, .parameters = parameters });
  g_autoptr (HttpAnswer) answer = NULL;

  g_assert_true (test_wait_until (count_calls (port) == 1));
  answer = http_get (port, "/api/calls");
  g_assert_nonnull (
      strstr (answer->body, "\"parameters\":{\"from\":\"+15550100\",\"say \\\"it\\\"\":\"\303\251\\u000a\"},"));
  call_simulator_stop (call);
}

/* The star takes back what has not been heard: what is said next comes at once, and alone. */
static void
test_star (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1, .hold = TRUE });
  g_autofree char *digits = NULL;
  gsize cleared_at;

  speak_tone (call, LOW_HZ, 1000);
  hear_frames (call, 0, 5);
  call_simulator_say_dtmf (call, '1');
  call_simulator_say_dtmf (call, '*');
  cleared_at = expect_clear (call);
  g_assert_cmpuint (cleared_at, <, 1000 * CALL_FRAME);
  speak_tone (call, HIGH_HZ, 50);
  hear_frames (call, cleared_at, 50);
  check_tone (call, cleared_at, 49, HIGH_HZ, LOW_HZ);
  digits = call_text (port, call, "digits");
  g_assert_cmpstr (digits, ==, "1*");
  g_assert_cmpuint (call_simulator_heard (call)->clears, ==, 1);
  call_simulator_stop (call);
  expect_no_calls (port);
}

/* Nothing of it is left in the filters either: what is silence behind the star is heard as silence, to the byte. */
static void
test_star_and_silence (void)
{
  enum { FRAMES = 10 };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1, .hold = TRUE });
  const CallPlayback *heard = call_simulator_heard (call);
  guint8 silence[FRAMES * CALL_FRAME];
  gsize cleared_at;

  memset (silence, 0xFF, sizeof silence);
  speak_tone (call, HIGH_HZ, FRAMES);
  call_simulator_say_dtmf (call, '*');
  cleared_at = expect_clear (call);
  call_simulator_speak (call, silence, sizeof silence, NULL);
  hear_frames (call, cleared_at, FRAMES);
  g_assert_cmpmem (heard->audio->data + cleared_at, sizeof silence, silence, sizeof silence);
  call_simulator_stop (call);
}

static void
test_hash (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1 });

  speak_tone (call, LOW_HZ, 1000);
  hear_frames (call, 0, 5);
  call_simulator_say_dtmf (call, '#');
  call_simulator_expect_close (call, 1000);
  g_assert_cmpuint (call_simulator_heard (call)->frames, <, 1000);
  expect_no_calls (port);
}

/* ---- files ---- */

static GBytes *
tone_wav (guint hz, guint rate, guint channels, double seconds)
{
  gsize frames = (gsize)(rate * seconds);
  g_autofree gint16 *mono = tone_pcm (hz, rate, frames);
  g_autofree gint16 *samples = g_new (gint16, frames * channels);

  for (gsize i = 0; i < frames * channels; i++)
    samples[i] = mono[i / channels];
  return wav_of_pcm (rate, channels, samples, frames * channels);
}

/* G.711's other law. */
static guint8
alaw_of_sample (gint16 sample)
{
  guint level = (guint)(sample >= 0 ? sample : ~sample) >> 3;
  guint segment = level < 32 ? 0 : (guint)g_bit_nth_msf (level, -1) - 4;
  guint step = level >> MAX (segment, 1) & 15;

  return (guint8)((sample >= 0 ? 0x80u : 0u) | segment << 4 | step) ^ 0x55;
}

/* As a telephone service keeps its recordings. */
static void
test_play_g711 (void)
{
  enum { SECOND = CALL_RATE };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1 });
  const CallPlayback *heard = call_simulator_heard (call);
  g_autofree guint8 *mulaw = tone_mulaw (HIGH_HZ, SECOND);
  g_autofree gint16 *samples = tone_pcm (LOW_HZ, CALL_RATE, SECOND);
  g_autoptr (GBytes) mulaw_wav = wav_of_g711 (7, mulaw, SECOND);
  g_autoptr (GBytes) alaw_wav = NULL;
  guint8 alaw[SECOND];

  for (guint i = 0; i < SECOND; i++)
    alaw[i] = alaw_of_sample (samples[i]);
  alaw_wav = wav_of_g711 (6, alaw, SECOND);
  g_assert_true (test_wait_until (count_calls (port) == 1));
  g_free (play_to_call (port, call, mulaw_wav, 202));
  g_free (play_to_call (port, call, alaw_wav, 202));
  g_assert_true (call_simulator_until (call, heard->marks == 2));
  g_assert_cmpuint (heard->audio->len, ==, 2 * SECOND);
  g_assert_cmpmem (heard->audio->data, SECOND, mulaw, SECOND);
  check_tone (call, SECOND, 50, LOW_HZ, HIGH_HZ);
  call_simulator_stop (call);
}

/* A file of any rate is heard as long as it is, instead of the echo, and a mark follows it. */
static void
test_play (void)
{
  static const guint kinds[][2] = { { 44100, 2 }, { 8000, 1 }, { 11025, 1 }, { 48000, 6 }, { 192000, 8 } };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1 });
  const CallPlayback *heard = call_simulator_heard (call);

  g_assert_true (test_wait_until (count_calls (port) == 1));
  for (guint i = 0; i < G_N_ELEMENTS (kinds) && !g_test_failed (); i++) {
    g_autoptr (GBytes) wav = tone_wav (HIGH_HZ, kinds[i][0], kinds[i][1], 1.0);
    g_autofree char *answer = play_to_call (port, call, wav, 202);
    g_autofree char *mark = g_strdup_printf ("file-%u", i + 1);
    gsize from = heard->audio->len;

    speak_tone (call, LOW_HZ, 10); /* is not echoed meanwhile */
    if (!call_simulator_until (call, heard->marks > i))
      g_test_fail_printf ("the mark of the file did not come");
    g_assert_nonnull (strstr (answer, mark));
    g_assert_cmpuint ((heard->audio->len - from) / CALL_FRAME, ==, 50);
    check_tone (call, from, 49, HIGH_HZ, LOW_HZ);
  }
  wait_for_figure (port, call, "marks_played", G_N_ELEMENTS (kinds));
  call_simulator_stop (call);
}

/* Returns: (transfer full): @wav with a chunk of @length bytes before its audio, as of pictures and notes */
static GBytes *
with_notes (GBytes *wav, gsize length)
{
  enum { HEAD = 36 }; /* all before the chunk "data" */
  gsize size;
  const guint8 *bytes = g_bytes_get_data (wav, &size);
  GByteArray *longer = g_byte_array_new ();
  g_autofree guint8 *notes = g_malloc0 (length);
  guint32 le_length = GUINT32_TO_LE ((guint32)length);

  g_byte_array_append (longer, bytes, HEAD);
  g_byte_array_append (longer, (const guint8 *)"id3 ", 4);
  g_byte_array_append (longer, (const guint8 *)&le_length, sizeof le_length);
  g_byte_array_append (longer, notes, (guint)length);
  g_byte_array_append (longer, bytes + HEAD, (guint)(size - HEAD));
  return g_byte_array_free_to_bytes (longer);
}

/* The audio of a file may stand far behind its beginning; nobody has to say anything until it has been found, neither
 * of the file that plays nor of one that waits. */
static void
test_play_behind_notes (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1 });
  const CallPlayback *heard = call_simulator_heard (call);
  g_autoptr (GBytes) wav = tone_wav (HIGH_HZ, 8000, 1, 2.0);
  g_autoptr (GBytes) notes = with_notes (wav, 3000000);

  g_assert_true (test_wait_until (count_calls (port) == 1));
  g_free (play_to_call (port, call, notes, 202));
  g_free (play_to_call (port, call, notes, 202));
  g_assert_true (call_simulator_until (call, heard->marks == 2));
  g_assert_cmpuint (heard->audio->len / CALL_FRAME, ==, 200);
  call_simulator_stop (call);
}

/* One that interrupts a file hears nothing more of it, nor of those behind it. */
static void
test_barge_in (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1, .hold = TRUE });
  g_autoptr (GBytes) wav = tone_wav (LOW_HZ, 44100, 2, 20);
  g_autofree char *first = NULL, *second = NULL, *answer = NULL;
  gsize cleared_at;

  g_assert_true (test_wait_until (count_calls (port) == 1));
  first = play_to_call (port, call, wav, 202);
  second = play_to_call (port, call, wav, 202);
  hear_frames (call, 0, 25);
  check_tone (call, 0, 25, LOW_HZ, HIGH_HZ);
  answer = command_call (port, call, "clear", "", 202);
  cleared_at = expect_clear (call);
  speak_tone (call, HIGH_HZ, 50);
  hear_frames (call, cleared_at, 50);
  check_tone (call, cleared_at, 49, HIGH_HZ, LOW_HZ);
  g_assert_cmpuint (call_simulator_heard (call)->marks, ==, 0);
  call_simulator_stop (call);
  expect_no_calls (port);
}

static void
refuse_to_play (guint16 port, CallSimulator *call, const void *data, gsize length, guint status)
{
  g_autoptr (GBytes) wav = g_bytes_new (data, length);
  g_autofree char *answer = play_to_call (port, call, wav, status);

  g_assert_nonnull (strstr (answer, "\"error\""));
}

/* What is no WAV file is refused with a reason, and does the call no harm. */
static void
test_bad_files (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1 });
  g_autoptr (GBytes) wav = tone_wav (LOW_HZ, 8000, 1, 1);
  g_autofree guint8 *bent = g_memdup2 (g_bytes_get_data (wav, NULL), g_bytes_get_size (wav));
  g_autofree guint8 *noise = g_malloc (100000);

  g_assert_true (test_wait_until (count_calls (port) == 1));
  fill_pattern (noise, 100000, 1);
  refuse_to_play (port, call, "", 0, 400);
  refuse_to_play (port, call, "no sound", 8, 422);
  refuse_to_play (port, call, noise, 100000, 422);
  refuse_to_play (port, call, bent, 20, 422);
  refuse_to_play (port, call, bent, 44, 422);
  bent[22] = 0, bent[23] = 16; /* channels */
  refuse_to_play (port, call, bent, g_bytes_get_size (wav), 422);
  bent[22] = 1, bent[23] = 0;
  bent[24] = 1, bent[25] = 0; /* samples a second: it lasts for hours */
  refuse_to_play (port, call, bent, g_bytes_get_size (wav), 422);
  bent[20] = 0x55; /* MP3, says the format */
  refuse_to_play (port, call, bent, g_bytes_get_size (wav), 422);
  g_assert_cmpuint (call_simulator_heard (call)->audio->len, ==, 0);
  speak_tone (call, LOW_HZ, 25);
  hear_frames (call, 0, 25);
  check_tone (call, 0, 24, LOW_HZ, HIGH_HZ);
  call_simulator_stop (call);
  expect_no_calls (port);
}

/* ---- marks ---- */

static const CallEvent *
event (CallSimulator *call, guint i)
{
  const CallPlayback *heard = call_simulator_heard (call);

  if (!call_simulator_until (call, heard->events->len > i))
    g_error ("nothing but audio came");
  return g_ptr_array_index (heard->events, i);
}

static void
mark (guint16 port, CallSimulator *call, const char *name_json)
{
  g_autofree char *body = g_strdup_printf ("{\"name\":\"%s\"}", name_json);

  g_free (command_call (port, call, "mark", body, 202));
}

/* A mark comes behind the audio before it, and counts as played when it has come back, but not after a clear. */
static void
test_marks (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1, .hold = TRUE });
  g_autofree char *answer = NULL;

  g_assert_true (test_wait_until (count_calls (port) == 1));
  mark (port, call, "at \\\"once\\\" \\\\ \\u00e9\\n");
  g_assert_cmpstr (event (call, 0)->name, ==, "at \"once\" \\ \303\251\n");
  wait_for_figure (port, call, "marks_played", 1);
  speak_tone (call, LOW_HZ, 50);
  wait_for_figure (port, call, "frames_in", 50);
  mark (port, call, "behind");
  g_assert_cmpstr (event (call, 1)->name, ==, "behind");
  g_assert_cmpuint (event (call, 1)->offset, ==, 50 * CALL_FRAME);
  g_assert_cmpint (call_figure (port, call, "marks_played"), ==, 1);
  call_simulator_play (call, 1000);
  wait_for_figure (port, call, "marks_played", 2);
  /* What the elements hold back has not been said; silence stood for it. */
  g_assert_cmpint (call_figure (port, call, "heard_ms"), >=, 1000 - CALL_HELD_SAMPLES * 1000 / CALL_RATE);
  g_assert_cmpint (call_figure (port, call, "heard_ms"), <=, 1000);
  /* One that has gone comes back because of the clear, and one that has not does not go. */
  speak_tone (call, LOW_HZ, 5);
  wait_for_figure (port, call, "frames_in", 55);
  mark (port, call, "cleared");
  g_assert_cmpstr (event (call, 2)->name, ==, "cleared");
  speak_tone (call, LOW_HZ, 50);
  wait_for_figure (port, call, "frames_in", 105);
  mark (port, call, "kept back");
  answer = command_call (port, call, "clear", "", 202);
  g_assert_null (event (call, 3)->name);
  call_simulator_hear (call);
  ws_client_expect_alive (call_simulator_client (call));
  g_assert_cmpint (call_figure (port, call, "marks_ended"), ==, 2);
  g_assert_cmpint (call_figure (port, call, "marks_played"), ==, 2);
  g_assert_cmpint (call_figure (port, call, "ignored"), ==, 0);
  call_simulator_stop (call);
  expect_no_calls (port);
}

/* ---- ends ---- */

/* The other side hangs up, now or when the caller has heard it all: not before that can have been, though the last of
 * it is sent some time ahead. */
static void
test_hang_up (gconstpointer data)
{
  const char *when = data;
  gboolean heard = g_str_equal (when, "heard");
  const guint frames = heard ? 100 : 1000; /* more than is said before a busy server has been told */
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1 });
  g_autofree char *body = g_strdup_printf ("{\"when\":\"%s\"}", when);
  g_autofree char *answer = NULL;
  gint64 began = g_get_monotonic_time ();

  speak_tone (call, LOW_HZ, frames);
  hear_frames (call, 0, 5);
  wait_for_figure (port, call, "frames_in", frames);
  answer = command_call (port, call, "hangup", body, 202);
  if (heard)
    speak_tone (call, LOW_HZ, 50); /* who goes on speaking does not put it off */
  call_simulator_expect_close (call, 1000);
  if (heard) {
    g_assert_cmpuint (call_simulator_heard (call)->frames, ==, frames);
    g_assert_cmpint (g_get_monotonic_time () - began, >=, frames * CALL_FRAME_MS * G_TIME_SPAN_MILLISECOND);
  } else {
    g_assert_cmpuint (call_simulator_heard (call)->frames, <, frames);
  }
  expect_no_calls (port);
}

/* What plays is heard to its end, of a service too whose marks do not come back. */
static void
test_hang_up_behind_file (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1, .hold = TRUE });
  g_autoptr (GBytes) wav = tone_wav (LOW_HZ, 8000, 1, 1);
  g_autofree char *playing = NULL, *answer = NULL;
  gint64 began;

  g_assert_true (test_wait_until (count_calls (port) == 1));
  began = g_get_monotonic_time ();
  playing = play_to_call (port, call, wav, 202);
  answer = command_call (port, call, "hangup", "{\"when\":\"heard\"}", 202);
  call_simulator_expect_close (call, 1000);
  g_assert_cmpuint (call_simulator_heard (call)->frames, ==, 50);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, G_TIME_SPAN_SECOND);
  expect_no_calls (port);
}

/* A server that ends says so to a caller whom it speaks to. */
static void
test_shutdown (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1 });
  g_autoptr (GBytes) wav = tone_wav (LOW_HZ, 8000, 1, 20);
  g_autofree char *playing = NULL;

  g_assert_true (test_wait_until (count_calls (port) == 1));
  playing = play_to_call (port, call, wav, 202);
  speak_tone (call, HIGH_HZ, 25);
  hear_frames (call, 0, 5);
  server_process_signal (server, SIGTERM);
  call_simulator_expect_close (call, 1001);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
}

/* The caller leaves: with a close frame and no stop, with neither, with a reset, in the middle of a message. */
static void
test_leave (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);

  for (guint way = 0; way < 5 && !g_test_failed (); way++) {
    CallSimulator *call = call_simulator_open (port, &(CallSetup){ .stream = way, .call = way });
    WsClient *client = call_simulator_client (call);

    speak_tone (call, LOW_HZ, 25);
    hear_frames (call, 0, 1);
    g_assert_cmpuint (count_calls (port), ==, 1);
    if (way == 0) {
      ws_client_send_close (client, 1000, NULL);
      call_simulator_expect_close (call, 1000);
    } else if (way == 1) {
      ws_client_shutdown_write (client);
    } else if (way == 2) {
      ws_client_send_raw (client, "\x81\xfe\x01", 3);
    } else if (way == 3) {
      call_simulator_say_stop (call);
    }
    call_simulator_free (call);
    expect_no_calls (port);
  }
}

int
main (int argc, char **argv)
{
  static const CallPace real_time = { .speed = 1 };
  static const CallPace late = { .speed = 1, .jitter_ms = 60, .seed = 1 };
  static const CallPace heaps = { .speed = 1, .stall_every = 25, .stall_ms = 300 };

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/calls/paced/in-time", &real_time, test_paced);
  g_test_add_data_func ("/calls/paced/late", &late, test_paced);
  g_test_add_data_func ("/calls/paced/in-heaps", &heaps, test_paced);
  g_test_add_func ("/calls/catches-up", test_catches_up);
  g_test_add_func ("/calls/two-sockets", test_two_sockets);
  g_test_add_func ("/calls/parameters", test_parameters);
  g_test_add_func ("/calls/star", test_star);
  g_test_add_func ("/calls/star/silence", test_star_and_silence);
  g_test_add_func ("/calls/hash", test_hash);
  g_test_add_func ("/calls/play", test_play);
  g_test_add_func ("/calls/play/g711", test_play_g711);
  g_test_add_func ("/calls/play/behind-notes", test_play_behind_notes);
  g_test_add_func ("/calls/barge-in", test_barge_in);
  g_test_add_func ("/calls/bad-files", test_bad_files);
  g_test_add_func ("/calls/marks", test_marks);
  g_test_add_data_func ("/calls/hang-up/now", "now", test_hang_up);
  g_test_add_data_func ("/calls/hang-up/heard", "heard", test_hang_up);
  g_test_add_func ("/calls/hang-up/behind-file", test_hang_up_behind_file);
  g_test_add_func ("/calls/shutdown", test_shutdown);
  g_test_add_func ("/calls/leave", test_leave);
  return g_test_run ();
}
