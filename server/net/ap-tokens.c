/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-tokens.h"

#include "base/ap-error.h"

#include <string.h>

#define SCHEME       "Bearer "
#define CARRIER      "bearer."
#define DIGEST_BYTES 32
#define ALPHABET     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+"

typedef struct {
  guint8 bytes[DIGEST_BYTES];
} Digest;

struct _ApTokens {
  GArray *digests;
};

static Digest
digest_of (const char *token)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  Digest digest;
  gsize length = sizeof digest.bytes;

  g_checksum_update (checksum, (const guchar *)token, (gssize)strlen (token));
  g_checksum_get_digest (checksum, digest.bytes, &length);
  return digest;
}

ApTokens *
ap_tokens_new (const char *list, GError **error)
{
  g_autoptr (ApTokens) tokens = g_new0 (ApTokens, 1);
  g_auto (GStrv) parts = g_strsplit (list, ",", -1);

  tokens->digests = g_array_new (FALSE, FALSE, sizeof (Digest));
  for (char **part = parts; *part != NULL; part++) {
    const char *token = g_strstrip (*part);

    if (*token == '\0' || token[strspn (token, ALPHABET)] != '\0') {
      g_set_error (error, AP_ERROR, AP_ERROR_CONFIG,
                   "--api-token: token %u of the list is not valid; it takes letters, digits and -._~+ "
                   "(as from: openssl rand -hex 32)",
                   (guint)(part - parts) + 1);
      return NULL;
    }
    g_array_append_vals (tokens->digests, (Digest[]){ digest_of (token) }, 1);
  }
  if (tokens->digests->len > 0)
    return g_steal_pointer (&tokens);
  g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "--api-token: there is no token in it");
  return NULL;
}

void
ap_tokens_free (ApTokens *tokens)
{
  g_array_unref (tokens->digests);
  g_free (tokens);
}

/* Each byte of each digest is looked at, whatever differs. */
static gboolean
contain (const ApTokens *tokens, const char *candidate)
{
  Digest digest = digest_of (candidate);
  guint found = 0;

  for (guint i = 0; i < tokens->digests->len; i++) {
    const Digest *known = &g_array_index (tokens->digests, Digest, i);
    volatile guint8 difference = 0;

    for (gsize k = 0; k < sizeof digest.bytes; k++)
      difference |= digest.bytes[k] ^ known->bytes[k];
    found |= difference == 0;
  }
  return found != 0;
}

gboolean
ap_tokens_is_carrier (const char *protocol)
{
  return g_str_has_prefix (protocol, CARRIER);
}

gboolean
ap_tokens_let_in (const ApTokens *tokens, const char *authorization, const char *protocols)
{
  g_auto (GStrv) names = g_strsplit (protocols != NULL ? protocols : "", ",", -1);

  if (authorization != NULL && g_ascii_strncasecmp (authorization, SCHEME, strlen (SCHEME)) == 0 &&
      contain (tokens, authorization + strspn (authorization + strlen (SCHEME), " ") + strlen (SCHEME)))
    return TRUE;
  for (char **name = names; *name != NULL; name++)
    if (ap_tokens_is_carrier (g_strstrip (*name)) && contain (tokens, *name + strlen (CARRIER)))
      return TRUE;
  return FALSE;
}
