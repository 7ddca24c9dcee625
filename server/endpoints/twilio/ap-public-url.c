/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The address under which others reach this server. */
#include "endpoints/twilio/ap-public-url.h"

#include "base/ap-error.h"

#include <string.h>

#define HOST_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
#define IPV6_CHARACTERS "ABCDEFabcdef0123456789:."
#define LONGEST_HOST    253 /* of a name in the DNS */

/* `:` and a number that is a port, or nothing. */
static gboolean
is_port (const char *text)
{
  guint64 port;

  if (*text == '\0')
    return TRUE;
  return *text == ':' && g_ascii_string_to_unsigned (text + 1, 10, 1, 65535, &port, NULL);
}

/* A host and perhaps a port: nothing that could end the host early, or change what stands around it. */
static gboolean
is_authority (const char *text)
{
  gsize length = *text == '[' ? strspn (text + 1, IPV6_CHARACTERS) : strspn (text, HOST_CHARACTERS);

  if (length == 0 || length > LONGEST_HOST)
    return FALSE;
  if (*text == '[')
    return text[1 + length] == ']' && is_port (text + length + 2);
  return is_port (text + length);
}

/* Returns: (transfer full) (nullable): the first item of a list. */
static char *
first_item (const char *list)
{
  return list != NULL ? g_strstrip (g_strndup (list, strcspn (list, ","))) : NULL;
}

/* TRUE and @secure if the first @length characters of @text are one of the four. */
static gboolean
is_scheme (const char *text, gsize length, gboolean *secure)
{
  static const char *const secure_ones[] = { "https", "wss", NULL };
  static const char *const plain_ones[] = { "http", "ws", NULL };
  g_autofree char *scheme = g_ascii_strdown (text, (gssize)length);

  *secure = g_strv_contains (secure_ones, scheme);
  return *secure || g_strv_contains (plain_ones, scheme);
}

static const char *
scheme_of (gboolean secure, gboolean websocket)
{
  if (websocket)
    return secure ? "wss" : "ws";
  return secure ? "https" : "http";
}

typedef struct {
  gboolean secure;
  char *authority;
  const char *prefix; /* of the path, in @base */
} Base;

static gboolean
parse_base (const char *base, Base *parts)
{
  const char *separator = strstr (base, "://");
  const char *authority = separator != NULL ? separator + strlen ("://") : NULL;

  if (separator == NULL || !is_scheme (base, (gsize)(separator - base), &parts->secure))
    return FALSE;
  parts->prefix = authority + strcspn (authority, "/?#");
  if (strpbrk (parts->prefix, "?#\"<>\\ ") != NULL || !g_str_is_ascii (parts->prefix))
    return FALSE;
  parts->authority = g_ascii_strdown (authority, parts->prefix - authority);
  if (is_authority (parts->authority))
    return TRUE;
  g_clear_pointer (&parts->authority, g_free);
  return FALSE;
}

static char *
join (gboolean secure, gboolean websocket, const char *authority, const char *prefix, const char *path)
{
  gsize length = strlen (prefix);

  while (length > 0 && prefix[length - 1] == '/')
    length--;
  return g_strdup_printf ("%s://%s%.*s%s", scheme_of (secure, websocket), authority, (int)length, prefix, path);
}

gboolean
ap_public_url_check (const char *base, GError **error)
{
  Base parts = { FALSE, NULL, NULL };
  gboolean good = parse_base (base, &parts);

  g_free (parts.authority);
  if (!good)
    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "'%s' is not a public URL such as https://voice.example.com", base);
  return good;
}

static char *
from_base (const char *base, gboolean websocket, const char *path)
{
  Base parts = { FALSE, NULL, NULL };
  g_autofree char *authority = NULL;

  if (!parse_base (base, &parts))
    return NULL;
  authority = parts.authority;
  return join (parts.secure, websocket, authority, parts.prefix, path);
}

char *
ap_public_url_make (const char *base, const ApPublicUrlRequest *request, gboolean websocket, const char *path)
{
  g_autofree char *host = NULL;
  g_autofree char *authority = NULL;
  g_autofree char *proto = NULL;
  gboolean secure = FALSE;

  if (base != NULL)
    return from_base (base, websocket, path);
  host = first_item (request->forwarded_host != NULL ? request->forwarded_host : request->host);
  if (host == NULL || !is_authority (host))
    return NULL;
  proto = first_item (request->forwarded_proto);
  if (proto != NULL && !is_scheme (proto, strlen (proto), &secure))
    return NULL;
  authority = g_ascii_strdown (host, -1);
  return join (secure, websocket, authority, "", path);
}
