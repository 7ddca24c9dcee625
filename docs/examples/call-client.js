#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// A phone call without a phone: says what Twilio says, speaks one second of a tone, and counts what comes back.
//   node docs/examples/call-client.js [ws://localhost:8001/ws]
// With TWILIO_AUTH_TOKEN in the environment the handshake is signed as Twilio signs it; TOKEN is shown as the call's
// token, where the server asks for one.
'use strict';
const { createHmac } = require('crypto');
const WebSocket = require('ws');

const url = process.argv[2] || 'ws://localhost:8001/ws';
if (!/^wss?:/.test(url)) {
  console.error('usage: [TWILIO_AUTH_TOKEN=...] [TOKEN=... CALL=...] call-client.js [ws://localhost:8001/ws]');
  process.exit(2);
}
const frames = 50;
const samples = 160; // 20 ms at 8 kHz
const key = process.env.TWILIO_AUTH_TOKEN;
const headers = key ? { 'X-Twilio-Signature': createHmac('sha1', key).update(url).digest('base64') } : {};
const streamSid = 'MZ' + '1'.repeat(32);
const callSid = process.env.CALL || 'CA' + '1'.repeat(32);

// Two levels of mu-law, 500 times a second each.
const tone = Buffer.from(Array.from({ length: samples }, (_, i) => (i % 16 < 8 ? 0x9e : 0x1e))).toString('base64');

const socket = new WebSocket(url, { headers });
const say = (message) => socket.send(JSON.stringify(message));
let heard = 0;

socket.on('open', () => {
  say({ event: 'connected', protocol: 'Call', version: '1.0.0' });
  say({ event: 'start', streamSid, start: {
    streamSid, callSid, accountSid: 'AC' + '1'.repeat(32), tracks: ['inbound'],
    mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
    customParameters: process.env.TOKEN ? { token: process.env.TOKEN } : {} } });
  let sent = 0;
  const timer = setInterval(() => {
    say({ event: 'media', streamSid,
          media: { track: 'inbound', chunk: String(sent + 1), timestamp: String(sent * 20), payload: tone } });
    if (++sent === frames) {
      clearInterval(timer);
      setTimeout(() => say({ event: 'stop', streamSid }), 200);
    }
  }, 20);
});
socket.on('message', (data) => {
  const message = JSON.parse(data);
  if (message.event === 'media')
    heard += Buffer.from(message.media.payload, 'base64').length;
});
socket.on('close', (code, reason) =>
  console.log(`${heard / 8} of ${frames * 20} ms came back; closed with ${code} ${reason}`));
socket.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
