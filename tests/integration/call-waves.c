/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller says, and what of it comes back, as waves: the whole way through sockets, messages, codec, filters and
 * pace. */
#include "call-support.h"

#include <math.h>
#include <string.h>

enum { SECONDS = 3, SAMPLES = SECONDS * CALL_RATE, COMPARED = SAMPLES - CALL_HELD_SAMPLES };

/* The tone that telephone lines are tested with: unlike 1000 Hz, it does not meet each frame in the same phase. */
#define TONE_HZ 1004

static CallSimulator *
open_call (ServerProcess *server)
{
  return call_simulator_open (server_process_port (server), &(CallSetup){ .stream = 1, .call = 1 });
}

/* Waits for @bytes of audio. Returns: (transfer full): as samples */
static gint16 *
hear (CallSimulator *call, gsize bytes)
{
  const CallPlayback *heard = call_simulator_heard (call);

  if (!call_simulator_until (call, heard->audio->len >= bytes))
    g_error ("%u bytes of audio came, %" G_GSIZE_FORMAT " were expected", heard->audio->len, bytes);
  return pcm_of_mulaw (heard->audio->data, bytes);
}

/* What is said: @SAMPLES samples of it, @delay samples late. */
typedef gint16 *Wave (double delay);

static gint16 *
make_band (double delay)
{
  return telephone_band (SAMPLES, CALL_RATE, 0, delay);
}

static gint16 *
make_tone (double delay)
{
  gint16 *samples = g_new (gint16, SAMPLES);

  for (gsize i = 0; i < SAMPLES; i++)
    samples[i] = (gint16)lrint (8000 * sin (2 * G_PI * TONE_HZ * ((double)i - delay) / CALL_RATE));
  return samples;
}

/* From 300 to 3400 Hz. */
static gint16 *
make_sweep (double delay)
{
  gint16 *samples = g_new (gint16, SAMPLES);

  for (gsize i = 0; i < SAMPLES; i++) {
    double time = ((double)i - delay) / CALL_RATE;

    samples[i] = (gint16)lrint (8000 * sin (2 * G_PI * (300 * time + (3400 - 300) * time * time / (2 * SECONDS))));
  }
  return samples;
}

/* Says it in messages of @piece bytes. */
static void
say_wave (CallSimulator *call, Wave *wave, gsize piece)
{
  g_autofree gint16 *samples = wave (0);
  g_autofree guint8 *mulaw = mulaw_of_pcm (samples, SAMPLES);

  for (gsize at = 0; at < SAMPLES; at += piece)
    call_simulator_say_media (call, "inbound", mulaw + at, MIN (piece, SAMPLES - at));
}

/* Returns: (transfer full): what came back, as many samples */
static gint16 *
send_and_hear (CallSimulator *call, Wave *wave, gsize piece)
{
  say_wave (call, wave, piece);
  return hear (call, SAMPLES);
}

static double
error_power (Wave *wave, double delay, const gint16 *out)
{
  g_autofree gint16 *clean = wave (delay);
  double power = 0;

  for (gsize i = 0; i < COMPARED; i++)
    power += ((double)out[i] - clean[i]) * ((double)out[i] - clean[i]);
  return power;
}

/* The filters move audio by a part of a sample, the whole band alike, which is no noise. The power of an error by delay
 * is a parabola. Returns: (transfer full): the wave as late as @out */
static gint16 *
make_as_late (Wave *wave, const gint16 *out)
{
  double delay = 0;

  for (double step = 0.2; step > 0.01; step /= 5) {
    double before = error_power (wave, delay - step, out), here = error_power (wave, delay, out),
           behind = error_power (wave, delay + step, out);

    delay += CLAMP (step / 2 * (before - behind) / (before - 2 * here + behind), -0.5, 0.5);
  }
  g_test_message ("%.0f us late", delay / CALL_RATE * 1e6);
  g_assert_cmpfloat (fabs (delay), <, 0.5);
  return wave (delay);
}

