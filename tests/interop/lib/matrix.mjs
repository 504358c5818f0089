// What every cell does, and the one table of what a pair cannot express.
const commandLines = ['inspector', 'mooring'];
const toolServers = ['filesystem', 'memory', 'sequential-thinking'];
const foreign = ['everything-stdio', 'everything-sse', 'everything-http'];
const everythingOfOurs = ['mooring-legacy-stdio', 'mooring-legacy-http', 'mooring-modern-stdio', 'mooring-modern-http'];

/// In this order. `noticed`: the server says that the cancellation arrived.
const actions = ['list', 'call', 'read', 'elicit', 'sample', 'subscribe', 'cancel', 'noticed'];

/// Clients (null: all), servers (null: all), actions, why not.
const cannot = [
  [['mooring'], null, ['elicit', 'sample'], 'nobody is there to answer; `call` checks that such a tool ends all the same'],
  [['inspector'], null, ['elicit', 'sample'], 'its command line answers no questions'],
  [commandLines, null, ['subscribe'], 'one process a request, which ends with its answer'],
  [null, toolServers, ['read', 'elicit', 'sample', 'subscribe'], 'the server has tools alone, which ask nothing'],
  [null, toolServers, ['cancel', 'noticed'], 'no tool takes long enough'],
  [null, [...foreign, ...everythingOfOurs], ['noticed'], 'no tool tells of cancelled calls'],
  [null, ['sdk2-stateless'], ['elicit', 'sample'], 'without sessions the server knows no capabilities, and refuses to ask'],
  [null, ['sdk2-stateless'], ['subscribe'], 'without sessions the server has no stream for notifications'],
];

const holds = (list, name) => list === null || list.includes(name);
const reasonAgainst = (client, server, action) =>
  cannot.find((row) => holds(row[0], client) && holds(row[1], server) && row[2].includes(action))?.[3];

/// Every action of a cell: `perform[action]()`, or the reason why the pair has none.
export async function walk(client, server, perform) {
  for (const action of actions) {
    const reason = reasonAgainst(client, server, action);
    if (reason) console.log(`-- ${client} × ${server}: ${action}: ${reason}`);
    else if (perform[action]) await perform[action]();
    else throw new Error(`${client} × ${server}: ${action} is neither checked nor in the table of what cannot be`);
  }
}
