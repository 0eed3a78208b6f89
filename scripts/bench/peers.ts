/** The servers that ours is held against, each as its documentation sets it up, on one core. */
import { mkdir, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Daemon } from '../../test/support/lab/daemon.ts';
import { freePort } from '../../test/support/lab/free-port.ts';
import { machine } from '../../test/support/lab/place.ts';
import type { Certificates } from './certificates.ts';
import type { Content } from './content.ts';

const bareNodeProgram = fileURLToPath(new URL('bare-node.mjs', import.meta.url));

/** One way to serve the same content: where it answers, and which processes that costs. */
export interface Setup {
  readonly name: string;
  readonly port: number;
  readonly pids: readonly number[];
}

export interface Bench {
  readonly root: string;
  readonly certificates: Certificates;
  readonly content: Content;
}

/** Servers run here, clients on the other one. */
export const serverCore = 0;
export const clientCore = 1;

export function onCore(core: number, command: readonly string[]): string[] {
  return ['taskset', '-c', String(core), ...command];
}

/** A server that is up. */
export interface Running {
  readonly pid: number;
  close(): Promise<void>;
}

export async function startServer(
  name: string,
  command: readonly string[],
  ports: readonly number[],
): Promise<Running> {
  const daemon = new Daemon({
    name,
    place: machine,
    command: onCore(serverCore, command),
    environment: { HOME: '/nonexistent', OTEL_TRACES_EXPORTER: 'none' },
  });
  for (const port of ports) await daemon.waitFor(`port ${port}`, () => answers(port));
  const { pid } = daemon;
  if (pid === undefined) throw new TypeError(`${name} has no process`);
  return {
    pid,
    close: async () => {
      await daemon.stop();
    },
  };
}

function answers(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(undefined));
    socket.on('connect', () => socket.destroy());
  });
}

export interface Peers {
  readonly nginx: Setup;
  readonly caddy: Setup;
  readonly distribution: Setup;
  readonly nginxBefore: Setup;
  readonly caddyBefore: Setup;
  /** The least that can be had with Node. */
  readonly bareNode: Setup;
  /** nginx again, at 1 Gbit/s a connection: an upstream as far away as they usually are. */
  readonly throttled: Setup;
}

/** Starts nginx, Caddy and two registries (one with its own TLS, one behind the others). */
export async function startPeers(bench: Bench, keep: (part: Running) => void): Promise<Peers> {
  const [registry = 0, registryTls = 0, nginx = 0, nginxBefore = 0, throttled = 0, ...more] =
    await freePorts(8);
  const [caddy = 0, caddyBefore = 0, bareNode = 0] = more;
  const start = async (...parameters: Parameters<typeof startServer>): Promise<Running> => {
    const running = await startServer(...parameters);
    keep(running);
    return running;
  };
  const plain = await start('registry', await registryCommand(bench, registry, false), [registry]);
  const own = await start('registry-tls', await registryCommand(bench, registryTls, true), [
    registryTls,
  ]);
  const nginxServer = await start(
    'nginx',
    await nginxCommand(bench, { nginx, nginxBefore, throttled, registry }),
    [nginx, nginxBefore],
  );
  const caddyServer = await start(
    'caddy',
    await caddyCommand(bench, caddy, caddyBefore, registry),
    [caddy, caddyBefore],
  );
  const bareNodeServer = await start('bare Node', bareNodeCommand(bench, bareNode), [bareNode]);
  return {
    nginx: { name: 'nginx, static file', port: nginx, pids: [nginxServer.pid] },
    caddy: { name: 'Caddy, static file', port: caddy, pids: [caddyServer.pid] },
    distribution: { name: 'distribution, own TLS', port: registryTls, pids: [own.pid] },
    nginxBefore: {
      name: 'nginx → distribution',
      port: nginxBefore,
      pids: [nginxServer.pid, plain.pid],
    },
    caddyBefore: {
      name: 'Caddy → distribution',
      port: caddyBefore,
      pids: [caddyServer.pid, plain.pid],
    },
    bareNode: { name: 'Node alone', port: bareNode, pids: [bareNodeServer.pid] },
    throttled: { name: 'nginx at 1 Gbit/s', port: throttled, pids: [nginxServer.pid] },
  };
}

function bareNodeCommand({ content, certificates }: Bench, port: number): string[] {
  const { chain, key } = certificates;
  return [process.execPath, bareNodeProgram, String(port), content.tree, chain, key];
}

export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

async function registryCommand(bench: Bench, port: number, tls: boolean): Promise<string[]> {
  const { root, content, certificates } = bench;
  const file = join(root, `registry-${port}.yml`);
  const configuration = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: false } },
    storage: {
      filesystem: { rootdirectory: content.storage },
      cache: { blobdescriptor: 'inmemory' },
    },
    http: {
      addr: `127.0.0.1:${port}`,
      ...(tls && { tls: { certificate: certificates.chain, key: certificates.key } }),
    },
  };
  await writeFile(file, JSON.stringify(configuration));
  return ['sh', '-c', `exec docker-registry serve ${file} >${file}.log 2>&1`];
}

async function nginxCommand(
  bench: Bench,
  ports: Readonly<Record<'nginx' | 'nginxBefore' | 'throttled' | 'registry', number>>,
): Promise<string[]> {
  const { root, content, certificates } = bench;
  const folder = join(root, 'nginx');
  await mkdir(folder, { recursive: true });
  const tls = `ssl_certificate ${certificates.chain}; ssl_certificate_key ${certificates.key};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets on; server_name localhost;`;
  const text = `user root; daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log ${folder}/access.log; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
  uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  upstream registry { server 127.0.0.1:${ports.registry}; keepalive 64; }
  root ${content.tree}; default_type application/octet-stream;
  server { listen 127.0.0.1:${ports.nginx} ssl; ${tls}
    location ~ /manifests/ { default_type application/vnd.oci.image.manifest.v1+json; } }
  server { listen 127.0.0.1:${ports.throttled} ssl; ${tls} limit_rate 119m; }
  server { listen 127.0.0.1:${ports.nginxBefore} ssl; ${tls}
    location / { proxy_pass http://registry; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_buffering on; proxy_max_temp_file_size 0; } }
}`;
  await writeFile(join(folder, 'nginx.conf'), text);
  return ['nginx', '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')];
}

async function caddyCommand(
  bench: Bench,
  port: number,
  proxyPort: number,
  registry: number,
): Promise<string[]> {
  const { root, content, certificates } = bench;
  const file = join(root, 'Caddyfile');
  const tls = `bind 127.0.0.1\n  tls ${certificates.chain} ${certificates.key}`;
  const text = `{
  admin off
  auto_https off
  storage file_system ${join(root, 'caddy')}
  servers {
    protocols h1
  }
}
https://localhost:${port} {
  ${tls}
  root * ${content.tree}
  file_server
}
https://localhost:${proxyPort} {
  ${tls}
  reverse_proxy 127.0.0.1:${registry}
}
`;
  await writeFile(file, text);
  return ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'];
}
