/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/**
 * ap_crc32c:
 * @crc: 0, or what the call for the bytes before @data has given
 *
 * CRC-32C (Castagnoli's polynomial, as in RFC 3720, appendix B.4), by the CPU's own instruction where it has one.
 * From any thread.
 */
guint32 ap_crc32c (guint32 crc, const guint8 *data, gsize length);

/* The same on any CPU. */
guint32 ap_crc32c_portable (guint32 crc, const guint8 *data, gsize length);
