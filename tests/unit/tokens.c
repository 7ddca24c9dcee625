/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens: which are taken, and what lets a client in. */
#include "base/ap-error.h"
#include "net/ap-tokens.h"

#include <string.h>

static void
test_valid_lists (void)
{
  static const char *const lists[] = { "a", "one,two", " one , two ", "AZaz09-._~+",
                                       "0123456789abcdef0123456789abcdef" };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (ApTokens) tokens = ap_tokens_new (lists[i], &error);

    g_assert_no_error (error);
    g_assert_nonnull (tokens);
  }
}

/* What a header or a sub-protocol's name cannot carry; the message does not repeat it. */
static void
test_invalid_lists (void)
{
  static const char *const lists[] = { "",        ",",        "good,",    ",good",    "good, ,good",   "sec ret",
                                       "sec/ret", "secret==", "sec\tret", "sec\"ret", "secr\xc3\xa9t", "sec:ret",
                                       "sec\nret" };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (ApTokens) tokens = ap_tokens_new (lists[i], &error);

    g_test_message ("%u", i);
    g_assert_null (tokens);
    g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
    g_assert_null (strstr (error->message, "sec"));
  }
}

typedef struct {
  const char *authorization;
  const char *protocols;
  gboolean let_in;
} Row;

static const Row rows[] = {
  { NULL, NULL, FALSE },
  { "", "", FALSE },
  { "Bearer first", NULL, TRUE },
  { "Bearer second", NULL, TRUE },
  { "bearer first", NULL, TRUE }, /* a scheme's case does not matter (RFC 9110, section 11.1) */
  { "BEARER  first", NULL, TRUE },
  { "Bearer First", NULL, FALSE },
  { "Bearer firs", NULL, FALSE },
  { "Bearer firsts", NULL, FALSE },
  { "Bearer irst", NULL, FALSE },
  { "Bearer fixed", NULL, FALSE },
  { "Bearer ", NULL, FALSE },
  { "Bearer", NULL, FALSE },
  { "Bearerfirst", NULL, FALSE },
  { "Bearer first,second", NULL, FALSE },
  { "Bearer first, Bearer second", NULL, FALSE },
  { "Basic first", NULL, FALSE },
  { "first", NULL, FALSE },
  { NULL, "bearer.first", TRUE },
  { NULL, "audio-pipeline, bearer.first", TRUE },
  { NULL, "bearer.second,audio-pipeline", TRUE },
  { NULL, "bearer.wrong, bearer.second", TRUE },
  { NULL, "Bearer.first", FALSE }, /* names of sub-protocols are compared as they are */
  { NULL, "bearer.firs", FALSE },
  { NULL, "bearer.firsts", FALSE },
  { NULL, "bearer.", FALSE },
  { NULL, "bearer", FALSE },
  { NULL, "first", FALSE },
  { NULL, "audio-pipeline", FALSE },
  { NULL, "bearer first", FALSE },
  { "Bearer wrong", "bearer.first", TRUE },
  { "Bearer first", "bearer.wrong", TRUE },
  { "Bearer wrong", "bearer.wrong", FALSE },
};

static void
test_let_in (void)
{
  g_autoptr (ApTokens) tokens = ap_tokens_new ("first, second", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s / %s", rows[i].authorization, rows[i].protocols);
    g_assert_cmpint (ap_tokens_let_in (tokens, rows[i].authorization, rows[i].protocols), ==, rows[i].let_in);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tokens/valid-lists", test_valid_lists);
  g_test_add_func ("/tokens/invalid-lists", test_invalid_lists);
  g_test_add_func ("/tokens/let-in", test_let_in);
  return g_test_run ();
}
