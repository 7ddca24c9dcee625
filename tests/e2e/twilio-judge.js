// SPDX-License-Identifier: LGPL-2.1-or-later
// Twilio's own package as the judge of what this server signs, accepts and writes as TwiML: fixed cases, and many that are
// made up the same way every time.
'use strict';

const assert = require('assert');
const { spawnSync } = require('child_process');
const { run, skip } = require('./harness');

// Only the files in question, not the client of the API.
function requireTwilio () {
  try {
    return { ...require('twilio/lib/webhooks/webhooks'), VoiceResponse: require('twilio/lib/twiml/VoiceResponse') };
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return skip("Node does not find 'twilio' (./dev test installs it with npm, or: npm ci in tests/e2e)");
  }
}

const { getExpectedTwilioSignature, validateRequest, VoiceResponse } = requireTwilio();

// The addresses to which one request may have come, and whether a signature of the first is good for the others.
const FAMILIES = [
  ['wss://example.com/ws', 'wss://example.com:443/ws'],
  ['wss://example.com', 'wss://example.com:443', 'wss://example.com/', 'wss://example.com:443/'],
  ['wss://example.com:8443/ws'],
  ['https://example.com/ws', 'https://example.com:443/ws'],
  ['https://voice.example/twiml?x=1&y=%20z'],
  ['https://voice.example/twiml/', 'https://voice.example:443/twiml/'],
  ['https://[2001:db8::1]/twiml'],
  ['https://[2001:db8::1]:8443/twiml'],
];
const TEXTS = ['', 'a', 'CallSid', 'CA1234567890ABCDE', '+14158675309', 'two words', 'a=b&c', '100%', '"quoted"', '<Dial>', "it's",
  'ü', '漢字', '{"json":[1,2]}', 'Z', '0', '~-._'];

function generator (seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
}

// Names repeat now and then: the package takes their values as an array.
function madeUpFields (below) {
  const fields = [];
  for (let n = below(8); n > 0; n--) fields.push([TEXTS[1 + below(TEXTS.length - 1)], TEXTS[below(TEXTS.length)]]);
  return fields;
}

function asParams (fields) {
  const params = Object.create(null);
  for (const [name, value] of fields) (params[name] ??= []).push(value);
  for (const name of Object.keys(params)) if (params[name].length === 1) [params[name]] = params[name];
  return params;
}

function makeCases () {
  const below = generator(1);
  const cases = [];
  for (const family of FAMILIES) {
    for (let round = 0; round < 60; round++) {
      const fields = round === 0 ? [] : madeUpFields(below);
      const token = TEXTS[1 + below(3)] + round;
      const signature = getExpectedTwilioSignature(token, family[0], asParams(fields));
      for (const url of family) {
        cases.push({ token, url, fields, signature, valid: true });
        cases.push({ token: `${token}x`, url, fields, signature, valid: false });
        cases.push({ token, url, fields: [...fields, ['new', '']], signature, valid: false });
      }
      const other = FAMILIES[below(FAMILIES.length)];
      if (other !== family) {
        cases.push({ token, url: other[0], fields, signature, valid: validateRequest(token, signature, other[0], asParams(fields)) });
      }
    }
  }
  return cases;
}

function ours (cases) {
  const input = cases.map(({ token, url, fields, signature }) => `${token}\t${url}\t${new URLSearchParams(fields)}\t${signature}\n`);
  const child = spawnSync(process.env.AP_TWILIO_LINES, { input: input.join(''), encoding: 'utf8', maxBuffer: 2 ** 26 });
  assert.strictEqual(child.status, 0, child.stderr);
  const lines = child.stdout.trimEnd().split('\n').map((line) => line.split('\t'));
  assert.strictEqual(lines.length, cases.length);
  return lines;
}

// The package leaves some characters as they are that we escape; a reader sees the same.
function unescapeMore (xml) {
  return xml.replaceAll('&apos;', "'").replaceAll('&gt;', '>').replace('?> <', '?><').trimEnd();
}

function theirTwiml ({ url, fields }) {
  const response = new VoiceResponse();
  const stream = response.connect().stream({ url });
  for (const [name, value] of fields) stream.parameter({ name, value });
  return response.toString();
}

run(async () => {
  const cases = makeCases();
  const counts = { true: 0, false: 0 };
  ours(cases).forEach(([signature, valid, twiml], i) => {
    const { token, url, fields } = cases[i];
    const about = JSON.stringify(cases[i]);
    assert.ok(validateRequest(token, signature, url, asParams(fields)), `the package refuses our signature: ${about}`);
    assert.strictEqual(valid === '1', cases[i].valid, `our verdict: ${about}`);
    counts[cases[i].valid]++;
    if (fields.length > 0) assert.strictEqual(unescapeMore(twiml), unescapeMore(theirTwiml(cases[i])), about);
  });
  assert.ok(counts.true > 500 && counts.false > 500, JSON.stringify(counts));
  console.log(`${counts.true} good signatures, ${counts.false} bad ones`);
});
