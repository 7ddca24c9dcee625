/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/ap-http-request.h"

/* The CORS protocol of the Fetch standard: which web pages of other origins may read what is answered. Those of
 * origins that are named (see ap_origin_is_named()), and without credentials: a token is sent by the page itself. On
 * the worker's thread. */

/* To be called first of all: whatever the answer will be, it says which pages may read it, as far as @origins
 * ((nullable): NULL-terminated) name any. */
void ap_http_cors_begin (ApHttpRequest *request, const char *const *origins);

/* Whether a browser asks with it, for a page of one of @origins, what that page may ask. */
gboolean ap_http_cors_is_preflight (ApHttpRequest *request, const char *const *origins);

/* @methods: (nullable): those of the path, with commas between; NULL when nothing is there: what a page may ask anyway
 * is then asked, and it sees why it gets nothing */
void ap_http_cors_respond_preflight (ApHttpRequest *request, const char *methods);
