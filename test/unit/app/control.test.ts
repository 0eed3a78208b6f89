import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { askGate, controlSocketPath } from '../../../lib/app/control-client.ts';
import { controlServer, type ControlCommands } from '../../../lib/app/control-server.ts';
import { InstanceLock } from '../../../lib/app/instance-lock.ts';
import { MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { rejectionOf } from '../../support/rejection.ts';

describe('the control socket', () => {
  let directory: TemporaryDirectory;
  let lock: InstanceLock;

  const place = () => ({ stateDirectory: directory.path });
  const serve = async (commands: ControlCommands): Promise<void> => {
    lock = await InstanceLock.take(directory.path, controlServer(commands));
  };
  beforeEach(async () => {
    directory = await TemporaryDirectory.create('control');
  });
  afterEach(() => directory.close());

  it('has the gate do what is asked, with its detail', async () => {
    await serve({ double: (detail) => Promise.resolve(Number(detail) * 2) });
    expect(await askGate(place(), 'double', 21)).to.deep.equal({ value: 42 });
    await lock.release();
  });

  it('is for its owner alone', async () => {
    await serve({});
    expect((await stat(controlSocketPath(directory.path))).mode & 0o777).to.equal(0o600);
    await lock.release();
  });

  it('tells a failure with its code and its hint', async () => {
    const failure = new MirrorgateError('MIRRORGATE_FAKE', 'no', { hint: 'wait' });
    await serve({ fail: () => Promise.reject(failure) });
    const error = await rejectionOf(askGate(place(), 'fail'));
    expect([error.code, error.message, error.hint]).to.deep.equal([
      'MIRRORGATE_FAKE',
      'no',
      'wait',
    ]);
    await lock.release();
  });

  it('knows no other commands, those that every object has among them', async () => {
    await serve({});
    for (const name of ['other', 'toString', '__proto__']) {
      const error = await rejectionOf(askGate(place(), name));
      expect(error.code).to.equal('MIRRORGATE_CONTROL_UNKNOWN');
    }
    await lock.release();
  });

  it('takes no endless detail', async () => {
    await serve({ any: () => Promise.resolve('taken') });
    const error = await rejectionOf(askGate(place(), 'any', 'x'.repeat(1024 * 1024)));
    expect(error.code).to.be.oneOf([
      'MIRRORGATE_CONTROL_DETAIL_ARGUMENT',
      'MIRRORGATE_CONTROL_UNREACHABLE',
    ]);
    await lock.release();
  });

  it('is not there where no gate runs', async () => {
    expect(await askGate(place(), 'status')).to.equal(undefined);
  });

  it('goes away with the gate, whoever is connected', async () => {
    await serve({ wait: () => new Promise(() => undefined) });
    const idle = connect(controlSocketPath(directory.path));
    await once(idle, 'connect');
    const asked = rejectionOf(askGate(place(), 'wait'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    await lock.release();
    expect((await asked).code).to.equal('MIRRORGATE_CONTROL_UNREACHABLE');
    idle.destroy();
  });
});
