/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct {
  const char *name, *value;
} ApTwimlParameter;

/* Twilio's own bound of a parameter's name and value together, in characters. */
#define AP_TWIML_PARAMETER_MAX 500

/**
 * ap_twiml_connect_stream:
 * @url: `wss://…`; Twilio drops a query
 * @parameters: (array length=length): come back in the `start` message
 *
 * The answer to a call: `<Response><Connect><Stream url="…"><Parameter name="…"
 * value="…"/></Stream></Connect></Response>`. Pure; any thread.
 *
 * Returns: (transfer full): XML; %NULL and AP_ERROR_CONFIG if something cannot stand in XML, or a parameter is too long
 */
char *ap_twiml_connect_stream (const char *url, const ApTwimlParameter *parameters, gsize length, GError **error);
