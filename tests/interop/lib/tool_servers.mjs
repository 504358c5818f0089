// What is checked of the reference servers that have tools alone, with a library client.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { call, text } from './calls.mjs';

/// tools/list holds `names`.
const lists = (...names) => async (ok, client) => {
  const { tools } = await client.listTools();
  assert.ok(names.every((name) => tools.some((tool) => tool.name === name)), tools.map((tool) => tool.name).join(' '));
  ok('tools/list');
};

async function filesystem(ok, client, { place }) {
  assert.match(text(await call(client, 'list_directory', { path: place })), /hello\.txt/);
  assert.match(text(await call(client, 'read_text_file', { path: join(place, 'hello.txt') })), /Hello from a file/);
  ok('list_directory, read_text_file');
  const long = 'line with ünicode\n'.repeat(20_000);
  await call(client, 'write_file', { path: join(place, 'new.txt'), content: long });
  assert.equal(readFileSync(join(place, 'new.txt'), 'utf8'), long);
  assert.equal(text(await call(client, 'read_text_file', { path: join(place, 'new.txt') })), long);
  ok('write_file and read back 360 KB');
  assert.equal((await call(client, 'read_text_file', { path: '/etc/hostname' })).isError, true);
  ok('what the server refuses stays refused');
}

async function memory(ok, client) {
  const entity = { name: 'Mooring', entityType: 'gateway', observations: ['heals', 'splices'] };
  await call(client, 'create_entities', { entities: [entity, { name: 'Ship', entityType: 'vessel', observations: [] }] });
  await call(client, 'create_relations', { relations: [{ from: 'Mooring', to: 'Ship', relationType: 'holds' }] });
  ok('create_entities, create_relations');
  const graph = (await call(client, 'read_graph')).structuredContent;
  assert.deepEqual(graph.entities.find((one) => one.name === 'Mooring').observations, ['heals', 'splices']);
  assert.equal(graph.relations.length, 1);
  const found = (await call(client, 'search_nodes', { query: 'splices' })).structuredContent;
  assert.deepEqual(found.entities.map((one) => one.name), ['Mooring']);
  ok('read_graph, search_nodes');
}

async function sequentialThinking(ok, client) {
  for (let thoughtNumber = 1; thoughtNumber <= 3; ++thoughtNumber) {
    const result = await call(client, 'sequentialthinking', {
      thought: `Thought ${thoughtNumber}`, thoughtNumber, totalThoughts: 3, nextThoughtNeeded: thoughtNumber < 3,
    });
    assert.equal(result.structuredContent.thoughtHistoryLength, thoughtNumber);
  }
  ok('three thoughts on one session');
}

export const toolServers = {
  filesystem: { list: lists('read_text_file', 'write_file', 'list_directory'), call: filesystem },
  memory: { list: lists('create_entities', 'read_graph', 'search_nodes'), call: memory },
  'sequential-thinking': { list: lists('sequentialthinking'), call: sequentialThinking },
};
