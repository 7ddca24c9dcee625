/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-origin.h"

#include <string.h>

/* The length of an authority without the port that its scheme has anyway; browsers leave that out of both headers,
 * other programs not always. */
static gsize
significant_length (const char *authority, const char *default_port)
{
  gsize length = strlen (authority);

  return g_str_has_suffix (authority, default_port) ? length - strlen (default_port) : length;
}

static gboolean
is_same_host (const char *origin, const char *host)
{
  const char *separator = strstr (origin, "://");
  const char *default_port;
  const char *authority;
  gsize length;

  if (separator == NULL || host == NULL)
    return FALSE;
  default_port = g_str_has_prefix (origin, "https:") ? ":443" : ":80";
  authority = separator + strlen ("://");
  length = significant_length (authority, default_port);
  return length == significant_length (host, default_port) && g_ascii_strncasecmp (authority, host, length) == 0;
}

/* Every page can be of the origin `null`, in a frame that is a sandbox. */
static gboolean
is_name (const char *allowed)
{
  return *allowed != '\0' && !g_str_equal (allowed, "*") && g_ascii_strcasecmp (allowed, "null") != 0;
}

gboolean
ap_origin_any_is_named (const char *const *allowed)
{
  for (; allowed != NULL && *allowed != NULL; allowed++)
    if (is_name (*allowed))
      return TRUE;
  return FALSE;
}

gboolean
ap_origin_is_named (const char *origin, const char *const *allowed)
{
  for (; origin != NULL && allowed != NULL && *allowed != NULL; allowed++)
    if (is_name (*allowed) && g_ascii_strcasecmp (*allowed, origin) == 0)
      return TRUE;
  return FALSE;
}

gboolean
ap_origin_is_allowed (const char *origin, const char *host, const char *const *allowed)
{
  if (origin == NULL || is_same_host (origin, host))
    return TRUE;
  for (; allowed != NULL && *allowed != NULL; allowed++)
    if (g_str_equal (*allowed, "*") || g_ascii_strcasecmp (*allowed, origin) == 0)
      return TRUE;
  return FALSE;
}
