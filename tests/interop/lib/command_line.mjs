// What is checked with a command line, which is a process for each request.
import assert from 'node:assert/strict';
import { until } from './until.mjs';

/// What a program prints that has to succeed.
export async function outputOf(program) {
  const { code, stdout } = await program.ended;
  assert.equal(code, 0, `${program.name}: ${program.output}`);
  return stdout;
}

/// How many calls the gateway has under way.
async function underWay(gateway) {
  const response = await fetch(`${gateway.url}/api/v1/status`);
  return (await response.json()).servers[0].in_flight;
}

/// Actions (matrix.mjs) for `line`, which starts a program: list(), read(uri), call(tool, args).
export function commandLine(ok, line, gateway, words) {
  const matches = async (program, expected) => assert.match(await outputOf(program), expected);
  const called = ([tool, args, expected]) => matches(line.call(tool, args), expected);
  return {
    async list() {
      const { tools } = JSON.parse(await outputOf(line.list()));
      assert.ok(tools.some((tool) => tool.name === words.call[0]));
      ok('tools/list');
    },
    async call() {
      await called(words.call);
      ok('tools/call');
    },
    async read() {
      const [uri, expected] = words.read;
      await matches(line.read(uri), expected);
      ok('resources/read');
    },
    async cancel() {
      const [tool, args] = words.hold;
      const program = line.call(tool, args);
      await until('the call is under way', async () => await underWay(gateway) === 1);
      program.child.kill('SIGINT');
      const { code } = await program.ended;
      assert.notEqual(code, 0);
      await until('no call is under way', async () => await underWay(gateway) === 0);
      await called(words.call);
      ok('a cancelled call ends, and the next one goes through');
    },
    async noticed() {
      await called(words.noticed);
      ok('the server noticed the cancellation');
    },
  };
}
