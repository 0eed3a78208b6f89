/** Sets up what the demo needs, then runs it on the Node of this checkout. */
import { installDebianPackages } from './debian-packages.mjs';
import { run, setUp, toolEnvironment } from './setup.mjs';

setUp();
installDebianPackages(['docker-registry', 'skopeo', 'util-linux']);
run('node', ['--import', 'tsx', 'scripts/demo.ts'], { env: toolEnvironment() });
