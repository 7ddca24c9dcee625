/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base 64: the vectors of RFC 4648, GLib as the judge of all lengths, and everything that is refused. */
#include "base/ap-base64.h"

#include <string.h>

static const struct {
  const char *bytes, *text;
} vectors[] = {
  { "", "" },
  { "f", "Zg==" },
  { "fo", "Zm8=" },
  { "foo", "Zm9v" },
  { "foob", "Zm9vYg==" },
  { "fooba", "Zm9vYmE=" },
  { "foobar", "Zm9vYmFy" },
  { "\xff\xef\xbe", "/+++" },
};

static void
test_vectors (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++) {
    guint8 bytes[16];
    char text[16];
    gsize length = strlen (vectors[i].bytes);
    gssize n = ap_base64_decode (vectors[i].text, strlen (vectors[i].text), bytes);

    g_assert_cmpint (n, ==, (gssize)length);
    g_assert_cmpmem (bytes, n, vectors[i].bytes, length);
    ap_base64_encode (text, bytes, length);
    g_assert_cmpmem (text, AP_BASE64_LENGTH (length), vectors[i].text, strlen (vectors[i].text));
  }
}

static void
test_lengths (void)
{
  guint8 bytes[400];
  guint8 again[400];

  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8)(i * 167 + i / 3);
  for (gsize length = 0; length <= sizeof bytes; length++) {
    g_autofree char *expected = g_base64_encode (bytes, length);
    g_autofree char *text = g_malloc (AP_BASE64_LENGTH (length) + 1);

    ap_base64_encode (text, bytes, length);
    g_assert_cmpmem (text, AP_BASE64_LENGTH (length), expected, strlen (expected));
    g_assert_cmpint (ap_base64_decode (text, AP_BASE64_LENGTH (length), again), ==, (gssize)length);
    g_assert_cmpmem (again, length, bytes, length);
  }
}

/* Each of the 256 bytes in each place of a text: a letter, or refused. */
static void
test_letters (void)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  guint8 bytes[8];

  for (guint place = 0; place < 8; place++) {
    for (guint byte = 0; byte < 256; byte++) {
      char text[8] = { 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A' };
      gboolean good = byte != 0 && strchr (letters, (gint)byte) != NULL;

      text[place] = (char)byte;
      good |= byte == '=' && place == 7;
      g_assert_cmpint (ap_base64_decode (text, sizeof text, bytes), ==, !good ? -1 : byte == '=' ? 5 : 6);
    }
  }
}

static const char *const refused[] = {
  "A",    "AA",       "AAA",      "AAAAA",    "AA=",        "A===",   "====", "=AAA", "A=AA",
  "AA=A", "AA==AAAA", "AAA=AAA=", "AAAA====", "AAAA=",      "AAAA==", /* padding */
  "AB==", "AP==",     "AAB=",     "AAD=",                             /* bits left over */
  "A A=", "AAAA AAA", " AAAA",    "AAAA\n",   "AA\r\nAA==", "A\tAA",  /* white space */
  "--__", "AA-A",     "AA_A",                                         /* URL-safe */
  "AA.A", "AA:A",     "AA@A",     "AA[A",     "AA`A",       "AA{A",   "AA,A", "AA*A", "\xff\xff\xff\xff",
};

static void
test_refused (void)
{
  guint8 bytes[16];

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    g_assert_cmpint (ap_base64_decode (refused[i], strlen (refused[i]), bytes), ==, -1);
}

/* A text may be decoded over itself. */
static void
test_in_place (void)
{
  char text[] = "Zm9vYmFyZm9vYmE=";

  g_assert_cmpint (ap_base64_decode (text, strlen (text), (guint8 *)text), ==, 11);
  g_assert_cmpmem (text, 11, "foobarfooba", 11);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base64/vectors", test_vectors);
  g_test_add_func ("/base64/lengths", test_lengths);
  g_test_add_func ("/base64/letters", test_letters);
  g_test_add_func ("/base64/refused", test_refused);
  g_test_add_func ("/base64/in-place", test_in_place);
  return g_test_run ();
}
