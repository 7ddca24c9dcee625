#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The kernel's own test, compiled for 64-bit ARM and run by qemu: mulaw-kernel-aarch64.sh SOURCE-ROOT ISA
# Skipped where the cross compiler or qemu is missing.
set -eu

root=$1
export MULAW_DEMO_ISA="$2"
cross=aarch64-linux-gnu-gcc
qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64 || true)

if ! command -v $cross >/dev/null || [ -z "$qemu" ]; then
  echo "1..0 # SKIP no $cross or no qemu-aarch64"
  exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
$cross -std=gnu17 -D_GNU_SOURCE -O3 -Wall -Wextra -Werror -static -DMULAW_HAVE_NEON -I "$root/gst" \
  -o "$folder/mulaw-kernel" "$root/tests/unit/mulaw-kernel.c" \
  "$root/gst/mulaw-kernel.c" "$root/gst/mulaw-kernel-path.c" "$root/gst/mulaw-kernel-neon.c"
"$qemu" "$folder/mulaw-kernel"
