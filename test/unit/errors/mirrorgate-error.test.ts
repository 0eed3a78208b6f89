import { connect } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { errorCode, errorMessage, MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';

class DiskError extends MirrorgateError {}

describe('MirrorgateError', () => {
  it('carries code, hint and cause, and the name of its class', () => {
    const cause = new Error('ENOSPC');
    const error = new DiskError('MIRRORGATE_TEST_DISK', 'disk full', { hint: 'make room', cause });
    expect(error).to.be.instanceOf(Error);
    expect(error).to.include({
      name: 'DiskError',
      code: 'MIRRORGATE_TEST_DISK',
      hint: 'make room',
    });
    expect(error.cause).to.equal(cause);
  });

  it('without details has no hint and no cause at all', () => {
    const error = new MirrorgateError('MIRRORGATE_TEST', 'failed');
    expect(error.hint).to.equal(undefined);
    expect(error).to.not.have.property('cause');
  });
});

describe('errorCode', () => {
  it('reads the code of a system error and of our own', async () => {
    const socket = connect({ host: '127.0.0.1', port: 1 });
    const [refused] = (await once(socket, 'error').catch((error: unknown) => [error])) as [unknown];
    expect(errorCode(refused)).to.equal('ECONNREFUSED');
    expect(errorCode(new MirrorgateError('MIRRORGATE_TEST', 'x'))).to.equal('MIRRORGATE_TEST');
  });

  it('is undefined for what is no error, has no code, or a number for one', () => {
    const numbered = Object.assign(new Error('x'), { code: 7 });
    for (const value of [undefined, null, 'ENOENT', { code: 'ENOENT' }, new Error('x'), numbered]) {
      expect(errorCode(value)).to.equal(undefined);
    }
  });
});

describe('errorMessage', () => {
  it('tells the chain of causes, each once', () => {
    const root = new Error('connect ECONNREFUSED 127.0.0.1:1');
    const middle = new Error('no connection', { cause: root });
    const told = new Error(`pull failed: ${middle.message}`, { cause: middle });
    expect(errorMessage(told)).to.equal(
      'pull failed: no connection: no connection: connect ECONNREFUSED 127.0.0.1:1',
    );
    expect(errorMessage(new Error(root.message, { cause: root }))).to.equal(root.message);
  });

  it('falls back to the code, then to the name, where there is no message', () => {
    const empty = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    expect(errorMessage(empty)).to.equal('ECONNREFUSED');
    expect(errorMessage(new TypeError(''))).to.equal('TypeError');
  });

  it('prints whatever else was thrown', () => {
    expect(errorMessage('gone')).to.equal('gone');
    expect(errorMessage(undefined)).to.equal('undefined');
    expect(errorMessage(new Error('x', { cause: 'y' }))).to.equal('x: y');
  });
});
