/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who sent a request: the signature that goes with it. */
#include "endpoints/twilio/ap-twilio-signature.h"

#include <string.h>

#define DIGEST_BYTES 20

static gint
compare_fields (gconstpointer a, gconstpointer b)
{
  const ApTwilioField *first = *(const ApTwilioField *const *)a;
  const ApTwilioField *second = *(const ApTwilioField *const *)b;
  gint order = strcmp (first->name, second->name);

  return order != 0 ? order : strcmp (first->value, second->value);
}

/* What is signed behind the URL. */
static char *
join_fields (const ApTwilioForm *form)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  GString *text = g_string_new (NULL);

  for (gsize i = 0; form != NULL && i < form->length; i++)
    g_ptr_array_add (sorted, &form->fields[i]);
  g_ptr_array_sort (sorted, compare_fields);
  for (guint i = 0; i < sorted->len; i++) {
    const ApTwilioField *field = sorted->pdata[i];

    if (i > 0 && compare_fields (&sorted->pdata[i - 1], &sorted->pdata[i]) == 0)
      continue;
    g_string_append (text, field->name);
    g_string_append (text, field->value);
  }
  return g_string_free (text, FALSE);
}

static char *
sign (const char *auth_token, const char *url, const char *fields)
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA1, (const guchar *)auth_token, strlen (auth_token));
  guint8 digest[DIGEST_BYTES];
  gsize length = sizeof digest;

  g_hmac_update (hmac, (const guchar *)url, (gssize)strlen (url));
  g_hmac_update (hmac, (const guchar *)fields, (gssize)strlen (fields));
  g_hmac_get_digest (hmac, digest, &length);
  return g_base64_encode (digest, length);
}

char *
ap_twilio_signature_make (const char *auth_token, const char *url, const ApTwilioForm *form)
{
  g_autofree char *fields = join_fields (form);

  return sign (auth_token, url, fields);
}

/* ---- the ways in which one URL may have been written ---- */

typedef struct {
  const char *start; /* scheme://host */
  gsize start_length;
  const char *port; /* with its colon; may be empty */
  gsize port_length;
  const char *rest; /* path and query */
  const char *default_port;
} Url;

/* A colon within the brackets of an IPv6 address begins no port. */
static const char *
find_port (const char *authority, const char *end)
{
  const char *at = end;

  while (at > authority && g_ascii_isdigit (at[-1]))
    at--;
  return at > authority && at[-1] == ':' ? at - 1 : end;
}

static gboolean
split (const char *url, Url *parts)
{
  const char *separator = strstr (url, "://");
  const char *authority = separator != NULL ? separator + strlen ("://") : NULL;
  gboolean secure = g_str_has_prefix (url, "https:") || g_str_has_prefix (url, "wss:");

  if (authority == NULL)
    return FALSE;
  parts->rest = authority + strcspn (authority, "/?#");
  parts->port = find_port (authority, parts->rest);
  parts->port_length = (gsize)(parts->rest - parts->port);
  parts->start = url;
  parts->start_length = (gsize)(parts->port - url);
  parts->default_port = secure ? ":443" : ":80";
  return TRUE;
}

static gboolean
is_equal (const char *signature, const char *expected)
{
  volatile guint8 difference = 0;

  if (strlen (signature) != strlen (expected))
    return FALSE;
  for (gsize i = 0; expected[i] != '\0'; i++)
    difference |= (guint8)(signature[i] ^ expected[i]);
  return difference == 0;
}

/* Bits, so that no answer is known before all have been tried. */
static guint
matches (const char *auth_token, const Url *parts, gboolean with_port, const char *path, const char *fields,
         const char *signature)
{
  gboolean own = parts->port_length > 0;
  g_autofree char *url = g_strdup_printf ("%.*s%.*s%s%s%s", (int)parts->start_length, parts->start,
                                          with_port ? (int)parts->port_length : 0, parts->port,
                                          with_port && !own ? parts->default_port : "", path, parts->rest);
  g_autofree char *expected = sign (auth_token, url, fields);

  return is_equal (signature, expected) ? 1 : 0;
}

gboolean
ap_twilio_signature_is_valid (const char *auth_token, const char *url, const ApTwilioForm *form, const char *signature)
{
  g_autofree char *fields = NULL;
  guint found = 0;
  Url parts;
  Url bare;

  if (signature == NULL || !split (url, &parts))
    return FALSE;
  fields = join_fields (form);
  bare = parts;
  /* A path of its own, even one that ends with a slash, has one way to be written only. */
  if (parts.rest[0] == '/' && strchr ("?#", parts.rest[1]) != NULL)
    bare.rest++;
  for (gint with_port = 0; with_port < 2; with_port++) {
    found |= matches (auth_token, &parts, with_port, "", fields, signature);
    found |= matches (auth_token, &bare, with_port, bare.rest[0] == '/' ? "" : "/", fields, signature);
    found |= matches (auth_token, &bare, with_port, "", fields, signature);
  }
  return found != 0;
}
