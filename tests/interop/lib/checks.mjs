// What is checked with a library client, per server. `ok` prints and counts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { roots } from './clients.mjs';

const text = (result) => result.content.map((block) => block.text ?? '').join('\n');
const call = (client, name, args = {}, options) => client.callTool({ name, arguments: args }, options);

async function everythingTools(ok, client) {
  const { tools } = await client.listTools();
  const names = tools.map((tool) => tool.name);
  for (const name of ['echo', 'get-sum', 'trigger-sampling-request', 'trigger-elicitation-request', 'get-roots-list']) {
    assert.ok(names.includes(name), `tools/list lacks ${name}: ${names}`);
  }
  assert.equal(tools.find((tool) => tool.name === 'echo').annotations.readOnlyHint, true);
  ok('tools/list, with the tools that depend on what the client can do');

  assert.equal(text(await call(client, 'echo', { message: 'Grüße, 世界 🚢' })), 'Echo: Grüße, 世界 🚢');
  const structured = await call(client, 'get-structured-content', { location: 'Chicago' });
  assert.equal(typeof structured.structuredContent.temperature, 'number');
  const image = await call(client, 'get-tiny-image');
  assert.ok(image.content.some((block) => block.type === 'image' && block.mimeType === 'image/png' && block.data.length > 100));
  const annotated = await call(client, 'get-annotated-message', { messageType: 'error', includeImage: false });
  assert.equal(annotated.content[0].annotations.priority, 1);
  const links = await call(client, 'get-resource-links', { count: 3 });
  assert.equal(links.content.filter((block) => block.type === 'resource_link').length, 3);
  ok('tools/call: text, structured content, image, annotations, resource links');

  assert.equal((await call(client, 'get-sum', { a: 'no number' })).isError, true);
  ok('tools/call: a tool error stays a result');
}

async function everythingLongCalls(ok, client) {
  const steps = [];
  await call(client, 'trigger-long-running-operation', { duration: 0.5, steps: 5 }, {
    onprogress: (progress) => steps.push(progress.progress),
  });
  // The SDKs drop a progress that comes in the same read as the result: the last one may be missing here.
  // In the modern era it counts rounds as progress, too, when the server has asked something meanwhile.
  const told = isModern(client) ? [...new Set(steps)] : steps;
  assert.deepEqual(told.slice(0, 4), [1, 2, 3, 4]);
  ok('progress, in order, before the result');

  const giveUp = new AbortController();
  const endless = call(client, 'trigger-long-running-operation', { duration: 600, steps: 6000 }, {
    signal: giveUp.signal, onprogress: () => giveUp.abort(),
  });
  await assert.rejects(endless);
  assert.equal(text(await call(client, 'echo', { message: 'after' })), 'Echo: after');
  ok('cancellation, and the next call goes through');

  const many = await Promise.all(Array.from({ length: 20 }, (_, i) => call(client, 'get-sum', { a: i, b: i })));
  many.forEach((result, i) => assert.match(text(result), new RegExp(`\\b${2 * i}\\b`)));
  ok('20 calls at once');
}

async function everythingReading(ok, client) {
  const { resources } = await client.listResources();
  const document = resources.find((resource) => resource.uri.endsWith('features.md'));
  assert.match((await client.readResource({ uri: document.uri })).contents[0].text, /Everything Server/);
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.ok(resourceTemplates.some((template) => template.uriTemplate.startsWith('demo://resource/dynamic/text/')));
  assert.match((await client.readResource({ uri: 'demo://resource/dynamic/text/7' })).contents[0].text, /7/);
  assert.ok((await client.readResource({ uri: 'demo://resource/dynamic/blob/8' })).contents[0].blob.length > 0);
  await assert.rejects(client.readResource({ uri: 'demo://resource/nothing/here' }), /not found|-3260/i);
  ok('resources: list, templates, read text and blob, an unknown one');

  const { prompts } = await client.listPrompts();
  assert.ok(['simple-prompt', 'args-prompt', 'completable-prompt'].every((name) => prompts.some((one) => one.name === name)));
  const prompt = await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Hamburg' } });
  assert.match(prompt.messages[0].content.text, /Hamburg/);
  const embedded = await client.getPrompt({ name: 'resource-prompt', arguments: { resourceType: 'Text', resourceId: '3' } });
  assert.ok(embedded.messages.some((message) => message.content.type === 'resource'));
  ok('prompts: list, get with arguments, embedded resource');

  const ref = { type: 'ref/prompt', name: 'completable-prompt' };
  const department = await client.complete({ ref, argument: { name: 'department', value: 'E' } });
  assert.deepEqual(department.completion.values, ['Engineering']);
  const person = await client.complete({
    ref, argument: { name: 'name', value: '' }, context: { arguments: { department: 'Sales' } },
  });
  assert.deepEqual(person.completion.values, ['David', 'Eve', 'Frank']);
  ok('completion, with context');
}

