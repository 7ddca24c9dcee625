/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endpoints/echo/ap-echo.h"

#include "session/ap-session.h"

static void
echo_binary (ApSession *session, const guint8 *data, gsize length)
{
  ap_session_log_frame (session, length);
  ap_session_push (session, data, length);
}

static void
echo_frame (ApSession *session, GstBuffer *buffer)
{
  ap_session_send_buffer (session, buffer);
}

static const ApEndpoint endpoint = {
  .path = "/ws/audio",
  .binary = echo_binary,
  .frame = echo_frame,
};

const ApRoom ap_echo_room = {
  .name = "echo",
  .endpoints = (const ApEndpoint *const[]){ &endpoint, NULL },
};
