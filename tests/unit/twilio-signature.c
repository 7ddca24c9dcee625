/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signatures of upgrades and webhooks, and the fields that are signed. The npm package of Twilio judges the same code
 * in tests/e2e. */
#include "endpoints/twilio/ap-twilio-signature.h"

#include <string.h>

#define TOKEN "12345"

/* ---- vectors ---- */

static const struct {
  const char *url, *body, *signature;
} vectors[] = {
  { "wss://example.com/ws", NULL, "HXrgvHt0qTHu33oSxSjpOvWtO60=" },
  { "wss://example.com/ws/", NULL, "j0Lk7oc4I3dN5+UOMYWX25p8tJA=" },
  { "wss://example.com", NULL, "WhInc32piEQH5iWNct/7FHs5ew8=" },
  { "wss://example.com/", NULL, "hoaxtdkWNBxVYCmDLq7UdjDdXIg=" },
  { "wss://example.com:8443/ws", NULL, "/59RD5+QS4eGmm6Fz3jaJUEQKyY=" },
  { "wss://example.com:443/ws", NULL, "fLXa42CzfLCkCjOgAXUFU9jBvKc=" },
  { "https://example.com/ws", NULL, "RMKrDnlKcrzEPTw7B4L41XGq/yY=" },
  { "https://[2001:db8::1]/ws", NULL, "BtJRqaXaPAn1RpBFa9RUhCyZgYM=" },
  { "https://example.com/twiml", "", "y2rtGXWe6k/s5ODWo9iZk2+Z67Y=" },
  { "https://example.com/twiml",
    "To=%2B18005551212&Digits=1234&CallSid=CA1234567890ABCDE&Caller=%2B14158675309&From=%2B14158675309",
    "0GAau3HKl6kWDF7s2Eqx4O4PeIc=" },
  { "https://example.com/twiml", "b=2&B=3&a=z&a=y&a=z&empty=&caf%C3%A9=%c3%bc+%26%20%3D",
    "qWqiN/gCDXxsgZDBunNy3L5MFvA=" },
  { "https://example.com/twiml?x=1&y=%20", "a=1", "6AM3YPqD+DXBz60W3gmYz01C03A=" },
};

static ApTwilioForm *
form_of (const char *body)
{
  return body != NULL ? ap_twilio_form_parse (body, strlen (body)) : NULL;
}

static void
test_vectors (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++) {
    g_autoptr (ApTwilioForm) form = form_of (vectors[i].body);
    g_autofree char *signature = ap_twilio_signature_make (TOKEN, vectors[i].url, form);

    g_assert_cmpstr (signature, ==, vectors[i].signature);
    g_assert_true (ap_twilio_signature_is_valid (TOKEN, vectors[i].url, form, signature));
    g_assert_false (ap_twilio_signature_is_valid ("12346", vectors[i].url, form, signature));
    g_assert_false (ap_twilio_signature_is_valid (TOKEN, vectors[i].url, form, NULL));
    for (gsize at = 0; at < strlen (signature); at++) {
      signature[at] ^= 1;
      g_assert_false (ap_twilio_signature_is_valid (TOKEN, vectors[i].url, form, signature));
      signature[at] ^= 1;
    }
  }
}

/* ---- one address, written in several ways ---- */

/* Whether a request to @url may carry the signature of @signed_url. */
static const struct {
  const char *url, *signed_url;
  gboolean valid;
} pairs[] = {
  { "wss://example.com/ws", "wss://example.com:443/ws", TRUE },
  { "wss://example.com:443/ws", "wss://example.com/ws", TRUE },
  { "wss://example.com:8443/ws", "wss://example.com/ws", TRUE },
  { "wss://example.com:8443/ws", "wss://example.com:443/ws", FALSE },
  { "wss://example.com/ws", "wss://example.com:8443/ws", FALSE },
  { "https://example.com/twiml", "https://example.com:443/twiml", TRUE },
  { "http://example.com/twiml", "http://example.com:80/twiml", TRUE },
  { "http://example.com/twiml", "http://example.com:443/twiml", FALSE },
  { "wss://example.com", "wss://example.com/", TRUE },
  { "wss://example.com/", "wss://example.com", TRUE },
  { "wss://example.com", "wss://example.com:443/", TRUE },
  { "wss://example.com:8443/", "wss://example.com", TRUE },
  { "wss://example.com?x=1", "wss://example.com/?x=1", TRUE },
  { "wss://example.com/?x=1", "wss://example.com?x=1", TRUE },
  { "https://[2001:db8::1]/ws", "https://[2001:db8::1]:443/ws", TRUE },
  { "https://[2001:db8::1]:8443/ws", "https://[2001:db8::1]/ws", TRUE },
  { "wss://example.com/ws", "https://example.com/ws", FALSE },
  { "wss://example.com/ws", "wss://example.com/ws/", FALSE },
  { "wss://example.com/ws/", "wss://example.com/ws", FALSE },
  { "wss://example.com/", "wss://example.com//", FALSE },
  { "wss://example.com/ws", "wss://example.com/ws?x=1", FALSE },
  { "wss://example.com/ws", "wss://example.org/ws", FALSE },
  { "wss://example.com/ws", "wss://EXAMPLE.com/ws", FALSE },
  { "/ws", "/ws", FALSE },
  { "", "", FALSE },
};

