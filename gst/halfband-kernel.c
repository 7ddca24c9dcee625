/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "halfband-kernel.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A sinc under a Kaiser window of beta 7.2, in 1/16384: together they are 1, exactly, so that a constant stays one.
 * Whatever the samples, the sum of all products fits into 32 bits, with half a sample at full scale beside it. */
#define ONE_BITS 14
static const int16_t taps[HALFBAND_TAPS] = {
  -3,    9,     -19,  36,    -61, 98,   -151, 223,  -320, 452,  -632, 886, -1268, 1922, -3376, 10396,
  10396, -3376, 1922, -1268, 886, -632, 452,  -320, 223,  -151, 98,   -61, 36,    -19,  9,     -3,
};

/* A step of work; and of that, what is summed up side by side. */
enum { STEP = 64, LANES = 8 };

static int16_t
limit (int32_t sample)
{
  return (int16_t)(sample > INT16_MAX ? INT16_MAX : sample < INT16_MIN ? INT16_MIN : sample);
}

static void
filter_lanes (int32_t *sums, const int16_t *in)
{
#ifdef __SSE2__
  __m128i low = _mm_setzero_si128 (), high = low;

  /* A multiplication takes two samples that follow each other, and two taps. */
#pragma GCC unroll 16
  for (int i = 0; i < HALFBAND_TAPS; i += 2) {
    __m128i two_taps = _mm_set1_epi32 ((int32_t)((uint32_t)(uint16_t)taps[i + 1] << 16 | (uint16_t)taps[i]));
    __m128i first = _mm_loadu_si128 ((const __m128i *)(const void *)(in + i));
    __m128i second = _mm_loadu_si128 ((const __m128i *)(const void *)(in + i + 1));

    low = _mm_add_epi32 (low, _mm_madd_epi16 (_mm_unpacklo_epi16 (first, second), two_taps));
    high = _mm_add_epi32 (high, _mm_madd_epi16 (_mm_unpackhi_epi16 (first, second), two_taps));
  }
  _mm_storeu_si128 ((__m128i *)(void *)sums, low);
  _mm_storeu_si128 ((__m128i *)(void *)(sums + LANES / 2), high);
#else
  for (int lane = 0; lane < LANES; lane++)
    sums[lane] = 0;
  for (int i = 0; i < HALFBAND_TAPS; i++)
    for (int lane = 0; lane < LANES; lane++)
      sums[lane] += taps[i] * in[i + lane];
#endif
}

/* @n: at most STEP */
static void
filter (int32_t sums[STEP], const int16_t *in, size_t n)
{
  int16_t few[LANES - 1 + HALFBAND_TAPS] = { 0 };
  size_t at = 0;

  for (; n - at >= LANES; at += LANES)
    filter_lanes (sums + at, in + at);
  if (at == n)
    return;
  memcpy (few, in + at, (n - at + HALFBAND_TAPS - 1) * sizeof *in); /* nothing is read beyond */
  filter_lanes (sums + at, few);
}

static void
double_some (int16_t *out, const int16_t *in, size_t n)
{
  int32_t sums[STEP];

  filter (sums, in, n);
  for (size_t i = 0; i < n; i++) {
    out[2 * i] = in[i + HALFBAND_UP_BEFORE];
    out[2 * i + 1] = limit ((sums[i] + (1 << (ONE_BITS - 1))) >> ONE_BITS);
  }
}

/* At the centre of the filter is one of the samples that stay; all others that count are of those that go. */
static void
halve_some (int16_t *out, const int16_t *in, size_t n)
{
  int16_t going[STEP - 1 + HALFBAND_TAPS];
  int32_t sums[STEP];

  for (size_t i = 0; i < n + HALFBAND_TAPS - 1; i++)
    going[i] = in[2 * i];
  filter (sums, going, n);
  for (size_t i = 0; i < n; i++) {
    int32_t centre = in[2 * i + HALFBAND_DOWN_BEFORE] * (1 << ONE_BITS);

    out[i] = limit ((sums[i] + centre + (1 << ONE_BITS)) >> (ONE_BITS + 1));
  }
}

void
halfband_up (int16_t *out, const int16_t *in, size_t n)
{
  for (size_t at = 0; at < n; at += STEP)
    double_some (out + 2 * at, in + at, n - at < STEP ? n - at : STEP);
}

void
halfband_down (int16_t *out, const int16_t *in, size_t n)
{
  for (size_t at = 0; at < n; at += STEP)
    halve_some (out + at, in + 2 * at, n - at < STEP ? n - at : STEP);
}
