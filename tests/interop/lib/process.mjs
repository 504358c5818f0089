// Starts the programs under test, waits for what they announce, and leaves nothing behind.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const running = new Set();
const directories = [];

export function temporaryDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'mooring-test-'));
  directories.push(directory);
  return directory;
}

function launch(name, command, args, { env = {}, cwd } = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const program = { name, child, output: '', exited: null };
  program.exited = new Promise((done, failed) => {
    child.once('exit', (code, signal) => {
      running.delete(program);
      done({ code, signal });
    });
    child.once('error', (error) => {
      running.delete(program);
      failed(new Error(`${name}: ${error.message}`));
    });
  });
  running.add(program);
  child.stdout.setEncoding('utf8').on('data', (chunk) => { program.output += chunk; });
  child.stderr.setEncoding('utf8').on('data', (chunk) => { program.output += chunk; });
  return program;
}

/// Starts COMMAND and resolves when a line of its stderr or stdout matches `announces`; `match` is what matched.
export function start(name, command, args, { announces, ...options } = {}) {
  const program = launch(name, command, args, options);
  return new Promise((resolve, reject) => {
    const look = () => {
      program.match ??= announces.exec(program.output);
      if (program.match) resolve(program);
    };
    program.child.stdout.on('data', look);
    program.child.stderr.on('data', look);
    program.exited.then(({ code, signal }) => {
      reject(new Error(`${name} ended (${code ?? signal}) before it announced itself:\n${program.output}`));
    }, reject);
  });
}

/// Starts COMMAND, which ends by itself; `ended` is { code, signal, stdout }.
export function command(name, path, args, options) {
  const program = launch(name, path, args, options);
  let stdout = '';
  program.child.stdout.on('data', (chunk) => { stdout += chunk; });
  const read = new Promise((done) => program.child.once('close', done));
  program.ended = Promise.all([program.exited, read]).then(([end]) => ({ ...end, stdout }));
  return program;
}

/// Asks a program to end, and says how it did. One that does not end within 20 s is killed.
export async function stop(program) {
  if (!running.has(program)) return program.exited;
  program.child.kill('SIGTERM');
  const late = setTimeout(() => program.child.kill('SIGKILL'), 20_000);
  const end = await program.exited;
  clearTimeout(late);
  return end;
}

export async function stopEverything() {
  // The last one started first: the gateway before its upstreams.
  for (const program of [...running].reverse()) await stop(program);
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
}

const listening = /^listening http:\/\/\S*:(\d+)$/m;

/// mooring-everything over HTTP; `url` is its MCP endpoint.
export async function startEverything(bin, ...args) {
  const program = await start('mooring-everything', join(bin, 'mooring-everything'), ['--listen', '127.0.0.1:0', ...args], {
    announces: listening,
  });
  program.url = `http://localhost:${program.match[1]}/mcp`;
  return program;
}

/// A gateway in front of `servers` (the mcpServers object), with state of its own; `url` is its address without a path.
export async function startGateway(bin, servers, port = 0) {
  const directory = temporaryDirectory();
  const config = join(directory, 'mooring.json');
  writeFileSync(config, JSON.stringify({ mcpServers: servers }));
  const program = await start('mooring', join(bin, 'mooring'), ['serve', '--config', config, '--listen', `127.0.0.1:${port}`], {
    announces: listening, env: { XDG_STATE_HOME: directory, XDG_CONFIG_HOME: directory }, cwd: directory,
  });
  program.url = `http://localhost:${program.match[1]}`;
  return program;
}

/// Runs a test body, cleans up whatever happens, and ends the process with the verdict.
export async function main(body) {
  let code = 1;
  const interrupt = () => stopEverything().finally(() => process.exit(1));
  process.once('SIGTERM', interrupt).once('SIGINT', interrupt);
  try {
    code = (await body()) ?? 0;
  } catch (error) {
    console.error(error?.stack ?? error);
    for (const program of running) console.error(`--- ${program.name} said:\n${program.output.slice(-6000)}`);
  }
  await stopEverything();
  process.exit(code);
}
