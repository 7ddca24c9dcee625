/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ap-endpoints.h"

#include "endpoints/docs/ap-docs.h"
#include "endpoints/echo/ap-echo.h"
#include "endpoints/recording/ap-recording-room.h"
#include "endpoints/twilio/ap-twilio.h"

const ApRoom *const ap_rooms[] = {
  &ap_echo_room, &ap_twilio_room, &ap_recording_room, &ap_docs_room, NULL,
};