static void
test_ways_to_write (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++) {
    g_autofree char *signature = ap_twilio_signature_make (TOKEN, pairs[i].signed_url, NULL);

    g_test_message ("%s, signed as %s", pairs[i].url, pairs[i].signed_url);
    g_assert_cmpint (ap_twilio_signature_is_valid (TOKEN, pairs[i].url, NULL, signature), ==, pairs[i].valid);
  }
}

static void
test_shapes_of_headers (void)
{
  static const char *const headers[] = { "",
                                         " ",
                                         "HXrgvHt0qTHu33oSxSjpOvWtO60",
                                         "HXrgvHt0qTHu33oSxSjpOvWtO60= ",
                                         "HXrgvHt0qTHu33oSxSjpOvWtO60==",
                                         "HXrgvHt0qTHu33oSxSjpOvWtO61=" };

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    g_assert_false (ap_twilio_signature_is_valid (TOKEN, "wss://example.com/ws", NULL, headers[i]));
}

/* ---- fields ---- */

static const struct {
  const char *body, *fields; /* "name=value;" each, as they are; NULL: refused */
} forms[] = {
  { "", "" },
  { "&&", "" },
  { "a=1", "a=1;" },
  { "a=1&b=2&a=3", "a=1;b=2;a=3;" },
  { "a", "a=;" },
  { "=1", "=1;" },
  { "a=b=c", "a=b=c;" },
  { "a+b=c+%2B+d", "a b=c + d;" },
  { "%c3%A9=%E2%82%AC&", "\xc3\xa9=\xe2\x82\xac;" },
  { "a=%", NULL },
  { "a=%2", NULL },
  { "a=%zz", NULL },
  { "%0g=1", NULL },
  { "a=%00", NULL },
  { "a=%FF", NULL },
  { "a=\xff", NULL },
};

static void
test_forms (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++) {
    g_autoptr (ApTwilioForm) form = form_of (forms[i].body);
    g_autoptr (GString) fields = g_string_new (NULL);

    g_test_message ("row %zu", i);
    g_assert_cmpint (form == NULL, ==, forms[i].fields == NULL);
    for (gsize k = 0; form != NULL && k < form->length; k++)
      g_string_append_printf (fields, "%s=%s;", form->fields[k].name, form->fields[k].value);
    if (form != NULL)
      g_assert_cmpstr (fields->str, ==, forms[i].fields);
  }
  g_assert_null (ap_twilio_form_parse ("a=\0b", 4));
}

static void
test_fields_by_name (void)
{
  g_autoptr (ApTwilioForm) form = form_of ("a=1&b=2&a=3");

  g_assert_cmpstr (ap_twilio_form_get (form, "a"), ==, "1");
  g_assert_cmpstr (ap_twilio_form_get (form, "b"), ==, "2");
  g_assert_null (ap_twilio_form_get (form, "c"));
}

static void
test_fields_are_bounded (void)
{
  g_autoptr (GString) body = g_string_new (NULL);
  g_autoptr (ApTwilioForm) most = NULL;

  for (guint i = 0; i < AP_TWILIO_FORM_FIELDS; i++)
    g_string_append (body, "a=1&");
  most = ap_twilio_form_parse (body->str, body->len);
  g_assert_cmpuint (most->length, ==, AP_TWILIO_FORM_FIELDS);
  g_string_append (body, "a=1");
  g_assert_null (ap_twilio_form_parse (body->str, body->len));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/twilio-signature/vectors", test_vectors);
  g_test_add_func ("/twilio-signature/ways-to-write", test_ways_to_write);
  g_test_add_func ("/twilio-signature/headers", test_shapes_of_headers);
  g_test_add_func ("/twilio-form/cases", test_forms);
  g_test_add_func ("/twilio-form/get", test_fields_by_name);
  g_test_add_func ("/twilio-form/bounds", test_fields_are_bounded);
  return g_test_run ();
}
