/**
 * Rotates the CA in the folder of its first argument, step by step, with the program as built. It
 * is killed before the nth time that it renames, links or removes a file: its second argument.
 * With a third, the root is kept in that folder, and renews the intermediate at the end.
 */
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [, , directory = '', nth = '0', stick] = process.argv;
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
const { prepared, retired, switched } = await import('../../../dist/ca/rotation-steps.js');
const silent = () => undefined;
const policy = {
  name: 'Test',
  permitted: [{ kind: 'dns', zone: 'example.test' }],
  leafLifetimeMs: 3_600_000,
  rootLifetimeMs: 86_400_000,
  ...(stick && { intermediateLifetimeMs: 7_200_000, overlapMs: 1_000 }),
};
const options = {
  configuration: policy,
  clock: { now: () => new Date(), after: () => ({ cancel() {} }) },
  logger: { error: silent, warn: silent, info: silent, debug: silent },
  builtAt: new Date(0),
};
const gate = { ...options, directory };
const owner = { ...options, directory: stick };

const isFound =
  !stick ||
  (await Authority.openExisting(gate).then(
    () => true,
    () => false,
  ));
const authority = await Authority.open({
  ...gate,
  ...(!isFound && { first: await foundByOfflineRoot(owner) }),
});

async function granted(request) {
  const text = await consultOfflineRoot(owner, { request, present: authority.roots() });
  const grant = parseAuthority(text);
  return (state) => adopted(state, { request, grant, now: new Date() });
}

const steps = {
  idle: async () =>
    stick
      ? await granted('rotate')
      : (state) => prepared(state, { cause: 'request', policy, now: new Date() }),
  prepared: () => (state) => switched(state, new Date()),
  switched: () => (state) => retired(state, new Date()),
};
const phase = ({ roots }) =>
  roots.length === 1 ? 'idle' : roots[1].state === 'next' ? 'prepared' : 'switched';
if (stick) console.log(authority.state.bundleVersion);
while (authority.state.rotation?.retiredAt === undefined) {
  await authority.update(await steps[phase(authority.state)]());
  console.log(authority.state.bundleVersion);
}
if (stick) await authority.update(await granted('renew'));
