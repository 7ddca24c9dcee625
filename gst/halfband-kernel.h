/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Twice, or half, as many samples of 16-bit audio. Needs nothing but the C library. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The filter, which passes the lower half of the band at the higher rate: at its centre one half, beside that, each
 * second sample, HALFBAND_TAPS samples that are not zero, and zeros between them. So in either direction an output
 * sample rests upon the one at its own time and on HALFBAND_TAPS around it.
 *
 * From 300 to 3400 Hz of 8000, what it adds is 82 dB below the signal, and nowhere less than 74. */
#define HALFBAND_TAPS 32

/* Samples that a filter needs before and behind the one at its centre. At the lower rate, the one behind is of the
 * sample that is put between two. */
#define HALFBAND_UP_BEFORE   (HALFBAND_TAPS / 2 - 1)
#define HALFBAND_UP_BEHIND   (HALFBAND_TAPS / 2)
#define HALFBAND_DOWN_BEFORE (HALFBAND_TAPS - 1)
#define HALFBAND_DOWN_BEHIND (HALFBAND_TAPS - 1)

/**
 * halfband_up:
 * @out: (out): room for 2 * @n samples: of each pair the first is one of @in, and the second between it and the next
 * @in: @n samples, those before the first and those behind the last: HALFBAND_UP_BEFORE + @n + HALFBAND_UP_BEHIND
 * @n: how many; 0 is allowed
 *
 * Samples are signed, in the machine's byte order. What is too loud is limited. @out and @in must not overlap. Safe
 * from any thread; cannot fail.
 */
void halfband_up (int16_t *out, const int16_t *in, size_t n);

/**
 * halfband_down:
 * @out: (out): room for @n samples
 * @in: twice as many, but for the last one, those before the first and those behind the last:
 *   HALFBAND_DOWN_BEFORE + 2 * @n - 1 + HALFBAND_DOWN_BEHIND
 * @n: how many; 0 is allowed
 *
 * As halfband_up().
 */
void halfband_down (int16_t *out, const int16_t *in, size_t n);
