// SPDX-License-Identifier: LGPL-2.1-or-later
// Before ReDoc: it would make a worker for its search from text, and try Function() for that; neither is allowed here,
// and a search in one document is quick without.
'use strict';

delete globalThis.Worker;
