/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mu-law with AVX-512 VBMI: 64 samples at a time, and masked loads and stores for the rest, however short. */
#include "mulaw-kernel-path.h"

#include <immintrin.h>

enum {
  STEP = 64,
  WORTHWHILE = 256, /* shorter arrays are encoded no slower by the AVX2 path */
};

/* A mask of the lowest @n lanes, @n < 64. */
static inline __mmask64
first_lanes (size_t n)
{
  return (UINT64_C (1) << n) - 1;
}

/* As with AVX2: (magnitude + 4) >> 3. */
static inline __m512i
magnitude_eighths (__m512i x, MulawTieRule tie_rule)
{
  if (tie_rule == MULAW_TIES_SIGN_MAGNITUDE)
    x = _mm512_max_epi16 (x, _mm512_subs_epi16 (_mm512_setzero_si512 (), x));
  return _mm512_abs_epi16 (_mm512_mulhrs_epi16 (x, _mm512_set1_epi16 (4096)));
}

/* The codes of the samples in @x0 and @x1. */
static inline __m512i
encode_step (__m512i x0, __m512i x1, MulawTieRule tie_rule)
{
  const __m512i quarters = _mm512_setr_epi64 (0, 2, 4, 6, 1, 3, 5, 7);
  const __m512i top_bit = _mm512_set1_epi8 ((char)0x80);
  __m512i m0 = magnitude_eighths (x0, tie_rule);
  __m512i m1 = magnitude_eighths (x1, tie_rule);
  __m512i quiet = _mm512_adds_epu8 (_mm512_packus_epi16 (m0, m1), _mm512_set1_epi8 (15));
  __m512i loud = _mm512_packus_epi16 (_mm512_srli_epi16 (m0, 4), _mm512_srli_epi16 (m1, 4));
  __mmask64 is_loud = _mm512_cmpeq_epi8_mask (quiet, _mm512_set1_epi8 (-1));
  __m512i line0 = _mm512_mask_mov_epi8 (quiet, is_loud, loud);
  __m512i line1 = _mm512_avg_epu8 (line0, _mm512_set1_epi8 (30));
  __m512i line2 = _mm512_avg_epu8 (line1, _mm512_set1_epi8 (46));
  __m512i line3 = _mm512_avg_epu8 (line2, _mm512_set1_epi8 (62));
  __m512i least = _mm512_min_epu8 (_mm512_min_epu8 (line0, line1), _mm512_min_epu8 (line2, line3));
  __m512i from = _mm512_mask_blend_epi8 (is_loud, _mm512_set1_epi8 ((char)142), _mm512_set1_epi8 (78));
  __m512i inverted = _mm512_subs_epu8 (from, least);
  /* inverted | (~x & 0x80): the truth table of (a, b, c) -> a | (~b & c) */
  __m512i code = _mm512_ternarylogic_epi64 (inverted, _mm512_packs_epi16 (x0, x1), top_bit, 0xf2);

  return _mm512_permutexvar_epi64 (quarters, code);
}

static inline void
encode_array (uint8_t *codes, const uint8_t *samples, size_t n, MulawTieRule tie_rule)
{
  if (n < WORTHWHILE) {
    mulaw_path_avx2.encode[tie_rule](codes, samples, n);
    return;
  }
  for (; n >= STEP; n -= STEP, samples += 2 * STEP, codes += STEP)
    _mm512_storeu_si512 (codes,
                         encode_step (_mm512_loadu_si512 (samples), _mm512_loadu_si512 (samples + STEP), tie_rule));
  if (n > 0) {
    __mmask64 lanes = first_lanes (n);
    __m512i x0 = _mm512_maskz_loadu_epi16 ((__mmask32)lanes, samples);
    __m512i x1 = _mm512_maskz_loadu_epi16 ((__mmask32)(lanes >> 32), samples + STEP);

    _mm512_mask_storeu_epi8 (codes, lanes, encode_step (x0, x1, tie_rule));
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

/* The 128 negative samples by code, as low and as high bytes: each is one table look-up for 64 codes. The middle of
 * interval m in segment k is ((8 m + 132) << k) - 132. */
#define NEGATIVE(k, m) (132 - ((8 * (m) + 132) << (k)))
#define LOW(k, m)      ((uint16_t)NEGATIVE (k, m) & 0xff)
#define HIGH(k, m)     ((uint16_t)NEGATIVE (k, m) >> 8)
#define FOUR(F, k, m)  F (k, (m)), F (k, (m)-1), F (k, (m)-2), F (k, (m)-3)
#define SEGMENT(F, k)  FOUR (F, k, 15), FOUR (F, k, 11), FOUR (F, k, 7), FOUR (F, k, 3)
#define TABLE(F)                                                                                                       \
  {                                                                                                                    \
    SEGMENT (F, 7), SEGMENT (F, 6), SEGMENT (F, 5), SEGMENT (F, 4), SEGMENT (F, 3), SEGMENT (F, 2), SEGMENT (F, 1),    \
        SEGMENT (F, 0)                                                                                                 \
  }

static const uint8_t low_bytes[128] __attribute__ ((aligned (64))) = TABLE (LOW);
static const uint8_t high_bytes[128] __attribute__ ((aligned (64))) = TABLE (HIGH);

typedef struct {
  __m512i half[2];
} Samples;

/* Where the top bit of a code is set, the sample is positive. */
static inline __m512i
with_sign (__m512i negative_samples, __m512i codes_in_high_bytes)
{
  return _mm512_mask_sub_epi16 (negative_samples, _mm512_movepi16_mask (codes_in_high_bytes), _mm512_setzero_si512 (),
                                negative_samples);
}

static inline Samples
decode_step (__m512i code)
{
  const __m512i quarters = _mm512_setr_epi64 (0, 4, 1, 5, 2, 6, 3, 7);
  __m512i spread = _mm512_permutexvar_epi64 (quarters, code);
  __m512i low = _mm512_permutex2var_epi8 (_mm512_load_si512 (low_bytes), spread, _mm512_load_si512 (low_bytes + 64));
  __m512i high = _mm512_permutex2var_epi8 (_mm512_load_si512 (high_bytes), spread, _mm512_load_si512 (high_bytes + 64));
  Samples samples = { { with_sign (_mm512_unpacklo_epi8 (low, high), _mm512_unpacklo_epi8 (spread, spread)),
                        with_sign (_mm512_unpackhi_epi8 (low, high), _mm512_unpackhi_epi8 (spread, spread)) } };

  return samples;
}

static void
decode (void *samples, const uint8_t *codes, size_t n)
{
  uint8_t *out = samples;

  for (; n >= STEP; n -= STEP, codes += STEP, out += 2 * STEP) {
    Samples step = decode_step (_mm512_loadu_si512 (codes));

    _mm512_storeu_si512 (out, step.half[0]);
    _mm512_storeu_si512 (out + STEP, step.half[1]);
  }
  if (n > 0) {
    __mmask64 lanes = first_lanes (n);
    Samples step = decode_step (_mm512_maskz_loadu_epi8 (lanes, codes));

    _mm512_mask_storeu_epi16 (out, (__mmask32)lanes, step.half[0]);
    _mm512_mask_storeu_epi16 (out + STEP, (__mmask32)(lanes >> 32), step.half[1]);
  }
}

const MulawPath mulaw_path_avx512vbmi = { "avx512vbmi", { encode_itu, encode_sign_magnitude }, decode };
