// Streamable HTTP as both SDKs have it.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';

/// Answers on a free port of loopback, and says on which.
export function listen(handle) {
  const server = createServer((request, response) => handle(request, response).catch((error) => {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }));
  server.listen(0, '127.0.0.1', () => console.error(`listening http://127.0.0.1:${server.address().port}`));
}

/// The JSON that was posted; undefined for other requests.
export async function bodyOf(request) {
  if (request.method !== 'POST') return undefined;
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return JSON.parse(text);
}

/// The legacy era's sessions: each has a server and a transport of its own.
export function sessions(Transport, makeServer) {
  const open = new Map();
  return async (request, response, body) => {
    const id = request.headers['mcp-session-id'];
    if (open.has(id)) return open.get(id).handleRequest(request, response, body);
    if (id) return response.writeHead(404).end();
    const transport = new Transport({
      sessionIdGenerator: randomUUID, onsessioninitialized: (given) => open.set(given, transport),
    });
    transport.onclose = () => open.delete(transport.sessionId);
    await makeServer().connect(transport);
    return transport.handleRequest(request, response, body);
  };
}
