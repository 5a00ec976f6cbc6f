// A real browser for tests: Debian's headless Chromium, driven by playwright-core. Where none could be had
// (global-setup.ts), the tests that need it fail and say what to do: a page that nobody opened is not tested.

import { type Browser, chromium } from "playwright-core";
import { chromiumPath } from "../../scripts/chromium.mjs";

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium; close it at the end. Throws an Error where none could be had. */
export async function openChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: await chromiumPath(), args: ARGUMENTS });
}
