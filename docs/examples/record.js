#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// Records the microphone, a file or a pipe with the server, and goes on where it was after a lost connection.
'use strict';
const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const { parseArgs } = require('util');

const USAGE = `usage: record.js [OPTION...]          the microphone, by arecord, until Ctrl-C
       record.js [OPTION...] FILE     wav mp3 flac aac m4a ogg opus webm, or raw samples
       record.js [OPTION...] -        what comes in, as of: ffmpeg ... -f s16le -ar 44100 -ac 1 - | record.js -

  --url URL         of the server (ws://localhost:8001/api/ws/audio)
  --rate HZ         of the recording, and of raw samples (44100)
  --channels N      the same (1)
  --format FORMAT   what is sent: wav mp3 flac aac ogg webm (as the file's name says, or wav)
  --user NAME       whose recording it is
  --help            this text

The server's token, if it has one, is TOKEN in the environment. Exit status: 0 recorded, 1 not, or not all of it, 2 misuse.`;

function finish (text, code) {
  (code === 0 ? console.log : console.error)(text);
  process.exit(code);
}

function readArguments () {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: {
      url: { type: 'string', default: 'ws://localhost:8001/api/ws/audio' },
      rate: { type: 'string', default: '44100' },
      channels: { type: 'string', default: '1' },
      format: { type: 'string' },
      user: { type: 'string', default: '' },
      help: { type: 'boolean', short: 'h' },
    } });
    if (positionals.length > 1) throw new Error('one file at a time');
    return { values, source: positionals[0] };
  } catch (error) {
    return finish(`record.js: ${error.message}\n${USAGE}`, 2);
  }
}

const { values, source } = readArguments();
if (values.help) finish(USAGE, 0);

function requireWs () {
  try {
    return require('ws');
  } catch (error) {
    return finish(`record.js: ${error.code}: needs the package ws: npm install ws, or Debian's node-ws and NODE_PATH=/usr/share/nodejs`, 1);
  }
}

const WebSocket = requireWs();
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
let refused = 0;
let failures = 0; // in a row
let ended = false; // the source has
let wake = () => {};

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
  if (message.error && !message.message) {
    const valid = message.valid_values ? `: ${message.valid_values.join(', ')}` : '';
    return console.error(`${message.error}: ${message.detail}${valid}`);
  }
  if (message.status === 'completed') {
    finish(`${message.session_id}: ${message.chunk_count} chunks, ${message.duration_seconds} s`, refused > 0 ? 1 : 0);
  } else if (message.error === 'storage') { // and a close follows: who can come back is told what there is
    return console.error(`the session is broken: ${message.detail}`);
  } else if (message.status === 'error' && waiting.length === 0) { // there is no room for the end yet
    console.error(`not closed: ${message.error}: ${message.detail}`);
    return setTimeout(send, 1000);
  } else if (message.status === 'error') { // this chunk was not taken, and the next one has its number
    console.error(`a chunk was refused: ${message.error}: ${message.detail}`);
    refused++;
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
  connection.on('unexpected-response', (request, { statusCode, statusMessage }) => {
    if (statusCode < 500 && statusCode !== 429) finish(`the server refuses: ${statusCode} ${statusMessage}`, 1);
    console.error(`the server says ${statusCode} ${statusMessage}`);
    connection.terminate();
  });
  connection.on('error', (error) => console.error(error.message));
  connection.on('close', (code, reason) => {
    socket = null;
    if (code === 1008 && sessionId && ended && waiting.length === 0) finish(`${sessionId}: closed`, refused > 0 ? 1 : 0);
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
  if (source && source !== '-') await once(input, 'readable'); // no session for a file that is not there, or a folder
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
