import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import {
  browserMissing,
  launchBrowser,
  openPage,
  seriousFindings,
} from '../../support/app/browser.ts';
import { ask } from '../../support/app/gate-client.ts';
import { pastTraffic } from '../../support/app/past-traffic.ts';
import { repository, type Stage } from '../../support/app/stage.ts';
import { startWatchedStage } from '../../support/app/watched-stage.ts';

/** Screenshots are looked at by people; CI keeps them, the repository does not. */
const shots = join(tmpdir(), 'mirrorgate-screenshots');

const views = [
  ['overview', '/'],
  ['cache', '/cache'],
  ['clients', '/clients'],
  ['live', '/live'],
  ['explain', `/explain?image=registry.test/${repository}:1&client=docker`],
] as const;

describe('status pages in a browser', function () {
  this.timeout(60_000);
  let stage: Stage;
  let admin: string;
  let browser: Browser;

  before(async function () {
    if (browserMissing !== undefined) {
      console.log(`      skipped: ${browserMissing}`);
      this.skip();
    }
    ({ stage, admin } = await startWatchedStage());
    await stage.gate.kill();
    const state = join(dirname(stage.gate.configurationFile), 'state');
    await writeFile(join(state, 'history.jsonl'), pastTraffic(30, Date.now()));
    await stage.gate.resume();
    await pull(4);
    await ask(stage.target(), '/v2/Not/A/Name/manifests/1');
    browser = await launchBrowser();
    await mkdir(shots, { recursive: true });
  });
  after(async () => {
    if (browserMissing !== undefined) return;
    await browser.close();
    await stage.close();
  });

  async function pull(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const blob = stage.addBlob(20_000 + 5_000 * index);
      await ask(stage.target(), blob.path);
      await ask(stage.target(), blob.path);
    }
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`are quiet, accessible and self-contained in ${colorScheme}`, async () => {
      for (const [name, path] of views) {
        const { page, complaints } = await openPage(browser, admin, { colorScheme });
        await page.goto(`http://${admin}${path}`);
        if (name === 'overview') await page.waitForSelector('#chart canvas');
        expect(await seriousFindings(page), name).to.deep.equal([]);
        await page.screenshot({ path: join(shots, `${name}-${colorScheme}.png`), fullPage: true });
        expect(complaints, name).to.deep.equal([]);
        await page.context().close();
      }
    });
  }

  it('fit a phone', async () => {
    for (const [name, path] of views) {
      const { page } = await openPage(browser, admin, { width: 390, height: 844 });
      await page.goto(`http://${admin}${path}`);
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(overflow, name).to.equal(0);
      await page.screenshot({ path: join(shots, `${name}-phone.png`), fullPage: true });
      await page.context().close();
    }
  });

  it('show new pulls without being asked', async () => {
    const { page, complaints } = await openPage(browser, admin);
    await page.goto(`http://${admin}/live`);
    await page.waitForSelector('#live-state.good');
    const blob = stage.addBlob(3_000);
    await ask(stage.target(), blob.path);
    await page.waitForSelector(`tr.fresh >> text=${blob.digest.slice(0, 19)}`);
    expect(complaints).to.deep.equal([]);
    await page.context().close();
  });

  it('find a repository as one types, and the chart another span, by keyboard alone', async () => {
    const { page, complaints } = await openPage(browser, admin);
    await page.goto(`http://${admin}/cache`);
    await page.waitForSelector('td >> text=acme/app');
    await page.focus('#q');
    await page.keyboard.type('nothing-like-it');
    await page.waitForSelector('text=Nothing in the cache matches');
    await page.goto(`http://${admin}/`);
    await page.waitForSelector('#chart canvas');
    await page.focus('[data-range="1h"]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('text=Per minute');
    await page.focus('body');
    expect(complaints).to.deep.equal([]);
    await page.context().close();
  });
});
