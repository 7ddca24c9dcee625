/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ap-endpoint.h"

/* The WebSockets of the room: one makes a recording, the other joins one. */
extern const ApEndpoint ap_recording_create_endpoint;
extern const ApEndpoint ap_recording_join_endpoint;
