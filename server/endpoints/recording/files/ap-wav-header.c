/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The 80 bytes before the samples: RIFF, or RF64 where 32 bits do not hold the sizes (EBU Tech 3306, version 2).
 *
 *    0 "RIFF" or "RF64"   4 u32 size of all behind this field   8 "WAVE"
 *   12 "JUNK" or "ds64"  16 u32 28   20 u64 size, u64 data's size, u64 frames, u32 0
 *   48 "fmt "            52 u32 16   56 u16 1 (PCM), u16 channels, u32 rate, u32 bytes a second, u16 block, u16 bits
 *   72 "data"            76 u32 data's size                    80 samples
 *
 * In RF64 the 32-bit sizes are all ones. */
#include "endpoints/recording/files/ap-wav-file.h"

#include "base/ap-little-endian.h"

#include <string.h>

enum {
  BEFORE_DATA = AP_WAV_HEADER_LENGTH - 8, /* what the outer size counts besides the samples */
};

static gboolean
is_large (guint64 data_bytes)
{
  return data_bytes >= G_MAXUINT32 - BEFORE_DATA;
}

void
ap_wav_header_write (guint8 header[AP_WAV_HEADER_LENGTH], guint sample_rate, guint channels, guint64 data_bytes)
{
  gboolean large = is_large (data_bytes);
  guint block = channels * 2;

  memset (header, 0, AP_WAV_HEADER_LENGTH);
  memcpy (header, large ? "RF64" : "RIFF", 4);
  ap_put_le (header + 4, 4, large ? G_MAXUINT32 : data_bytes + BEFORE_DATA);
  memcpy (header + 8, large ? "WAVEds64" : "WAVEJUNK", 8);
  ap_put_le (header + 16, 4, 28);
  if (large) {
    ap_put_le (header + 20, 8, data_bytes + BEFORE_DATA);
    ap_put_le (header + 28, 8, data_bytes);
    ap_put_le (header + 36, 8, data_bytes / block);
  }
  memcpy (header + 48, "fmt ", 4);
  ap_put_le (header + 52, 4, 16);
  ap_put_le (header + 56, 2, 1);
  ap_put_le (header + 58, 2, channels);
  ap_put_le (header + 60, 4, sample_rate);
  ap_put_le (header + 64, 4, (guint64)sample_rate * block);
  ap_put_le (header + 68, 2, block);
  ap_put_le (header + 70, 2, 16);
  memcpy (header + 72, "data", 4);
  ap_put_le (header + 76, 4, large ? G_MAXUINT32 : data_bytes);
}

/* As it would be written, byte for byte: there is no other header of ours. */
gboolean
ap_wav_header_read (const guint8 *header, gsize length, guint *sample_rate, guint *channels, guint64 *data_bytes)
{
  guint8 expected[AP_WAV_HEADER_LENGTH];

  if (length < AP_WAV_HEADER_LENGTH)
    return FALSE;
  *sample_rate = (guint)ap_get_le (header + 60, 4);
  *channels = (guint)ap_get_le (header + 58, 2);
  *data_bytes = memcmp (header, "RF64", 4) == 0 ? ap_get_le (header + 28, 8) : ap_get_le (header + 76, 4);
  if (*sample_rate == 0 || *channels == 0 || *channels > G_MAXUINT16 / 2 || *sample_rate > G_MAXUINT32 / 2 / *channels)
    return FALSE; /* the fields that follow from them would not hold what does */
  ap_wav_header_write (expected, *sample_rate, *channels, *data_bytes);
  return memcmp (header, expected, sizeof expected) == 0;
}
