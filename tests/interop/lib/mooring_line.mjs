// Our own command line as a client.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { commandLine } from './command_line.mjs';
import { command, temporaryDirectory } from './process.mjs';

function mooringLine(bin, url) {
  const directory = temporaryDirectory();
  const mooring = (verb, ...args) => command(`mooring ${verb}`, join(bin, 'mooring'), [verb, url, ...args, '--json'], {
    env: { XDG_STATE_HOME: directory, XDG_CONFIG_HOME: directory }, cwd: directory,
  });
  return {
    list: () => mooring('tools'),
    read: (uri) => mooring('read', uri),
    call: (tool, args) => mooring('call', tool, JSON.stringify(args)),
  };
}

/// Tools that ask the client end, although there is nobody to answer.
async function asksInVain(ok, line, words) {
  for (const action of ['elicit', 'sample'].filter((one) => words[one])) {
    const [tool, args] = words[action];
    const program = line.call(tool, args);
    await program.ended;
    assert.match(program.output, /declin|cancel|support|capabilit/i);
    ok(`a tool that would ${action} in vain ends`);
  }
}

export function mooringActions(ok, url, gateway, bin, words) {
  const line = mooringLine(bin, url);
  const actions = commandLine(ok, line, gateway, words);
  return {
    ...actions,
    async call() {
      await actions.call();
      await asksInVain(ok, line, words);
    },
  };
}
