/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 6455, section 8.1: UTF-8 in text messages and close reasons.
 *
 * The endpoint takes no text. What the RFC wants of it: 1003 says that an endpoint "has received a type of data it
 * cannot accept", 1007 that data "was not consistent with the type of the message"; an endpoint that reads text as
 * UTF-8 must fail the connection where it is not. So a text is refused with 1003 once it is known to be one, and with
 * 1007 from the first byte that no text can have: that is the earlier of the two, and tells a client more.
 */
#include "conversation.h"

#include <string.h>

typedef struct {
  const char *name;
  const char *bytes; /* in hexadecimal */
} Sequence;

static const Sequence valid[] = {
  { "ascii", "68656c6c6f" },
  { "greek", "cebae1bdb9cf83cebcceb5" },
  { "nul", "00" },
  { "nul-inside", "610062" },
  { "last-of-1-byte", "7f" },
  { "first-of-2-bytes", "c280" },
  { "last-of-2-bytes", "dfbf" },
  { "first-of-3-bytes", "e0a080" },
  { "last-before-surrogates", "ed9fbf" },
  { "first-after-surrogates", "ee8080" },
  { "byte-order-mark", "efbbbf61" },
  { "replacement-character", "efbfbd" },
  { "non-character-fffe", "efbfbe" },
  { "last-of-3-bytes", "efbfbf" },
  { "first-of-4-bytes", "f0908080" },
  { "emoji", "f09f8ea7" },
  { "private-use", "f3b08080" },
  { "last-character", "f48fbfbf" },
};

/* Each ends with the first byte after which no text is possible. */
static const Sequence invalid[] = {
  { "continuation", "80" },
  { "last-continuation", "bf" },
  { "continuation-after-a-character", "c3a9a9" },
  { "continuation-after-ascii", "6180" },
  { "overlong-2-bytes", "c0" },
  { "overlong-2-bytes-last", "c1" },
  { "overlong-3-bytes", "e080" },
  { "overlong-3-bytes-last", "e09f" },
  { "overlong-4-bytes", "f080" },
  { "overlong-4-bytes-last", "f08f" },
  { "first-surrogate", "eda0" },
  { "last-high-surrogate", "edaf" },
  { "first-low-surrogate", "edb0" },
  { "last-surrogate", "edbf" },
  { "beyond-the-last-character", "f490" },
  { "far-beyond-the-last-character", "f4bf" },
  { "lead-f5", "f5" },
  { "lead-f7", "f7" },
  { "lead-f8", "f8" },
  { "lead-fc", "fc" },
  { "byte-fe", "fe" },
  { "byte-ff", "ff" },
  { "2-bytes-broken-off", "c328" },
  { "2-bytes-lead-again", "c3c3" },
  { "3-bytes-broken-off-at-1", "e228" },
  { "3-bytes-broken-off-at-2", "e28228" },
  { "4-bytes-broken-off-at-1", "f028" },
  { "4-bytes-broken-off-at-2", "f09028" },
  { "4-bytes-broken-off-at-3", "f0908028" },
  { "broken-off-by-nul", "e200" },
  { "broken-off-by-nul-at-2", "e28200" },
  { "after-greek", "cebae1bdb9cf83ceff" },
  { "surrogate-after-greek", "cebae1bdb9cf83cebcceb5eda0" },
};

/* Valid as far as it goes. */
static const Sequence cut[] = {
  { "2-bytes-at-1", "c3" },   { "3-bytes-at-1", "e2" },     { "3-bytes-at-2", "e282" },   { "4-bytes-at-1", "f0" },
  { "4-bytes-at-2", "f090" }, { "4-bytes-at-3", "f09080" }, { "lowest-e0", "e0a0" },      { "highest-ed", "ed9f" },
  { "lowest-f0", "f09080" },  { "highest-f4", "f48f" },     { "highest-f4-3", "f48fbf" }, { "after-greek", "cebae1bd" },
};

