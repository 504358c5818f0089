// The npm packages that scripts/install-node-packages put down, which lie outside of this directory.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const modules = join(dirname(fileURLToPath(import.meta.url)), '../../../.cache/node/interop/node_modules');
export const need = createRequire(join(modules, '../package.json'));
