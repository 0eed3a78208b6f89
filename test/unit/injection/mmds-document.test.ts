import { expect } from 'chai';
import { bundleJson, bundlePem } from '../../../lib/ca/bundle.ts';
import { editMmds } from '../../../lib/injection/mmds-document.ts';
import { Rotation } from '../../support/clients/rotation.ts';

const rotation = new Rotation();

describe('the roots in an MMDS document', () => {
  it('stand at /latest/mirrorgate beside what is there, as strings alone', () => {
    const before = { latest: { 'meta-data': { 'local-hostname': 'vm' } }, other: { a: '1' } };
    const edited: unknown = JSON.parse(editMmds(JSON.stringify(before), rotation.before));
    expect(edited).to.deep.equal({
      ...before,
      latest: {
        ...before.latest,
        mirrorgate: {
          fingerprint: rotation.fingerprint('old'),
          'bundle.pem': bundlePem(rotation.before),
          'bundle.json': bundleJson(rotation.before),
        },
      },
    });
  });

  it('change nothing the second time, and are replaced whole after a rotation', () => {
    const once = editMmds('', rotation.before);
    expect(editMmds(once, rotation.before)).to.equal(once);
    const after = editMmds(once, rotation.after);
    expect(after).to.equal(editMmds('', rotation.after));
  });

  it('keep within the 51,200 bytes that Firecracker takes', () => {
    const room = (length: number): string => JSON.stringify({ data: 'x'.repeat(length) });
    const size = (text: string): number => Buffer.byteLength(JSON.stringify(JSON.parse(text)));
    const spare = 51_200 - size(editMmds(room(0), rotation.before));
    expect(size(editMmds(room(spare), rotation.before))).to.equal(51_200);
    expect(() => editMmds(room(spare + 1), rotation.before))
      .to.throw()
      .with.property('code', 'MIRRORGATE_INJECT_TOO_LARGE');
  });

  for (const text of ['[]', '{', '"x"', '{"latest": []}']) {
    it(`refuse ${text}`, () => {
      expect(() => editMmds(text, rotation.before))
        .to.throw()
        .with.property('code', 'MIRRORGATE_INJECT_UNSUITABLE');
    });
  }
});