/* ---- measures ---- */

/* How much rougher what was added to @clean is where frames meet than elsewhere, in second differences; 1: not at all.
 */
static double
roughness_at_borders (const gint16 *clean, const gint16 *other, gsize samples)
{
  double at_borders = 0, elsewhere = 0;
  gsize n_borders = 0, n_elsewhere = 0;

  for (gsize i = CALL_FRAME; i + 2 < samples; i++) {
    double second = (other[i - 1] - clean[i - 1]) - 2.0 * (other[i] - clean[i]) + (other[i + 1] - clean[i + 1]);
    gboolean border = i % CALL_FRAME == 0 || i % CALL_FRAME == CALL_FRAME - 1;

    *(border ? &at_borders : &elsewhere) += second * second;
    *(border ? &n_borders : &n_elsewhere) += 1;
  }
  return sqrt (at_borders / (double)n_borders / MAX (elsewhere / (double)n_elsewhere, 1));
}

/* The largest second difference where frames meet, of the largest elsewhere: a single click shows. */
static double
worst_at_borders (const gint16 *clean, const gint16 *other, gsize samples)
{
  double at_borders = 0, elsewhere = 1;

  for (gsize i = CALL_FRAME; i + 2 < samples; i++) {
    double second = (other[i - 1] - clean[i - 1]) - 2.0 * (other[i] - clean[i]) + (other[i + 1] - clean[i + 1]);
    gboolean border = i % CALL_FRAME == 0 || i % CALL_FRAME == CALL_FRAME - 1;
    double *worst = border ? &at_borders : &elsewhere;

    *worst = MAX (*worst, fabs (second));
  }
  return at_borders / elsewhere;
}

/* @samples: a whole number of periods. Fills the power of the tone, and of all else. */
static void
split_power (const gint16 *samples, gsize n, double *tone, double *rest)
{
  double real = 0, imaginary = 0, all = 0;

  for (gsize i = 0; i < n; i++) {
    real += samples[i] * cos (2 * G_PI * TONE_HZ * (double)i / CALL_RATE);
    imaginary += samples[i] * sin (2 * G_PI * TONE_HZ * (double)i / CALL_RATE);
    all += (double)samples[i] * samples[i];
  }
  *tone = 2 * (real * real + imaginary * imaginary) / ((double)n * (double)n);
  *rest = all / (double)n - *tone;
}

static double
decibels (double power, double of_power)
{
  return 10 * log10 (power / of_power);
}

/* ---- echo ---- */

/* The whole band comes back, in as many bytes as were sent, whatever the messages' sizes; but for what the filters hold
 * back, for which silence stands. */
static void
test_echo (gconstpointer data)
{
  gsize piece = GPOINTER_TO_SIZE (data);
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  g_autoptr (CallSimulator) call = open_call (server);
  g_autofree gint16 *out = send_and_hear (call, make_band, piece);
  g_autofree gint16 *band = make_as_late (make_band, out);
  double correlation = telephone_correlation (band, out, COMPARED);
  double snr = telephone_snr (band, out, COMPARED);

  g_test_message ("correlation %.5f, signal to noise %.1f dB", correlation, snr);
  g_assert_cmpfloat (correlation, >, 0.999);
  g_assert_cmpfloat (snr, >, 30);
  for (gsize i = COMPARED + CALL_HELD_SAMPLES / 2; i < SAMPLES; i++)
    g_assert_cmpint (out[i], ==, 0);
  /* Nothing comes behind: a mark does, at once. */
  g_free (command_call (server_process_port (server), call, "mark", "{\"name\":\"end\"}", 202));
  g_assert_true (call_simulator_until (call, call_simulator_heard (call)->marks == 1));
  g_assert_cmpuint (call_simulator_heard (call)->audio->len, ==, SAMPLES);
  call_simulator_stop (call);
}

/* ---- golden waves ---- */

