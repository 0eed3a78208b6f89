/** `npm start`: sets the checkout up and serves config/quickstart.yaml, or what is named instead. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { nodePath, root, setUp } from './setup.mjs';

const { ppid } = process;
setUp();
const given = process.argv.slice(2);
const config = given.includes('--config') ? [] : ['--config', join(root, 'config/quickstart.yaml')];
const main = join(root, 'dist', 'main.js');
const child = spawn(nodePath(), [main, 'serve', '--welcome', ...config, ...given], {
  stdio: 'inherit',
});
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (status) => (process.exitCode = status ?? 1));

// npm runs this below a shell, which dies of the signals that npm passes on and tells nobody:
// when the parent is gone, whoever asked for the gate is.
const watch = setInterval(() => {
  if (process.ppid === ppid) return;
  clearInterval(watch);
  child.kill('SIGTERM');
}, 250);
watch.unref();
