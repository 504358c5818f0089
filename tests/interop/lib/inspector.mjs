// The Inspector's command line as a client.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { commandLine, outputOf } from './command_line.mjs';
import { modules } from './packages.mjs';
import { command, temporaryDirectory } from './process.mjs';

const launcher = join(modules, '@modelcontextprotocol/inspector/clients/launcher/build/index.js');

function inspector(url, era) {
  const home = temporaryDirectory();
  const inspect = (method, ...args) => command(`Inspector ${method}`, process.execPath,
    [launcher, '--cli', url, '--transport', 'http', '--protocol-era', era, '--method', method, ...args], { env: { HOME: home } });
  return {
    inspect,
    list: () => inspect('tools/list'),
    read: (uri) => inspect('resources/read', '--uri', uri),
    call: (tool, args) => inspect('tools/call', '--tool-name', tool, '--tool-args-json', JSON.stringify(args)),
  };
}

/// What server-everything alone has.
async function templatesAndPrompts(ok, { inspect }) {
  const ask = async (...what) => JSON.parse(await outputOf(inspect(...what)));
  assert.ok((await ask('resources/templates/list')).resourceTemplates.length > 0);
  assert.ok((await ask('prompts/list')).prompts.length > 0);
  const prompt = await ask('prompts/get', '--prompt-name', 'args-prompt', '--prompt-args', 'city=Kiel');
  assert.match(JSON.stringify(prompt), /Kiel/);
  ok('resource templates, prompts/list, get');
}

/// In the legacy era, but for what only the modern one has.
export function inspectorActions(ok, url, gateway, server, words) {
  const legacy = inspector(url, 'legacy');
  const actions = commandLine(ok, legacy, gateway, words);
  const { cancel } = commandLine(ok, inspector(url, 'modern'), gateway, words);
  return {
    ...actions,
    async read() {
      await actions.read();
      if (server.startsWith('everything-')) await templatesAndPrompts(ok, legacy);
    },
    // An interrupted Inspector leaves without a word. In the modern era that cancels, in the legacy one it does not.
    cancel,
  };
}
