/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text is either refused with a reason or gives keys and values that, written down again, give the same. */
#include "app/ap-env-file.h"
#include "base/ap-error.h"

#include <string.h>

#include "fuzz.h"

static void
check_entry (const char *key, const char *value, GString *again)
{
  char quote = strchr (value, '"') == NULL ? '"' : '\'';

  g_assert_true (g_regex_match_simple ("^[A-Za-z_][A-Za-z0-9_]*$", key, G_REGEX_DOLLAR_ENDONLY, 0));
  g_assert_true (g_utf8_validate (value, -1, NULL));
  g_assert_null (strchr (value, '\n'));
  /* A value with both quotes can stand bare only. */
  if (strchr (value, quote) == NULL)
    g_string_append_printf (again, "%s=%c%s%c\n", key, quote, value, quote);
  else
    g_string_append_printf (again, "%s=%s\n", key, value);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup (size > 0 ? (const char *)data : "", size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) values = ap_env_file_parse (text, &error);
  g_autoptr (GHashTable) values_again = NULL;
  g_autoptr (GString) again = g_string_new (NULL);
  GHashTableIter iter;
  gpointer key;
  gpointer value;

  g_assert_true ((values == NULL) == g_error_matches (error, AP_ERROR, AP_ERROR_CONFIG));
  if (values == NULL)
    return 0;
  g_hash_table_iter_init (&iter, values);
  while (g_hash_table_iter_next (&iter, &key, &value))
    check_entry (key, value, again);
  values_again = ap_env_file_parse (again->str, &error);
  g_assert_no_error (error);
  g_hash_table_iter_init (&iter, values);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_assert_cmpstr (g_hash_table_lookup (values_again, key), ==, value);
  return 0;
}
