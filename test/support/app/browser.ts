/** Debian's Chromium, driven without a window; each page counts what it should never see. */
import { existsSync } from 'node:fs';
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

export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}

export interface PageOptions {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

/** An empty page that may speak to `admin` alone. */
export async function openPage(
  browser: Browser,
  admin: string,
  { colorScheme = 'light', width = 1280, height = 900 }: PageOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ colorScheme, viewport: { width, height } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const { host, protocol } = new URL(request.url());
    if (protocol !== 'data:' && host !== admin) complaints.push(`asked ${host}`);
  });
  return { page, complaints };
}
