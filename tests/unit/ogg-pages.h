/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ogg as tests want it: well made, or not. */
#pragma once

#include <glib.h>

enum { OGG_CONTINUED = 1, OGG_FIRST = 2, OGG_LAST = 4 };

typedef struct {
  GByteArray *bytes; /* the stream so far */
  guint32 serial;
  guint32 sequence; /* of the next page */
} OggStream;

/* A page as told: @segments are lengths, and @body has as many bytes as they say. */
void ogg_add_page (OggStream *stream, guint flags, gint64 granule, const guint8 *segments, guint n_segments,
                   const guint8 *body);

/* Packets on a page of their own, which they fit. */
void ogg_add_packets (OggStream *stream, guint flags, gint64 granule, GBytes *const *packets, guint n_packets);

/* A packet on as many pages as it needs, none of which has more than @most segments; only the last has a granule
 * position. */
void ogg_add_long_packet (OggStream *stream, guint flags, gint64 granule, GBytes *packet, guint most);

/* Where the page of that number begins in a stream of well made pages. */
gsize ogg_find_page (const GByteArray *bytes, guint number);

/* Computes the checksum of the page that begins there anew. */
void ogg_sign_page (guint8 *page);

gsize ogg_page_length (const guint8 *page);
