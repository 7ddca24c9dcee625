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

/* Whether it can be in such an answer. */
gboolean ap_twiml_can_pass (const ApTwimlParameter *parameter);

/* The answer to a call that cannot be taken now: who calls hears that the line is busy. */
#define AP_TWIML_BUSY "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Reject reason=\"busy\"/></Response>\n"
