/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Base 64 as RFC 4648, section 4, has it, straight into the caller's memory: GLib's functions allocate, or take
 * whatever comes for base 64, and four to five times as long. */

/**
 * ap_base64_decode:
 * @text: @length characters
 * @out: (out caller-allocates): takes length / 4 * 3 bytes at most
 *
 * Strict: no white space, no URL-safe letters, padding exactly where it belongs, and no bits left over behind the last
 * byte, so that every sequence of bytes has one text only.
 *
 * Returns: the number of bytes; -1 when @text is not base 64
 */
gssize ap_base64_decode (const char *text, gsize length, guint8 *out);

/* The number of characters for @length bytes. */
#define AP_BASE64_LENGTH(length) (((length) + 2) / 3 * 4)

/* Writes AP_BASE64_LENGTH (@length) characters, with padding and not terminated. */
void ap_base64_encode (char *out, const guint8 *bytes, gsize length);
