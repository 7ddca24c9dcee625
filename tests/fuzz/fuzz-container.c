/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever a message begins with, a recording's first one begins something or is refused, a later one may go on; what
 * goes to a decoder is the same however it is cut. An input is the format, the length of the pieces, and the message.
 */
#include "endpoints/recording/decoder/ap-container.h"
#include "endpoints/recording/decoder/ap-stream-head.h"

#include "fuzz.h"

static void
check_detect (ApRecordingFormat format, const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) later_error = NULL;
  ApContainer first = ap_container_detect (format, AP_CONTAINER_NONE, data, size, &error);
  ApContainer later = ap_container_detect (format, first, data, size, &later_error);

  g_assert_true ((first == AP_CONTAINER_NONE) == (error != NULL));
  g_assert_true ((error != NULL) == (later_error != NULL));
  if (later != AP_CONTAINER_NONE)
    g_assert_cmpint (later, ==, first);
}

/* NULL: refused. */
static GByteArray *
take (ApContainer container, const uint8_t *data, size_t size, size_t piece)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  ApStreamHead head;

  ap_stream_head_init (&head, container);
  for (size_t at = 0; at < size; at += piece) {
    gsize n = MIN (piece, size - at), taken = 0;

    if (!ap_stream_head_is_over (&head) && !ap_stream_head_take (&head, data + at, n, out, &taken, NULL))
      return NULL;
    g_assert_cmpuint (taken, <=, n);
    g_assert_true (taken == n || ap_stream_head_is_over (&head));
    g_byte_array_append (out, data + at + taken, (guint)(n - taken));
  }
  g_assert_cmpuint (out->len, <=, size);
  return g_steal_pointer (&out);
}

static void
check_head (ApContainer container, const uint8_t *data, size_t size, size_t piece)
{
  g_autoptr (GByteArray) whole = take (container, data, size, size);
  g_autoptr (GByteArray) pieces = take (container, data, size, piece);

  g_assert_true ((whole == NULL) == (pieces == NULL));
  if (whole != NULL)
    g_assert_cmpmem (whole->data, whole->len, pieces->data, pieces->len);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 3)
    return 0;
  check_detect (data[0] % (AP_RECORDING_FORMAT_WEBM + 1), data + 2, size - 2);
  for (ApContainer container = AP_CONTAINER_MP3; container <= AP_CONTAINER_WEBM; container++)
    check_head (container, data + 2, size - 2, MAX (data[1], 1));
  return 0;
}
