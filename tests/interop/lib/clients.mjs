// The real clients behind one face: connect(kind, target) gives the client object of the SDK with what arrives recorded.
import { need } from './packages.mjs';

export const roots = [{ uri: 'file:///srv/interop', name: 'interop' }];
const capabilities = { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true } };
const notifications = [
  'notifications/message', 'notifications/resources/updated', 'notifications/resources/list_changed',
  'notifications/tools/list_changed', 'notifications/prompts/list_changed',
];

/// What a client received, and a way to wait for more of it.
class Record {
  #seen = [];
  #waiting = [];

  add(method, params) {
    this.#seen.push({ method, params });
    this.#waiting = this.#waiting.filter((waiter) => !waiter());
  }

  /// Resolves with the first entry, past or to come, that `matches`.
  expect(method, matches = () => true) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const entry = this.#seen.find((one) => one.method === method && matches(one.params));
        if (!entry) return false;
        clearTimeout(late);
        resolve(entry.params);
        return true;
      };
      const late = setTimeout(
        () => reject(new Error(`no ${method} came; got ${JSON.stringify(this.#seen).slice(0, 2000)}`)), 20_000);
      if (!look()) this.#waiting.push(look);
    });
  }
}

const form = { name: 'Ada', username: 'Ada', email: 'ada@example.org', integer: 7, legacyTitledEnum: 'pet-2' };
const answers = {
  'sampling/createMessage': () => ({
    role: 'assistant', content: { type: 'text', text: 'sampled answer' }, model: 'interop-model', stopReason: 'endTurn',
  }),
  'elicitation/create': ({ requestedSchema }) => ({
    action: 'accept', content: Object.fromEntries(Object.entries(form).filter(([key]) => key in requestedSchema.properties)),
  }),
  'roots/list': () => ({ roots }),
};

function wire(client, received, onRequest, onNotification) {
  for (const [method, answer] of Object.entries(answers)) {
    onRequest(method, async (request) => {
      received.add(method, request.params);
      return answer(request.params);
    });
  }
  for (const method of notifications) onNotification(method, (note) => received.add(method, note.params));
  client.received = received;
  return client;
}

const info = { name: 'mooring-interop', version: '1.0.0' };

function sdk1() {
  const { Client } = need('@modelcontextprotocol/sdk/client/index.js');
  const types = need('@modelcontextprotocol/sdk/types.js');
  const schemas = {
    'sampling/createMessage': types.CreateMessageRequestSchema,
    'elicitation/create': types.ElicitRequestSchema,
    'roots/list': types.ListRootsRequestSchema,
    'notifications/message': types.LoggingMessageNotificationSchema,
    'notifications/resources/updated': types.ResourceUpdatedNotificationSchema,
    'notifications/resources/list_changed': types.ResourceListChangedNotificationSchema,
    'notifications/tools/list_changed': types.ToolListChangedNotificationSchema,
    'notifications/prompts/list_changed': types.PromptListChangedNotificationSchema,
  };
  const client = new Client(info, { capabilities });
  const call = client.callTool.bind(client);
  client.callTool = (params, options) => call(params, undefined, options);
  return wire(client, new Record(),
    (method, handle) => client.setRequestHandler(schemas[method], handle),
    (method, handle) => client.setNotificationHandler(schemas[method], handle));
}

function client2(versionNegotiation) {
  const { Client } = need('@modelcontextprotocol/client');
  const client = new Client(info, { capabilities, ...(versionNegotiation && { versionNegotiation }) });
  return wire(client, new Record(),
    (method, handle) => client.setRequestHandler(method, handle),
    (method, handle) => client.setNotificationHandler(method, handle));
}

/// The URL of a gateway's endpoint for a client of this kind: of one server, or of all.
export const endpoint = (kind, gateway, server) =>
  `${gateway.url}${kind === 'sdk1-sse' ? '/sse' : '/mcp'}${server ? `/${server}` : ''}`;

/// A connected client. `target` is a URL, or { command, args, env } for stdio.
export async function connect(kind, target) {
  const makers = {
    sdk1: [sdk1, '@modelcontextprotocol/sdk/client/streamableHttp.js', '@modelcontextprotocol/sdk/client/stdio.js'],
    'sdk1-sse': [sdk1, '@modelcontextprotocol/sdk/client/sse.js', '@modelcontextprotocol/sdk/client/stdio.js'],
    client2: [client2, '@modelcontextprotocol/client', '@modelcontextprotocol/client/stdio'],
    'client2-auto': [() => client2({ mode: 'auto' }), '@modelcontextprotocol/client', '@modelcontextprotocol/client/stdio'],
  };
  const [make, http, stdio] = makers[kind];
  const client = make();
  const { StreamableHTTPClientTransport, SSEClientTransport } = need(http);
  const HttpTransport = kind === 'sdk1-sse' ? SSEClientTransport : StreamableHTTPClientTransport;
  const { StdioClientTransport } = need(stdio);
  const transport = typeof target === 'string'
    ? new HttpTransport(new URL(target))
    : new StdioClientTransport({ stderr: 'inherit', ...target });
  await client.connect(transport);
  if (kind === 'client2-auto' && client.getProtocolEra() !== 'modern') throw new Error('not of the modern era');
  client.leave = async () => {
    if (transport.terminateSession) await transport.terminateSession();
    await client.close();
  };
  return client;
}
