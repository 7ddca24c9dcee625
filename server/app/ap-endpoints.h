/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ap-room.h"

/* Every room of the server, and so every protocol that it speaks; NULL-terminated. */
extern const ApRoom *const ap_rooms[];
