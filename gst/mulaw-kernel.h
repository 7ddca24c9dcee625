/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* G.711 mu-law over arrays: 16-bit linear PCM to 8-bit codes, and back. Needs nothing but the C library. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * MulawTieRule:
 * @MULAW_TIES_ITU: the code of ITU-T G.191 (STL `ulaw_compress`): the negative side mirrors the positive one in one's
 *   complement, so such an input gets the code of the smaller magnitude.
 * @MULAW_TIES_SIGN_MAGNITUDE: the magnitude alone decides, so it gets the code of the larger one. GStreamer's mulawenc
 * and the COMPRESS block of ITU-T G.726 do this.
 *
 * What becomes of the 127 negative inputs that lie exactly on a decision value. G.711 names no side. All other inputs
 * get the same code from both rules.
 */
typedef enum {
  MULAW_TIES_ITU,
  MULAW_TIES_SIGN_MAGNITUDE,
} MulawTieRule;

/**
 * pcm16_to_mulaw:
 * @codes: (out): room for @n bytes
 * @samples: @n signed 16-bit samples in the machine's byte order; no alignment needed
 * @n: how many; 0 is allowed
 * @tie_rule: for inputs that lie between two codes
 * @suppress_all_zero: send code 0x02 in place of 0x00, for lines that need a one bit in every byte (G.711, note to the
 *   encoding law)
 *
 * Encodes. Magnitudes beyond 31612 get the last code (no wrap, -32768 included). @codes and @samples must not overlap.
 * Safe from any thread; cannot fail.
 */
void pcm16_to_mulaw (uint8_t *codes, const void *samples, size_t n, MulawTieRule tie_rule, bool suppress_all_zero);

/**
 * mulaw_to_pcm16:
 * @samples: (out): room for @n signed 16-bit samples in the machine's byte order; no alignment needed
 * @codes: @n mu-law bytes
 * @n: how many; 0 is allowed
 *
 * Decodes to values from -32124 to 32124, multiples of 4: the 14 bits of G.711 at the top of 16. @samples and @codes
 * must not overlap. Safe from any thread; cannot fail.
 */
void mulaw_to_pcm16 (void *samples, const uint8_t *codes, size_t n);

/**
 * mulaw_kernel_isa:
 *
 * Returns: the instruction set in use: "c", "sse2", "avx2", "avx512vbmi" or "neon". It is chosen at the first call of
 * any function here: the best that this CPU runs, or the one named in the environment variable MULAW_DEMO_ISA, if it
 * runs.
 */
const char *mulaw_kernel_isa (void);
