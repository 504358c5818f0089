// run.mjs server direct|http|stdio 0.1|0.2 BIN    the suite against mooring-everything, or against a gateway in front of it
// run.mjs client 0.1|0.2 BIN                      the suite against mooring-conformance-client
//
// The suite is held to exact lists: a scenario that is missing, fails, warns or passes nothing fails the run.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main, startEverything, startGateway, temporaryDirectory } from '../interop/lib/process.mjs';

const required = [
  'server-initialize', 'logging-set-level', 'ping', 'completion-complete', 'tools-list', 'tools-call-simple-text',
  'tools-call-image', 'tools-call-audio', 'tools-call-embedded-resource', 'tools-call-mixed-content',
  'tools-call-with-logging', 'tools-call-error', 'tools-call-with-progress', 'tools-call-sampling',
  'tools-call-elicitation', 'elicitation-sep1034-defaults', 'server-sse-multiple-streams', 'elicitation-sep1330-enums',
  'resources-list', 'resources-read-text', 'resources-read-binary', 'resources-templates-read', 'resources-subscribe',
  'resources-unsubscribe', 'prompts-list', 'prompts-get-simple', 'prompts-get-with-args',
  'prompts-get-embedded-resource', 'prompts-get-with-image', 'dns-rebinding-protection',
];
const suites = {
  '0.1': { scenarios: [...required, 'json-schema-2020-12', 'server-sse-polling'], select: ['--suite', 'all'] },
  '0.2': {
    scenarios: [...required, 'server-session-lifecycle', 'json-schema-2020-12', 'server-sse-polling'],
    select: ['--requirements', '2025-11-25'],
  },
};
const clientScenarios = ['initialize', 'tools_call', 'elicitation-sep1034-client-defaults', 'sse-retry'];

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, '../../.cache/node/conformance/node_modules');

/// Runs the suite's own command; resolves with what it printed.
function suite(version, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(modules, `conformance-${version}`, 'dist/index.js'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => { output += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { output += text; });
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
}

/// The verdict of one scenario from the checks.json the suite left for it.
function readChecks(output, prefix) {
  const directory = readdirSync(output).find((entry) => new RegExp(`^${prefix}-\\d{4}-\\d\\d-\\d\\dT`).test(entry));
  const file = directory && join(output, directory, 'checks.json');
  if (!file || !existsSync(file)) return null;
  const checks = JSON.parse(readFileSync(file, 'utf8'));
  const bad = checks.filter((check) => check.status === 'FAILURE' || check.status === 'WARNING');
  return { passed: checks.filter((check) => check.status === 'SUCCESS').length, bad };
}

function report(scenarios, output, prefix) {
  let passing = 0;
  for (const scenario of scenarios) {
    const verdict = readChecks(output, prefix + scenario);
    const good = verdict && verdict.passed > 0 && verdict.bad.length === 0;
    passing += good ? 1 : 0;
    console.log(`${good ? 'ok    ' : 'NOT OK'} ${scenario}: ${verdict ? `${verdict.passed} checks passed` : 'did not run'}`);
    for (const check of verdict?.bad ?? []) console.log(`         ${check.status} ${check.id}: ${check.errorMessage ?? ''}`);
  }
  console.log(`${passing}/${scenarios.length} scenarios`);
  return passing === scenarios.length;
}

async function serverCell(way, version, bin) {
  let url;
  if (way === 'direct') {
    url = (await startEverything(bin)).url;
  } else if (way === 'http') {
    const upstream = await startEverything(bin);
    url = `${(await startGateway(bin, { x: { url: upstream.url } })).url}/mcp/x`;
  } else if (way === 'stdio') {
    const servers = { x: { command: join(bin, 'mooring-everything'), args: ['--stdio'] } };
    url = `${(await startGateway(bin, servers)).url}/mcp/x`;
  } else {
    throw new Error(`unknown way ${way}`);
  }
  const results = temporaryDirectory();
  const { scenarios, select } = suites[version];
  const printed = await suite(version, ['server', '--url', url, ...select, '-o', results]);
  if (report(scenarios, results, 'server-')) return 0;
  console.log(printed.slice(printed.indexOf('=== SUMMARY')));
  return 1;
}

async function clientCell(version, bin) {
  const directory = temporaryDirectory();
  // The suite splits the command at spaces; this path has none.
  const command = join(directory, 'client');
  symlinkSync(join(bin, 'mooring-conformance-client'), command);
  const revision = version === '0.2' ? ['--spec-version', '2025-11-25'] : [];
  for (const scenario of clientScenarios) {
    const printed = await suite(version, ['client', '--command', command, '--scenario', scenario, ...revision, '-o', directory]);
    if (/EXITED WITH ERROR|TIMED OUT|OVERALL: FAILED/.test(printed)) console.log(printed);
  }
  return report(clientScenarios, directory, '') ? 0 : 1;
}

const [side, ...rest] = process.argv.slice(2);
await main(() => (side === 'server' ? serverCell(...rest) : clientCell(...rest)));
