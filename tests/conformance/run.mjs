// run.mjs server WAY 0.1|0.2|modern BIN                  the suite against mooring-everything (WAY direct), or against a
//                                                        gateway in front of it (WAY http|stdio and -legacy|-modern:
//                                                        how the server is reached, and the era it speaks)
// run.mjs client 0.1|0.2|modern BIN                      the suite against mooring-conformance-client
//
// The suite is held to exact lists: a scenario that is missing, fails, warns or passes nothing fails the run.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
const modern = [
  'server-stateless', 'completion-complete', 'tools-list', 'tools-call-simple-text', 'tools-call-image', 'tools-call-audio',
  'tools-call-embedded-resource', 'tools-call-mixed-content', 'tools-call-error', 'tools-call-with-progress',
  'server-sse-multiple-streams', 'resources-list', 'resources-read-text', 'resources-read-binary',
  'resources-templates-read', 'sep-2164-resource-not-found', 'prompts-list', 'prompts-get-simple', 'prompts-get-with-args',
  'prompts-get-embedded-resource', 'prompts-get-with-image', 'dns-rebinding-protection', 'caching',
  'input-required-result-basic-elicitation', 'input-required-result-basic-sampling',
  'input-required-result-basic-list-roots', 'input-required-result-request-state',
  'input-required-result-multiple-input-requests', 'input-required-result-multi-round',
  'input-required-result-missing-input-response', 'input-required-result-non-tool-request',
  'input-required-result-result-type', 'input-required-result-unsupported-methods',
  'input-required-result-tampered-state', 'input-required-result-capability-check',
  'input-required-result-ignore-extra-params', 'input-required-result-validate-input',
  'json-schema-2020-12', 'http-header-validation', 'http-custom-header-server-validation',
];
// Tasks (SEP-2663), which the gateway does not relay.
const tasks = [
  'tasks-lifecycle', 'tasks-capability-negotiation', 'tasks-wire-fields', 'tasks-request-state-removal', 'tasks-mrtr-input',
  'tasks-request-headers', 'tasks-dispatch-and-envelope', 'tasks-status-notifications', 'tasks-required-task-error',
  'tasks-mrtr-composition',
];
// The suite knows it, but has nothing to check yet; tests/everything/tasks_test.cpp holds the server to it.
const skippedBySuite = ['tasks-status-notifications'];
// What a server of the legacy era cannot say, whoever stands in front of it: how a question is called, that several
// belong together, and that a client lacks something. Whole scenarios, and checks of others.
const modernServersOnly = [
  'input-required-result-basic-elicitation', 'input-required-result-multiple-input-requests',
  'input-required-result-ignore-extra-params',
];
const modernServersOnlyChecks = [
  'sep-2575-server-rejects-undeclared-capability', 'sep-2575-missing-capability-http-400',
];
const suites = {
  '0.1': { scenarios: [...required, 'json-schema-2020-12', 'server-sse-polling'], select: ['--suite', 'all'] },
  '0.2': {
    scenarios: [...required, 'server-session-lifecycle', 'json-schema-2020-12', 'server-sse-polling'],
    select: ['--requirements', '2025-11-25'],
  },
  modern: { scenarios: [...modern, ...tasks], select: ['--requirements', '2026-07-28'] },
};
const packageOf = { '0.1': '0.1', '0.2': '0.2', modern: '0.2' };
const authCore = [
  'auth/metadata-default', 'auth/metadata-var1', 'auth/metadata-var2', 'auth/metadata-var3', 'auth/basic-cimd',
  'auth/scope-from-www-authenticate', 'auth/scope-from-scopes-supported', 'auth/scope-omitted-when-undefined',
  'auth/scope-step-up', 'auth/scope-retry-limit', 'auth/token-endpoint-auth-basic', 'auth/token-endpoint-auth-post',
  'auth/token-endpoint-auth-none', 'auth/pre-registration', 'auth/client-credentials-jwt', 'auth/client-credentials-basic',
];
const authLater = ['auth/resource-mismatch', 'auth/offline-access-scope', 'auth/offline-access-not-supported'];
const clientCore = ['initialize', 'tools_call', 'elicitation-sep1034-client-defaults', 'sse-retry', ...authCore];
const unscored = [
  'auth/enterprise-managed-authorization', 'auth/dpop', 'auth/dpop-nonce', 'auth/wif-jwt-bearer',
  'json-schema-2020-12-preservation',
];
const clientSuites = {
  '0.1': {
    scenarios: [
      ...clientCore, ...authLater, 'auth/2025-03-26-oauth-metadata-backcompat',
      'auth/2025-03-26-oauth-endpoint-fallback', 'auth/cross-app-access-complete-flow',
    ],
    select: ['--suite', 'all'],
  },
  '0.2': { scenarios: [...clientCore, ...unscored], select: ['--requirements', '2025-11-25'] },
  modern: {
    scenarios: [
      'tools_call', 'request-metadata', ...authCore, ...authLater, 'auth/authorization-server-migration',
      'auth/iss-supported', 'auth/iss-not-advertised', 'auth/iss-supported-missing', 'auth/iss-wrong-issuer',
      'auth/iss-unexpected', 'auth/iss-normalized', 'auth/metadata-issuer-mismatch', 'sep-2322-client-request-state',
      'http-standard-headers', 'http-custom-headers', 'http-invalid-tool-headers', 'json-schema-ref-no-deref', ...unscored,
    ],
    select: ['--requirements', '2026-07-28'],
  },
};

