/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message of a call, and what can be wrong with one. */
#include "endpoints/twilio/ap-call-message.h"

#include "endpoints/twilio/ap-call-error.h"

/* Not by G_DEFINE_QUARK(), whose cache two workers may write at the same moment. */
GQuark
ap_call_error_quark (void)
{
  return g_quark_from_static_string ("ap-call-error-quark");
}

void
ap_call_message_clear (ApCallMessage *message)
{
  g_clear_pointer (&message->room, g_free);
  message->room_size = 0;
}
