/**
 * Rotates the CA in the folder of its first argument, step by step, with the program as built. It
 * is killed before the nth time that it renames, links or removes a file: its second argument.
 */
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [, , directory = '', nth = '0'] = process.argv;
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
const { prepared, retired, switched } = await import('../../../dist/ca/rotation-steps.js');
const clock = { now: () => new Date(), after: () => ({ cancel() {} }) };
const silent = () => undefined;
const policy = {
  name: 'Test',
  permitted: [{ kind: 'dns', zone: 'example.test' }],
  leafLifetimeMs: 3_600_000,
  rootLifetimeMs: 86_400_000,
};
const authority = await Authority.open({
  ...{ directory, clock, configuration: policy },
  logger: { error: silent, warn: silent, info: silent, debug: silent },
  builtAt: new Date(0),
});
const steps = {
  idle: (state) => prepared(state, { cause: 'request', policy, now: new Date() }),
  prepared: (state) => switched(state, new Date()),
  switched: (state) => retired(state, new Date()),
};
const phase = ({ roots }) =>
  roots.length === 1 ? 'idle' : roots[1].state === 'next' ? 'prepared' : 'switched';
const done = authority.state.rotation?.retiredAt !== undefined;
while (!done && authority.state.rotation?.retiredAt === undefined) {
  await authority.update((state) => steps[phase(state)](state));
  console.log(authority.state.bundleVersion);
}
