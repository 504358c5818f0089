// What is checked of a server of ours with a library client, in the words of its vocabulary.
import assert from 'node:assert/strict';
import { call, isModern } from './calls.mjs';

const answerOf = async (client, [name, args]) => JSON.stringify(await call(client, name, args));

async function list(ok, client, { words }) {
  const { tools } = await client.listTools();
  for (const [name] of [words.call, words.elicit, words.sample, words.change, words.hold]) {
    assert.ok(tools.some((tool) => tool.name === name), `tools/list lacks ${name}`);
  }
  assert.equal(tools.find((tool) => tool.name === words.call[0]).annotations.readOnlyHint, true);
  const { resources } = await client.listResources();
  assert.ok(resources.some((resource) => resource.uri === words.watched));
  ok('tools/list, resources/list');
}

async function simpleCall(ok, client, { words }) {
  assert.match(await answerOf(client, words.call), words.call[2]);
  ok('tools/call');
}

async function read(ok, client, { words }) {
  const [uri, expected] = words.read;
  assert.match((await client.readResource({ uri })).contents[0].text, expected);
  ok('resources/read');
}

/// `request` came to the client with the question, and its answer to the tool.
const asks = (action, request) => async (ok, client, { words }) => {
  const [, , answer, question] = words[action];
  assert.match(await answerOf(client, words[action]), answer);
  assert.match(JSON.stringify(await client.received.expect(request)), question);
  ok(request);
};

async function subscribe(ok, client, { words }) {
  const uri = words.watched;
  const contents = async () => (await client.readResource({ uri })).contents[0].text;
  const before = await contents();
  const listening = isModern(client) ? await client.listen({ resourceSubscriptions: [uri] }) : null;
  if (!listening) await client.subscribeResource({ uri });
  assert.match(await answerOf(client, words.change), words.change[2]);
  await client.received.expect('notifications/resources/updated', (params) => params.uri === uri);
  assert.notEqual(await contents(), before);
  await (listening ? listening.close() : client.unsubscribeResource({ uri }));
  ok(`${listening ? 'listen' : 'subscribe'}: the update of a resource, which reads anew`);
}

async function cancel(ok, client, { words }) {
  const giveUp = new AbortController();
  const [name, args] = words.hold;
  await assert.rejects(call(client, name, args, { signal: giveUp.signal, onprogress: () => giveUp.abort() }));
  assert.match(await answerOf(client, words.call), words.call[2]);
  ok('a cancelled call ends, and the next one goes through');
}

async function noticed(ok, client, { words }) {
  assert.match(await answerOf(client, words.noticed), words.noticed[2]);
  ok('the server noticed the cancellation');
}

export const peer = {
  list,
  call: simpleCall,
  read,
  elicit: asks('elicit', 'elicitation/create'),
  sample: asks('sample', 'sampling/createMessage'),
  subscribe,
  cancel,
  noticed,
};
