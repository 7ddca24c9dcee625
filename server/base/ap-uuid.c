/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random numbers, and UUIDs of them, from getrandom(2). */
#include "base/ap-uuid.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

static gboolean
is_hyphen (gsize place)
{
  return place == 8 || place == 13 || place == 18 || place == 23;
}

void
ap_random_fill (gpointer bytes, gsize length)
{
  for (gsize at = 0; at < length;) {
    gssize n = getrandom ((guint8 *)bytes + at, length - at, 0);

    if (n < 0 && errno != EINTR)
      g_error ("getrandom: %s", g_strerror (errno)); /* no kernel that we run on lacks it */
    at += n > 0 ? (gsize)n : 0;
  }
}

void
ap_uuid_new (char id[AP_UUID_LENGTH + 1])
{
  static const char digits[] = "0123456789abcdef";
  guint8 bytes[16];

  ap_random_fill (bytes, sizeof bytes);
  bytes[6] = 0x40 | (bytes[6] & 0x0f); /* version 4 */
  bytes[8] = 0x80 | (bytes[8] & 0x3f); /* this variant */
  for (gsize place = 0, digit = 0; place < AP_UUID_LENGTH; place++) {
    if (is_hyphen (place)) {
      id[place] = '-';
      continue;
    }
    id[place] = digits[digit % 2 == 0 ? bytes[digit / 2] >> 4 : bytes[digit / 2] & 0x0f];
    digit++;
  }
  id[AP_UUID_LENGTH] = '\0';
}

gboolean
ap_uuid_is_valid (const char *text)
{
  for (gsize place = 0; place < AP_UUID_LENGTH; place++) {
    gboolean good =
        is_hyphen (place) ? text[place] == '-' : g_ascii_isxdigit (text[place]) && !g_ascii_isupper (text[place]);

    if (!good) /* also at a text's end */
      return FALSE;
  }
  return text[AP_UUID_LENGTH] == '\0';
}
