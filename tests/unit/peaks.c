/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lowest and highest samples of a file's parts, against a plain count over all samples. */
#include "endpoints/recording/ap-peaks.h"

#include <glib/gstdio.h>
#include <unistd.h>

#define HEADER 80

typedef struct {
  int fd;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->fd = g_file_open_tmp ("peaks-XXXXXX", &fixture->path, NULL);
  g_assert_cmpint (fixture->fd, >=, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  close (fixture->fd);
  g_unlink (fixture->path);
  g_free (fixture->path);
}

static void
test_parts (void)
{
  static const guint64 lengths[] = { 1, 2, 7, 10, 999, 1000, 1001, 123456789, G_GUINT64_CONSTANT (1) << 50 };
  static const guint counts[] = { 1, 2, 3, 7, 1000, 10000 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (guint j = 0; j < G_N_ELEMENTS (counts); j++) {
      guint64 begin = 0;

      for (guint n = 0; n < counts[j]; n++) {
        guint64 end = ap_peaks_begin_of (lengths[i], counts[j], n + 1);

        g_assert_cmpuint (ap_peaks_begin_of (lengths[i], counts[j], n), ==, begin);
        g_assert_cmpuint (end - begin, >=, lengths[i] / counts[j]);
        g_assert_cmpuint (end - begin, <=, lengths[i] / counts[j] + 1);
        begin = end;
      }
      g_assert_cmpuint (begin, ==, lengths[i]);
    }
}

static void
test_add (void)
{
  static const guint8 bytes[] __attribute__ ((aligned (2))) = { 0x01, 0x00, 0xff, 0xff, 0x00, 0x80, 0xff, 0x7f };
  const gint16 *samples = (const gint16 *)(gconstpointer)bytes; /* 1, -1, -32768, 32767 */
  ApPeak mono = AP_PEAK_INIT, stereo[2] = { AP_PEAK_INIT, AP_PEAK_INIT };

  ap_peaks_add (&mono, 1, samples, 0);
  g_assert_cmpint (mono.min, >, mono.max);
  ap_peaks_add (&mono, 1, samples, 1);
  g_assert_cmpint (mono.min, ==, 1);
  g_assert_cmpint (mono.max, ==, 1);
  ap_peaks_add (&mono, 1, samples + 1, 1);
  g_assert_cmpint (mono.min, ==, -1);
  g_assert_cmpint (mono.max, ==, 1);
  ap_peaks_add (stereo, 2, samples, 2);
  g_assert_cmpint (stereo[0].min, ==, -32768);
  g_assert_cmpint (stereo[0].max, ==, 1);
  g_assert_cmpint (stereo[1].min, ==, -1);
  g_assert_cmpint (stereo[1].max, ==, 32767);
}

static ApPeak
count (const gint16 *samples, guint channels, guint channel, guint64 begin, guint64 end)
{
  ApPeak peak = AP_PEAK_INIT;

  for (guint64 i = begin; i < end; i++) {
    peak.min = MIN (peak.min, samples[i * channels + channel]);
    peak.max = MAX (peak.max, samples[i * channels + channel]);
  }
  return peak;
}

static void
test_read (Fixture *fixture, gconstpointer data)
{
  static const guint lengths[] = { 1, 2, 999, 8192, 8193, 100000 };
  static const guint counts[] = { 1, 2, 7, 999, 8192 };
  g_autofree gint16 *samples = g_new (gint16, 200000);
  g_autoptr (GRand) random = g_rand_new_with_seed (7);

  for (guint i = 0; i < 200000; i++)
    samples[i] = (gint16)g_rand_int_range (random, -32768, 32768);
  g_assert_cmpint (pwrite (fixture->fd, samples, 400000, HEADER), ==, 400000); /* tests run on little-endian machines */
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (guint j = 0; j < G_N_ELEMENTS (counts) && counts[j] <= lengths[i]; j++)
      for (guint channels = 1; channels <= 2; channels++) {
        gboolean exact = FALSE;
        g_autofree ApPeak *peaks = ap_peaks_read (fixture->fd, HEADER, lengths[i], channels, counts[j], &exact, NULL);

        g_assert_true (exact);
        for (guint n = 0; n < counts[j]; n++)
          for (guint channel = 0; channel < channels; channel++) {
            ApPeak expected = count (samples, channels, channel, ap_peaks_begin_of (lengths[i], counts[j], n),
                                     ap_peaks_begin_of (lengths[i], counts[j], n + 1));

            g_assert_cmpint (peaks[n * channels + channel].min, ==, expected.min);
            g_assert_cmpint (peaks[n * channels + channel].max, ==, expected.max);
          }
      }
}

/* Of 3 GiB of silence, with samples at the beginning and in the middle, which every spacing finds. */
static void
test_long (Fixture *fixture, gconstpointer data)
{
  const guint64 frames = G_GUINT64_CONSTANT (3) << 29;
  const gint16 loud[] = { 12345, -12345 };
  gboolean exact = TRUE;
  g_autofree ApPeak *peaks = NULL;

  g_assert_cmpint (ftruncate (fixture->fd, HEADER + (goffset)frames * 2), ==, 0);
  g_assert_cmpint (pwrite (fixture->fd, loud, 4, HEADER), ==, 4);
  g_assert_cmpint (pwrite (fixture->fd, loud, 4, HEADER + (goffset)frames), ==, 4);
  peaks = ap_peaks_read (fixture->fd, HEADER, frames, 1, 1000, &exact, NULL);
  g_assert_false (exact);
  for (guint n = 0; n < 1000; n++) {
    g_assert_cmpint (peaks[n].min, ==, n % 500 == 0 ? -12345 : 0);
    g_assert_cmpint (peaks[n].max, ==, n % 500 == 0 ? 12345 : 0);
  }
}

static void
test_short (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gboolean exact;

  g_assert_cmpint (ftruncate (fixture->fd, HEADER + 10), ==, 0);
  g_assert_null (ap_peaks_read (fixture->fd, HEADER, 6, 1, 2, &exact, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/peaks/parts", test_parts);
  g_test_add_func ("/peaks/add", test_add);
  g_test_add ("/peaks/read", Fixture, NULL, set_up, test_read, tear_down);
  g_test_add ("/peaks/long", Fixture, NULL, set_up, test_long, tear_down);
  g_test_add ("/peaks/short", Fixture, NULL, set_up, test_short, tear_down);
  return g_test_run ();
}