const isModern = (client) => client.getProtocolEra?.() === 'modern';

async function everythingNotifications(ok, client) {
  await client.ping();
  await client.setLoggingLevel('debug');
  const uri = 'demo://resource/dynamic/text/1';
  await client.subscribeResource({ uri });
  const log = await client.received.expect('notifications/message', (params) => String(params.data).includes(uri));
  assert.equal(log.level, 'info');
  ok('logging: a message of the server outside any call');

  await call(client, 'toggle-subscriber-updates');
  assert.equal((await client.received.expect('notifications/resources/updated')).uri, uri);
  await call(client, 'toggle-subscriber-updates');
  await client.unsubscribeResource({ uri });
  ok('subscribe, updated, unsubscribe');

  await newResource(ok, client);
}

/// The same for a client of 2026-07-28, which listens to what it names.
async function everythingListen(ok, client) {
  const uri = 'demo://resource/dynamic/text/1';
  const listen = await client.listen({ resourcesListChanged: true, resourceSubscriptions: [uri] });
  await call(client, 'toggle-subscriber-updates');
  assert.equal((await client.received.expect('notifications/resources/updated')).uri, uri);
  await call(client, 'toggle-subscriber-updates');
  ok('listen: an update of a resource');
  await newResource(ok, client);
  await listen.close();
}

async function newResource(ok, client) {
  await call(client, 'gzip-file-as-resource', { name: 'made.gz', data: 'data:text/plain,moored', outputType: 'resourceLink' });
  await client.received.expect('notifications/resources/list_changed');
  const { resources } = await client.listResources();
  const made = resources.find((resource) => resource.uri === 'demo://resource/session/made.gz');
  assert.ok(made, 'the new resource is not listed');
  assert.ok((await client.readResource({ uri: made.uri })).contents[0].blob.length > 0);
  ok('list_changed: a new resource is announced, listed and readable');
}

async function everythingRequests(ok, client) {
  const sampled = await call(client, 'trigger-sampling-request', { prompt: 'a question', maxTokens: 50 });
  assert.match(text(sampled), /interop-model/);
  const asked = await client.received.expect('sampling/createMessage');
  assert.match(asked.messages[0].content.text, /a question/);
  assert.equal(asked.maxTokens, 50);
  ok('sampling');

  const elicited = await call(client, 'trigger-elicitation-request');
  assert.match(text(elicited), /Name: Ada/);
  const { requestedSchema } = await client.received.expect('elicitation/create');
  assert.equal(requestedSchema.properties.integer.default, 42);
  assert.deepEqual(requestedSchema.properties.legacyTitledEnum.enumNames[1], 'Dogs');
  assert.equal(requestedSchema.properties.titledSingleSelectEnum.oneOf[0].const, 'hero-1');
  ok('elicitation, with defaults and enums');

  // This server asks for them when it likes, and a modern client can be asked during a call only.
  if (isModern(client)) return;
  assert.match(text(await call(client, 'get-roots-list')), new RegExp(roots[0].uri));
  ok('roots');
}

async function everything(ok, client) {
  const can = client.getServerCapabilities();
  assert.ok(can.tools && can.prompts && can.resources?.subscribe && can.logging && can.completions, JSON.stringify(can));
  assert.ok(client.getInstructions()?.length > 0, 'the instructions are missing');
  ok('initialize: capabilities and instructions');
  await everythingTools(ok, client);
  await everythingLongCalls(ok, client);
  await everythingReading(ok, client);
  await (isModern(client) ? everythingListen : everythingNotifications)(ok, client);
  await everythingRequests(ok, client);
}

async function filesystem(ok, client, { place }) {
  const { tools } = await client.listTools();
  assert.ok(['read_text_file', 'write_file', 'list_directory'].every((name) => tools.some((tool) => tool.name === name)));
  ok('tools/list');
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

export const checks = {
  'everything-stdio': everything,
  'everything-http': everything,
  filesystem,
  memory,
  'sequential-thinking': sequentialThinking,
};

/// A call of each server that works without knowing anything else, for the aggregate endpoint and for the Inspector.
export const plainCall = {
  'everything-stdio': () => ['echo', { message: 'hi' }, /Echo: hi/],
  'everything-http': () => ['echo', { message: 'hi' }, /Echo: hi/],
  filesystem: () => ['list_allowed_directories', {}, /files/],
  memory: () => ['read_graph', {}, /entities/],
  'sequential-thinking': () => ['sequentialthinking',
    { thought: 'one', thoughtNumber: 1, totalThoughts: 1, nextThoughtNeeded: false }, /thoughtHistoryLength/],
};
