/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single-use tokens: once, in time, for one call, in bounds, from all threads. */
#include "endpoints/twilio/ap-call-token.h"

#include <string.h>

#define START (1000 * G_TIME_SPAN_SECOND)
#define TTL   AP_CALL_TOKEN_TTL_US

/* Issued for a call, shown by a call, after a time. */
static const struct {
  const char *issued_for, *shown_by;
  gint64 after_us;
  gboolean good;
} cases[] = {
  { "CA1", "CA1", 0, TRUE },      { "CA1", "CA1", TTL - 1, TRUE }, { "CA1", "CA1", TTL, FALSE },
  { "CA1", "CA2", 0, FALSE },     { "CA1", NULL, 0, FALSE },       { "CA1", "", 0, FALSE },
  { NULL, "CA1", TTL - 1, TRUE }, { NULL, NULL, 0, TRUE },         { NULL, "CA1", TTL, FALSE },
};

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (ApCallTokens) tokens = ap_call_tokens_new (TTL, 10);
    g_autofree char *token = ap_call_tokens_issue (tokens, cases[i].issued_for, START);
    gint64 then = START + cases[i].after_us;

    g_test_message ("row %zu", i);
    g_assert_cmpuint (ap_call_tokens_count (tokens), ==, 1);
    g_assert_cmpint (ap_call_tokens_consume (tokens, token, cases[i].shown_by, then), ==, cases[i].good);
    g_assert_cmpuint (ap_call_tokens_count (tokens), ==, 0);
    g_assert_false (ap_call_tokens_consume (tokens, token, cases[i].issued_for, START)); /* used up, either way */
  }
}

static void
test_tokens_of_nobody (void)
{
  g_autoptr (ApCallTokens) tokens = ap_call_tokens_new (TTL, 10);
  g_autofree char *token = ap_call_tokens_issue (tokens, NULL, START);
  g_autofree char *longer = g_strconcat (token, "=", NULL);

  g_assert_false (ap_call_tokens_consume (tokens, NULL, NULL, START));
  g_assert_false (ap_call_tokens_consume (tokens, "", NULL, START));
  g_assert_false (ap_call_tokens_consume (tokens, longer, NULL, START));
  token[0] = token[0] == 'A' ? 'B' : 'A';
  g_assert_false (ap_call_tokens_consume (tokens, token, NULL, START));
  g_assert_cmpuint (ap_call_tokens_count (tokens), ==, 1);
}

static void
test_shape (void)
{
  g_autoptr (ApCallTokens) tokens = ap_call_tokens_new (TTL, 1000);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < 1000; i++) {
    char *token = ap_call_tokens_issue (tokens, NULL, START);

    g_assert_true (g_regex_match_simple ("^[A-Za-z0-9_-]{22}$", token, G_REGEX_DOLLAR_ENDONLY, 0));
    g_assert_true (g_hash_table_add (seen, token));
  }
}

static void
test_the_oldest_goes (void)
{
  g_autoptr (ApCallTokens) tokens = ap_call_tokens_new (TTL, 3);
  g_autoptr (GPtrArray) issued = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < 5; i++)
    g_ptr_array_add (issued, ap_call_tokens_issue (tokens, NULL, START + i));
  g_assert_cmpuint (ap_call_tokens_count (tokens), ==, 3);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpint (ap_call_tokens_consume (tokens, issued->pdata[i], NULL, START + 5), ==, i >= 2);
}

static void
test_expired_ones_make_room (void)
{
  g_autoptr (ApCallTokens) tokens = ap_call_tokens_new (TTL, 1000);

  for (guint i = 0; i < 10; i++)
    g_free (ap_call_tokens_issue (tokens, NULL, START + i));
  g_free (ap_call_tokens_issue (tokens, NULL, START + TTL + 8));
  g_assert_cmpuint (ap_call_tokens_count (tokens), ==, 2);
}

/* ---- threads ---- */

#define THREADS 4
#define ROUNDS  500

typedef struct {
  ApCallTokens *tokens;
  GPtrArray *shared; /* shown by all threads, each good for one of them */
} Crowd;

static gpointer
show_all (gpointer data)
{
  Crowd *crowd = data;
  guint good = 0;

  for (guint i = 0; i < ROUNDS; i++) {
    g_autofree char *own = ap_call_tokens_issue (crowd->tokens, "CA", START);

    good += (guint)ap_call_tokens_consume (crowd->tokens, crowd->shared->pdata[i], "CA", START);
    g_assert_true (ap_call_tokens_consume (crowd->tokens, own, "CA", START));
  }
  return GUINT_TO_POINTER (good);
}

static void
test_threads (void)
{
  g_autoptr (ApCallTokens) tokens = ap_call_tokens_new (TTL, ROUNDS + THREADS);
  g_autoptr (GPtrArray) shared = g_ptr_array_new_with_free_func (g_free);
  Crowd crowd = { tokens, shared };
  GThread *threads[THREADS];
  guint good = 0;

  for (guint i = 0; i < ROUNDS; i++)
    g_ptr_array_add (shared, ap_call_tokens_issue (tokens, "CA", START));
  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("shower", show_all, &crowd);
  for (guint i = 0; i < THREADS; i++)
    good += GPOINTER_TO_UINT (g_thread_join (threads[i]));
  g_assert_cmpuint (good, ==, ROUNDS);
  g_assert_cmpuint (ap_call_tokens_count (tokens), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call-token/cases", test_cases);
  g_test_add_func ("/call-token/nobody", test_tokens_of_nobody);
  g_test_add_func ("/call-token/shape", test_shape);
  g_test_add_func ("/call-token/oldest", test_the_oldest_goes);
  g_test_add_func ("/call-token/expired", test_expired_ones_make_room);
  g_test_add_func ("/call-token/threads", test_threads);
  return g_test_run ();
}
