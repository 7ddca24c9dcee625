/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CRC-32C: by table, and by the instructions of SSE 4.2 and of ARMv8. */
#include "base/ap-crc32c.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define CRC_TARGET     __attribute__ ((target ("sse4.2")))
#define CRC_BYTE(c, b) _mm_crc32_u8 (c, b)
#define CRC_WORD(c, w) (guint32) _mm_crc32_u64 (c, w)
#define CRC_THERE()    __builtin_cpu_supports ("sse4.2")
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#include <sys/auxv.h>
#include <asm/hwcap.h>
#ifdef __clang__
#define CRC_TARGET     __attribute__ ((target ("crc")))
#define CRC_BYTE(c, b) __builtin_arm_crc32cb (c, b)
#define CRC_WORD(c, w) __builtin_arm_crc32cd (c, w)
#else
#define CRC_TARGET     __attribute__ ((target ("+crc")))
#define CRC_BYTE(c, b) __builtin_aarch64_crc32cb (c, b)
#define CRC_WORD(c, w) __builtin_aarch64_crc32cx (c, w)
#endif
#define CRC_THERE() ((getauxval (AT_HWCAP) & HWCAP_CRC32) != 0)
#endif

static guint32 table[256];

/* The polynomial's bits in reverse order, as the CRC itself takes its input's lowest bit first. */
static void
fill_table (void)
{
  for (guint32 byte = 0; byte < 256; byte++) {
    guint32 crc = byte;

    for (guint bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
    table[byte] = crc;
  }
}

guint32
ap_crc32c_portable (guint32 crc, const guint8 *data, gsize length)
{
  static gsize filled;

  if (g_once_init_enter (&filled)) {
    fill_table ();
    g_once_init_leave (&filled, 1);
  }
  crc = ~crc;
  for (gsize i = 0; i < length; i++)
    crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xff];
  return ~crc;
}

#ifdef CRC_TARGET
CRC_TARGET static guint32
by_instruction (guint32 crc, const guint8 *data, gsize length)
{
  crc = ~crc;
  for (; length >= 8; data += 8, length -= 8) {
    guint64 word;

    memcpy (&word, data, sizeof word); /* the data may lie at any address */
    crc = CRC_WORD (crc, word);
  }
  for (; length > 0; data++, length--)
    crc = CRC_BYTE (crc, *data);
  return ~crc;
}
#endif

guint32
ap_crc32c (guint32 crc, const guint8 *data, gsize length)
{
#ifdef CRC_TARGET
  if (CRC_THERE ())
    return by_instruction (crc, data, length);
#endif
  return ap_crc32c_portable (crc, data, length);
}
