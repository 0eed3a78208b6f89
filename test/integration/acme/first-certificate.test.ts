import { expect } from 'chai';
import { AcmeLab, ghcrHost, hubHost } from '../../support/acme/acme-lab.ts';
import { DebianRegistry } from '../../support/lab/debian-registry.ts';
import { ImageLayout } from '../../support/lab/image-layout.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { Namespace } from '../../support/lab/namespace.ts';
import { OpenParts } from '../../support/lab/open-parts.ts';
import { useMirrorLocations } from '../../support/lab/registries-conf.ts';
import { Skopeo, pushImage } from '../../support/lab/skopeo.ts';
import { machine } from '../../support/lab/place.ts';

describe('a first start with ACME', function () {
  this.timeout(60_000);
  const parts = new OpenParts();
  let lab: AcmeLab;

  before(async function () {
    await requireParts(this, 'pebble', 'gate', 'docker-registry', 'skopeo', 'namespaces');
  });
  afterEach(async () => {
    await parts.close();
  });

  for (const challenge of ['http-01', 'tls-alpn-01']) {
    it(`leads from nothing to a pull by skopeo, by ${challenge}`, async () => {
      const registry = await parts.add(DebianRegistry.start());
      const layout = await parts.add(ImageLayout.create());
      const image = await layout.addBusybox('first', challenge);
      const to = `${registry.host}/library/first:1`;
      await pushImage({ place: machine, layout, image, to });
      const options = { acme: { challenges: [challenge] }, upstream: registry.url };
      lab = await parts.add(AcmeLab.start(options));
      const { ca } = await lab.untilServed(hubHost);
      await lab.untilServed(ghcrHost);

      const place = await parts.add(
        Namespace.start({ network: 'shared', hosts: { '127.0.0.1': [hubHost, ghcrHost] } }),
      );
      for (const host of [hubHost, ghcrHost]) {
        const at = `${host}:${lab.gate.httpsPort}`;
        await place.write(`/etc/containers/certs.d/${at}/ca.crt`, ca);
        await useMirrorLocations(place, { 'registry.invalid': at });
        const skopeo = await parts.add(Skopeo.start(place));
        const copy = await skopeo.copy('registry.invalid/library/first:1');
        expect(copy.digest).to.equal(image.digest);
      }
      expect(lab.orders()).to.equal(2);
      const events = lab.gate.log().map(({ event }) => event);
      expect(events.filter((event) => event === 'ACME account registered')).to.have.length(1);
    });
  }
});
