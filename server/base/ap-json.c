/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-json.h"

char *
ap_json_builder_take (JsonBuilder *builder)
{
  g_autoptr (JsonBuilder) owned = builder;
  g_autoptr (JsonNode) root = json_builder_get_root (owned);

  return json_to_string (root, FALSE);
}

char *
ap_json_error_body (const char *message)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "error");
  json_builder_add_string_value (builder, message);
  json_builder_end_object (builder);
  return ap_json_builder_take (builder);
}
