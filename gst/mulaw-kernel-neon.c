/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mu-law with NEON, which every 64-bit ARM CPU has: 16 samples at a time. */
#include "mulaw-kernel-path.h"

#include <arm_neon.h>

enum { STEP = 16 };

/* (magnitude + 4) >> 3, which is the biased magnitude >> 3, minus 16. The rounding shift gives (x + 4) >> 3, and of
 * that the absolute value is what one's complement gives. */
static inline uint16x8_t
magnitude_eighths (int16x8_t x, MulawTieRule tie_rule)
{
  if (tie_rule == MULAW_TIES_SIGN_MAGNITUDE)
    x = vqabsq_s16 (x);
  return vreinterpretq_u16_s16 (vabsq_s16 (vrshrq_n_s16 (x, 3)));
}

static inline void
encode_step (uint8_t *codes, const uint8_t *samples, MulawTieRule tie_rule)
{
  int16x8_t x0 = vreinterpretq_s16_u8 (vld1q_u8 (samples));
  int16x8_t x1 = vreinterpretq_s16_u8 (vld1q_u8 (samples + 16));
  uint16x8_t m0 = magnitude_eighths (x0, tie_rule);
  uint16x8_t m1 = magnitude_eighths (x1, tie_rule);
  uint8x16_t quiet = vqaddq_u8 (vcombine_u8 (vqmovn_u16 (m0), vqmovn_u16 (m1)), vdupq_n_u8 (15));
  uint8x16_t loud = vcombine_u8 (vqshrn_n_u16 (m0, 4), vqshrn_n_u16 (m1, 4));
  uint8x16_t is_loud = vceqq_u8 (quiet, vdupq_n_u8 (255));
  uint8x16_t line0 = vbslq_u8 (is_loud, loud, quiet);
  uint8x16_t line1 = vrhaddq_u8 (line0, vdupq_n_u8 (30));
  uint8x16_t line2 = vrhaddq_u8 (line1, vdupq_n_u8 (46));
  uint8x16_t line3 = vrhaddq_u8 (line2, vdupq_n_u8 (62));
  uint8x16_t least = vminq_u8 (vminq_u8 (line0, line1), vminq_u8 (line2, line3));
  /* the inverted code: 127 - (least - 15), and 64 less where loud; saturation clips */
  uint8x16_t inverted = vqsubq_u8 (vbslq_u8 (is_loud, vdupq_n_u8 (78), vdupq_n_u8 (142)), least);
  uint8x16_t high_bytes = vuzp2q_u8 (vreinterpretq_u8_s16 (x0), vreinterpretq_u8_s16 (x1));

  vst1q_u8 (codes, vorrq_u8 (inverted, vbicq_u8 (vdupq_n_u8 (0x80), high_bytes)));
}

static inline void
encode_array (uint8_t *codes, const uint8_t *samples, size_t n, MulawTieRule tie_rule)
{
  size_t i;

  if (n < STEP) {
    mulaw_path_c.encode[tie_rule](codes, samples, n);
    return;
  }
  for (i = 0; i + STEP <= n; i += STEP)
    encode_step (codes + i, samples + 2 * i, tie_rule);
  if (i < n)
    encode_step (codes + n - STEP, samples + 2 * (n - STEP), tie_rule);
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

/* Eight codes, inverted: ((8 interval + 132) << segment) - 132, with the sign. */
static inline void
decode_half (uint8_t *samples, uint8x8_t inverted)
{
  uint16x8_t bits = vmovl_u8 (inverted);
  uint16x8_t interval = vshlq_n_u16 (vandq_u16 (bits, vdupq_n_u16 (0x0f)), 3);
  int16x8_t segment = vreinterpretq_s16_u16 (vandq_u16 (vshrq_n_u16 (bits, 4), vdupq_n_u16 (0x07)));
  uint16x8_t biased = vshlq_u16 (vaddq_u16 (interval, vdupq_n_u16 (132)), segment);
  int16x8_t magnitude = vreinterpretq_s16_u16 (vsubq_u16 (biased, vdupq_n_u16 (132)));
  uint16x8_t negative = vtstq_u16 (bits, vdupq_n_u16 (0x80));
  int16x8_t sample = vbslq_s16 (negative, vnegq_s16 (magnitude), magnitude);

  vst1q_u8 (samples, vreinterpretq_u8_s16 (sample));
}

static inline void
decode_step (uint8_t *samples, const uint8_t *codes)
{
  uint8x16_t inverted = vmvnq_u8 (vld1q_u8 (codes));

  decode_half (samples, vget_low_u8 (inverted));
  decode_half (samples + 16, vget_high_u8 (inverted));
}

static void
decode (void *samples, const uint8_t *codes, size_t n)
{
  uint8_t *out = samples;
  size_t i;

  if (n < STEP) {
    mulaw_path_c.decode (samples, codes, n);
    return;
  }
  for (i = 0; i + STEP <= n; i += STEP)
    decode_step (out + 2 * i, codes + i);
  if (i < n)
    decode_step (out + 2 * (n - STEP), codes + n - STEP);
}

const MulawPath mulaw_path_neon = { "neon", { encode_itu, encode_sign_magnitude }, decode };
