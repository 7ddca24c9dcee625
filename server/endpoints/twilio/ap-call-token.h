/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Tokens that let one stream in: handed out with the TwiML of a call, and to be shown by its `start`. A signature says
 * that Twilio connects, but may be replayed and names no call; a token is good once, for a while, and for one call.
 *
 * The store is shared by all workers: any thread, under a mutex of its own that guards all of it and is held for a
 * look-up each time. It keeps the SHA-256 of each token only. So its look-up need not take the same time for all: what
 * timing tells is about a hash that nobody can choose, and of which a token is not made. @now is monotonic time in
 * microseconds. */
typedef struct _ApCallTokens ApCallTokens;

#define AP_CALL_TOKEN_TTL_US (60 * G_TIME_SPAN_SECOND)
/* Over it the oldest goes: whoever makes us hand out many can shut out calls that are being set up, but use up no
 * memory. */
#define AP_CALL_TOKENS_MAX 4096

ApCallTokens *ap_call_tokens_new (gint64 ttl_us, guint max);
void ap_call_tokens_free (ApCallTokens *tokens);

/**
 * ap_call_tokens_issue:
 * @call_id: (nullable): the call that it is for; NULL: any
 *
 * Returns: (transfer full) (nullable): 22 characters of `A-Z a-z 0-9 - _`, 128 random bits; NULL if the system gives
 * none
 */
char *ap_call_tokens_issue (ApCallTokens *tokens, const char *call_id, gint64 now);

/* Whether @token was issued for @call_id, less than the time to live ago, and is shown for the first time. Also one
 * that is shown for the wrong call is used up. Both may be NULL. */
gboolean ap_call_tokens_consume (ApCallTokens *tokens, const char *token, const char *call_id, gint64 now);

guint ap_call_tokens_count (ApCallTokens *tokens); /* those kept, expired ones that nobody has asked for included */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApCallTokens, ap_call_tokens_free)
