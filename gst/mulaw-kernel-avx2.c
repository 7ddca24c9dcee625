/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mu-law with AVX2: 32 samples at a time. Its instructions work on two halves of 16 bytes, so packing leaves the four
 * quarters in the order 0 2 1 3, and LANES puts that right. */
#include "mulaw-kernel-path.h"

#include <immintrin.h>

enum { STEP = 32, LANES = 0xd8 };

/* Through void pointers, which promise no alignment. */
static inline __m256i
load (const void *from)
{
  return _mm256_loadu_si256 (from);
}

static inline void
store (void *to, __m256i bytes)
{
  _mm256_storeu_si256 (to, bytes);
}

/* (magnitude + 4) >> 3, which is the biased magnitude >> 3, minus 16. The multiplication rounds: (x + 4) >> 3, and of
 * that the absolute value is what one's complement gives. */
static inline __m256i
magnitude_eighths (__m256i x, MulawTieRule tie_rule)
{
  if (tie_rule == MULAW_TIES_SIGN_MAGNITUDE)
    x = _mm256_max_epi16 (x, _mm256_subs_epi16 (_mm256_setzero_si256 (), x));
  return _mm256_abs_epi16 (_mm256_mulhrs_epi16 (x, _mm256_set1_epi16 (4096)));
}

static inline void
encode_step (uint8_t *codes, const uint8_t *samples, MulawTieRule tie_rule)
{
  __m256i x0 = load (samples);
  __m256i x1 = load (samples + 32);
  __m256i m0 = magnitude_eighths (x0, tie_rule);
  __m256i m1 = magnitude_eighths (x1, tie_rule);
  __m256i quiet = _mm256_adds_epu8 (_mm256_packus_epi16 (m0, m1), _mm256_set1_epi8 (15));
  __m256i loud = _mm256_packus_epi16 (_mm256_srli_epi16 (m0, 4), _mm256_srli_epi16 (m1, 4));
  __m256i is_loud = _mm256_cmpeq_epi8 (quiet, _mm256_set1_epi8 (-1));
  __m256i line0 = _mm256_blendv_epi8 (quiet, loud, is_loud);
  __m256i line1 = _mm256_avg_epu8 (line0, _mm256_set1_epi8 (30));
  __m256i line2 = _mm256_avg_epu8 (line1, _mm256_set1_epi8 (46));
  __m256i line3 = _mm256_avg_epu8 (line2, _mm256_set1_epi8 (62));
  __m256i least = _mm256_min_epu8 (_mm256_min_epu8 (line0, line1), _mm256_min_epu8 (line2, line3));
  /* the inverted code: 127 - (least - 15), and 64 less where loud; saturation clips */
  __m256i from = _mm256_blendv_epi8 (_mm256_set1_epi8 ((char)142), _mm256_set1_epi8 (78), is_loud);
  __m256i inverted = _mm256_subs_epu8 (from, least);
  __m256i sign = _mm256_andnot_si256 (_mm256_packs_epi16 (x0, x1), _mm256_set1_epi8 ((char)0x80));

  store (codes, _mm256_permute4x64_epi64 (_mm256_or_si256 (inverted, sign), LANES));
}

static inline void
encode_array (uint8_t *codes, const uint8_t *samples, size_t n, MulawTieRule tie_rule)
{
  size_t i;

  if (n < STEP) {
    mulaw_path_sse2.encode[tie_rule](codes, samples, n);
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

/* A sample is a sum of two products: 2^s * (+-8 i) + 132 * (+-(2^s - 1)), where s is the segment and i the interval.
 * The left factors fit unsigned bytes, the right ones signed bytes, and for such there is one instruction. All come
 * from tables of 16, by the high or the low half of the code as it is on the line (inverted). */
static inline void
decode_step (uint8_t *samples, const uint8_t *codes)
{
  const __m256i power = _mm256_broadcastsi128_si256 (
      _mm_setr_epi8 ((char)128, 64, 32, 16, 8, 4, 2, 1, (char)128, 64, 32, 16, 8, 4, 2, 1));
  const __m256i base =
      _mm256_broadcastsi128_si256 (_mm_setr_epi8 (-127, -63, -31, -15, -7, -3, -1, 0, 127, 63, 31, 15, 7, 3, 1, 0));
  const __m256i eight_intervals = _mm256_broadcastsi128_si256 (
      _mm_setr_epi8 (-120, -112, -104, -96, -88, -80, -72, -64, -56, -48, -40, -32, -24, -16, -8, 0));
  const __m256i nibble = _mm256_set1_epi8 (0x0f);
  const __m256i bias = _mm256_set1_epi8 ((char)132);
  __m256i code = _mm256_permute4x64_epi64 (load (codes), LANES);
  __m256i high = _mm256_and_si256 (_mm256_srli_epi16 (code, 4), nibble);
  __m256i low = _mm256_and_si256 (code, nibble);
  __m256i power_of = _mm256_shuffle_epi8 (power, high);
  __m256i base_of = _mm256_shuffle_epi8 (base, high);
  /* the table is negative; a code with the top bit set is positive; | 1 because sign() gives zero for zero */
  __m256i negate = _mm256_or_si256 (code, _mm256_set1_epi8 (1));
  __m256i interval_of = _mm256_sign_epi8 (_mm256_shuffle_epi8 (eight_intervals, low), negate);

  store (samples,
         _mm256_maddubs_epi16 (_mm256_unpacklo_epi8 (power_of, bias), _mm256_unpacklo_epi8 (interval_of, base_of)));
  store (samples + 32,
         _mm256_maddubs_epi16 (_mm256_unpackhi_epi8 (power_of, bias), _mm256_unpackhi_epi8 (interval_of, base_of)));
}

static void
decode (void *samples, const uint8_t *codes, size_t n)
{
  uint8_t *out = samples;
  size_t i;

  if (n < STEP) {
    mulaw_path_sse2.decode (samples, codes, n);
    return;
  }
  for (i = 0; i + STEP <= n; i += STEP)
    decode_step (out + 2 * i, codes + i);
  if (i < n)
    decode_step (out + 2 * (n - STEP), codes + n - STEP);
}

const MulawPath mulaw_path_avx2 = { "avx2", { encode_itu, encode_sign_magnitude }, decode };
