/** Malformed requests to any server, and what became of each. */
import { crowd } from '../../test/support/edge/crowd.ts';
import {
  malformedRequest,
  pulledPath,
  smuggledPath,
} from '../../test/support/edge/malformed-requests.ts';
import { SeededRandom } from '../../test/support/edge/seeded-random.ts';
import { universalHost } from '../../test/support/edge/test-settings.ts';
import { manifestPath, manifestType } from './content.ts';
import { openTls, strangerAddress } from './hostile-sockets.ts';

export interface MalformedCounts {
  refused: number;
  closed: number;
  answered: number;
  failed: number;
  open: number;
  /** Connections on which more than one request was answered. */
  several: number;
}

const patienceMs = 3_000;

/** The same mixtures for every server. */
export async function countMalformed(port: number, count: number): Promise<MalformedCounts> {
  const random = new SeededRandom(1);
  const counts: MalformedCounts = {
    ...{ refused: 0, closed: 0, answered: 0, failed: 0, open: 0, several: 0 },
  };
  await crowd(count, 64, async (index) => {
    const request = malformedRequest(random)
      .replaceAll(universalHost, 'localhost')
      .replaceAll(pulledPath, manifestPath)
      .replaceAll(smuggledPath, manifestPath)
      .replace('Accept: */*', `Accept: ${manifestType}`);
    const { received, isOpen } = await said(port, index, request);
    const statuses = received.match(/HTTP\/1\.[01] \d{3}/g) ?? [];
    counts[outcomeOf(statuses[0], isOpen)] += 1;
    if (statuses.length > 1) counts.several += 1;
  });
  return counts;
}

function outcomeOf(status: string | undefined, isOpen: boolean): keyof MalformedCounts {
  switch (status?.at(-3)) {
    case undefined:
      return isOpen ? 'open' : 'closed';
    case '4':
      return 'refused';
    case '5':
      return 'failed';
    default:
      return 'answered';
  }
}

async function said(
  port: number,
  index: number,
  request: string,
): Promise<{ readonly received: string; readonly isOpen: boolean }> {
  const socket = await openTls(port, strangerAddress(0, index));
  if (socket === undefined) return { received: '', isOpen: false };
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.write(Buffer.from(request, 'latin1'));
  return await new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve({ received, isOpen: true });
      socket.destroy();
    }, patienceMs);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve({ received, isOpen: false });
    });
  });
}
