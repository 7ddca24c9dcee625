/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lowest and the highest samples of a file's parts. */
#include "endpoints/recording/ap-peaks.h"

#include <errno.h>
#include <unistd.h>

#define PIECE_BYTES (16 * 1024)
#define MOST_BYTES  (512 * 1024 * 1024)

guint64
ap_peaks_begin_of (guint64 frames, guint parts, guint n)
{
  return frames / parts * n + frames % parts * n / parts;
}

void
ap_peaks_add (ApPeak *peaks, guint channels, const gint16 *samples, gsize frames)
{
  for (guint channel = 0; channel < channels; channel++) {
    ApPeak peak = peaks[channel];

    for (gsize i = channel; i < frames * channels; i += channels) {
      gint16 sample = GINT16_FROM_LE (samples[i]);

      peak.min = MIN (peak.min, sample);
      peak.max = MAX (peak.max, sample);
    }
    peaks[channel] = peak;
  }
}

static gboolean
read_all (int fd, goffset offset, gint16 *samples, gsize bytes, GError **error)
{
  for (gsize done = 0; done < bytes;) {
    gssize n = pread (fd, (guint8 *)samples + done, bytes - done, offset + (goffset)done);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      g_set_error (error, G_IO_ERROR, n == 0 ? G_IO_ERROR_PARTIAL_INPUT : g_io_error_from_errno (errno), "%s",
                   n == 0 ? "the file is shorter than it was" : g_strerror (errno));
      return FALSE;
    }
    done += (gsize)n;
  }
  return TRUE;
}

/* Of a part, a piece every so many frames. */
typedef struct {
  int fd;
  goffset offset;
  guint channels;
  guint64 piece, most_pieces; /* frames in one; how many of them */
  gint16 *samples;            /* of one */
} Reader;

static gboolean
read_part (const Reader *reader, guint64 begin, guint64 end, ApPeak *peaks, gboolean *exact, GError **error)
{
  gsize frame_bytes = reader->channels * sizeof (gint16);
  guint64 step = MAX (reader->piece, (end - begin + reader->most_pieces - 1) / reader->most_pieces);

  if (step > reader->piece)
    *exact = FALSE;
  for (guint64 at = begin; at < end; at += step) {
    gsize frames = (gsize)MIN (reader->piece, end - at);

    if (!read_all (reader->fd, reader->offset + (goffset)(at * frame_bytes), reader->samples, frames * frame_bytes,
                   error))
      return FALSE;
    ap_peaks_add (peaks, reader->channels, reader->samples, frames);
  }
  return TRUE;
}

ApPeak *
ap_peaks_read (int fd, goffset offset, guint64 frames, guint channels, guint parts, gboolean *exact, GError **error)
{
  g_autofree gint16 *samples = g_malloc0 (PIECE_BYTES);
  const Reader reader = {
    fd, offset, channels, PIECE_BYTES / sizeof (gint16) / channels, MAX (MOST_BYTES / PIECE_BYTES / parts, 1), samples
  };
  g_autofree ApPeak *peaks = g_new (ApPeak, parts * channels);

  *exact = TRUE;
  for (guint n = 0; n < parts; n++) {
    for (guint channel = 0; channel < channels; channel++)
      peaks[n * channels + channel] = AP_PEAK_INIT;
    if (!read_part (&reader, ap_peaks_begin_of (frames, parts, n), ap_peaks_begin_of (frames, parts, n + 1),
                    peaks + n * channels, exact, error))
      return NULL;
  }
  return g_steal_pointer (&peaks);
}
