/**
 * Rotates a CA whose root is in the folder of its second argument, the gate's being the first, with
 * the program as built. It is killed before the nth time that it renames, links or removes a file:
 * its third argument.
 */
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [, , directory = '', stick = '', nth = '0'] = process.argv;
let left = Number(nth);
for (const name of ['rename', 'link', 'unlink']) {
  const original = promises[name];
  promises[name] = (...args) => {
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
    return original(...args);
  };
}
syncBuiltinESMExports();

const { Authority } = await import('../../../dist/ca/authority.js');
const { parseAuthority } = await import('../../../dist/ca/authority-text.js');
const { adopted } = await import('../../../dist/ca/offline-grant.js');
const { consultOfflineRoot, foundByOfflineRoot } = await import('../../../dist/ca/offline-root.js');
const { retired, switched } = await import('../../../dist/ca/rotation-steps.js');
const silent = () => undefined;
const configuration = {
  name: 'Test',
  permitted: [{ kind: 'dns', zone: 'example.test' }],
  leafLifetimeMs: 3_600_000,
  rootLifetimeMs: 86_400_000,
  intermediateLifetimeMs: 7_200_000,
  overlapMs: 1_000,
};
const options = {
  configuration,
  clock: { now: () => new Date(), after: () => ({ cancel() {} }) },
  logger: { error: silent, warn: silent, info: silent, debug: silent },
  builtAt: new Date(0),
};
const gate = { ...options, directory };
const owner = { ...options, directory: stick };

const present = await Authority.openExisting(gate).catch(() => undefined);
const first = present === undefined ? await foundByOfflineRoot(owner) : undefined;
const authority = await Authority.open({ ...gate, ...(first && { first }) });
console.log(authority.state.bundleVersion);
const steps = {
  async idle() {
    const text = await consultOfflineRoot(owner, { request: 'rotate', present: authority.roots() });
    const grant = parseAuthority(text);
    return (state) => adopted(state, { request: 'rotate', grant, now: new Date() });
  },
  prepared: async () => (state) => switched(state, new Date()),
  switched: async () => (state) => retired(state, new Date()),
};
const phase = ({ roots }) =>
  roots.length === 1 ? 'idle' : roots[1].state === 'next' ? 'prepared' : 'switched';
while (authority.state.rotation?.retiredAt === undefined) {
  await authority.update(await steps[phase(authority.state)]());
  console.log(authority.state.bundleVersion);
}
const renewal = await consultOfflineRoot(owner, { request: 'renew', present: authority.roots() });
await authority.update((state) =>
  adopted(state, { request: 'renew', grant: parseAuthority(renewal), now: new Date() }),
);
