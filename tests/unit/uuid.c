/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Identifiers: their form, that they differ, and everything that is none. */
#include "base/ap-uuid.h"

#include <string.h>

static void
test_form (void)
{
  char id[AP_UUID_LENGTH + 1];

  for (guint i = 0; i < 1000; i++) {
    ap_uuid_new (id);
    g_assert_true (ap_uuid_is_valid (id));
    g_assert_true (g_uuid_string_is_valid (id));
    g_assert_cmpint (id[14], ==, '4');
    g_assert_nonnull (strchr ("89ab", id[19]));
  }
}

/* Each of the 122 bits is seen as 0 and as 1, and no identifier comes twice. */
static void
test_random (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint8 ones[AP_UUID_LENGTH] = { 0 }, zeros[AP_UUID_LENGTH] = { 0 };

  for (guint i = 0; i < 1000; i++) {
    char id[AP_UUID_LENGTH + 1];

    ap_uuid_new (id);
    g_assert_true (g_hash_table_add (seen, g_strdup (id)));
    for (guint place = 0; place < AP_UUID_LENGTH; place++) {
      ones[place] |= (guint8)g_ascii_xdigit_value (id[place]);
      zeros[place] |= (guint8)~g_ascii_xdigit_value (id[place]) & 0x0f;
    }
  }
  for (guint place = 0; place < AP_UUID_LENGTH; place++)
    if (strchr ("\x08\x0d\x12\x17\x0e\x13", (gint)place) == NULL || place == 0) {
      g_assert_cmpint (ones[place], ==, 0x0f);
      g_assert_cmpint (zeros[place], ==, 0x0f);
    }
}

/* Of a good text each character in turn is made each of the 255 others; each length but the right one is wrong. */
static void
test_strict (void)
{
  static const char good[] = "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9";

  g_assert_true (ap_uuid_is_valid (good));
  for (guint place = 0; place < AP_UUID_LENGTH; place++)
    for (gint c = 0; c < 256; c++) {
      char text[AP_UUID_LENGTH + 1];
      gboolean digit = c != 0 && strchr ("0123456789abcdef", c) != NULL;

      g_strlcpy (text, good, sizeof text);
      text[place] = (char)c;
      g_assert_cmpint (ap_uuid_is_valid (text), ==, good[place] == '-' ? c == '-' : digit);
    }
  for (gsize length = 0; length < AP_UUID_LENGTH; length++) {
    g_autofree char *part = g_strndup (good, length);
    g_assert_false (ap_uuid_is_valid (part));
  }
  g_assert_false (ap_uuid_is_valid ("0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f90"));
  g_assert_false (ap_uuid_is_valid ("../../../../../../../../etc/passwd.."));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/uuid/form", test_form);
  g_test_add_func ("/uuid/random", test_random);
  g_test_add_func ("/uuid/strict", test_strict);
  return g_test_run ();
}
