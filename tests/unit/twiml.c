/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answer to a call: its XML, and the address in it. */
#include "base/ap-error.h"
#include "endpoints/twilio/ap-public-url.h"
#include "endpoints/twilio/ap-twiml.h"

#include <string.h>

/* ---- XML ---- */

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Connect><Stream url=\"wss://voice.example/ws\">"
#define TAIL "</Stream></Connect></Response>\n"

static const struct {
  ApTwimlParameter parameters[3];
  const char *xml; /* NULL: refused */
} documents[] = {
  { { { NULL, NULL } }, HEAD TAIL },
  { { { "token", "abc-_1" } }, HEAD "<Parameter name=\"token\" value=\"abc-_1\"/>" TAIL },
  { { { "a", "1" }, { "b", "" } }, HEAD "<Parameter name=\"a\" value=\"1\"/><Parameter name=\"b\" value=\"\"/>" TAIL },
  { { { "a\"b", "<&>'\"/>" } }, HEAD "<Parameter name=\"a&quot;b\" value=\"&lt;&amp;&gt;&apos;&quot;/&gt;\"/>" TAIL },
  { { { "\xc3\xa9", "\xf0\x9f\x8e\xa7" } }, HEAD "<Parameter name=\"\xc3\xa9\" value=\"\xf0\x9f\x8e\xa7\"/>" TAIL },
  { { { "a", "\t\n\r" } }, HEAD "<Parameter name=\"a\" value=\"&#x9;&#xA;&#xD;\"/>" TAIL },
  { { { "a", "\x01" } }, NULL },
  { { { "\x1b", "a" } }, NULL },
  { { { "a", "\xff" } }, NULL },
  { { { "a", "\xef\xbf\xbf" } }, NULL },
};

static gsize
length_of (const ApTwimlParameter *parameters)
{
  gsize length = 0;

  while (parameters[length].name != NULL)
    length++;
  return length;
}

static void
test_documents (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (documents); i++) {
    g_autoptr (GError) error = NULL;
    const ApTwimlParameter *parameters = documents[i].parameters;
    g_autofree char *xml =
        ap_twiml_connect_stream ("wss://voice.example/ws", parameters, length_of (parameters), &error);

    g_assert_cmpstr (xml, ==, documents[i].xml);
    g_assert_cmpint (xml == NULL, ==, g_error_matches (error, AP_ERROR, AP_ERROR_CONFIG));
  }
}

static void
test_the_url_is_escaped (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = ap_twiml_connect_stream ("wss://a/\"><Dial>&", NULL, 0, &error);
  g_autofree char *none = ap_twiml_connect_stream ("wss://a/\x02", NULL, 0, &error);

  g_assert_nonnull (strstr (xml, "<Stream url=\"wss://a/&quot;&gt;&lt;Dial&gt;&amp;\"></Stream>"));
  g_assert_null (none);
  g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
}

