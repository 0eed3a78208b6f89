/** Installs Debian packages where they are missing and this user may. */
import { spawnSync } from 'node:child_process';
import { run } from './setup.mjs';

/** What stays missing is told; whoever needs it then says what it cannot do. */
export function installDebianPackages(wanted) {
  const missing = wanted.filter((name) => {
    const query = ['-W', '-f', '${Status}', name];
    const { stdout } = spawnSync('dpkg-query', query, { encoding: 'utf8' });
    return stdout !== 'install ok installed';
  });
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) {
    console.error(`mirrorgate: not installed, and not mine to install: ${missing.join(' ')}`);
    return;
  }
  console.error(`mirrorgate: installing Debian packages: ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { env });
  const install = ['install', '-y', '-qq', '--no-install-recommends'];
  run('apt-get', [...install, ...missing], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}
