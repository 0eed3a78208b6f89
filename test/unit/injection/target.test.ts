import { expect } from 'chai';
import { parseInjectionTarget } from '../../../lib/injection/target.ts';

describe('a target of ca inject', () => {
  it('is a kind and a place', () => {
    expect(parseInjectionTarget('dir:/srv/rootfs')).to.deep.equal({
      kind: 'dir',
      path: '/srv/rootfs',
    });
    expect(parseInjectionTarget('image:/a b/root:1.ext4')).to.have.property(
      'path',
      '/a b/root:1.ext4',
    );
    expect(parseInjectionTarget('mmds:vm.json')).to.have.property(
      'path',
      `${process.cwd()}/vm.json`,
    );
  });

  it('over ssh is a host with a user and a port', () => {
    const ssh = (text: string) => parseInjectionTarget(`ssh:${text}`);
    expect(ssh('root@192.168.128.2')).to.deep.include({
      host: 'root@192.168.128.2',
      port: undefined,
    });
    expect(ssh('vm.example.com:2222')).to.deep.include({ host: 'vm.example.com', port: 2222 });
    expect(ssh('root@[2001:db8::1]:22')).to.deep.include({ host: 'root@2001:db8::1', port: 22 });
  });

  for (const wrong of [
    ...[
      '',
      'dir:',
      'rootfs',
      'tar:/x',
      'ssh:',
      'ssh:-oProxyCommand=x',
      'ssh:a b',
      'ssh:host:99999',
    ],
    ...['ssh:root@-x', 'ssh:host;reboot', 'ssh:$(id)', 'DIR:/x'],
  ]) {
    it(`is not ${JSON.stringify(wrong)}`, () => {
      expect(() => parseInjectionTarget(wrong))
        .to.throw()
        .with.property('code', 'MIRRORGATE_INJECT_ARGUMENT');
    });
  }
});
