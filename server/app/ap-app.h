/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "app/ap-config.h"

/* The whole server: its workers, and how they end. */
typedef struct _ApApp ApApp;

/* Listens and starts the workers. */
ApApp *ap_app_start (const ApConfig *config, GError **error);

/* Serves until SIGINT or SIGTERM and drains; a second signal cuts short. Returns the process's exit status. */
int ap_app_run (ApApp *app);

void ap_app_free (ApApp *app);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApApp, ap_app_free)