static const Conversation rows[] = {
  /* A character in two fragments, with something between them. */
  { "/8.1/across/2-bytes", "01:c3 80:a9", "C1003" },
  { "/8.1/across/3-bytes", "01:e2 00:82 80:ac", "C1003" },
  { "/8.1/across/4-bytes", "01:f0 00:9f 00:8e 80:a7", "C1003" },
  { "/8.1/across/empty-fragments", "01:f0 00: 00:9f8e 00: 80:a7", "C1003" },
  { "/8.1/across/a-ping", "01:c3 89:'p' 80:a9", "8a:'p' C1003" },
  { "/8.1/across/a-ping-not-utf-8", "01:c3 89:ff 80:a9", "8a:ff C1003" },
  { "/8.1/across/a-ping-invalid-then", "01:c3 89:'p' 80:28", "8a:'p' C1007" },
  { "/8.1/across/invalid-continuation", "01:c3 80:28", "C1007" },
  { "/8.1/across/invalid-continuation-not-the-end", "01:c3 00:28", "C1007" },
  { "/8.1/across/overlong-3-bytes", "01:e0 00:80", "C1007" },
  { "/8.1/across/overlong-4-bytes", "01:f0 00:8f", "C1007" },
  { "/8.1/across/surrogate", "01:ed 00:a0", "C1007" },
  { "/8.1/across/beyond-the-last", "01:f4 00:90", "C1007" },
  { "/8.1/across/broken-off-at-3", "01:e2 00:82 00:28", "C1007" },
  { "/8.1/across/broken-off-by-nul", "01:e2 00:82 00:00", "C1007" },
  { "/8.1/across/second-half-missing", "01:c3 80:", "C1007" },
  { "/8.1/across/last-byte-missing", "01:e2 80:82", "C1007" },
  { "/8.1/across/each-valid-alone", "81:c3 81:a9", "C1007" },
  { "/8.1/across/invalid-after-valid-message", "82:'a' 81:ff 82:'b'", "82:'a' C1007" },
  /* No other payload is text. */
  { "/8.1/not-text/binary", "82:ff", "82:ff" },
  { "/8.1/not-text/binary-c328", "82:c328", "82:c328" },
  { "/8.1/not-text/binary-fragments", "02:c3 80:28", "82:c328" },
  { "/8.1/not-text/ping", "89:c328", "8a:c328" },
  { "/8.1/not-text/pong", "8a:ff 82:'a'", "82:'a'" },
};

static void
add (const char *kind, const char *name, const char *expected, const char *sent_format, const char *bytes)
{
  g_autofree char *path = g_strdup_printf ("/8.1/%s/%s", kind, name);
  g_auto (GStrv) around = g_strsplit (sent_format, "@", 2);
  g_autofree char *sent = g_strconcat (around[0], bytes, around[1], NULL);

  conformance_add (path, sent, expected);
}

/* Each byte in a fragment of its own. */
static void
add_single_bytes (const Sequence *sequence, const char *kind, const char *end, const char *expected)
{
  g_autofree char *path = g_strdup_printf ("/8.1/%s/%s", kind, sequence->name);
  g_autoptr (GString) sent = g_string_new ("01:");

  for (const char *byte = sequence->bytes; *byte != '\0'; byte += 2)
    g_string_append_printf (sent, " 00:%.2s", byte);
  g_string_append (sent, end);
  conformance_add (path, sent->str, expected);
}

static void
add_valid (const Sequence *sequence)
{
  add ("valid", sequence->name, "C1003", "81:@", sequence->bytes);
  add ("valid-fragment", sequence->name, "C1003", "01:@ 80:'b'", sequence->bytes);
  add_single_bytes (sequence, "valid-bytes", " 80:", "C1003");
  add ("valid-reason", sequence->name, "C1000", "88:03e8+@", sequence->bytes);
}

/* Early: the rest of the message, or even of the frame, never comes. */
static void
add_invalid (const Sequence *sequence)
{
  g_autofree char *part = g_strdup_printf ("81:@+*100!%" G_GSIZE_FORMAT, 2 + 4 + strlen (sequence->bytes) / 2);

  add ("invalid", sequence->name, "C1007", "81:@", sequence->bytes);
  add ("invalid-inside", sequence->name, "C1007", "81:'a'+@+'b'", sequence->bytes);
  add ("invalid-early-fragment", sequence->name, "C1007", "01:@", sequence->bytes);
  add_single_bytes (sequence, "invalid-early-bytes", "", "C1007");
  add ("invalid-early-part", sequence->name, "C1007", part, sequence->bytes);
  add ("invalid-reason", sequence->name, "C1007", "88:03e8+@", sequence->bytes);
}

static void
add_cut (const Sequence *sequence)
{
  add ("cut", sequence->name, "C1007", "81:@", sequence->bytes);
  add ("cut-last-fragment", sequence->name, "C1007", "01:'a' 80:@", sequence->bytes);
  add ("cut-not-yet", sequence->name, "8a:'p'", "01:@ 89:'p'", sequence->bytes);
  add_single_bytes (sequence, "cut-bytes", " 80:", "C1007");
  add ("cut-reason", sequence->name, "C1007", "88:03e8+@", sequence->bytes);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (valid); i++)
    add_valid (&valid[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (invalid); i++)
    add_invalid (&invalid[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (cut); i++)
    add_cut (&cut[i]);
  CONFORMANCE_ADD (rows);
  return conformance_run (NULL, NULL);
}
