#!/usr/bin/env node
// The pictures of the dashboard in docs/pictures: node pictures.mjs ADDRESS FOLDER
//
// ADDRESS is that of a dashboard whose daemon has run for some minutes, such as http://127.0.0.1:8420/. The picture of the
// sandbox is made if it has one; docs/dashboard.md says how to have choirbot's answers on it.
import path from 'node:path';
import {chromium} from 'playwright-core';

const [address, folder] = process.argv.slice(2);
const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox']});
for (const [name, where, colorScheme, height] of [['overview', '/?span=15m', 'dark', 1180], ['events', '/events', 'light', 620], ['sandbox', '/sandbox', 'dark', 1380]]) {
  const page = await browser.newPage({colorScheme, viewport: {width: 1180, height}});
  const answer = await page.goto(new URL(where, address).href);
  if (answer.status() === 404) continue;
  await page.waitForSelector('main h1');
  await page.screenshot({path: path.join(folder, `dashboard-${name}.png`)});
}
await browser.close();
