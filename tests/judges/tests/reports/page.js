// Opens pages in a browser at three sizes, in light and in dark, and asks axe-core about each.
//
// Arguments: the browser's program, then the pages. Prints one line of JSON: how many views were judged, and what is
// wrong with them.
const fs = require('node:fs');
const { chromium } = require('playwright-core');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const SIZES = [[1280, 900], [820, 1100], [390, 844]];
// A page of ten thousand rows would be judged for minutes.
const OPENED = 40;

async function judge(page, url) {
  const problems = [];
  page.on('console', (message) => problems.push(`console: ${message.text()}`));
  page.on('requestfailed', (request) => problems.push(`request: ${request.url()}`));
  await page.goto(url);
  await page.evaluate((most) => {
    [...document.querySelectorAll('details')].slice(0, most).forEach((one) => { one.open = true; });
  }, OPENED);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (overflow > 0) problems.push(`${overflow} px wider than the window`);
  await page.evaluate(AXE);
  const result = await page.evaluate(() => globalThis.axe.run(document));
  for (const violation of result.violations) {
    problems.push(`${violation.id}: ${violation.nodes[0].html.slice(0, 200)}`);
  }
  return problems;
}

async function main() {
  const [program, ...pages] = process.argv.slice(2);
  const browser = await chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--no-first-run'],
  });
  const problems = [];
  let views = 0;
  for (const path of pages) {
    for (const [width, height] of SIZES) {
      for (const colorScheme of ['light', 'dark']) {
        // The judge itself is a script, which the page's policy forbids.
        const context = await browser.newContext({ viewport: { width, height }, colorScheme, bypassCSP: true });
        const found = await judge(await context.newPage(), `file://${path}`);
        problems.push(...found.map((one) => `${width} px, ${colorScheme}: ${one}`));
        views += 1;
        await context.close();
      }
    }
  }
  // With the policy as it is: the style applies, and no script runs.
  const page = await browser.newPage();
  await page.goto(`file://${pages[0]}`);
  const columns = await page.evaluate(() => getComputedStyle(document.querySelector('.tiles')).display);
  if (columns !== 'grid') problems.push('the policy blocks the style');
  const before = await page.locator('.row.passed:visible').count();
  await page.locator('label:has(#result-failed)').click();
  const after = await page.locator('.row.passed:visible').count();
  const failed = await page.locator('.row.failed:visible').count();
  if (before === 0 || after !== 0 || failed === 0) problems.push(`the filter does not work: ${before}, ${after}, ${failed}`);
  await browser.close();
  console.log(JSON.stringify({ views, problems }));
}

main();