// Where a client that goes through with it has not looked at what it was told. All others end well: the suite itself
// does not mind a client that gives up half way.
const clientGivesUp = [
  'auth/scope-retry-limit', 'auth/resource-mismatch', 'auth/iss-supported-missing', 'auth/iss-wrong-issuer',
  'auth/iss-unexpected', 'auth/iss-normalized', 'auth/metadata-issuer-mismatch',
];

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, '../../.cache/node/conformance/node_modules');

/// Runs the suite's own command; resolves with what it printed.
function suite(version, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(modules, `conformance-${packageOf[version]}`, 'dist/index.js'), ...args], {
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
function readChecks(output, prefix, exempt) {
  const parent = join(output, dirname(prefix));
  const pattern = new RegExp(`^${basename(prefix)}-\\d{4}-\\d\\d-\\d\\dT`);
  const directory = existsSync(parent) && readdirSync(parent).find((entry) => pattern.test(entry));
  const file = directory && join(parent, directory, 'checks.json');
  if (!file || !existsSync(file)) return null;
  const checks = JSON.parse(readFileSync(file, 'utf8'));
  const bad = checks.filter(
    (check) => (check.status === 'FAILURE' || check.status === 'WARNING') && !exempt.includes(check.id),
  );
  const printed = join(parent, directory, 'stdout.txt');
  if (existsSync(printed) && (readFileSync(printed, 'utf8') === 'done\n') === clientGivesUp.includes(prefix))
    bad.push({ status: 'FAILURE', id: 'end', errorMessage: 'the client gave up, or should have' });
  const count = (status) => checks.filter((check) => check.status === status).length;
  return { passed: count('SUCCESS'), skipped: count('SKIPPED'), bad };
}

function report(scenarios, output, prefix, exempt = []) {
  let passing = 0;
  for (const scenario of scenarios) {
    const verdict = readChecks(output, prefix + scenario, exempt);
    const held = verdict && (verdict.passed > 0 || (skippedBySuite.includes(scenario) && verdict.skipped > 0));
    const good = held && verdict.bad.length === 0;
    passing += good ? 1 : 0;
    const skipped = verdict?.skipped ? `, ${verdict.skipped} skipped by the suite` : '';
    const told = verdict ? `${verdict.passed} checks passed${skipped}` : 'did not run';
    console.log(`${good ? 'ok    ' : 'NOT OK'} ${scenario}: ${told}`);
    for (const check of verdict?.bad ?? []) console.log(`         ${check.status} ${check.id}: ${check.errorMessage ?? ''}`);
  }
  console.log(`${passing}/${scenarios.length} scenarios`);
  return passing === scenarios.length;
}

/// `way`: "direct", or how a gateway reaches the test server and which era they speak: "http-legacy", "stdio-modern", ….
async function serverCell(way, version, bin) {
  const [transport, era] = way.split('-');
  let url;
  if (way === 'direct') {
    url = (await startEverything(bin)).url;
  } else if (transport === 'http') {
    const upstream = await startEverything(bin, '--era', era);
    url = `${(await startGateway(bin, { x: { url: upstream.url } })).url}/mcp/x`;
  } else if (transport === 'stdio') {
    const servers = { x: { command: join(bin, 'mooring-everything'), args: ['--stdio', '--era', era] } };
    url = `${(await startGateway(bin, servers)).url}/mcp/x`;
  } else {
    throw new Error(`unknown way ${way}`);
  }
  const results = temporaryDirectory();
  const { scenarios, select } = suites[version];
  const bridged = version === 'modern' && era === 'legacy';
  const expressible = bridged ? scenarios.filter((each) => ![...modernServersOnly, ...tasks].includes(each)) : scenarios;
  const printed = await suite(version, ['server', '--url', url, ...select, '-o', results]);
  if (report(expressible, results, 'server-', bridged ? modernServersOnlyChecks : [])) return 0;
  console.log(printed.slice(printed.indexOf('=== SUMMARY')));
  return 1;
}

async function clientCell(version, bin) {
  const directory = temporaryDirectory();
  // The suite splits the command at spaces; this path has none.
  const command = join(directory, 'client');
  symlinkSync(join(bin, 'mooring-conformance-client'), command);
  const { scenarios, select } = clientSuites[version];
  const printed = await suite(version, ['client', '--command', command, ...select, '-o', directory]);
  if (report(scenarios, directory, '')) return 0;
  console.log(printed);
  return 1;
}

const [side, ...rest] = process.argv.slice(2);
await main(() => (side === 'server' ? serverCell(...rest) : clientCell(...rest)));
