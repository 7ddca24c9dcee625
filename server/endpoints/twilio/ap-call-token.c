/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single-use tokens of calls. */
#include "endpoints/twilio/ap-call-token.h"

#include <string.h>
#include <sys/random.h>

#define TOKEN_BYTES 16

typedef struct {
  char *hash;
  char *call_id; /* NULL: any */
  gint64 expires_at;
  GList link; /* in the queue */
} Token;

struct _ApCallTokens {
  GMutex mutex; /* guards all below */
  gint64 ttl_us;
  guint max;
  GHashTable *by_hash; /* hash -> Token, which it owns */
  GQueue by_age;       /* the oldest first; all live equally long, so it also expires first */
};

static void
token_free (gpointer data)
{
  Token *token = data;

  g_free (token->hash);
  g_free (token->call_id);
  g_free (token);
}

ApCallTokens *
ap_call_tokens_new (gint64 ttl_us, guint max)
{
  ApCallTokens *tokens = g_new0 (ApCallTokens, 1);

  g_mutex_init (&tokens->mutex);
  tokens->ttl_us = ttl_us;
  tokens->max = MAX (max, 1);
  tokens->by_hash = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, token_free);
  g_queue_init (&tokens->by_age);
  return tokens;
}

void
ap_call_tokens_free (ApCallTokens *tokens)
{
  g_hash_table_unref (tokens->by_hash);
  g_mutex_clear (&tokens->mutex);
  g_free (tokens);
}

/* Base64 with the alphabet for URLs (RFC 4648, section 5), without padding. */
static char *
encode (const guint8 *bytes, gsize length)
{
  char *text = g_base64_encode (bytes, length);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

static void
drop (ApCallTokens *tokens, Token *token)
{
  g_queue_unlink (&tokens->by_age, &token->link);
  g_hash_table_remove (tokens->by_hash, token->hash);
}

static void
drop_old (ApCallTokens *tokens, gint64 now)
{
  Token *oldest;

  while ((oldest = g_queue_peek_head (&tokens->by_age)) != NULL &&
         (oldest->expires_at <= now || tokens->by_age.length >= tokens->max))
    drop (tokens, oldest);
}

static void
keep (ApCallTokens *tokens, Token *token, gint64 now)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&tokens->mutex);

  drop_old (tokens, now);
  g_queue_push_tail_link (&tokens->by_age, &token->link);
  g_hash_table_insert (tokens->by_hash, token->hash, token);
}

char *
ap_call_tokens_issue (ApCallTokens *tokens, const char *call_id, gint64 now)
{
  guint8 bytes[TOKEN_BYTES];
  Token *token;
  char *text;

  /* As few bytes as these come whole or not at all (getrandom(2)). */
  if (getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
    return NULL;
  text = encode (bytes, sizeof bytes);
  token = g_new0 (Token, 1);
  token->hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  token->call_id = g_strdup (call_id);
  token->expires_at = now + tokens->ttl_us;
  token->link.data = token;
  keep (tokens, token, now);
  return text;
}

gboolean
ap_call_tokens_consume (ApCallTokens *tokens, const char *token, const char *call_id, gint64 now)
{
  g_autofree char *hash = token != NULL ? g_compute_checksum_for_string (G_CHECKSUM_SHA256, token, -1) : NULL;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&tokens->mutex);
  Token *found = hash != NULL ? g_hash_table_lookup (tokens->by_hash, hash) : NULL;
  gboolean good;

  if (found == NULL)
    return FALSE;
  good = found->expires_at > now && (found->call_id == NULL || g_strcmp0 (found->call_id, call_id) == 0);
  drop (tokens, found);
  return good;
}

guint
ap_call_tokens_count (ApCallTokens *tokens)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&tokens->mutex);

  return tokens->by_age.length;
}
