/** `mirrorgate serve`: the gate in the foreground. */
import type { Command } from 'commander';
import { Gate } from '../app/gate.ts';
import type { GateFacts } from '../app/gate-facts.ts';
import { endpointText } from '../net/endpoint.ts';
import { configurationFile, type GlobalOptions } from './context.ts';
import { exitCodes, print } from './output.ts';
import { welcomeText } from './welcome.ts';

/** Two signals within this are one request. */
const repeatedSignalMs = 1_000;

export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('run the gate in the foreground; SIGTERM drains, SIGHUP reloads')
    .option('--welcome', 'print how to use it once it is ready')
    .action(async (options: { welcome?: boolean }, command: Command) => {
      await serve(configurationFile(command.optsWithGlobals<GlobalOptions>()), options);
    });
}

async function serve(file: string, { welcome }: { welcome?: boolean }): Promise<void> {
  process.title = 'mirrorgate: supervisor';
  process.umask(0o077);
  const stopped = Promise.withResolvers<undefined>();
  let askedAt: number | undefined;
  const stop = (): void => {
    const now = performance.now();
    askedAt ??= now;
    // Asked again, it ends at once. One request may arrive twice: from a terminal's process group,
    // from systemd, or through a parent that passes signals on.
    if (now - askedAt > repeatedSignalMs) process.exit(exitCodes.failed);
    stopped.resolve(undefined);
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  const started = Gate.start(file);
  // Asked for while it starts, it reloads once it has; the race below tells why it did not.
  process.on('SIGHUP', () => void started.then((gate) => gate.reload()).catch(() => undefined));
  const gate = await Promise.race([started, stopped.promise]);
  if (gate === undefined) process.exit(exitCodes.done);
  print(readyLine(gate.facts));
  if (welcome === true) print(welcomeText(gate.facts));
  await stopped.promise;
  await gate.close();
  process.exit(exitCodes.done);
}

/** `mirrorgate ready https=127.0.0.1:8443 http=127.0.0.1:8080 admin=127.0.0.1:9180` */
function readyLine({ addresses, admin }: GateFacts): string {
  const listeners = addresses.map(({ endpoint, port, secure, mirror }) => {
    const kind = secure ? 'https' : 'http';
    const own = mirror === undefined ? '' : `(${mirror})`;
    return `${kind}${own}=${endpointText({ ...endpoint, port })}`;
  });
  return ['mirrorgate ready', ...listeners, `admin=${endpointText(admin)}`].join(' ');
}
