import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ask } from '../../support/app/gate-client.ts';
import { hubHost, type Stage } from '../../support/app/stage.ts';
import { askAdmin, startWatchedStage } from '../../support/app/watched-stage.ts';
import { Daemon } from '../../support/lab/daemon.ts';
import { freePort } from '../../support/lab/free-port.ts';
import { machine } from '../../support/lab/place.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { until } from '../../support/until.ts';
import { writeFile } from 'node:fs/promises';

const config = fileURLToPath(new URL('../../../config/', import.meta.url));
const missing = ['/usr/bin/promtool', '/usr/bin/prometheus'].filter((path) => !existsSync(path));

function promtool(args: readonly string[], input = ''): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', input });
  return { status, output: `${stdout}${stderr}` };
}

describe('Prometheus', function () {
  this.timeout(40_000);
  let stage: Stage;
  let admin: string;

  before(async function () {
    if (missing.length > 0) {
      console.log(`      skipped: ${missing.join(', ')} not installed (scripts/lab-packages.txt)`);
      this.skip();
    }
    ({ stage, admin } = await startWatchedStage({ bandwidth: { monthly: '1TB' } }));
    const blob = stage.addBlob(10_000);
    await ask(stage.target(hubHost), blob.path);
    await ask(stage.target(hubHost), blob.path);
  });
  after(async () => {
    if (missing.length === 0) await stage.close();
  });

  it('accepts the metrics without a complaint', async () => {
    const { headers, text } = await askAdmin(admin, '/metrics');
    expect(headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/);
    expect(promtool(['check', 'metrics'], text)).to.deep.equal({ status: 0, output: '' });
  });

  it('accepts the alert rules', () => {
    const { status, output } = promtool(['check', 'rules', `${config}prometheus-rules.yaml`]);
    expect(status, output).to.equal(0);
  });

  it('finds every metric that dashboard and rules name', async () => {
    const { text } = await askAdmin(admin, '/metrics');
    const used = (await readFile(`${config}grafana-dashboard.json`, 'utf8')).concat(
      await readFile(`${config}prometheus-rules.yaml`, 'utf8'),
    );
    const names = new Set(
      [...used.matchAll(/\b(mirrorgate_[a-z_]+?)(?:_bucket)?\b(?!-)/g)].map(([, name]) => name),
    );
    expect(names.size).to.be.above(15);
    for (const name of names) expect(text, name).to.include(`# TYPE ${name} `);
  });

  it('scrapes the gate', async () => {
    const directory = await TemporaryDirectory.create('prometheus');
    const port = await freePort();
    const configuration = {
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [{ job_name: 'mirrorgate', static_configs: [{ targets: [admin] }] }],
    };
    await writeFile(directory.join('prometheus.yml'), JSON.stringify(configuration));
    const prometheus = new Daemon({
      name: 'prometheus',
      place: machine,
      command: [
        'prometheus',
        `--config.file=${directory.join('prometheus.yml')}`,
        `--storage.tsdb.path=${directory.join('data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
    });
    try {
      await until('two blobs in Prometheus', async () => {
        const query = encodeURIComponent('sum(mirrorgate_requests_total{kind="blob"})');
        const url = `http://127.0.0.1:${port}/api/v1/query?query=${query}`;
        const answer = await fetch(url).catch(() => undefined);
        return (await answer?.text())?.includes('"2"') === true;
      });
    } finally {
      await prometheus.kill();
      await directory.close();
    }
  });
});
