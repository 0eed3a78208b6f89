import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import {
  browserMissing,
  launchBrowser,
  openPage,
  seriousFindings,
} from '../../support/app/browser.ts';
import { hubHost, Stage } from '../../support/app/stage.ts';

describe('the page at / of a mirror host, in a browser', function () {
  this.timeout(60_000);
  let stage: Stage;
  let browser: Browser;

  before(async function () {
    if (browserMissing !== undefined) {
      console.log(`      skipped: ${browserMissing}`);
      this.skip();
    }
    stage = await Stage.start();
    browser = await launchBrowser();
  });
  after(async () => {
    if (browserMissing !== undefined) return;
    await browser.close();
    await stage.close();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is styled, accessible and self-contained in ${colorScheme}`, async () => {
      const host = `${hubHost}:${stage.gate.httpsPort}`;
      const { page, complaints } = await openPage(browser, host, { colorScheme, width: 390 });
      await page.goto(`https://${host}/`);
      const ground = await page.evaluate('getComputedStyle(document.body).maxWidth');
      expect(ground).to.equal('800px');
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(overflow).to.equal(0);
      await page.click('summary >> text=podman');
      expect(await page.isVisible('details[open] pre')).to.equal(true);
      expect(await seriousFindings(page)).to.deep.equal([]);
      expect(complaints).to.deep.equal([]);
      await page.context().close();
    });
  }
});
