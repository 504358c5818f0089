// cell.mjs CLIENT SERVER BIN: one real client talks to one real server through a gateway of its own.
//   CLIENT  sdk1, client2, client2-auto (over HTTP; the last of the modern era), sdk1-sse (over the older HTTP+SSE),
//           sdk1-stdio, client2-stdio (the gateway as their child), inspector
//   SERVER  everything-stdio, everything-http, filesystem, memory, sequential-thinking
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checks, plainCall } from './lib/checks.mjs';
import { connect, endpoint } from './lib/clients.mjs';
import { inspectorChecks } from './lib/inspector.mjs';
import { main, startGateway, stop, temporaryDirectory } from './lib/process.mjs';
import { configure } from './lib/servers.mjs';

const [clientName, server, bin] = process.argv.slice(2);
const ok = (what) => console.log(`ok ${clientName} × ${server}: ${what}`);
const key = 'peer';

/// /mcp: every server at once, names prefixed.
async function aggregate(client) {
  const [tool, args, expected] = plainCall[server]();
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

async function overHttp(kind, notes, config) {
  let gateway = await startGateway(bin, { [key]: config });
  if (kind === 'inspector') {
    await inspectorChecks(ok, `${gateway.url}/mcp/${key}`, server);
  } else {
    const client = await connect(kind, endpoint(kind, gateway, key));
    await checks[server](ok, client, notes);
    await client.leave();
    const whole = await connect(kind, endpoint(kind, gateway));
    await aggregate(whole);
    if (kind === 'sdk1-sse') gateway = await acrossRestart(whole, gateway, config);
    await whole.leave();
  }
  await endsByItself(gateway);
}

await main(async () => {
  const { config, ...notes } = await configure(server);
  const [, kind, stdio] = /^(.*?)(-stdio)?$/.exec(clientName);
  await (stdio ? overStdio : overHttp)(kind, notes, config);
});
