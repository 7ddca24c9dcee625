/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict base 64. */
#include "base/ap-base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define NONE 0xff /* no letter; its high bit stays when values are or-ed */

/* The value of each letter, from the table above. */
static const guint8 values[256] = {
  [0 ... '*'] = NONE,
  ['+'] = 62,
  [',' ... '.'] = NONE,
  ['/'] = 63,
  ['0'] = 52,
  53,
  54,
  55,
  56,
  57,
  58,
  59,
  60,
  61,
  [':' ... '@'] = NONE,
  ['A'] = 0,
  1,
  2,
  3,
  4,
  5,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
  17,
  18,
  19,
  20,
  21,
  22,
  23,
  24,
  25,
  ['[' ... '`'] = NONE,
  ['a'] = 26,
  27,
  28,
  29,
  30,
  31,
  32,
  33,
  34,
  35,
  36,
  37,
  38,
  39,
  40,
  41,
  42,
  43,
  44,
  45,
  46,
  47,
  48,
  49,
  50,
  51,
  ['{' ... 255] = NONE,
};

/* The last four characters, which may be padded. Returns the number of bytes; -1 when they are no base 64. */
static gssize
decode_last (const guint8 *in, guint8 *out)
{
  guint padding = in[3] != '=' ? 0 : in[2] != '=' ? 1 : 2;
  guint8 third = padding < 2 ? values[in[2]] : 0;
  guint8 fourth = padding < 1 ? values[in[3]] : 0;
  guint32 bits = (guint32)values[in[0]] << 18 | (guint32)values[in[1]] << 12 | (guint32)third << 6 | fourth;

  if ((values[in[0]] | values[in[1]] | third | fourth) & 0x80)
    return -1;
  if ((padding == 1 && bits & 0xff) || (padding == 2 && bits & 0xffff))
    return -1;
  for (guint i = 0; i < 3 - padding; i++)
    out[i] = (guint8)(bits >> (16 - 8 * i));
  return 3 - padding;
}

gssize
ap_base64_decode (const char *text, gsize length, guint8 *out)
{
  const guint8 *in = (const guint8 *)text;
  guint8 *to = out;
  guint8 seen = 0;
  gssize last;

  if (length == 0)
    return 0;
  if (length % 4 != 0)
    return -1;
  for (gsize i = 4; i < length; i += 4, in += 4, to += 3) {
    guint8 a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];

    seen |= a | b | c | d;
    to[0] = (guint8)(a << 2 | b >> 4);
    to[1] = (guint8)(b << 4 | c >> 2);
    to[2] = (guint8)(c << 6 | d);
  }
  last = decode_last (in, to);
  return last < 0 || seen & 0x80 ? -1 : to - out + last;
}

void
ap_base64_encode (char *out, const guint8 *bytes, gsize length)
{
  gsize i = 0;
  guint32 bits;

  for (; i + 3 <= length; i += 3, out += 4) {
    bits = (guint32)bytes[i] << 16 | (guint32)bytes[i + 1] << 8 | bytes[i + 2];
    out[0] = letters[bits >> 18];
    out[1] = letters[bits >> 12 & 63];
    out[2] = letters[bits >> 6 & 63];
    out[3] = letters[bits & 63];
  }
  if (i == length)
    return;
  bits = (guint32)bytes[i] << 16 | (i + 1 < length ? (guint32)bytes[i + 1] << 8 : 0);
  out[0] = letters[bits >> 18];
  out[1] = letters[bits >> 12 & 63];
  out[2] = i + 1 < length ? letters[bits >> 6 & 63] : '=';
  out[3] = '=';
}
