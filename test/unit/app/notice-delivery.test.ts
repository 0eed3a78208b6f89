import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { deliverBy, type NoticeMessage } from '../../../lib/app/notice-delivery.ts';
import { errorMessage } from '../../../lib/errors/mirrorgate-error.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { rejectionOf } from '../../support/rejection.ts';

const message: NoticeMessage = {
  state: 'raised',
  key: 'upstream hub',
  summary: 'hub is out',
  hint: 'look',
  since: '2026-11-01T00:00:00.000Z',
  text: 'mirrorgate: hub is out; look',
};

const never = new AbortController().signal;

describe('the delivery of notices', () => {
  it('ends at once when it is told to', async () => {
    const command = ['sleep', '10'];
    const delivery = deliverBy({ command, webhook: undefined })(message, AbortSignal.timeout(10));
    const { code } = await rejectionOf(delivery);
    expect(code).to.equal('MIRRORGATE_NOTIFY_DELIVERY');
  });

  it('gives a command the message on its standard input', async () => {
    const directory = await TemporaryDirectory.create('deliver');
    const file = directory.join('told');
    await deliverBy({ command: ['sh', '-c', `cat > ${file}`], webhook: undefined })(message, never);
    expect(JSON.parse(await readFile(file, 'utf8'))).to.deep.equal(message);
    await directory.close();
  });

  it('fails where the command does, or is not there', async () => {
    for (const command of [['sh', '-c', 'exit 3'], ['/no/such/program']]) {
      const { code } = await rejectionOf(
        deliverBy({ command, webhook: undefined })(message, never),
      );
      expect(code).to.equal('MIRRORGATE_NOTIFY_DELIVERY');
    }
  });

  it('posts to a web hook, follows it nowhere, and tells nobody its path', async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
      request.on('end', () => {
        response.writeHead(request.url === '/secret' ? 204 : 302, { location: '/secret' }).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await deliverBy({ command: undefined, webhook: `${origin}/secret` })(message, never);
    expect(bodies.map((body) => JSON.parse(body) as unknown)).to.deep.equal([message]);
    const error = await rejectionOf(
      deliverBy({ command: undefined, webhook: `${origin}/other-secret` })(message, never),
    );
    expect(errorMessage(error)).to.include('127.0.0.1').and.not.include('other-secret');
    server.close();
  });
});
