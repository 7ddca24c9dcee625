/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Under which address others reach this server: what TwiML names, and what signatures are made of. Pure; any thread. */

/* What a request says of it; each may be NULL. Only to be believed as far as the sender is: who can name the host can
 * have a call of its own connected elsewhere, no more. */
typedef struct {
  const char *host;            /* Host */
  const char *forwarded_host;  /* X-Forwarded-Host: a list counts by its first item */
  const char *forwarded_proto; /* X-Forwarded-Proto: likewise */
} ApPublicUrlRequest;

/* Whether @base can be `--public-url`: http, https, ws or wss, a host, perhaps a port and a path. */
gboolean ap_public_url_check (const char *base, GError **error);

/**
 * ap_public_url_make:
 * @base: (nullable): `--public-url`, checked; NULL: as @request says
 * @websocket: ws or wss instead of http or https
 * @path: begins with a slash
 *
 * Without a word about the protocol it is taken for plain HTTP.
 *
 * Returns: (transfer full) (nullable): NULL if the request names no host, or one that cannot be one
 */
char *ap_public_url_make (const char *base, const ApPublicUrlRequest *request, gboolean websocket, const char *path);
