#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// A first conversation with the server: one second of a 440 Hz tone in frames of 20 ms, as a phone would send it, and the
// time until each frame is back. Needs the package `ws`: NODE_PATH=/usr/share/nodejs with Debian's node-ws, or `npm install ws`.
//
//   node echo-client.js [ws://localhost:8001/ws/audio]

const WebSocket = require('ws');

const RATE = 16000; // samples a second, 16 bits, mono
const FRAME_MS = 20;
const FRAMES = 1000 / FRAME_MS;

const url = process.argv[2] || 'ws://localhost:8001/ws/audio';
if (!/^wss?:/.test(url)) {
  console.error('usage: echo-client.js [ws://localhost:8001/ws/audio]');
  process.exit(2);
}
const socket = new WebSocket(url);
const sentAt = [];
const waits = [];

function toneFrame(index) {
  const samples = (RATE * FRAME_MS) / 1000;
  const frame = Buffer.alloc(samples * 2);
  for (let i = 0; i < samples; i++) {
    const time = (index * samples + i) / RATE;
    frame.writeInt16LE(Math.round(8000 * Math.sin(2 * Math.PI * 440 * time)), i * 2);
  }
  return frame;
}

socket.on('open', () => {
  let index = 0;
  const timer = setInterval(() => {
    sentAt.push(process.hrtime.bigint());
    socket.send(toneFrame(index++));
    if (index === FRAMES) clearInterval(timer);
  }, FRAME_MS);
});

socket.on('message', (frame) => {
  waits.push(Number(process.hrtime.bigint() - sentAt[waits.length]) / 1e6);
  if (waits.length < FRAMES) return;
  waits.sort((a, b) => a - b);
  console.log(`${FRAMES} frames of ${frame.length} bytes came back; median ${waits[FRAMES / 2].toFixed(2)} ms,` +
    ` worst ${waits[FRAMES - 1].toFixed(2)} ms`);
  socket.close(1000);
});

socket.on('error', (error) => {
  console.error(`echo-client: ${error.message}`);
  process.exitCode = 1;
});
