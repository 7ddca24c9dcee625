/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRC-32C: the vectors of RFC 3720, and both ways to compute it beside each other. */
#include "base/ap-crc32c.h"

#include <string.h>

static void
test_vectors (void)
{
  guint8 bytes[4][32];

  memset (bytes[0], 0, 32);
  memset (bytes[1], 0xff, 32);
  for (guint8 i = 0; i < 32; i++) {
    bytes[2][i] = i;
    bytes[3][i] = 31 - i;
  }
  g_assert_cmphex (ap_crc32c (0, bytes[0], 32), ==, 0x8a9136aa);
  g_assert_cmphex (ap_crc32c (0, bytes[1], 32), ==, 0x62a8ab43);
  g_assert_cmphex (ap_crc32c (0, bytes[2], 32), ==, 0x46dd794e);
  g_assert_cmphex (ap_crc32c (0, bytes[3], 32), ==, 0x113fdb5c);
  g_assert_cmphex (ap_crc32c (0, (const guint8 *)"123456789", 9), ==, 0xe3069283);
  g_assert_cmphex (ap_crc32c (0, NULL, 0), ==, 0);
}

/* At each length and address, by the CPU and by the table, in one piece and in two. */
static void
test_pieces (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  guint8 bytes[128];

  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8)g_rand_int (random);
  for (gsize from = 0; from < 16; from++)
    for (gsize length = 0; length <= 100; length++) {
      guint32 whole = ap_crc32c_portable (0, bytes + from, length);
      gsize cut = length * from / 16;

      g_assert_cmphex (ap_crc32c (0, bytes + from, length), ==, whole);
      g_assert_cmphex (ap_crc32c (ap_crc32c (0, bytes + from, cut), bytes + from + cut, length - cut), ==, whole);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/crc32c/vectors", test_vectors);
  g_test_add_func ("/crc32c/pieces", test_pieces);
  return g_test_run ();
}
