/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any path and any query are either refused or come out as UTF-8; a query that is written down again gives the same. An
 * input is a path and, behind the first question mark, a query. */
#include "net/ap-http-target.h"

#include <string.h>

#include "fuzz.h"

static void
check_strings (char **strings)
{
  for (char **string = strings; *string != NULL; string++)
    g_assert_true (g_utf8_validate (*string, -1, NULL));
}

static void
check_path (const char *path)
{
  static const char *const patterns[][4] = {
    { "health", NULL }, { "calls", "{id}", NULL }, { "calls", "{id}", "hangup", NULL }, { "{a}", "{b}", NULL }
  };
  g_auto (GStrv) segments = ap_http_path_split (path);

  if (segments == NULL)
    return;
  check_strings (segments);
  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++) {
    g_auto (GStrv) parameters = NULL;

    if (!ap_http_path_match (patterns[i], (const char *const *)segments, &parameters))
      continue;
    g_assert_cmpuint (g_strv_length (segments), ==, g_strv_length ((char **)patterns[i]));
    g_assert_cmpuint (g_strv_length (parameters) % 2, ==, 0);
    check_strings (parameters);
  }
}

static void
check_query (const char *text)
{
  g_auto (GStrv) pairs = ap_http_form_parse (text);
  g_auto (GStrv) pairs_again = NULL;
  g_autoptr (GString) again = g_string_new (NULL);

  if (pairs == NULL)
    return;
  g_assert_cmpuint (g_strv_length (pairs) % 2, ==, 0);
  check_strings (pairs);
  for (guint i = 0; pairs[i] != NULL; i += 2) {
    g_autofree char *name = g_uri_escape_string (pairs[i], NULL, FALSE);
    g_autofree char *value = g_uri_escape_string (pairs[i + 1], NULL, FALSE);

    g_string_append_printf (again, "%s%s=%s", i > 0 ? "&" : "", name, value);
    g_assert_nonnull (ap_http_form_get ((const char *const *)pairs, pairs[i]));
  }
  pairs_again = ap_http_form_parse (again->str);
  g_assert_true (g_strv_equal ((const char *const *)pairs, (const char *const *)pairs_again));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup (size > 0 ? (const char *)data : "", size);
  g_auto (GStrv) parts = g_strsplit (text, "?", 2);

  if (parts[0] == NULL)
    return 0;
  check_path (parts[0]);
  check_query (parts[1]);
  return 0;
}
