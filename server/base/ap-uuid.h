/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Identifiers that nobody can guess: UUIDs of version 4 (RFC 9562, section 5.4), 122 bits of them from the kernel's
 * generator. GLib's own are made by a Mersenne Twister, whose state shows in what it gives. */
#define AP_UUID_LENGTH 36

/* From the same generator, for what else nobody is to guess. */
void ap_random_fill (gpointer bytes, gsize length);

void ap_uuid_new (char id[AP_UUID_LENGTH + 1]);

/* Strict, so that a text that passes is a file's name without more ado: 36 characters, lower case, hyphens in their
 * places, of any version. */
gboolean ap_uuid_is_valid (const char *text);
