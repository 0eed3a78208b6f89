/** A stage whose admin listener is on a port of 127.0.0.1, as Prometheus and browsers need it. */
import { get } from 'node:http';
import type { MirrorSettings } from '../lab/gate.ts';
import { freePort } from '../lab/free-port.ts';
import { Stage } from './stage.ts';

export interface WatchedStage {
  readonly stage: Stage;
  /** `127.0.0.1:9180` */
  readonly admin: string;
}

export async function startWatchedStage(
  settings: Readonly<Record<string, unknown>> = {},
  mirrors?: readonly MirrorSettings[],
): Promise<WatchedStage> {
  const [httpsPort, httpPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const admin = `127.0.0.1:${adminPort}`;
  const listen = {
    https: [`127.0.0.1:${httpsPort}`],
    http: [`127.0.0.1:${httpPort}`],
    admin,
  };
  const stage = await Stage.start({
    httpsPort,
    settings: { listen, ...settings },
    ...(mirrors && { mirrors }),
  });
  return { stage, admin };
}

export interface AdminAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** What the admin listener answers, asked under its own address unless told. */
export function askAdmin(admin: string, path: string, host = admin): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const request = get(`http://${admin}${path}`, { headers: { host }, agent: false });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, text: Buffer.concat(chunks).toString() });
      });
    });
  });
}

/** The sum of all samples of `name` whose labels contain all of `labels`. */
export function sample(metrics: string, name: string, labels: readonly string[] = []): number {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
