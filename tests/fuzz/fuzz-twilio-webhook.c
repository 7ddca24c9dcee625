/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a webhook brings: its address on the first line (as a URL, and as a host), then its fields. What we sign is
 * valid and nothing near it; what we write as XML is read as it was. */
#include "endpoints/twilio/ap-public-url.h"
#include "endpoints/twilio/ap-twilio-signature.h"
#include "endpoints/twilio/ap-twiml.h"

#include <string.h>

#include "fuzz.h"

static void
check_signature (const char *url, const ApTwilioForm *form)
{
  g_autofree char *signature = ap_twilio_signature_make ("12345", url, form);
  gboolean is_url = strstr (url, "://") != NULL;

  g_assert_cmpint (ap_twilio_signature_is_valid ("12345", url, form, signature), ==, is_url);
  signature[strlen (url) % 27] ^= 1;
  g_assert_false (ap_twilio_signature_is_valid ("12345", url, form, signature));
}

/* A host that passes is one word, between the slashes. */
static void
check_address (const char *host)
{
  ApPublicUrlRequest request = { NULL, host, "https" };
  g_autofree char *url = ap_public_url_make (NULL, &request, TRUE, "/ws");
  g_autofree char *from_base = ap_public_url_check (host, NULL) ? ap_public_url_make (host, NULL, TRUE, "/ws") : NULL;
  g_autofree char *again = from_base != NULL ? ap_public_url_make (from_base, NULL, TRUE, "") : NULL;

  if (url != NULL)
    g_assert_true (g_regex_match_simple ("^wss://[^/?#@\\s\"<>]+/ws$", url, G_REGEX_DOLLAR_ENDONLY, 0));
  g_assert_cmpstr (from_base, ==, again);
}

typedef struct {
  const ApTwilioForm *form;
  gsize seen;
} Reading;

static void
on_element (GMarkupParseContext *context, const char *element, const char **names, const char **values, gpointer data,
            GError **error)
{
  Reading *reading = data;

  if (!g_str_equal (element, "Parameter"))
    return;
  g_assert_cmpstr (names[0], ==, "name");
  g_assert_cmpstr (values[0], ==, reading->form->fields[reading->seen].name);
  g_assert_cmpstr (names[1], ==, "value");
  g_assert_cmpstr (values[1], ==, reading->form->fields[reading->seen].value);
  reading->seen++;
}

static void
check_twiml (const char *url, const ApTwilioForm *form)
{
  static const GMarkupParser parser = { .start_element = on_element };
  g_autofree ApTwimlParameter *parameters = g_new0 (ApTwimlParameter, form->length + 1);
  Reading reading = { form, 0 };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &reading, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;

  for (gsize i = 0; i < form->length; i++)
    parameters[i] = (ApTwimlParameter){ form->fields[i].name, form->fields[i].value };
  xml = ap_twiml_connect_stream (url, parameters, form->length, NULL);
  if (xml == NULL)
    return;
  g_markup_parse_context_parse (context, xml, -1, &error);
  g_assert_no_error (error);
  g_assert_true (g_markup_parse_context_end_parse (context, &error));
  g_assert_cmpuint (reading.seen, ==, form->length);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = size > 0 ? (const char *)data : "";
  const char *end = memchr (text, '\n', size);
  gsize length = end != NULL ? (gsize)(end - text) : size;
  gsize body = MIN (length + 1, size);
  g_autofree char *url = g_strndup (text, length);
  g_autoptr (ApTwilioForm) form = ap_twilio_form_parse (text + body, size - body);

  check_signature (url, NULL);
  check_address (url);
  if (form != NULL) {
    check_signature (url, form);
    check_twiml (url, form);
  }
  return 0;
}
