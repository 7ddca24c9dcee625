/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbered frames in their order. A frame is its number as a pointer. */
#include "endpoints/twilio/ap-call-order.h"

/* What goes in, and what comes out of it, `|` after each: late ones in brackets. */
static const struct {
  guint64 first;
  guint64 in[16];
  const char *out;
} cases[] = {
  { 1, { 1, 2, 3 }, "1 |2 |3 |" },
  { 1, { 2, 1, 3 }, "|1 2 |3 |" },
  { 1, { 3, 2, 1, 4 }, "||1 2 3 |4 |" },
  { 1, { 1, 1, 3, 3, 2 }, "1 |[1] ||[3] |2 3 |" },
  { 1, { 1, 2, 5, 6 }, "1 |2 |||" },
  { 1, { 2, 3, 4, 5, 6, 7, 8, 9, 10, 1 }, "|||||||2 3 4 5 6 7 8 9 |10 |[1] |" },
  { 5, { 1, 2, 3, 4, 5, 6 }, "[1] |[2] |[3] |[4] |5 |6 |" },
  { 100, { 100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, "100 |[1] |[2] |[3] |[4] |[5] |[6] |[7] |8 |9 |10 |" },
};

static void
take_all (ApCallOrder *order, gboolean all, GString *out)
{
  gpointer frame;

  while ((frame = ap_call_order_take (order, all)) != NULL)
    g_string_append_printf (out, "%u ", GPOINTER_TO_UINT (frame));
}

static char *
run (const guint64 *in, ApCallOrder *order)
{
  GString *out = g_string_new (NULL);

  for (; *in > 0; in++) {
    if (!ap_call_order_put (order, *in, GUINT_TO_POINTER ((guint)*in)))
      g_string_append_printf (out, "[%u] ", (guint)*in);
    take_all (order, FALSE, out);
    g_string_append_c (out, '|');
  }
  return g_string_free (out, FALSE);
}

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *out = NULL;
    ApCallOrder order;

    ap_call_order_init (&order, cases[i].first);
    out = run (cases[i].in, &order);
    g_assert_cmpstr (out, ==, cases[i].out);
  }
}

static void
test_the_rest_at_the_end (void)
{
  static const guint64 in[] = { 1, 4, 3, 7, 0 };
  g_autoptr (GString) rest = g_string_new (NULL);
  g_autofree char *out = NULL;
  ApCallOrder order;

  ap_call_order_init (&order, 1);
  out = run (in, &order);
  g_assert_cmpstr (out, ==, "1 ||||");
  take_all (&order, TRUE, rest);
  g_assert_cmpstr (rest->str, ==, "3 4 7 ");
  g_assert_cmpuint (order.missing, ==, 3);
}

/* Displaced by less than the window, everything comes out in order. */
static void
test_random_displacements (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (8);
  ApCallOrder order;
  guint expected = 1;

  ap_call_order_init (&order, 1);
  for (guint block = 0; block < 10000; block++) {
    guint numbers[AP_CALL_ORDER_WINDOW];

    for (guint i = 0; i < AP_CALL_ORDER_WINDOW; i++) {
      guint other = (guint)g_rand_int_range (random, 0, (gint)i + 1);

      numbers[i] = numbers[other];
      numbers[other] = block * AP_CALL_ORDER_WINDOW + i + 1;
    }
    for (guint i = 0; i < AP_CALL_ORDER_WINDOW; i++) {
      gpointer frame;

      g_assert_true (ap_call_order_put (&order, numbers[i], GUINT_TO_POINTER (numbers[i])));
      while ((frame = ap_call_order_take (&order, FALSE)) != NULL)
        g_assert_cmpuint (GPOINTER_TO_UINT (frame), ==, expected++);
    }
  }
  g_assert_cmpuint (expected, ==, 10000 * AP_CALL_ORDER_WINDOW + 1);
  g_assert_cmpuint (order.missing + order.late, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call-order/cases", test_cases);
  g_test_add_func ("/call-order/end", test_the_rest_at_the_end);
  g_test_add_func ("/call-order/random", test_random_displacements);
  return g_test_run ();
}
