import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { scaled } from '../../support/scale.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';
import { universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';
import { poll } from '../../support/lab/polling.ts';

/** What a terminal or a reader of lines would take for more than text. */
const pieces = [
  '\t',
  '\u009b31m',
  '\u0085',
  '\u00e2\u0080\u00a8',
  '"',
  '\\',
  '\\n',
  '\\u001b[31m',
  '%0a',
  '${jndi:ldap://evil.test}',
  '{"level":"info"}',
  '<script>',
  'a'.repeat(400),
  '\u00ff',
  ' ',
];

describe('the access log', function () {
  this.timeout(120_000);

  for (const format of ['json', 'text'] as const) {
    it(`in ${format} is one clean line a request, whatever clients say of themselves`, async () => {
      const stream = new PassThrough();
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      const logger = createLogger({ level: 'info', format, process: 'edge-1', stream });
      const bench = await EdgeBench.start({ logger });
      const random = SeededRandom.announced('agents');
      const lines = (): string[] => Buffer.concat(chunks).toString().split('\n').slice(0, -1);
      let client = await WireClient.tls({ port: bench.port });
      const count = scaled(200);
      for (let n = 1; n <= count; n += 1) {
        const agent = Array.from({ length: 3 }, () => random.pick(pieces)).join('');
        const path = n % 2 === 0 ? '/v2/' : `/v2/?token=secret&${n}`;
        client.send(
          `GET ${path} HTTP/1.1\r\nHost: ${universalHost}\r\nAuthorization: Basic c2VjcmV0\r\nUser-Agent: x${agent}\r\n\r\n`,
        );
        if (n % 50 !== 0) continue;
        await poll(() => lines().length === n || undefined, soon);
        client.close();
        client = await WireClient.tls({ port: bench.port });
      }
      await poll(() => lines().length === count || undefined, soon);
      client.close();
      await bench.close();
      for (const line of lines()) {
        expect(line).to.match(/^[^\p{Cc}\u2028\u2029]*$/u);
        expect(line).to.not.match(/secret|c2VjcmV0/);
        if (format === 'json') {
          const parsed = JSON.parse(line) as Record<string, unknown>;
          expect(parsed).to.include({ event: 'access', target: '/v2/', status: 200 });
          expect(String(parsed['agent'])).to.match(/^x/);
        }
      }
    });
  }

  const soon = { deadlineMs: 5_000, what: 'a line for each request' };
});
