/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ap-env-file.h"

#include "base/ap-error.h"

#include <string.h>

static gboolean
is_key (const char *key)
{
  if (!g_ascii_isalpha (*key) && *key != '_')
    return FALSE;
  while (g_ascii_isalnum (*key) || *key == '_')
    key++;
  return *key == '\0';
}

/* A quoted value is taken as it is; from another, a comment behind white space is cut off. Returns FALSE when a quote
 * is not closed. */
static gboolean
unquote (char *value)
{
  char quote = *value;
  char *end;

  if (quote != '"' && quote != '\'') {
    for (end = value; *end != '\0'; end++)
      if (*end == '#' && (end == value || g_ascii_isspace (end[-1])))
        *end-- = '\0';
    g_strchomp (value);
    return TRUE;
  }
  end = strchr (value + 1, quote);
  if (end == NULL)
    return FALSE;
  *end = '\0';
  memmove (value, value + 1, strlen (value));
  return TRUE;
}

static const char *
parse_line (char *line, GHashTable *values)
{
  char *equals;

  g_strstrip (line);
  if (*line == '\0' || *line == '#')
    return NULL;
  if (g_str_has_prefix (line, "export "))
    line = g_strchug (line + strlen ("export "));
  equals = strchr (line, '=');
  if (equals == NULL)
    return "expected KEY=value";
  *equals = '\0';
  g_strchomp (line);
  if (!is_key (line))
    return "a key is made of letters, digits and underscores";
  if (!unquote (g_strchug (equals + 1)))
    return "a quote is not closed";
  g_hash_table_insert (values, g_strdup (line), g_strdup (equals + 1));
  return NULL;
}

GHashTable *
ap_env_file_parse (const char *text, GError **error)
{
  g_autoptr (GHashTable) values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) lines = NULL;

  if (!g_utf8_validate (text, -1, NULL)) {
    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "the file is not UTF-8 text");
    return NULL;
  }
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    const char *problem = parse_line (lines[i], values);

    if (problem != NULL) {
      g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "line %u: %s", i + 1, problem);
      return NULL;
    }
  }
  return g_steal_pointer (&values);
}
