/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-twilio-form.h"

/* The header X-Twilio-Signature: Base64 of the HMAC-SHA1, with the account's auth token as its key, of the URL as
 * Twilio was given it and the fields of a POST, sorted by name and value, each pair once. Pure; any thread.
 *
 * @url is absolute. Its scheme counts: an upgrade is signed as `wss://…`, a webhook as `https://…`. Services of Twilio
 * differ in whether they sign the port, so that both are accepted: the port of @url, or the scheme's own if it has
 * none, and no port; likewise `https://host` and `https://host/`. */

/* Returns: (transfer full): the signature of exactly this URL. @form may be NULL: a GET. */
char *ap_twilio_signature_make (const char *auth_token, const char *url, const ApTwilioForm *form);

/* @signature: (nullable): the header. Takes the same time for every wrong signature of the right length. */
gboolean ap_twilio_signature_is_valid (const char *auth_token, const char *url, const ApTwilioForm *form,
                                       const char *signature);
