/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ap-health.h"

#include "base/ap-json.h"

void
ap_health_respond (ApHttpRequest *request, guint active_connections)
{
  JsonBuilder *builder = json_builder_new ();
  g_autofree char *body = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "status");
  json_builder_add_string_value (builder, "ok");
  json_builder_set_member_name (builder, "active_connections");
  json_builder_add_int_value (builder, active_connections);
  json_builder_end_object (builder);
  body = ap_json_builder_take (builder);
  ap_http_request_respond_json (request, SOUP_STATUS_OK, body);
}
