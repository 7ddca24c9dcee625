// SPDX-License-Identifier: LGPL-2.1-or-later
// The documents of the API before the judges of their kinds: the schemas of OpenAPI 3.1 and AsyncAPI 3.0.
'use strict';

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const { run, skip } = require('./harness');

const folder = path.join(__dirname, '../../server/endpoints/docs');

function requireJudges () {
  try {
    return { Ajv: require('ajv'), asyncapi: require('@asyncapi/specs').schemasWithoutId['3.0.0'] };
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return skip('Node does not find the judges (./dev test installs them with npm, or: npm ci in tests/e2e)');
  }
}

function read (name) {
  return JSON.parse(fs.readFileSync(path.join(folder, name)));
}

// Every reference within a document leads somewhere.
function checkReferences (document) {
  const follow = (reference) => reference.replace(/^#\//, '').split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')).reduce((at, name) => at?.[name], document);
  const look = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (typeof node.$ref === 'string') assert.ok(follow(node.$ref) !== undefined, `${node.$ref} leads nowhere`);
    Object.values(node).forEach(look);
  };
  look(document);
}

run(async () => {
  const { Ajv, asyncapi } = requireJudges();
  const { Validator } = await import('@seriousme/openapi-schema-validator');
  const openapi = new Validator();
  const result = await openapi.validate(read('openapi.json'));
  assert.ok(result.valid, JSON.stringify(result.errors, null, 2));
  assert.strictEqual(openapi.version, '3.1');

  const valid = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(asyncapi);
  assert.ok(valid(read('asyncapi.json')), JSON.stringify(valid.errors, null, 2));

  ['openapi.json', 'asyncapi.json'].map(read).forEach(checkReferences);
  // The judges are awake.
  assert.ok(!(await new Validator().validate({ ...read('openapi.json'), paths: { health: {} } })).valid);
  assert.ok(!valid({ ...read('asyncapi.json'), channels: { echo: { address: 1 } } }));
});
