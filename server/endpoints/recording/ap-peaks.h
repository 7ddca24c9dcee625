/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* What a waveform is drawn from: the lowest and the highest sample of each of n parts of equal length. */

typedef struct {
  gint16 min, max;
} ApPeak;

/* One part of no samples yet: whatever comes is lower, and higher. */
#define AP_PEAK_INIT ((ApPeak){ G_MAXINT16, G_MININT16 })

/* Where part @n of @parts begins, in frames; with @n = @parts, the end. No two parts differ by more than a frame. Pure.
 */
guint64 ap_peaks_begin_of (guint64 frames, guint parts, guint n);

/* Adds @frames of S16LE, interleaved, to one part: @peaks has an element for each channel. Pure. */
void ap_peaks_add (ApPeak *peaks, guint channels, const gint16 *samples, gsize frames);

/**
 * ap_peaks_read:
 * @offset: in the file, of the first sample
 * @frames: not fewer than @parts
 * @parts: into which they are divided, one at least
 * @exact: (out): whether every sample was looked at
 *
 * Reads 16 KiB at a time and 512 MiB at most, because a waveform is not worth more of the disk's time: of what is
 * longer, evenly spaced pieces of every part.
 *
 * Returns: (transfer full): @parts times @channels elements, for g_free(); NULL with @error, of G_IO_ERROR
 */
ApPeak *ap_peaks_read (int fd, goffset offset, guint64 frames, guint channels, guint parts, gboolean *exact,
                       GError **error);
