#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// Records the microphone, a file or a pipe with the server, and goes on where it was after a lost connection.
//   node docs/examples/record.js                               the microphone, by arecord, until Ctrl-C
//   node docs/examples/record.js talk.mp3                      a file: wav mp3 flac aac m4a ogg webm, or raw samples
//   ffmpeg … -f s16le -ar 44100 -ac 1 - | node docs/examples/record.js -
// Options: --url ws://localhost:8001/api/ws/audio --rate 44100 --channels 1 --format wav --user NAME; the server's token,
// if it has one, is TOKEN in the environment.
'use strict';
const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const { parseArgs } = require('util');
const WebSocket = require('ws');

const { values, positionals: [source] } = parseArgs({ allowPositionals: true, options: {
  url: { type: 'string', default: 'ws://localhost:8001/api/ws/audio' },
  rate: { type: 'string', default: '44100' },
  channels: { type: 'string', default: '1' },
  format: { type: 'string' },
  user: { type: 'string', default: '' },
} });
const FORMATS = { '.mp3': 'mp3', '.flac': 'flac', '.aac': 'aac', '.m4a': 'aac', '.ogg': 'ogg', '.opus': 'ogg', '.webm': 'webm' };
const format = values.format || FORMATS[path.extname(source || '').toLowerCase()] || 'wav';
const query = new URLSearchParams({ sample_rate: values.rate, channels: values.channels, format, user_id: values.user });
const again = new URLSearchParams({ resume: '1', user_id: values.user });
const headers = process.env.TOKEN ? { Authorization: `Bearer ${process.env.TOKEN}` } : {};
const CHUNK_BYTES = 16 * 1024;
const MOST_WAITING = 512; // chunks that are kept until the server has them: 8 MiB
const TRIES = 10;

let socket = null; // an open one, whose server has told how far it is
let sessionId = null;
let count = 0; // what the server has
let waiting = []; // chunks from number count + 1 on
let sent = 0; // how many of them are on their way
let failures = 0; // in a row
let ended = false; // the source has
let wake = () => {};

function finish (text, code) {
  (code === 0 ? console.log : console.error)(text);
  process.exit(code);
}

// Sends what has not been sent, and asks for the end when nothing is left.
function send () {
  if (!socket) return;
  while (sent < waiting.length) socket.send(waiting[sent++]);
  if (ended && waiting.length === 0) socket.send(JSON.stringify({ type: 'control', action: 'close_session' }));
}

// The server has chunks up to number n, for good.
function acknowledged (n) {
  const taken = n - count;
  waiting.splice(0, taken);
  sent = Math.max(0, sent - taken);
  count = n;
  wake();
}

function onMessage (connection, message) {
  failures = 0;
  if (message.error && !message.message) return console.error(`${message.error}: ${message.detail}`);
  if (message.status === 'completed') {
    finish(`${message.session_id}: ${message.chunk_count} chunks, ${message.duration_seconds} s`, 0);
  } else if (message.error === 'storage') { // and a close follows: who can come back is told what there is
    return console.error(`the session is broken: ${message.detail}`);
  } else if (message.status === 'error' && waiting.length === 0) { // there is no room for the end yet
    console.error(`not closed: ${message.error}: ${message.detail}`);
    return setTimeout(send, 1000);
  } else if (message.status === 'error') { // this chunk was not taken, and the next one has its number
    console.error(`a chunk was refused: ${message.error}: ${message.detail}`);
    waiting.shift();
    sent--;
    wake();
  } else {
    sessionId = message.session_id;
    acknowledged(message.chunk_count);
    if (!socket) sent = 0; // the first message: what is behind count goes out, again or at last
    socket = connection;
  }
  return send();
}

function connect () {
  const url = sessionId ? `${values.url}/${sessionId}?${again}` : `${values.url}?${query}`;
  const connection = new WebSocket(url, { headers, handshakeTimeout: 10000 });

  connection.on('message', (data) => onMessage(connection, JSON.parse(data)));
  connection.on('error', (error) => console.error(error.message));
  connection.on('close', (code, reason) => {
    socket = null;
    if (code === 1008 && sessionId && ended && waiting.length === 0) finish(`${sessionId}: closed`, 0);
    if (code === 1008 || code === 4001 || ++failures > TRIES) finish(`closed with ${code} ${reason}`, 1);
    console.error(`connection lost (${code} ${reason}), trying again`);
    setTimeout(connect, Math.min(10000, 100 * 2 ** failures));
  });
}

function openSource () {
  if (source === '-') return process.stdin;
  if (source) return fs.createReadStream(source, { highWaterMark: CHUNK_BYTES });
  const recorder = spawn('arecord', ['-q', '-t', 'raw', '-f', 'S16_LE', '-r', values.rate, '-c', values.channels],
    { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  recorder.on('error', (error) => finish(`no arecord here (Debian: alsa-utils), so give me a pipe: ${error.message}`, 1));
  process.once('SIGINT', () => recorder.kill());
  return recorder.stdout;
}

async function main () {
  const input = openSource();
  if (source && source !== '-') await once(input, 'open'); // no session for a file that is not there
  connect();
  for await (const chunk of input) {
    while (waiting.length >= MOST_WAITING) await new Promise((resolve) => { wake = resolve; });
    waiting.push(chunk);
    send();
  }
  ended = true;
  send();
}

main().catch((error) => finish(error.message, 1));
