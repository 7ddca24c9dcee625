/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-http-target.h"

#include <string.h>

/* Returns: (nullable) */
static char *
decode (const char *text)
{
  g_autofree char *decoded = g_uri_unescape_string (text, NULL);

  return decoded != NULL && g_utf8_validate (decoded, -1, NULL) ? g_steal_pointer (&decoded) : NULL;
}

static char *
decode_form (const char *text)
{
  g_autofree char *spaced = g_strdelimit (g_strdup (text), "+", ' ');

  return decode (spaced);
}

char **
ap_http_path_split (const char *path)
{
  g_auto (GStrv) raw = g_strsplit (path, "/", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (char **segment = raw; *segment != NULL; segment++) {
    g_autofree char *decoded = decode (*segment);

    if (decoded == NULL)
      return NULL;
    g_strv_builder_add (builder, decoded);
  }
  return g_strv_builder_end (builder);
}

static gboolean
is_parameter (const char *segment)
{
  return *segment == '{' && g_str_has_suffix (segment, "}");
}

gboolean
ap_http_path_match (const char *const *pattern, const char *const *segments, char ***parameters)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (; *pattern != NULL && *segments != NULL; pattern++, segments++) {
    g_autofree char *name = NULL;

    if (!is_parameter (*pattern)) {
      if (!g_str_equal (*pattern, *segments))
        return FALSE;
      continue;
    }
    if (**segments == '\0')
      return FALSE;
    name = g_strndup (*pattern + 1, strlen (*pattern) - 2);
    g_strv_builder_add (builder, name);
    g_strv_builder_add (builder, *segments);
  }
  if (*pattern != NULL || *segments != NULL)
    return FALSE;
  *parameters = g_strv_builder_end (builder);
  return TRUE;
}

char **
ap_http_form_parse (const char *text)
{
  g_auto (GStrv) fields = g_strsplit (text != NULL ? text : "", "&", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (char **field = fields; *field != NULL; field++) {
    char *equals = strchr (*field, '=');
    g_autofree char *value = decode_form (equals != NULL ? equals + 1 : "");
    g_autofree char *name = NULL;

    if (equals != NULL)
      *equals = '\0';
    name = decode_form (*field);
    if (name == NULL || value == NULL)
      return NULL;
    if (*name == '\0' && equals == NULL) /* as between && */
      continue;
    g_strv_builder_add (builder, name);
    g_strv_builder_add (builder, value);
  }
  return g_strv_builder_end (builder);
}

const char *
ap_http_form_get (const char *const *pairs, const char *name)
{
  for (; pairs != NULL && *pairs != NULL; pairs += 2)
    if (g_str_equal (pairs[0], name))
      return pairs[1];
  return NULL;
}
