// The Inspector's command line: one process a request.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { modules } from './clients.mjs';
import { plainCall } from './checks.mjs';
import { temporaryDirectory } from './process.mjs';

const launcher = join(modules, '@modelcontextprotocol/inspector/clients/launcher/build/index.js');

function inspect(url, method, args = []) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [launcher, '--cli', url, '--transport', 'http', '--method', method, ...args], {
      env: { ...process.env, HOME: temporaryDirectory() }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => { out += chunk; });
    child.stderr.setEncoding('utf8').on('data', (chunk) => { err += chunk; });
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(out));
      else reject(new Error(`the Inspector ended with ${code} on ${method}:\n${err}\n${out}`));
    });
  });
}

export async function inspectorChecks(ok, url, server) {
  const [tool, args, expected] = plainCall[server]();
  const { tools } = await inspect(url, 'tools/list');
  assert.ok(tools.some((one) => one.name === tool));
  ok('tools/list');
  const pairs = Object.entries(args).flatMap(([key, value]) => ['--tool-arg', `${key}=${value}`]);
  const result = await inspect(url, 'tools/call', ['--tool-name', tool, ...pairs]);
  assert.match(JSON.stringify(result), expected);
  ok('tools/call');
  if (!server.startsWith('everything')) return;

  const { resources } = await inspect(url, 'resources/list');
  const { contents } = await inspect(url, 'resources/read', ['--uri', resources[0].uri]);
  assert.ok(contents[0].text.length > 0);
  const { resourceTemplates } = await inspect(url, 'resources/templates/list');
  assert.ok(resourceTemplates.length > 0);
  ok('resources/list, read, templates');
  const { prompts } = await inspect(url, 'prompts/list');
  assert.ok(prompts.length > 0);
  const prompt = await inspect(url, 'prompts/get', ['--prompt-name', 'args-prompt', '--prompt-args', 'city=Kiel']);
  assert.match(JSON.stringify(prompt), /Kiel/);
  ok('prompts/list, get');
}