static void
check_borders (const gint16 *clean, const gint16 *out)
{
  double mean = roughness_at_borders (clean, out, COMPARED);
  double worst = worst_at_borders (clean, out, COMPARED);

  g_test_message ("where frames meet: %.2f times as rough as elsewhere, at worst %.2f", mean, worst);
  g_assert_cmpfloat (mean, <, 1.3);
  g_assert_cmpfloat (worst, <, 1.1);
}

static void
test_tone (void)
{
  enum { FROM = CALL_RATE / 2, LENGTH = 2 * CALL_RATE };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  g_autoptr (CallSimulator) call = open_call (server);
  g_autofree gint16 *out = send_and_hear (call, make_tone, CALL_FRAME);
  g_autofree gint16 *tone = make_as_late (make_tone, out);
  double sent, sent_rest, came, came_rest;

  split_power (tone + FROM, LENGTH, &sent, &sent_rest);
  split_power (out + FROM, LENGTH, &came, &came_rest);
  g_test_message ("tone %+.2f dB, all else %.1f dB", decibels (came, sent), decibels (came_rest, came));
  g_assert_cmpfloat (fabs (decibels (came, sent)), <, 1);
  g_assert_cmpfloat (decibels (came_rest, came), <, -30);
  check_borders (tone, out);
  call_simulator_stop (call);
}

static void
test_sweep (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  g_autoptr (CallSimulator) call = open_call (server);
  g_autofree gint16 *out = send_and_hear (call, make_sweep, CALL_FRAME);
  g_autofree gint16 *sweep = make_as_late (make_sweep, out);
  double snr;

  snr = telephone_snr (sweep, out, COMPARED);
  g_test_message ("signal to noise %.1f dB", snr);
  g_assert_cmpfloat (snr, >, 30);
  check_borders (sweep, out);
  call_simulator_stop (call);
}

/* Telephone lines have silence of both signs; none of it becomes a sound. */
static void
test_silence (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  g_autoptr (CallSimulator) call = open_call (server);
  g_autofree gint16 *out = NULL;
  guint8 silence[SAMPLES];

  fill_pattern (silence, SAMPLES, 1);
  for (gsize i = 0; i < SAMPLES; i++)
    silence[i] |= 0x7f;
  call_simulator_speak (call, silence, SAMPLES, NULL);
  out = hear (call, SAMPLES);
  for (gsize i = 0; i < SAMPLES; i++)
    g_assert_cmpint (out[i], ==, 0);
  call_simulator_stop (call);
}

/* ---- what is between ---- */

static void
test_pipeline (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER, "--call-pipeline", "volume volume=0.25");
  g_autoptr (CallSimulator) call = open_call (server);
  const guint8 *heard;

  g_free (send_and_hear (call, make_tone, CALL_FRAME));
  heard = call_simulator_heard (call)->audio->data;
  g_assert_cmpfloat (tone_level (TONE_HZ, heard, 2 * CALL_RATE), >, 0.06);
  g_assert_cmpfloat (tone_level (TONE_HZ, heard, 2 * CALL_RATE), <, 0.065);
  call_simulator_stop (call);
}

/* ---- gaps ---- */

/* What was lost is silence for who listens here; the caller has waited through it, and hears what was said before and
 * after it without a break. */
