/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-types.h"

/* Packets out of an Ogg stream, which comes cut anywhere: of one logical stream of each link of a chain. Pages whose
 * checksum is wrong are passed over, and so is what is no page; a packet of which a page is missing is dropped.
 *
 * It holds a page (64 KiB) and a packet that goes over several of them.
 *
 * Layout: RFC 3533. */
typedef struct _ApOggReader ApOggReader;

/* What is behind these bytes of a packet is left out. A frame of FLAC with 16384 samples of 24 bits in two channels has
 * 96 KiB. */
#define AP_OGG_MAX_PACKET ((gsize)256 * 1024)

typedef struct {
  const guint8 *data;
  gsize length;
  gboolean cut; /* it was longer */
} ApOggPacket;

/* What ends on a page. */
typedef struct {
  gint64 granule; /* of the last of the packets; -1: there is none */
  gboolean last;  /* the stream ends here */
  const ApOggPacket *packets;
  guint n_packets;
} ApOggPage;

typedef struct {
  /* The first packet of a logical stream. Returns whether it is the one to be read: those beside it are not asked for
   * then. It is the next link of a chain, and the one before has ended, if there was any. */
  gboolean (*begin) (gpointer owner, const guint8 *data, gsize length);
  /* One of the later pages of it. */
  gboolean (*page) (gpointer owner, const ApOggPage *page, GError **error);
} ApOggCallbacks;

/* @owner: passed to @callbacks */
ApOggReader *ap_ogg_reader_new (const ApOggCallbacks *callbacks, gpointer owner);
void ap_ogg_reader_free (ApOggReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApOggReader, ap_ogg_reader_free)

/**
 * ap_ogg_reader_feed:
 *
 * The next bytes; the call backs come before it returns. Errors: what `page` returned; AP_RECORDING_ERROR_UNDECODABLE,
 * where the beginnings of all streams have been seen and `begin` wanted none, and of damage without an end. After an
 * error it may only be freed.
 */
gboolean ap_ogg_reader_feed (ApOggReader *reader, const guint8 *data, gsize length, GError **error);

/* The checksum of a page in which its own four bytes are 0. */
guint32 ap_ogg_checksum (const guint8 *page, gsize length);
