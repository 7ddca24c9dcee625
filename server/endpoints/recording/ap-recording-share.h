/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-index.h"

/* How much of the disk the recordings of each user have, against MAX_USER_MB: of one that is live the longer of its two
 * files, so that samples which are in both as they came count once; of others the WAV. What is live is counted as it
 * grows, what is not is asked of the index, when that may have changed. */
typedef struct _ApRecordingShares ApRecordingShares;

/* A live recording's part. Belongs to one thread at a time. */
typedef struct _ApRecordingShare ApRecordingShare;

/* @most: bytes of each user; 0: any number */
ApRecordingShares *ap_recording_shares_new (guint64 most);
/* After the last share. */
void ap_recording_shares_free (ApRecordingShares *shares);
/* From any thread, not blocking: rows of recordings that have ended have gone. @user_id: NULL: anybody's */
void ap_recording_shares_forget (ApRecordingShares *shares, const char *user_id);

/* Of nothing. Not blocking. @user_id: NULL: nobody, who has no bound */
ApRecordingShare *ap_recording_share_new (ApRecordingShares *shares, const char *user_id);
/* Not blocking when it is of nothing. */
void ap_recording_share_free (ApRecordingShare *share);
/* What there is, whatever the bound. */
void ap_recording_share_set (ApRecordingShare *share, guint64 bytes);

/* What there is to be: FALSE with QUOTA, and it stays as it is, where that is more than the user may have; less can
 * always be. Blocks when the index has to be asked; one that cannot be is taken to say what it said before. */
gboolean ap_recording_share_claim (ApRecordingShare *share, ApRecordingIndex *index, guint64 bytes, GError **error);

/* It is of nothing when @put has made the row of a recording that has ended; nobody counts it twice meanwhile, or not
 * at all. Blocks like @put. */
void ap_recording_share_end (ApRecordingShare *share, void (*put) (gpointer owner), gpointer owner);
