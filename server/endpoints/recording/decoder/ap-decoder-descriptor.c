/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Descriptors from process to process. */
#include "endpoints/recording/decoder/ap-decoder-descriptor.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef union {
  struct cmsghdr header;
  guint8 space[CMSG_SPACE (sizeof (int))];
} Control;

gboolean
ap_decoder_descriptor_send (int socket, gconstpointer data, gsize length, int fd)
{
  struct iovec part = { (gpointer)data, length };
  Control control = { 0 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  ssize_t sent;

  if (fd >= 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control.space;
    control.header = (struct cmsghdr){ CMSG_LEN (sizeof fd), SOL_SOCKET, SCM_RIGHTS };
    memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
  }
  do
    sent = sendmsg (socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == (ssize_t)length;
}

gboolean
ap_decoder_descriptor_receive (int socket, gpointer data, gsize length, int *fd)
{
  struct iovec part = { data, length };
  Control control = { 0 };
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space
  };
  int got = -1;
  ssize_t received;

  do
    received = recvmsg (socket, &message, MSG_CMSG_CLOEXEC);
  while (received < 0 && errno == EINTR);
  if (received > 0 && CMSG_FIRSTHDR (&message) != NULL && control.header.cmsg_type == SCM_RIGHTS)
    memcpy (&got, CMSG_DATA (&control.header), sizeof got);
  if (fd != NULL)
    *fd = got;
  else if (got >= 0)
    close (got);
  if (received == (ssize_t)length)
    return TRUE;
  if (fd != NULL && got >= 0) {
    close (got);
    *fd = -1;
  }
  if (received >= 0)
    errno = 0;
  return FALSE;
}
