// The real servers, as the gateway's config names them, and the one that is reached over HTTP.
import { createServer } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modules } from './clients.mjs';
import { start, temporaryDirectory } from './process.mjs';

const entry = (name) => join(modules, '@modelcontextprotocol', `server-${name}`, 'dist/index.js');
const stdio = (name, args = [], env = {}) => ({ command: process.execPath, args: [entry(name), ...args], env });

/// The server takes its port from the environment and cannot choose a free one itself.
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function overHttp() {
  for (let attempt = 0; ; ++attempt) {
    const port = await freePort();
    try {
      await start('server-everything', process.execPath, [entry('everything'), 'streamableHttp'], {
        announces: /listening on port/i, env: { PORT: String(port) },
      });
      return { url: `http://127.0.0.1:${port}/mcp` };
    } catch (error) {
      // Somebody took the port between the probe and the server.
      if (attempt === 3) throw error;
    }
  }
}

/// The config entry of a server, with what a test has to know about it in `notes`.
export async function configure(name) {
  const directory = temporaryDirectory();
  if (name === 'everything-stdio') return { config: stdio('everything', ['stdio']) };
  if (name === 'everything-http') return { config: await overHttp() };
  if (name === 'memory') return { config: stdio('memory', [], { MEMORY_FILE_PATH: join(directory, 'memory.jsonl') }) };
  if (name === 'sequential-thinking') return { config: stdio('sequential-thinking') };
  if (name === 'filesystem') {
    const place = join(directory, 'files');
    mkdirSync(place);
    writeFileSync(join(place, 'hello.txt'), 'Hello from a file.\n');
    return { config: stdio('filesystem', [place]), place };
  }
  throw new Error(`unknown server ${name}`);
}