static void
test_gap (gconstpointer data)
{
  enum { HALF = SAMPLES / 2 };
  guint lost_ms = GPOINTER_TO_UINT (data);
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = open_call (server);
  g_autofree gint16 *said = make_band (0);
  g_autofree guint8 *mulaw = mulaw_of_pcm (said, SAMPLES);
  g_autofree gint16 *band = NULL, *out = NULL;
  gint64 silence_ms;

  call_simulator_speak (call, mulaw, HALF, NULL);
  call_simulator_skip (call, lost_ms);
  call_simulator_speak (call, mulaw + HALF, SAMPLES - HALF, NULL);
  out = hear (call, SAMPLES);
  band = make_as_late (make_band, out);
  silence_ms = call_figure (port, call, "silence_ms");
  g_assert_cmpint (call_figure (port, call, "gaps"), ==, 1);
  g_assert_cmpint (ABS (silence_ms - MIN (lost_ms, 10000)), <=, 10);
  g_assert_cmpfloat (telephone_snr (band, out, HALF - CALL_HELD_SAMPLES), >, 30);
  g_assert_cmpfloat (telephone_snr (band + HALF + CALL_HELD_SAMPLES, out + HALF + CALL_HELD_SAMPLES,
                                    COMPARED - HALF - CALL_HELD_SAMPLES),
                     >, 30);
  /* Over the seam too: nothing of what was said is missing, and nothing is between. */
  g_test_message ("signal to noise at the seam %.1f dB", telephone_snr (band + HALF - 160, out + HALF - 160, 320));
  g_assert_cmpfloat (telephone_snr (band + HALF - 160, out + HALF - 160, 320), >, 20);
  g_free (command_call (port, call, "mark", "{\"name\":\"end\"}", 202));
  g_assert_true (call_simulator_until (call, call_simulator_heard (call)->marks == 1));
  g_assert_cmpuint (call_simulator_heard (call)->audio->len, ==, SAMPLES);
  call_simulator_stop (call);
}

/* ---- both tracks ---- */

/* Who streams both tracks only listens: it is sent nothing at all, and what the caller hears is counted apart. */
static void
test_both_tracks (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call =
      call_simulator_open (port, &(CallSetup){ .stream = 1, .call = 1, .tracks = "[\"inbound\",\"outbound\"]" });
  const CallPlayback *heard = call_simulator_heard (call);
  g_autofree guint8 *tone = tone_mulaw (TONE_HZ, CALL_FRAME);
  g_autoptr (GBytes) wav = NULL;

  for (guint i = 0; i < 100; i++) {
    call_simulator_say_media (call, "inbound", tone, CALL_FRAME);
    if (i % 2 == 0)
      call_simulator_say_media (call, "outbound", tone, CALL_FRAME);
  }
  wait_for_figure (port, call, "frames_in", 100);
  g_assert_cmpint (call_figure (port, call, "outbound_frames"), ==, 50);
  g_assert_cmpint (call_figure (port, call, "frames_out"), ==, 0);
  g_assert_cmpint (call_figure (port, call, "gaps"), ==, 0);
  g_free (command_call (port, call, "mark", "{\"name\":\"none\"}", 409));
  g_free (command_call (port, call, "clear", "", 202));
  wav = wav_of_pcm (8000, 1, (const gint16[CALL_FRAME]){ 1 }, CALL_FRAME);
  g_free (play_to_call (port, call, wav, 409));
  call_simulator_stop (call);
  g_assert_cmpuint (heard->frames + heard->marks + heard->clears, ==, 0);
  expect_no_calls (port);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/call-waves/echo/frames", GSIZE_TO_POINTER (CALL_FRAME), test_echo);
  g_test_add_data_func ("/call-waves/echo/333", GSIZE_TO_POINTER (333), test_echo);
  g_test_add_data_func ("/call-waves/echo/second", GSIZE_TO_POINTER (CALL_RATE), test_echo);
  g_test_add_func ("/call-waves/tone", test_tone);
  g_test_add_func ("/call-waves/sweep", test_sweep);
  g_test_add_func ("/call-waves/silence", test_silence);
  g_test_add_func ("/call-waves/pipeline", test_pipeline);
  g_test_add_data_func ("/call-waves/gap/200", GUINT_TO_POINTER (200), test_gap);
  g_test_add_data_func ("/call-waves/gap/3000", GUINT_TO_POINTER (3000), test_gap);
  g_test_add_data_func ("/call-waves/gap/30000", GUINT_TO_POINTER (30000), test_gap);
  g_test_add_func ("/call-waves/both-tracks", test_both_tracks);
  return g_test_run ();
}
