/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON as the server writes it: one line, always well formed. */
#include "base/ap-json.h"

static void
test_builder (void)
{
  JsonBuilder *builder = json_builder_new ();
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "n");
  json_builder_add_int_value (builder, 7);
  json_builder_end_object (builder);
  text = ap_json_builder_take (builder);
  g_assert_cmpstr (text, ==, "{\"n\":7}");
}

/* Whatever the message holds, the body stays one line that a parser gives back unchanged. */
static void
test_error_body (void)
{
  static const char *const messages[] = { "plain", "", "a \"quote\" and a \\", "two\nlines\t\x01",
                                          "caf\xc3\xa9 \xf0\x9f\x8e\xa7" };

  for (guint i = 0; i < G_N_ELEMENTS (messages); i++) {
    g_autofree char *body = ap_json_error_body (messages[i]);
    g_autoptr (JsonNode) node = json_from_string (body, NULL);

    g_assert_null (strchr (body, '\n'));
    g_assert_nonnull (node);
    g_assert_cmpstr (json_object_get_string_member (json_node_get_object (node), "error"), ==, messages[i]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/builder", test_builder);
  g_test_add_func ("/json/error-body", test_error_body);
  return g_test_run ();
}
