/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every path of the kernel that this CPU runs gives what the portable one gives, at any length and alignment. The first
 * byte of an input is the alignment. */
#include "mulaw-kernel-path.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void
check (int same)
{
  if (!same)
    abort ();
}

static void
compare (const MulawPath *path, const uint8_t *data, size_t size, size_t shift)
{
  uint8_t *expected = malloc (2 * size + 16);
  uint8_t *got = malloc (2 * size + 16);

  for (int rule = 0; rule < 2; rule++) {
    mulaw_path_c.encode[rule](expected, data, size / 2);
    path->encode[rule](got + shift, data, size / 2);
    check (memcmp (expected, got + shift, size / 2) == 0);
  }
  mulaw_path_c.decode (expected, data, size);
  path->decode (got + shift, data, size);
  check (memcmp (expected, got + shift, 2 * size) == 0);
  free (expected);
  free (got);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const names[] = { "c", "sse2", "avx2", "avx512vbmi", "neon" };

  if (size == 0)
    return 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const MulawPath *path = mulaw_path_by_name (names[i]);

    if (path)
      compare (path, data + 1, size - 1, data[0] % 16);
  }
  return 0;
}
