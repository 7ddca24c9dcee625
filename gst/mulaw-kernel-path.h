/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside the kernel: one path for each instruction set, and the choice between them. For the kernel, its test and its
 * benchmark only.
 *
 * How the vector paths encode. Let v be the biased magnitude, and k its segment. The code without its sign,
 * 16 k + (v >> (k + 3)) - 16, is concave in v, so it is the smallest of eight lines t_k - 16, where t_k = (v >> (k +
 * 3)) + 16 k. Each line follows from the one before by a rounding average, t_k+1 = (t_k + 16 k + 31 + 1) >> 1, which
 * vector units have as one instruction: no table, no shift by a different amount in each lane. Four lines suffice, on
 * bytes: for v >= 2048 the lines run on v >> 7 in place of v >> 3, and the code is 64 higher. The lanes hold t - 1, so
 * that v >> 3 = 256 and more saturates. */
#pragma once

#include "mulaw-kernel.h"

typedef struct {
  const char *name;
  void (*encode[2]) (uint8_t *codes, const void *samples, size_t n); /* indexed by MulawTieRule */
  void (*decode) (void *samples, const uint8_t *codes, size_t n);
} MulawPath;

extern const MulawPath mulaw_path_c;
extern const MulawPath mulaw_path_sse2;
extern const MulawPath mulaw_path_avx2;
extern const MulawPath mulaw_path_avx512vbmi;
extern const MulawPath mulaw_path_neon;

/* The path of that name, if it was built and this CPU runs it; else NULL. */
const MulawPath *mulaw_path_by_name (const char *name);

/* What all calls use; the same for the life of the process. */
const MulawPath *mulaw_path_chosen (void);
