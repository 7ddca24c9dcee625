/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/**
 * ap_origin_is_allowed:
 * @origin: (nullable): the request's Origin; NULL: not a browser
 * @host: (nullable): the request's Host
 * @allowed: (nullable): NULL-terminated: origins as browsers send them (`https://voice.example`), or `*` for all
 *
 * Whether a web page may open a WebSocket. Browsers let every page try, so that the server has to decide (RFC 6455,
 * section 10.2): pages of the server's own host may, and those named; a program that is no browser sends no Origin.
 */
gboolean ap_origin_is_allowed (const char *origin, const char *host, const char *const *allowed);

/**
 * ap_origin_is_named:
 * @origin: (nullable): the request's Origin, all of its values
 *
 * Whether a web page may read over HTTP what is answered: where @allowed has its origin by name. `*` is no name, and
 * neither is `null`, which any page can be: they would let every page that somebody opens read recordings, and delete
 * them.
 */
gboolean ap_origin_is_named (const char *origin, const char *const *allowed);
gboolean ap_origin_any_is_named (const char *const *allowed);
