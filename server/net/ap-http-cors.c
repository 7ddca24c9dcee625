/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers' headers for web pages of other origins. */
#include "net/ap-http-cors.h"

#include "net/ap-http-request-private.h"
#include "net/ap-origin.h"

/* What a page may send beyond what every page may, and what it sees beyond what every page sees. */
#define ALLOWED_HEADERS "Authorization, Content-Type, If-None-Match, If-Range, Range"
#define EXPOSED_HEADERS "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Retry-After"

/* Two hours, the most that Chromium keeps a preflight's answer for. */
#define MAX_AGE "7200"

static const char *
origin_of (ApHttpRequest *request)
{
  return ap_http_request_get_header (request, "Origin");
}

/* What is not for a page is not to be kept for one either (Fetch standard, "CORS protocol and HTTP caches"). */
void
ap_http_cors_begin (ApHttpRequest *request, const char *const *origins)
{
  if (!ap_origin_any_is_named (origins))
    return;
  ap_http_request_add_standing_header (request, "Vary", "Origin");
  if (!ap_origin_is_named (origin_of (request), origins))
    return;
  ap_http_request_add_standing_header (request, "Access-Control-Allow-Origin", origin_of (request));
  ap_http_request_add_standing_header (request, "Access-Control-Expose-Headers", EXPOSED_HEADERS);
}

gboolean
ap_http_cors_is_preflight (ApHttpRequest *request, const char *const *origins)
{
  return g_str_equal (ap_http_request_get_method (request), "OPTIONS") &&
         ap_http_request_get_header (request, "Access-Control-Request-Method") != NULL &&
         ap_origin_is_named (origin_of (request), origins);
}

void
ap_http_cors_respond_preflight (ApHttpRequest *request, const char *methods)
{
  if (methods != NULL)
    ap_http_request_add_header (request, "Access-Control-Allow-Methods", methods);
  ap_http_request_add_header (request, "Access-Control-Allow-Headers", ALLOWED_HEADERS);
  ap_http_request_add_header (request, "Access-Control-Max-Age", MAX_AGE);
  ap_http_request_respond (request, SOUP_STATUS_NO_CONTENT, NULL, NULL);
}
