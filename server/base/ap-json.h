/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/**
 * ap_json_builder_take:
 * @builder: (transfer full): a builder whose root is complete
 *
 * Returns: (transfer full): its JSON as one line of UTF-8, without a line end.
 */
char *ap_json_builder_take (JsonBuilder *builder);

/**
 * ap_json_error_body:
 * @message: what is wrong and what to do about it
 *
 * Returns: (transfer full): `{"error":"…"}`, the body of every HTTP error.
 */
char *ap_json_error_body (const char *message);
