/** An ordinary HTTP client of an edge, over TLS with verification or in clear. */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type Agent } from 'node:https';
import { once } from 'node:events';
import { benchRootPem } from './edge-bench.ts';
import { universalHost } from './test-settings.ts';

export interface Question {
  readonly port: number;
  readonly path: string;
  readonly method?: string;
  /** In the Host header, without port; the universal host unless told. */
  readonly host?: string;
  /** As `host` unless told; empty for none. */
  readonly serverName?: string;
  /** The server's address, 127.0.0.1 unless told. */
  readonly address?: string;
  /** The client's own address. */
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  /** One connection for each question unless told. */
  readonly agent?: Agent;
  readonly isPlain?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** False where the connection broke before the end of the body. */
  readonly complete: boolean;
}

/** Resolves with the head of the answer; the body is the caller's to read. */
export async function begin(question: Question): Promise<IncomingMessage> {
  const { port, path, method = 'GET', host = universalHost, address = '127.0.0.1' } = question;
  const options = {
    host: address,
    port,
    path,
    method,
    headers: { host: `${host}:${port}`, ...question.headers },
    ...(question.from === undefined ? {} : { localAddress: question.from }),
    agent: question.agent ?? (false as const),
  };
  const tls = { ca: benchRootPem, servername: question.serverName ?? host };
  const request =
    question.isPlain === true
      ? httpRequest({ ...options, agent: false })
      : httpsRequest({ ...options, ...tls });
  request.end(question.body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  request.on('error', () => undefined);
  return response;
}

/** Rejects where there is no answer at all. */
export async function ask(question: Question): Promise<Answer> {
  return await readToEnd(await begin(question));
}

/** The rest of an answer that has begun. */
export async function readToEnd(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch {
    // What is missing shows as `complete`.
  }
  const { statusCode = 0, headers, complete } = response;
  return { status: statusCode, headers, body: Buffer.concat(chunks), complete };
}

/** The OCI error code in the body of `answer`. */
export function ociCode({ body }: Pick<Answer, 'body'>): string | undefined {
  const parsed = JSON.parse(body.toString()) as { errors?: readonly { code?: string }[] };
  return parsed.errors?.[0]?.code;
}
