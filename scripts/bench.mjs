/** Sets up what the benchmark needs, then runs it on the Node of this checkout. */
import { installDebianPackages } from './debian-packages.mjs';
import { run, setUp, toolEnvironment } from './setup.mjs';

setUp();
installDebianPackages([
  ...['nginx-light', 'caddy', 'docker-registry', 'wrk', 'apache2-utils'],
  ...['curl', 'openssl', 'util-linux'],
]);
run('node', ['--import', 'tsx', 'scripts/bench/bench.ts', ...process.argv.slice(2)], {
  env: toolEnvironment(),
});
