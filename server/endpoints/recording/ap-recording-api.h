/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-store.h"
#include "net/ap-http.h"

/* /api/audio/sessions; a recording is the path's `{id}`. @store: the ApRecordingStore. What is asked is checked on the
 * worker, asked on the store's strands, and answered from there. */

/* The bound of a body, which means nothing. */
#define AP_RECORDING_API_BODY (4 * 1024)

void ap_recording_api_list (ApHttpRequest *request, gpointer store);
void ap_recording_api_show (ApHttpRequest *request, gpointer store);
void ap_recording_api_close (ApHttpRequest *request, gpointer store);
void ap_recording_api_audio (ApHttpRequest *request, gpointer store);
void ap_recording_api_peaks (ApHttpRequest *request, gpointer store);
void ap_recording_api_delete (ApHttpRequest *request, gpointer store);
