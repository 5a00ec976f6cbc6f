// A real browser for tests: the system's Chromium, driven by playwright-core. Where none is there and none could be
// installed (global-setup.ts), the tests that need it fail and say what to install: a page that nobody opened is not tested.

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

/** Starts Chromium; close it at the end. Throws an Error where it is not installed. */
export async function openChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: await chromiumPath(), args: ARGUMENTS });
}
