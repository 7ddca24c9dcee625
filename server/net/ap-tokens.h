/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The secrets that let a client in. Kept as digests only, so that a comparison tells by its time neither a token's
 * bytes nor its length. Immutable; any thread. */
typedef struct _ApTokens ApTokens;

/**
 * ap_tokens_new:
 * @list: tokens separated by commas, of letters, digits and `-._~+`: what both a header (RFC 6750, section 2.1) and the
 * name of a WebSocket sub-protocol (RFC 6455, section 4.1) can carry
 *
 * AP_ERROR_CONFIG names what is wrong, and no token.
 */
ApTokens *ap_tokens_new (const char *list, GError **error);
void ap_tokens_free (ApTokens *tokens);

/**
 * ap_tokens_let_in:
 * @authorization: (nullable): the header Authorization: `Bearer TOKEN`
 * @protocols: (nullable): the header Sec-WebSocket-Protocol, a list: one that is `bearer.TOKEN` is for browsers, which
 * can set no other header of a handshake
 */
gboolean ap_tokens_let_in (const ApTokens *tokens, const char *authorization, const char *protocols);

/* Whether a sub-protocol's name carries a token, right or wrong: it is not to be repeated. */
gboolean ap_tokens_is_carrier (const char *protocol);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApTokens, ap_tokens_free)
