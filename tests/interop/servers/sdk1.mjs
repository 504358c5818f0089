// sdk1.mjs stdio|http: a server on the TypeScript SDK 1.x, with one tool for everything that the matrix wants to see.
import { need } from '../lib/packages.mjs';
import { bodyOf, listen, sessions } from './http.mjs';
import { addPlainTools } from './tools.mjs';
import { World, question, say, watched } from './world.mjs';

const { McpServer } = need('@modelcontextprotocol/sdk/server/mcp.js');
const { StdioServerTransport } = need('@modelcontextprotocol/sdk/server/stdio.js');
const { StreamableHTTPServerTransport } = need('@modelcontextprotocol/sdk/server/streamableHttp.js');
const { SubscribeRequestSchema, UnsubscribeRequestSchema } = need('@modelcontextprotocol/sdk/types.js');

const world = new World();

function addAskingTools(server) {
  server.registerTool('ask_name', { description: 'Asks the user for a name' }, async ({ requestId }) => {
    const answer = await server.server.elicitInput({
      message: question.name,
      requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    }, { relatedRequestId: requestId });
    return say(answer.action === 'accept' ? `Hello, ${answer.content.name}` : `No name: ${answer.action}`);
  });
  server.registerTool('ask_model', { description: 'Asks the model' }, async ({ requestId }) => {
    const answer = await server.server.createMessage({
      messages: [{ role: 'user', content: { type: 'text', text: question.prompt } }], maxTokens: 50,
    }, { relatedRequestId: requestId });
    return say(`The model says: ${answer.content.text}`);
  });
}

const callOf = ({ _meta, sendNotification, signal }) =>
  ({ progressToken: _meta?.progressToken, notify: sendNotification, signal });

function addWatched(server) {
  server.registerResource('watched', watched, { mimeType: 'text/plain' }, async () => world.read());
  const tell = (uri) => server.server.sendResourceUpdated({ uri });
  server.server.setRequestHandler(SubscribeRequestSchema, async () => (world.watch(tell), {}));
  server.server.setRequestHandler(UnsubscribeRequestSchema, async () => (world.unwatch(tell), {}));
}

function makeServer() {
  const server = new McpServer({ name: 'sdk1', version: '1.0.0' }, { capabilities: { resources: { subscribe: true } } });
  addPlainTools(server, world, callOf);
  addAskingTools(server);
  addWatched(server);
  return server;
}

if (process.argv[2] === 'stdio') {
  await makeServer().connect(new StdioServerTransport());
} else {
  const handle = sessions(StreamableHTTPServerTransport, makeServer);
  listen(async (request, response) => handle(request, response, await bodyOf(request)));
}
