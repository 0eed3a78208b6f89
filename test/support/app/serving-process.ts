/** Serves the configuration FILE, and at SIGTERM gives what is in flight no more than MILLISECONDS. */
import { Gate } from '../../../lib/app/gate.ts';

const [, , file = '', milliseconds = ''] = process.argv;
process.title = 'mirrorgate: supervisor';
const gate = await Gate.start(file);
process.once('SIGTERM', () => {
  void gate.close(Number(milliseconds)).then(() => process.exit(0));
});
console.log('mirrorgate ready');
