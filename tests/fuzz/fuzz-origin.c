/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever stands in Origin and Host, a page is let in only if its host is the server's, or if it is named. An input is
 * three lines: Origin, Host, and the origins that are named, with commas between them. */
#include "net/ap-origin.h"

#include <string.h>

#include "fuzz.h"

/* The same rule, found another way: schemes and ports are taken off by expressions. */
static gboolean
is_same_host (const char *origin, const char *host)
{
  g_autoptr (GRegex) scheme = g_regex_new ("^(?:(?!://).)*://", G_REGEX_DOTALL | G_REGEX_RAW, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  const char *port = g_str_has_prefix (origin, "https:") ? ":443" : ":80";
  g_autoptr (GString) from = g_string_new (NULL);
  g_autoptr (GString) to = g_string_new (host);
  int end = 0;

  if (!g_regex_match (scheme, origin, 0, &match))
    return FALSE;
  g_match_info_fetch_pos (match, 0, NULL, &end);
  g_string_append (from, origin + end);
  if (g_str_has_suffix (from->str, port))
    g_string_truncate (from, from->len - strlen (port));
  if (g_str_has_suffix (to->str, port))
    g_string_truncate (to, to->len - strlen (port));
  return g_ascii_strcasecmp (from->str, to->str) == 0;
}

static gboolean
is_named (const char *origin, char **names)
{
  for (char **name = names; *name != NULL; name++)
    if (g_ascii_strcasecmp (*name, origin) == 0 || strcmp (*name, "*") == 0)
      return TRUE;
  return FALSE;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup (size > 0 ? (const char *)data : "", size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 3);
  g_auto (GStrv) names = NULL;

  if (g_strv_length (lines) < 3)
    return 0;
  names = g_strsplit (lines[2], ",", -1);
  g_assert_true (ap_origin_is_allowed (NULL, lines[1], (const char *const *)names));
  g_assert_true (ap_origin_is_allowed (lines[0], NULL, (const char *const *)names) == is_named (lines[0], names));
  g_assert_true (ap_origin_is_allowed (lines[0], lines[1], NULL) == is_same_host (lines[0], lines[1]));
  g_assert_true (ap_origin_is_allowed (lines[0], lines[1], (const char *const *)names) ==
                 (is_same_host (lines[0], lines[1]) || is_named (lines[0], names)));
  return 0;
}
