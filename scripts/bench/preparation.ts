/** What every comparison starts from: content, certificates, and the peers that serve it. */
import type { OpenParts } from '../../test/support/lab/open-parts.ts';
import { TemporaryDirectory } from '../../test/support/lab/temporary-directory.ts';
import { makeCertificates } from './certificates.ts';
import { makeContent } from './content.ts';
import { startPeers, type Bench, type Peers, type Running } from './peers.ts';

export interface Prepared {
  readonly bench: Bench;
  readonly peers: Peers;
}

/** `parts` ends all of it. */
export async function prepare(parts: OpenParts, bigBytes: number): Promise<Prepared> {
  const { path: root } = await parts.add(TemporaryDirectory.create('bench'));
  console.error('making content and certificates …');
  const content = await makeContent(root, bigBytes);
  const bench = { root, content, certificates: await makeCertificates(root) };
  const started: Promise<Running>[] = [];
  const peers = await startPeers(bench, (part) => {
    started.push(parts.add(Promise.resolve(part)));
  });
  await Promise.all(started);
  return { bench, peers };
}
