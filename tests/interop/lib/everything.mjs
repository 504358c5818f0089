// What is checked of server-everything with a library client. `ok` prints.
import assert from 'node:assert/strict';
import { roots } from './clients.mjs';
import { call, isModern, text } from './calls.mjs';
import { until } from './until.mjs';

async function list(ok, client) {
  const can = client.getServerCapabilities();
  assert.ok(can.tools && can.prompts && can.resources?.subscribe && can.logging && can.completions, JSON.stringify(can));
  assert.ok(client.getInstructions()?.length > 0, 'the instructions are missing');
  ok('initialize: capabilities and instructions');
  const { tools } = await client.listTools();
  const names = tools.map((tool) => tool.name);
  for (const name of ['echo', 'get-sum', 'trigger-sampling-request', 'trigger-elicitation-request', 'get-roots-list']) {
    assert.ok(names.includes(name), `tools/list lacks ${name}: ${names}`);
  }
  assert.equal(tools.find((tool) => tool.name === 'echo').annotations.readOnlyHint, true);
  ok('tools/list, with the tools that depend on what the client can do');
}

async function calls(ok, client) {
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

  const many = await Promise.all(Array.from({ length: 20 }, (_, i) => call(client, 'get-sum', { a: i, b: i })));
  many.forEach((result, i) => assert.match(text(result), new RegExp(`\\b${2 * i}\\b`)));
  ok('20 calls at once');
  await progress(ok, client);
}

async function progress(ok, client) {
  const steps = [];
  await call(client, 'trigger-long-running-operation', { duration: 0.5, steps: 5 }, {
    onprogress: (progress) => steps.push(progress.progress),
  });
  // The SDKs drop a progress that comes in the same read as the result: the last one may be missing here.
  // In the modern era it counts rounds as progress, too, when the server has asked something meanwhile.
  const told = isModern(client) ? [...new Set(steps)] : steps;
  assert.deepEqual(told.slice(0, 4), [1, 2, 3, 4]);
  ok('progress, in order, before the result');
}

async function cancel(ok, client) {
  const giveUp = new AbortController();
  const endless = call(client, 'trigger-long-running-operation', { duration: 600, steps: 6000 }, {
    signal: giveUp.signal, onprogress: () => giveUp.abort(),
  });
  await assert.rejects(endless);
  assert.equal(text(await call(client, 'echo', { message: 'after' })), 'Echo: after');
  ok('cancellation, and the next call goes through');
}

async function read(ok, client) {
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

async function subscribe(ok, client) {
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
async function listen(ok, client) {
  const uri = 'demo://resource/dynamic/text/1';
  const listening = await client.listen({ resourcesListChanged: true, resourceSubscriptions: [uri] });
  await call(client, 'toggle-subscriber-updates');
  assert.equal((await client.received.expect('notifications/resources/updated')).uri, uri);
  await call(client, 'toggle-subscriber-updates');
  ok('listen: an update of a resource');
  await newResource(ok, client);
  await listening.close();
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

async function sample(ok, client) {
  const sampled = await call(client, 'trigger-sampling-request', { prompt: 'a question', maxTokens: 50 });
  assert.match(text(sampled), /interop-model/);
  const asked = await client.received.expect('sampling/createMessage');
  assert.match(asked.messages[0].content.text, /a question/);
  assert.equal(asked.maxTokens, 50);
  ok('sampling');
}

async function elicit(ok, client) {
  const elicited = await call(client, 'trigger-elicitation-request');
  assert.match(text(elicited), /Name: Ada/);
  const { requestedSchema } = await client.received.expect('elicitation/create');
  assert.equal(requestedSchema.properties.integer.default, 42);
  assert.deepEqual(requestedSchema.properties.legacyTitledEnum.enumNames[1], 'Dogs');
  assert.equal(requestedSchema.properties.titledSingleSelectEnum.oneOf[0].const, 'hero-1');
  ok('elicitation, with defaults and enums');
}

async function listRoots(ok, client) {
  // This server asks for them when it likes, and a modern client can be asked during a call only.
  if (isModern(client)) return;
  // It knows the roots of before until it has asked anew, which it does when a client with roots comes.
  await until('the server knows the roots', async () => text(await call(client, 'get-roots-list')).includes(roots[0].uri));
  ok('roots');
}

export const everything = {
  list,
  call: calls,
  read,
  sample,
  elicit: async (ok, client) => {
    await elicit(ok, client);
    await listRoots(ok, client);
  },
  subscribe: (ok, client) => (isModern(client) ? listen : subscribe)(ok, client),
  cancel,
};
