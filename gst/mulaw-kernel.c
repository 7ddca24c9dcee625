/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* G.711 mu-law, one sample at a time: the text to read first. The files for vector units compute the same faster.
 *
 * A code is `S EEE MMMM`, all bits inverted on the line: a sign, one of eight segments, one of sixteen intervals in it.
 * Each segment is twice as wide as the one before, so the steps grow with the signal, from 8 to 1024 in 16-bit terms.
 * Adding a bias of 132 to the magnitude puts the border between two segments on a power of two; then the segment is the
 * place of the leading one bit, and the interval is the four bits after it. */
#include "mulaw-kernel-path.h"

#include <string.h>

enum {
  BIAS = 132,           /* 33 in the 14-bit terms of G.711 */
  LARGEST = 32767 - 132 /* so that the biased magnitude fits in 15 bits; what is louder is clipped */
};

static inline uint8_t
encode_sample (int sample, MulawTieRule tie_rule)
{
  int sign = sample < 0 ? 0x80 : 0x00;
  int negated = tie_rule == MULAW_TIES_ITU ? ~sample : -sample;
  int magnitude = sample < 0 ? negated : sample;
  int biased = (magnitude < LARGEST ? magnitude : LARGEST) + BIAS;
  int leading_bit = 31 - __builtin_clz ((unsigned)biased); /* 7 .. 14 */
  int segment = leading_bit - 7;
  int interval = (biased >> (leading_bit - 4)) & 0x0f;

  return (uint8_t) ~(sign | segment << 4 | interval);
}

/* The middle of the interval, without the bias. */
static inline int16_t
decode_sample (uint8_t code)
{
  int bits = code ^ 0xff;
  int segment = bits >> 4 & 0x07;
  int interval = bits & 0x0f;
  int magnitude = ((2 * interval + 33) << (segment + 2)) - BIAS;
  int sign = 1 - (bits >> 6 & 2); /* 1 or -1 by arithmetic: a branch on the sign of sound cannot be predicted */

  return (int16_t)(sign * magnitude);
}

/* memcpy() because the samples may lie at any address; compilers make a plain load of it. */
static inline void
encode_array (uint8_t *codes, const void *samples, size_t n, MulawTieRule tie_rule)
{
  for (size_t i = 0; i < n; i++) {
    int16_t sample;

    memcpy (&sample, (const char *)samples + i * sizeof sample, sizeof sample);
    codes[i] = encode_sample (sample, tie_rule);
  }
}

static void
encode_itu (uint8_t *codes, const void *samples, size_t n)
{
  encode_array (codes, samples, n, MULAW_TIES_ITU);
}

static void
encode_sign_magnitude (uint8_t *codes, const void *samples, size_t n)
{
  encode_array (codes, samples, n, MULAW_TIES_SIGN_MAGNITUDE);
}

static void
decode (void *samples, const uint8_t *codes, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    int16_t sample = decode_sample (codes[i]);

    memcpy ((char *)samples + i * sizeof sample, &sample, sizeof sample);
  }
}

const MulawPath mulaw_path_c = { "c", { encode_itu, encode_sign_magnitude }, decode };

void
pcm16_to_mulaw (uint8_t *codes, const void *samples, size_t n, MulawTieRule tie_rule, bool suppress_all_zero)
{
  mulaw_path_chosen ()->encode[tie_rule](codes, samples, n);
  for (size_t i = 0; suppress_all_zero && i < n; i++)
    codes[i] |= (uint8_t)((codes[i] == 0x00) << 1);
}

void
mulaw_to_pcm16 (void *samples, const uint8_t *codes, size_t n)
{
  mulaw_path_chosen ()->decode (samples, codes, n);
}
