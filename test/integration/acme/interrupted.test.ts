/** What happens to an order when an edge dies, or the disk is full, in the midst of it. */
import { expect } from 'chai';
import { AcmeLab, hubHost, type AcmeLabOptions } from '../../support/acme/acme-lab.ts';
import { CaFront, caPaths } from '../../support/acme/ca-front.ts';
import { ask, isOpen, servedSerial, type Target } from '../../support/app/gate-client.ts';
import { memberOf, supervisorBelow } from '../../support/app/process-table.ts';
import { mirrorgate, type Outcome } from '../../support/app/program.ts';
import { runCommand } from '../../support/lab/command.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { Namespace } from '../../support/lab/namespace.ts';
import { OpenParts } from '../../support/lab/open-parts.ts';
import { until } from '../../support/until.ts';

const commandDeadline = { deadlineMs: 10_000 };

interface StartOptions extends AcmeLabOptions {
  readonly acme?: Readonly<Record<string, unknown>>;
}

describe('an ACME order', function () {
  this.timeout(60_000);
  const parts = new OpenParts();
  let front: CaFront;

  before(async function () {
    await requireParts(this, 'pebble', 'gate', 'namespaces');
  });
  afterEach(async () => {
    await parts.close();
  });

  async function start(
    { acme = {}, ...options }: StartOptions = {},
    begin: (front: CaFront) => void = () => undefined,
  ): Promise<AcmeLab> {
    return await parts.add(
      AcmeLab.start({
        ...options,
        acme: async (_names, pebble) => {
          front = await parts.add(CaFront.start(pebble));
          begin(front);
          return { directory: front.directoryUrl, ...acme };
        },
      }),
    );
  }

  for (const challenge of ['http-01', 'tls-alpn-01']) {
    it(`survives the edge that showed its challenge by ${challenge}`, async () => {
      let release = (): void => undefined;
      const lab = await start({ acme: { challenges: [challenge] } }, (begun) => {
        release = begun.hold(caPaths.challenge);
      });
      await until('challenges to be shown', () => front.count(caPaths.challenge) === 2);
      const edge = await memberOf(await supervisorBelow(process.pid), 'edge-1');
      process.kill(edge, 'SIGKILL');
      await until('end of the edge', async () => !(await isOpen(lab.gate.httpsPort)));
      await until('an heir', () => isOpen(lab.gate.httpsPort));
      release();
      expect((await ask(await lab.untilServed(hubHost), '/v2/')).status).to.equal(200);
      expect(lab.orders()).to.equal(2);
    });
  }

  describe('on a disk that is full', () => {
    const filler = '/mnt/filler';
    let place: Namespace;
    let lab: AcmeLab;
    let target: Target;
    let serial: string;

    beforeEach(async () => {
      place = await parts.add(Namespace.start({ network: 'shared' }));
      const mount = ['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=700', 'certs', '/mnt'];
      await runCommand(place, mount, commandDeadline);
      lab = await start({ certificates: '/mnt/certs', gate: { place } });
      target = await lab.untilServed(hubHost);
      serial = await servedSerial(target);
      await until('an end of the orders', async () =>
        (await lab.certificates()).every(({ serial: each }) => each !== undefined),
      );
    });

    const fill = async (): Promise<void> => {
      const write = `dd if=/dev/zero of=${filler} bs=4k status=none 2>/dev/null; df --output=avail /mnt`;
      const { stdout } = await runCommand(place, ['sh', '-c', write], commandDeadline);
      expect(stdout.trim().split('\n').at(-1)?.trim()).to.equal('0');
    };
    const empty = async (): Promise<void> => {
      await runCommand(place, ['rm', filler], commandDeadline);
    };
    const renew = (): Promise<Outcome> =>
      mirrorgate('cert', 'renew', hubHost, '--config', lab.gate.configurationFile);
    const expectTrouble = async ({ exitCode, errors }: Outcome): Promise<void> => {
      expect(exitCode).to.equal(1);
      expect(errors.join('\n')).to.include('cannot write /mnt/certs');
      expect(await servedSerial(target)).to.equal(serial);
      const hub = (await lab.certificates()).find(({ site }) => site === 'hub');
      expect(hub?.lastError).to.include('cannot write /mnt/certs');
    };
    const expectRenewal = async ({ exitCode, stderr }: Outcome): Promise<void> => {
      expect(exitCode, stderr.join('\n')).to.equal(0);
      await until('a new certificate', async () => (await servedSerial(target)) !== serial);
    };

    it('is not opened, and the old certificate is served until there is room', async () => {
      const orders = lab.orders();
      await fill();
      await expectTrouble(await renew());
      expect(lab.orders()).to.equal(orders);
      await empty();
      await expectRenewal(await renew());
      expect(lab.orders()).to.equal(orders + 1);
    });

    it('is kept where that comes in the midst of it, and taken up when there is room', async () => {
      await lab.takeAnotherAccount();
      const orders = lab.orders();
      const release = front.hold(caPaths.challenge);
      const shown = front.count(caPaths.challenge);
      const renewing = renew();
      // An order that ends before it shows one says why.
      const ended = renewing.then(({ stderr }) => expect.fail(stderr.join('\n')));
      ended.catch(() => undefined);
      await Promise.race([
        until('a challenge to be shown', () => front.count(caPaths.challenge) > shown),
        ended,
      ]);
      await fill();
      release();
      await expectTrouble(await renewing);
      await empty();
      await expectRenewal(await renew());
      expect(lab.orders()).to.equal(orders + 1);
    });
  });
});
