// SPDX-License-Identifier: LGPL-2.1-or-later
// A conversation with /ws/audio through the standard WebSocket interface, which a browser and Node's ws share. The
// function is self-contained, because a browser gets it as text. It throws at the first thing that is wrong.
'use strict';

async function talk (WebSocket, url) {
  const sizes = [0, 1, 2, 159, 160, 320, 1920, 65535, 65536, 1048576];

  function pattern (length, seed) {
    const bytes = new Uint8Array(length);
    let state = (seed * 2654435761 + 1) >>> 0;
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bytes[i] = state >>> 24;
    }
    new DataView(bytes.buffer).setUint32(0, seed);
    return bytes;
  }

  function check (event, expected) {
    const bytes = new Uint8Array(event.data);
    if (bytes.length !== expected.length || bytes.some((byte, i) => byte !== expected[i])) {
      throw new Error(`the echo of ${expected.length} bytes has ${bytes.length} and is not the same`);
    }
  }

  function connect () {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => resolve(socket);
      socket.onerror = (event) => reject(new Error(event.message || 'no connection'));
    });
  }

  // Sends all frames at once and checks each echo.
  function echo (socket, frames) {
    return new Promise((resolve, reject) => {
      let count = 0;
      socket.onclose = (event) => reject(new Error(`closed with ${event.code} ${event.reason}`));
      socket.onmessage = (event) => {
        try {
          check(event, frames[count++]);
        } catch (error) {
          reject(error);
        }
        if (count === frames.length) resolve();
      };
      for (const frame of frames) socket.send(frame);
    });
  }

  function closed (socket) {
    return new Promise((resolve) => {
      socket.onmessage = null;
      socket.onclose = (event) => resolve(event);
    });
  }

  const made = (length, seed) => (length < 4 ? new Uint8Array(length).fill(seed) : pattern(length, seed));
  const socket = await connect();
  for (const size of sizes) await echo(socket, [made(size, size % 251)]);
  await echo(socket, sizes.map((size) => made(size, 7)));
  await echo(socket, Array.from({ length: 10000 }, (_, i) => pattern(320, i)));

  const others = await Promise.all(Array.from({ length: 200 }, connect));
  await Promise.all(others.map((other, i) => echo(other, Array.from({ length: 10 }, (_, k) => pattern(320, i * 10 + k)))));
  const ends = others.map(closed);
  for (const other of others) other.close(1000, 'done');
  for (const end of await Promise.all(ends)) {
    if (end.code !== 1000 || !end.wasClean) throw new Error(`close() ended with ${end.code}`);
  }

  const end = closed(socket);
  socket.send('text');
  const { code, reason } = await end;
  if (code !== 1003 || reason === '') throw new Error(`text ended with ${code} '${reason}'`);
  return 'done';
}

module.exports = { talk };
