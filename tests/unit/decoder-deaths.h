/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decoders that are killed in the middle of what they do, now and then, but not one after the other: that would be held
 * to be the chunk's doing. A program that has this has its own ap-decoder.c. One thread. */
#pragma once

#include <glib.h>

/* @chance: (nullable): the caller's, for as long as decoders are used; NULL: none is killed */
void decoder_deaths_begin (GRand *chance);
