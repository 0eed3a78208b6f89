/** Debian's Chromium, driven without a window; each page counts what it should never see. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Why there is no browser here; undefined where there is one. */
export const browserMissing = existsSync(executablePath)
  ? undefined
  : `${executablePath} is not installed (scripts/lab-packages.txt)`;

export interface WatchedPage {
  readonly page: Page;
  /** What the console complained of, and requests to other hosts. */
  readonly complaints: readonly string[];
}

/** Finds every host of a gate under test on this machine. */
export async function launchBrowser(): Promise<Browser> {
  const resolver = '--host-resolver-rules=MAP *.example.test 127.0.0.1';
  const args = ['--no-sandbox', '--disable-gpu', resolver];
  return await chromium.launch({ executablePath, args });
}

export interface PageOptions {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

/** An empty page that may speak to `allowed` alone. */
export async function openPage(
  browser: Browser,
  allowed: string,
  { colorScheme = 'light', width = 1280, height = 900 }: PageOptions = {},
): Promise<WatchedPage> {
  const viewport = { width, height };
  // No browser here knows the CA of a gate under test.
  const context = await browser.newContext({ colorScheme, viewport, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const { host, protocol } = new URL(request.url());
    if (protocol !== 'data:' && host !== allowed) complaints.push(`asked ${host}`);
  });
  return { page, complaints };
}

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Through the debugger, past the page's own policy, which forbids scripts of others. */
/** What axe-core finds serious or critical on a page. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(axePath, 'utf8'));
  const findings = await page.evaluate<readonly Finding[]>(
    'axe.run().then(({ violations }) => violations)',
  );
  return findings
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
