/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ap-room.h"

/* `/api/ws/audio`: audio that is recorded, and what `/api/audio/sessions` tells of it. */
extern const ApRoom ap_recording_room;
