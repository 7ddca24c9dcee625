/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A telephone service that has lost its mind. */
#pragma once

#include "call-simulator.h"

/* Says something: right, at the wrong time, bent, cut, or no message at all. What the server answers to it is not
 * asked: it may close. */
void call_chaos_say (CallSimulator *call, GRand *random);

/* Leaves in one of many ways, and frees @call. */
void call_chaos_end (CallSimulator *call, GRand *random);
