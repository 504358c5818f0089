// The servers, as the gateway's config names them; those that are reached over HTTP are started.
import { createServer } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modules } from './packages.mjs';
import { start, startEverything, temporaryDirectory } from './process.mjs';

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

/// server-everything as `mode`, sse or streamableHttp, at `path`.
async function everythingAt(mode, path) {
  for (let attempt = 0; ; ++attempt) {
    const port = await freePort();
    try {
      await start('server-everything', process.execPath, [entry('everything'), mode], {
        announces: /(listening|running) on port/i, env: { PORT: String(port) },
      });
      return { url: `http://127.0.0.1:${port}${path}` };
    } catch (error) {
      // Somebody took the port between the probe and the server.
      if (attempt === 3) throw error;
    }
  }
}

const ours = join(dirname(fileURLToPath(import.meta.url)), '../servers');

/// servers/SDK.mjs; `era` as in its options.
async function onSdk(sdk, way, era = []) {
  const args = [join(ours, `${sdk}.mjs`), way, ...era];
  if (way === 'stdio') return { command: process.execPath, args };
  const program = await start(sdk, process.execPath, args, { announces: /^listening (\S+)$/m });
  return { url: `${program.match[1]}/mcp` };
}

async function mooringEverything(bin, era, way) {
  if (way === 'stdio') return { command: join(bin, 'mooring-everything'), args: ['--stdio', '--era', era] };
  return { url: (await startEverything(bin, '--era', era)).url };
}

const makers = {
  'everything-stdio': () => stdio('everything', ['stdio']),
  'everything-sse': () => everythingAt('sse', '/sse'),
  'everything-http': () => everythingAt('streamableHttp', '/mcp'),
  'sdk1-stdio': () => onSdk('sdk1', 'stdio'),
  'sdk1-http': () => onSdk('sdk1', 'http'),
  'sdk2-stdio': () => onSdk('sdk2', 'stdio', ['dual']),
  'sdk2-http': () => onSdk('sdk2', 'http', ['dual']),
  'sdk2-legacy-stdio': () => onSdk('sdk2', 'stdio', ['legacy']),
  'sdk2-legacy-http': () => onSdk('sdk2', 'http', ['legacy']),
  'sdk2-stateless': () => onSdk('sdk2', 'http', ['stateless']),
  'sdk2-modern-stdio': () => onSdk('sdk2', 'stdio', ['modern']),
  'sdk2-modern-http': () => onSdk('sdk2', 'http', ['modern']),
  'mooring-legacy-stdio': (bin) => mooringEverything(bin, 'legacy', 'stdio'),
  'mooring-legacy-http': (bin) => mooringEverything(bin, 'legacy', 'http'),
  'mooring-modern-stdio': (bin) => mooringEverything(bin, 'modern', 'stdio'),
  'mooring-modern-http': (bin) => mooringEverything(bin, 'modern', 'http'),
  memory: () => stdio('memory', [], { MEMORY_FILE_PATH: join(temporaryDirectory(), 'memory.jsonl') }),
  'sequential-thinking': () => stdio('sequential-thinking'),
};

/// The config entry of a server, with what a test has to know about it in `notes`.
export async function configure(name, bin) {
  if (name === 'filesystem') {
    const place = join(temporaryDirectory(), 'files');
    mkdirSync(place);
    writeFileSync(join(place, 'hello.txt'), 'Hello from a file.\n');
    return { config: stdio('filesystem', [place]), place };
  }
  if (!makers[name]) throw new Error(`unknown server ${name}`);
  return { config: await makers[name](bin) };
}
