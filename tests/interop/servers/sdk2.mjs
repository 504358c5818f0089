// sdk2.mjs stdio|http [dual|legacy|modern|stateless]: the server of sdk1.mjs on the TypeScript SDK 2.x.
//   dual       both eras, the legacy one with sessions
//   legacy     revisions up to 2025-11-25, with sessions
//   modern     2026-07-28 alone
//   stateless  the legacy era without sessions, over HTTP: what createMcpHandler gives old clients by itself
import { need } from '../lib/packages.mjs';
import { bodyOf, listen, sessions } from './http.mjs';
import { addPlainTools } from './tools.mjs';
import { World, question, say, watched } from './world.mjs';

const {
  McpServer, acceptedContent, createMcpHandler, inputRequired, inputResponse, isLegacyRequest, legacyStatelessFallback,
} = need('@modelcontextprotocol/server');
const { StdioServerTransport, serveStdio } = need('@modelcontextprotocol/server/stdio');
const { NodeStreamableHTTPServerTransport, toNodeHandler, toWebRequest } = need('@modelcontextprotocol/node');
const { z } = need('zod');

const [, , way, era = 'dual'] = process.argv;
const world = new World();

/// Written once: towards a legacy client the SDK itself asks, and calls the tool again.
function addAskingTools(server) {
  const name = z.object({ name: z.string() });
  server.registerTool('ask_name', { description: 'Asks the user for a name' }, async ({ mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, 'who');
    if (answer.kind === 'missing') {
      return inputRequired({
        inputRequests: { who: inputRequired.elicit({ message: question.name, requestedSchema: name }) },
      });
    }
    const given = acceptedContent(mcpReq.inputResponses, 'who', name);
    return say(given ? `Hello, ${given.name}` : `No name: ${answer.action}`);
  });
  server.registerTool('ask_model', { description: 'Asks the model' }, async ({ mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, 'model');
    if (answer.kind === 'sampling') return say(`The model says: ${answer.result.content.text}`);
    return inputRequired({
      inputRequests: {
        model: inputRequired.createMessage({
          messages: [{ role: 'user', content: { type: 'text', text: question.prompt } }], maxTokens: 50,
        }),
      },
    });
  });
}

const callOf = ({ mcpReq }) =>
  ({ progressToken: mcpReq._meta?.progressToken, notify: mcpReq.notify, signal: mcpReq.signal });

function addSubscriptions(server, spoken) {
  const tell = (uri) => server.server.sendResourceUpdated({ uri });
  if (spoken === 'legacy') {
    server.server.setRequestHandler('resources/subscribe', async () => (world.watch(tell), {}));
    server.server.setRequestHandler('resources/unsubscribe', async () => (world.unwatch(tell), {}));
  } else if (way === 'stdio') {
    // The SDK knows who listens to what.
    world.watch(tell);
  }
}

function makeServer({ era: spoken }) {
  const subscribe = era !== 'stateless';
  const server = new McpServer({ name: 'sdk2', version: '1.0.0' }, { capabilities: { resources: { subscribe } } });
  addPlainTools(server, world, callOf);
  addAskingTools(server);
  server.registerResource('watched', watched, { mimeType: 'text/plain' }, async () => world.read());
  if (subscribe) addSubscriptions(server, spoken);
  return server;
}

const makeLegacy = () => makeServer({ era: 'legacy' });

function overHttp() {
  const modern = createMcpHandler(makeServer, { legacy: 'reject' });
  world.watch((uri) => modern.notify.resourceUpdated(uri));
  const toModern = toNodeHandler(modern);
  const toStateless = toNodeHandler({ fetch: legacyStatelessFallback(makeServer) });
  const toSession = sessions(NodeStreamableHTTPServerTransport, makeLegacy);
  listen(async (request, response) => {
    const body = await bodyOf(request);
    if (era === 'stateless') return toStateless(request, response, body);
    if (era === 'legacy') return toSession(request, response, body);
    const legacy = era === 'dual' && await isLegacyRequest(await toWebRequest(request, body));
    return (legacy ? toSession : toModern)(request, response, body);
  });
}

if (way === 'http') overHttp();
else if (era === 'legacy') await makeLegacy().connect(new StdioServerTransport());
else serveStdio(makeServer, { legacy: era === 'modern' ? 'reject' : 'serve' });
