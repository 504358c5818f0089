// What each server calls the things that the matrix does. Tools are [name, arguments, what the answer matches].
const peer = {
  call: ['add', { a: 2, b: 3 }, /"sum": ?5\b/],
  read: ['peer://watched', /version 1/],
  elicit: ['ask_name', {}, /Hello, Ada/, /What is your name/],
  sample: ['ask_model', {}, /sampled answer/, /A question for the model/],
  change: ['change', {}, /version 2/],
  watched: 'peer://watched',
  hold: ['hold', { key: 'cell' }],
  noticed: ['wait_for', { what: 'cancelled', key: 'cell' }, /cancelled cell/],
};

const mooring = {
  call: ['add_numbers', { a: 2, b: 3 }, /"sum": ?5\b/],
  read: ['test://static-text', /static text/],
  elicit: ['test_elicitation', { message: 'Who is there?' }, /accept.*Ada/, /Who is there/],
  sample: ['test_sampling', { prompt: 'A question' }, /sampled answer/, /A question/],
  change: ['touch_resource', { uri: 'test://watched-resource' }, /Told/],
  watched: 'test://watched-resource',
  hold: ['slow', { seconds: 600 }],
};

const everything = {
  call: ['echo', { message: 'hi' }, /Echo: hi/],
  read: ['demo://resource/static/document/features.md', /Everything Server/],
  elicit: ['trigger-elicitation-request', {}],
  sample: ['trigger-sampling-request', { prompt: 'A question' }],
  hold: ['trigger-long-running-operation', { duration: 600, steps: 6000 }],
};

const tools = {
  filesystem: { call: ['list_allowed_directories', {}, /files/] },
  memory: { call: ['read_graph', {}, /entities/] },
  'sequential-thinking': {
    call: ['sequentialthinking', { thought: 'one', thoughtNumber: 1, totalThoughts: 1, nextThoughtNeeded: false },
      /thoughtHistoryLength/],
  },
};

export function vocabulary(server) {
  if (/^sdk\d-/.test(server)) return peer;
  if (server.startsWith('mooring-')) return mooring;
  return server.startsWith('everything-') ? everything : tools[server];
}
