/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ap-room.h"

/* Telephone calls: the WebSockets of the services that stream them, `/api/calls`, and the webhooks of Twilio. */
extern const ApRoom ap_twilio_room;
