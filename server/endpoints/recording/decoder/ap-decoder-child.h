/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a decoder's process does once it is in the sandbox. Opens nothing, logs nothing. */

/* One decoder, on @socket. Returns when the server has closed it. */
void ap_decoder_child_serve_one (int socket);

/* Many decoders, taking turns by messages: each is a socket that arrives over @channel. Returns when that is closed. */
void ap_decoder_child_serve_pool (int channel);
