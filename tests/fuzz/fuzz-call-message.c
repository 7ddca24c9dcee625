/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message of a call in every dialect: refused with a reason, or with strings that are UTF-8, audio that is in bounds
 * and that comes back when it is sent again. An input is one byte that chooses the dialect, and the message. */
#include "endpoints/twilio/ap-call-dialect.h"

#include <string.h>

#include "fuzz.h"

static void
check_text (const char *text)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
}

static void
check_start (const ApCallMessage *message)
{
  check_text (message->start.call_id);
  check_text (message->start.account_id);
  g_assert_cmpuint (message->start.audio.rate, <=, 192000);
  g_assert_cmpuint (message->start.audio.channels, <=, 2);
  g_assert_cmpuint (message->start.n_parameters, <=, AP_CALL_PARAMETERS);
  for (guint i = 0; i < message->start.n_parameters; i++) {
    check_text (message->start.parameters[i].name);
    check_text (message->start.parameters[i].value);
  }
}

/* What we say is one message that the same dialect could read, and nothing is lost in it. */
static void
check_echo (const ApCallDialect *dialect, const ApCallCommand *command)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_auto (ApCallMessage) back = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean json;

  if (!ap_call_write (dialect, command, out, &error)) {
    g_assert_true (error->domain == AP_CALL_ERROR && out->len == 0);
    return;
  }
  json = !dialect->plain_text && !(command->kind == AP_CALL_SAY_MEDIA && dialect->binary_audio);
  if (!json)
    return;
  /* Some services take other words than they say. */
  g_assert_true (ap_call_read_text (dialect, out->str, out->len, &back, &error) ||
                 g_error_matches (error, AP_CALL_ERROR, AP_CALL_ERROR_MISSING_FIELD));
  if (back.kind == AP_CALL_MEDIA)
    g_assert_cmpmem (back.media.payload, back.media.length, command->payload, command->length);
  if (back.kind == AP_CALL_MARK)
    g_assert_cmpstr (back.mark, ==, command->name);
}

static void
check_message (const ApCallDialect *dialect, const ApCallMessage *message)
{
  ApCallCommand command = { AP_CALL_SAY_CLEAR, message->stream_id };

  check_text (message->event);
  check_text (message->stream_id);
  if (message->kind == AP_CALL_START) {
    check_start (message);
  } else if (message->kind == AP_CALL_MEDIA) {
    g_assert_cmpuint (message->media.length, <=, AP_CALL_PAYLOAD_BYTES);
    command.kind = AP_CALL_SAY_MEDIA;
    command.payload = message->media.payload;
    command.length = message->media.length;
  } else if (message->kind == AP_CALL_MARK) {
    check_text (message->mark);
    command.kind = AP_CALL_SAY_MARK;
    command.name = message->mark;
  } else if (message->kind == AP_CALL_DTMF) {
    g_assert_nonnull (strchr ("0123456789*#ABCD", message->dtmf.digit));
  } else if (message->kind == AP_CALL_FAULT) {
    check_text (message->fault.code);
    check_text (message->fault.text);
  } else if (message->kind == AP_CALL_STOP) {
    check_text (message->stop_reason);
  }
  check_echo (dialect, &command);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static guint n_dialects;
  g_auto (ApCallMessage) message = { 0 };
  g_autoptr (GError) error = NULL;
  const ApCallDialect *dialect;

  while (ap_call_dialects[n_dialects] != NULL)
    n_dialects++;
  if (size == 0)
    return 0;
  dialect = ap_call_dialects[data[0] % n_dialects];
  if (ap_call_read_text (dialect, (const char *)data + 1, size - 1, &message, &error)) {
    check_message (dialect, &message);
  } else {
    g_assert_true (error->domain == AP_CALL_ERROR && message.kind == AP_CALL_UNKNOWN);
    check_text (error->message);
  }
  return 0;
}