static void
test_parameters_are_bounded (void)
{
  g_autofree char *value = g_strnfill (AP_TWIML_PARAMETER_MAX - 2, 'x');
  g_autofree char *longer = g_strnfill (AP_TWIML_PARAMETER_MAX - 1, 'x');
  ApTwimlParameter parameters[] = { { "n", value }, { "n", longer } };
  g_autofree char *good = ap_twiml_connect_stream ("wss://a", parameters, 1, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (good);
  g_assert_null (ap_twiml_connect_stream ("wss://a", parameters, 2, &error));
  g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
}

/* ---- the address ---- */

static const struct {
  const char *base;
  ApPublicUrlRequest request;
  const char *websocket, *webhook; /* of /ws; NULL: refused */
} addresses[] = {
  /* as configured, whatever the request says */
  { "https://voice.example",
    { "other.example", "third.example", "http" },
    "wss://voice.example/ws",
    "https://voice.example/ws" },
  { "https://voice.example/", { NULL }, "wss://voice.example/ws", "https://voice.example/ws" },
  { "wss://Voice.Example:8443/calls/",
    { NULL },
    "wss://voice.example:8443/calls/ws",
    "https://voice.example:8443/calls/ws" },
  { "http://[::1]:8001", { NULL }, "ws://[::1]:8001/ws", "http://[::1]:8001/ws" },
  /* as a proxy says */
  { NULL, { "127.0.0.1:8001", "voice.example", "https" }, "wss://voice.example/ws", "https://voice.example/ws" },
  { NULL,
    { "127.0.0.1:8001", "voice.example , 10.0.0.1", "HTTPS,http" },
    "wss://voice.example/ws",
    "https://voice.example/ws" },
  { NULL, { "voice.example", NULL, "https" }, "wss://voice.example/ws", "https://voice.example/ws" },
  { NULL, { "voice.example", NULL, "wss" }, "wss://voice.example/ws", "https://voice.example/ws" },
  { NULL, { "voice.example", NULL, "ws" }, "ws://voice.example/ws", "http://voice.example/ws" },
  /* as the client says */
  { NULL, { "Voice.Example:8001", NULL, NULL }, "ws://voice.example:8001/ws", "http://voice.example:8001/ws" },
  { NULL, { "[2001:DB8::1]:8001", NULL, NULL }, "ws://[2001:db8::1]:8001/ws", "http://[2001:db8::1]:8001/ws" },
  { NULL, { "my_host", NULL, NULL }, "ws://my_host/ws", "http://my_host/ws" },
  /* nothing that could be a host */
  { NULL, { NULL, NULL, "https" }, NULL, NULL },
  { NULL, { "", NULL, NULL }, NULL, NULL },
  { NULL, { "voice.example", "", NULL }, NULL, NULL },
  { NULL, { "voice.example", ",voice.example", NULL }, NULL, NULL },
  { NULL, { "voice.example/evil", NULL, NULL }, NULL, NULL },
  { NULL, { "evil.example?", NULL, NULL }, NULL, NULL },
  { NULL, { "evil.example#", NULL, NULL }, NULL, NULL },
  { NULL, { "user@evil.example", NULL, NULL }, NULL, NULL },
  { NULL, { "voice.example\r\nX: y", NULL, NULL }, NULL, NULL },
  { NULL, { "voice example", NULL, NULL }, NULL, NULL },
  { NULL, { "\"><Dial>", NULL, NULL }, NULL, NULL },
  { NULL, { "voice.example:", NULL, NULL }, NULL, NULL },
  { NULL, { "voice.example:0", NULL, NULL }, NULL, NULL },
  { NULL, { "voice.example:65536", NULL, NULL }, NULL, NULL },
  { NULL, { "voice.example:+80", NULL, NULL }, NULL, NULL },
  { NULL, { ":80", NULL, NULL }, NULL, NULL },
  { NULL, { "[::1", NULL, NULL }, NULL, NULL },
  { NULL, { "[]", NULL, NULL }, NULL, NULL },
  { NULL, { "[::1]x", NULL, NULL }, NULL, NULL },
  { NULL, { "v\xc3\xb6ice.example", NULL, NULL }, NULL, NULL },
  { NULL, { "voice.example", NULL, "gopher" }, NULL, NULL },
};

static void
test_addresses (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++) {
    g_autofree char *websocket = ap_public_url_make (addresses[i].base, &addresses[i].request, TRUE, "/ws");
    g_autofree char *webhook = ap_public_url_make (addresses[i].base, &addresses[i].request, FALSE, "/ws");

    g_test_message ("row %zu", i);
    g_assert_cmpstr (websocket, ==, addresses[i].websocket);
    g_assert_cmpstr (webhook, ==, addresses[i].webhook);
  }
}

static void
test_long_hosts (void)
{
  g_autofree char *longest = g_strnfill (253, 'x');
  g_autofree char *longer = g_strnfill (254, 'x');
  g_autofree char *url = ap_public_url_make (NULL, &(ApPublicUrlRequest){ longest, NULL, NULL }, TRUE, "/ws");

  g_assert_nonnull (url);
  g_assert_null (ap_public_url_make (NULL, &(ApPublicUrlRequest){ longer, NULL, NULL }, TRUE, "/ws"));
}

static void
test_what_may_be_configured (void)
{
  static const char *const good[] = { "https://voice.example", "HTTP://localhost:8001/", "wss://a/b/c", "ws://[::1]" };
  static const char *const bad[] = {
    "",           "voice.example",   "https://",        "https:///ws",        "ftp://a",
    "://a",       "https://a?x=1",   "https://a/#b",    "https://u@a",        "https://a b",
    "https://a:", "https://a:99999", "https://a/<b>\"", "https://a/\xc3\xa9", "https:/a"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (ap_public_url_check (good[i], NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", bad[i]);
    g_assert_false (ap_public_url_check (bad[i], &error));
    g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/twiml/documents", test_documents);
  g_test_add_func ("/twiml/url", test_the_url_is_escaped);
  g_test_add_func ("/twiml/bounds", test_parameters_are_bounded);
  g_test_add_func ("/public-url/addresses", test_addresses);
  g_test_add_func ("/public-url/long-hosts", test_long_hosts);
  g_test_add_func ("/public-url/configured", test_what_may_be_configured);
  return g_test_run ();
}
