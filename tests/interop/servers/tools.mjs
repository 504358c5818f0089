// The tools that ask nothing of the client, which both SDKs take alike.
import { need } from '../lib/packages.mjs';
import { say } from './world.mjs';

const { z } = need('zod');

/// `callOf` makes { progressToken, notify, signal } of what this SDK gives a tool.
export function addPlainTools(server, world, callOf) {
  server.registerTool('add', {
    description: 'Adds two numbers', annotations: { readOnlyHint: true },
    inputSchema: z.object({ a: z.number(), b: z.number() }), outputSchema: z.object({ sum: z.number() }),
  }, async ({ a, b }) => ({ ...say(`${a + b}`), structuredContent: { sum: a + b } }));
  server.registerTool('change', { description: 'Changes the watched resource' }, async () => say(await world.change()));
  server.registerTool('hold', { description: 'Stays until it is cancelled', inputSchema: z.object({ key: z.string() }) },
    async ({ key }, context) => {
      const { progressToken, notify, signal } = callOf(context);
      if (progressToken !== undefined) {
        await notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
      }
      await world.hold(key, signal);
      return say('cancelled');
    });
  server.registerTool('wait_for', {
    description: 'Waits until a hold has begun, or was cancelled',
    inputSchema: z.object({ what: z.enum(['begun', 'cancelled']), key: z.string() }),
  }, async ({ what, key }) => say(await world.once(what, key)));
}
