// cell.mjs CLIENT SERVER BIN: one client talks to one server through a gateway of its own. lib/matrix.mjs says what every
// cell does, and what a pair cannot express.
//   CLIENT  sdk1, client2, client2-auto (over HTTP; SDK 1.x, SDK 2.x in the legacy and in the modern era),
//           sdk1-sse (over the older HTTP+SSE), sdk1-stdio, client2-stdio (the gateway as their child),
//           inspector (its command line), mooring (ours)
//   SERVER  lib/servers.mjs
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, endpoint } from './lib/clients.mjs';
import { everything } from './lib/everything.mjs';
import { inspectorActions } from './lib/inspector.mjs';
import { walk } from './lib/matrix.mjs';
import { mooringActions } from './lib/mooring_line.mjs';
import { peer } from './lib/peer.mjs';
import { main, startGateway, stop, temporaryDirectory } from './lib/process.mjs';
import { configure } from './lib/servers.mjs';
import { toolServers } from './lib/tool_servers.mjs';
import { vocabulary } from './lib/vocabulary.mjs';

const [clientName, server, bin] = process.argv.slice(2);
const ok = (what) => console.log(`ok ${clientName} × ${server}: ${what}`);
const key = 'peer';
const words = vocabulary(server);

/// /mcp: every server at once, names prefixed.
async function aggregate(client) {
  const [tool, args, expected] = words.call;
  const { tools } = await client.listTools();
  assert.ok(tools.every((one) => one.name.startsWith(`${key}__`)), tools.map((one) => one.name).join(' '));
  const result = await client.callTool({ name: `${key}__${tool}`, arguments: args });
  assert.match(JSON.stringify(result), expected);
  ok('every server at once: prefixed names, a call');
}

async function overStdio(kind, _notes, config) {
  const directory = temporaryDirectory();
  const file = join(directory, 'mooring.json');
  writeFileSync(file, JSON.stringify({ mcpServers: { [key]: config } }));
  const client = await connect(kind, {
    command: join(bin, 'mooring'), args: ['serve', '--stdio', '--config', file], cwd: directory,
    env: { ...process.env, XDG_STATE_HOME: directory, XDG_CONFIG_HOME: directory },
  });
  await aggregate(client);
  await client.leave();
}

/// The EventSource of this client opens its stream anew by itself, and the client does not notice.
async function acrossRestart(client, gateway, config) {
  await endsByItself(gateway);
  const again = await startGateway(bin, { [key]: config }, new URL(gateway.url).port);
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      await aggregate(client);
      break;
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  ok('a restart of the gateway: the next call is answered');
  return again;
}

async function endsByItself(gateway) {
  const { code, signal } = await stop(gateway);
  assert.equal(code, 0, `the gateway ended with ${code ?? signal}:\n${gateway.output}`);
  ok('the gateway ends by itself when told');
}

/// What the gateway made of the server: a server of one era alone is spoken to in that era.
async function checkEra(gateway) {
  const response = await fetch(`${gateway.url}/api/v1/status`);
  const spoken = (await response.json()).servers[0].protocol_version;
  if (server.includes('-modern-')) assert.equal(spoken, '2026-07-28');
  if (server.includes('-legacy-')) assert.notEqual(spoken, '2026-07-28');
  ok(`the gateway speaks ${spoken} to the server`);
}

const actionsOf = (client, notes) => {
  const checks = server.startsWith('everything-') ? everything : toolServers[server] ?? peer;
  const bound = ([action, check]) => [action, () => check(ok, client, { ...notes, words })];
  return Object.fromEntries(Object.entries(checks).map(bound));
};

async function overHttp(kind, notes, config) {
  let gateway = await startGateway(bin, { [key]: config });
  const url = `${gateway.url}/mcp/${key}`;
  if (kind === 'inspector') {
    await walk(kind, server, inspectorActions(ok, url, gateway, server, words));
  } else if (kind === 'mooring') {
    await walk(kind, server, mooringActions(ok, url, gateway, bin, words));
  } else {
    const client = await connect(kind, endpoint(kind, gateway, key));
    await walk(kind, server, actionsOf(client, notes));
    await client.leave();
    const whole = await connect(kind, endpoint(kind, gateway));
    await aggregate(whole);
    if (kind === 'sdk1-sse') gateway = await acrossRestart(whole, gateway, config);
    await whole.leave();
  }
  await checkEra(gateway);
  await endsByItself(gateway);
}

await main(async () => {
  const { config, ...notes } = await configure(server, bin);
  const [, kind, stdio] = /^(.*?)(-stdio)?$/.exec(clientName);
  await (stdio ? overStdio : overHttp)(kind, notes, config);
});
