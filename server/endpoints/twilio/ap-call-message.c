/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message of a call, and what can be wrong with one. */
#include "endpoints/twilio/ap-call-message.h"

#include "endpoints/twilio/ap-call-error.h"

G_DEFINE_QUARK (ap - call - error - quark, ap_call_error)

void
ap_call_message_clear (ApCallMessage *message)
{
  g_clear_pointer (&message->room, g_free);
  message->room_size = 0;
}
