/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mu-law with SSE2, which every x86-64 CPU has: 16 samples at a time. */
#include "mulaw-kernel-path.h"

#include <emmintrin.h>

enum { STEP = 16 };

/* Through void pointers, which promise no alignment. */
static inline __m128i
load (const void *from)
{
  return _mm_loadu_si128 (from);
}

static inline void
store (void *to, __m128i bytes)
{
  _mm_storeu_si128 (to, bytes);
}

/* The magnitude plus 124, which is the biased magnitude minus 8: never more than 32892, so unsigned. */
static inline __m128i
biased_magnitude (__m128i x, MulawTieRule tie_rule)
{
  __m128i negative = _mm_srai_epi16 (x, 15);
  __m128i magnitude = _mm_xor_si128 (x, negative);

  if (tie_rule == MULAW_TIES_SIGN_MAGNITUDE)
    magnitude = _mm_sub_epi16 (magnitude, negative);
  return _mm_add_epi16 (magnitude, _mm_set1_epi16 (124));
}

static inline __m128i
select_bytes (__m128i mask, __m128i if_set, __m128i if_clear)
{
  return _mm_or_si128 (_mm_and_si128 (mask, if_set), _mm_andnot_si128 (mask, if_clear));
}

static inline void
encode_step (uint8_t *codes, const uint8_t *samples, MulawTieRule tie_rule)
{
  __m128i x0 = load (samples);
  __m128i x1 = load (samples + 16);
  __m128i v0 = biased_magnitude (x0, tie_rule);
  __m128i v1 = biased_magnitude (x1, tie_rule);
  __m128i quiet = _mm_packus_epi16 (_mm_srli_epi16 (v0, 3), _mm_srli_epi16 (v1, 3));
  /* -120: from magnitude + 124 to biased magnitude - 128 */
  __m128i less = _mm_set1_epi16 (120);
  __m128i loud =
      _mm_packus_epi16 (_mm_srli_epi16 (_mm_subs_epu16 (v0, less), 7), _mm_srli_epi16 (_mm_subs_epu16 (v1, less), 7));
  __m128i is_loud = _mm_cmpeq_epi8 (quiet, _mm_set1_epi8 (-1));
  __m128i line0 = select_bytes (is_loud, loud, quiet);
  __m128i line1 = _mm_avg_epu8 (line0, _mm_set1_epi8 (30));
  __m128i line2 = _mm_avg_epu8 (line1, _mm_set1_epi8 (46));
  __m128i line3 = _mm_avg_epu8 (line2, _mm_set1_epi8 (62));
  __m128i least = _mm_min_epu8 (_mm_min_epu8 (line0, line1), _mm_min_epu8 (line2, line3));
  /* the inverted code: 127 - (least - 15), and 64 less where loud; saturation clips */
  __m128i from = _mm_sub_epi8 (_mm_set1_epi8 ((char)142), _mm_and_si128 (is_loud, _mm_set1_epi8 (64)));
  __m128i inverted = _mm_subs_epu8 (from, least);
  __m128i sign = _mm_andnot_si128 (_mm_packs_epi16 (x0, x1), _mm_set1_epi8 ((char)0x80));

  store (codes, _mm_or_si128 (inverted, sign));
}

/* A rest of less than a step is done by a step that ends with the last sample, and overlaps what is done already. */
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

/* Four codes, in the upper halves of the lanes and shifted left by 3: segment and interval then stand where a float has
 * its exponent and its mantissa, and (2 interval + 33) << (segment + 2) is what the float means. */
static inline __m128i
decode_lanes (__m128i bits)
{
  return _mm_cvttps_epi32 (_mm_castsi128_ps (bits));
}

/* Eight codes, inverted, in the upper bytes of the lanes. */
static inline __m128i
decode_half (__m128i inverted)
{
  __m128i zero = _mm_setzero_si128 ();
  __m128i negative = _mm_srai_epi16 (inverted, 15);
  __m128i bits = _mm_srli_epi16 (_mm_slli_epi16 (inverted, 1), 6);
  /* exponent of 2^7, and a mantissa bit for the middle of the interval */
  __m128i floats = _mm_add_epi16 (bits, _mm_set1_epi16 ((127 + 7) << 7 | 4));
  __m128i biased = _mm_packs_epi32 (decode_lanes (_mm_unpacklo_epi16 (zero, floats)),
                                    decode_lanes (_mm_unpackhi_epi16 (zero, floats)));
  __m128i magnitude = _mm_sub_epi16 (biased, _mm_set1_epi16 (132));

  return _mm_sub_epi16 (_mm_xor_si128 (magnitude, negative), negative);
}

static inline void
decode_step (uint8_t *samples, const uint8_t *codes)
{
  __m128i zero = _mm_setzero_si128 ();
  __m128i inverted = _mm_xor_si128 (load (codes), _mm_set1_epi8 (-1));

  store (samples, decode_half (_mm_unpacklo_epi8 (zero, inverted)));
  store (samples + 16, decode_half (_mm_unpackhi_epi8 (zero, inverted)));
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

const MulawPath mulaw_path_sse2 = { "sse2", { encode_itu, encode_sign_magnitude }, decode };
