/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ap-room.h"

/* `/ws/audio`: every binary message goes through the pipeline and what comes out goes back. */
extern const ApRoom ap_echo_room;
