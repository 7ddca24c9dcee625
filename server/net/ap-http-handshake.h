/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/ap-http-request.h"

/* The opening handshake of a WebSocket (RFC 6455, section 4.2): what is asked, what is answered, and the socket taken.
 */

/* The sub-protocol that stands for none: for browsers, which must offer one that the server can select when they send a
 * token as another. */
#define AP_NEUTRAL_PROTOCOL "audio-pipeline"

/* The client's handshake (section 4.2.1). FALSE: it has been answered. */
gboolean ap_http_handshake_check (ApHttpRequest *request);

/**
 * ap_http_handshake_choose:
 * @offered: (nullable): the client's Sec-WebSocket-Protocol, a list
 * @known: (nullable): the endpoint's, NULL-terminated, the best first; NULL: it has none
 * @chosen: (out): what the answer names: the first of @known that is offered, else AP_NEUTRAL_PROTOCOL if that is; NULL
 * for nothing
 *
 * Returns: whether the two have something in common. A client that offers nothing has, and an endpoint without any.
 */
gboolean ap_http_handshake_choose (const char *offered, const char *const *known, const char **chosen);

/* Answers with 101, or with 400 and returns FALSE. */
gboolean ap_http_handshake_accept (ApHttpRequest *request, const char *protocol);

/**
 * ap_http_handshake_take:
 * @early: (out) (transfer full): bytes that came behind the request
 *
 * Once the 101 has been written: takes the socket from libsoup under a descriptor of its own, so that libsoup's and
 * GIO's objects around it can go.
 *
 * Returns: the descriptor, or -1 with errno
 */
int ap_http_handshake_take (ApHttpRequest *request, GBytes **early);
