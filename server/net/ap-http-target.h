/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a request's target says: segments of a path, and names with values. Without I/O. */

/**
 * ap_http_path_split:
 * @path: as it came, with its escapes: `/api/calls/CA%31`
 *
 * An escaped slash stays in its segment.
 *
 * Returns: (transfer full) (nullable): the segments, decoded; NULL when that gives no UTF-8, or a NUL
 */
char **ap_http_path_split (const char *path);

/**
 * ap_http_path_match:
 * @pattern: segments, of which `{name}` stands for any but the empty one
 * @parameters: (out) (transfer full): names and values by turns
 */
gboolean ap_http_path_match (const char *const *pattern, const char *const *segments, char ***parameters);

/**
 * ap_http_form_parse:
 * @text: (nullable): `a=1&b=two+words`, of a query or of a body of application/x-www-form-urlencoded
 *
 * Returns: (transfer full) (nullable): names and values by turns, decoded, in order; NULL when a name or a value is no
 * UTF-8, or has a NUL
 */
char **ap_http_form_parse (const char *text);

/* Of names and values by turns: the first value of that name, or NULL. */
const char *ap_http_form_get (const char *const *pairs, const char *name);
