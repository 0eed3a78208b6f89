import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ask } from '../../support/app/gate-client.ts';
import { pastTraffic } from '../../support/app/past-traffic.ts';
import type { Stage } from '../../support/app/stage.ts';
import { askAdmin, startWatchedStage } from '../../support/app/watched-stage.ts';
import { mirrorgate } from '../../support/app/program.ts';
import { until } from '../../support/until.ts';

describe('status pages without a browser', () => {
  let stage: Stage;
  let admin: string;

  before(async () => {
    ({ stage, admin } = await startWatchedStage());
  });
  after(async () => {
    await stage.close();
  });

  it('show what clients were sent, by client and repository', async () => {
    const blob = stage.addBlob(50_000);
    await ask(stage.target(), blob.path);
    await until('the pull is listed', async () => {
      const { text } = await askAdmin(admin, '/live');
      return text.includes(`acme/app@${blob.digest.slice(0, 19)}`);
    });
    expect((await askAdmin(admin, '/clients')).text).to.include('127.0.0.1');
    await until('the cache was read', async () => {
      const { text } = await askAdmin(admin, '/cache?q=ACME/');
      return text.includes('<strong>acme/app</strong>');
    });
    expect((await askAdmin(admin, '/cache?q=nothing-like-it')).text).to.include(
      'Nothing in the cache matches “nothing-like-it”.',
    );
  });

  it('tell the same as JSON', async () => {
    const { headers, text } = await askAdmin(admin, '/api/status');
    expect(headers['content-type']).to.equal('application/json');
    const { mirrors, traffic } = JSON.parse(text) as {
      readonly mirrors: readonly { readonly name: string }[];
      readonly traffic: { readonly requests: number; readonly sentBytes: number };
    };
    expect(mirrors.map(({ name }) => name)).to.deep.equal(['hub']);
    expect(traffic.requests).to.be.at.least(1);
    expect(traffic.sentBytes).to.be.at.least(50_000);
  });

  it('tell how each client stands, as the command line does', async () => {
    const setUp = stage.target(undefined, { from: '127.0.0.9' });
    expect((await ask(setUp, '/setup/docker')).status).to.equal(200);
    await until('the set-up is counted', async () => {
      const { text } = await askAdmin(admin, '/api/activity');
      const { clients } = JSON.parse(text) as {
        readonly clients: readonly { readonly address: string; readonly setups: number }[];
      };
      return clients.some(({ address, setups }) => address === '127.0.0.9' && setups === 1);
    });
    const { stdout } = await mirrorgate(
      ...['status', '--json', '--config', stage.gate.configurationFile],
    );
    const { clients } = JSON.parse(stdout) as {
      readonly clients: readonly { readonly address: string }[];
    };
    const standing = (wanted: string) => clients.find(({ address }) => address === wanted);
    expect(standing('127.0.0.1')).to.deep.include({ trust: 'trusts', use: { kind: 'pulls' } });
    expect(standing('127.0.0.9')).to.deep.include({ use: { kind: 'unknown' } });
  });

  it('escape what strangers choose', async () => {
    const search = encodeURIComponent('"><script>alert(1)</script>');
    const { text } = await askAdmin(admin, `/cache?q=${search}`);
    expect(text).not.to.include('<script>alert');
    expect(text).to.include('&lt;script&gt;alert');
  });

  it('forbid scripts and frames of others, and are only read', async () => {
    const { headers } = await askAdmin(admin, '/');
    expect(headers['content-security-policy']).to.include("default-src 'none'");
    expect(headers['content-security-policy']).not.to.include('unsafe');
    expect(headers).to.include({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
    const response = await fetch(`http://${admin}/`, { method: 'POST' });
    expect(response.status).to.equal(405);
  });

  it('send what is served as it happens', async () => {
    const aborted = new AbortController();
    const events = await fetch(`http://${admin}/events`, { signal: aborted.signal });
    expect(events.headers.get('content-type')).to.equal('text/event-stream');
    const blob = stage.addBlob(2_000);
    await ask(stage.target(), blob.path);
    let text = '';
    for await (const chunk of events.body as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (text.includes(blob.digest.slice(0, 19))) break;
    }
    expect(text).to.match(/^data: \{.*"status":"200"/m);
    aborted.abort();
  });

  it('keep their history over a restart', async () => {
    const file = join(dirname(stage.gate.configurationFile), 'state', 'history.jsonl');
    await stage.gate.kill();
    await writeFile(file, `${pastTraffic(3, Date.now())}{"at":17, cut by a cra`);
    await stage.gate.resume();
    const { text } = await askAdmin(admin, '/api/history?range=24h');
    const { total } = JSON.parse(text) as { readonly total: { readonly sentBytes: number } };
    expect(total.sentBytes).to.be.above(1e9);
    expect((await askAdmin(admin, '/api/history?range=1y')).status).to.equal(400);
  });
});
