// Accessibility as axe sees it, in both themes and at three widths.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** A phone, a tablet and a screen. */
export const WIDTHS = [390, 768, 1280];
export const HEIGHT = 900;
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/**
 * What axe finds on a page, by its rules for WCAG 2.2 A and AA, in a line each with where it found it. The page is of a context with
 * `bypassCSP`: axe comes as a script of the page's own, which the policy is there to refuse.
 */
export async function violations(page) {
  const found = new Map();
  await page.evaluate(AXE);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT });
      const lines = await page.evaluate(run, { resultTypes: ["violations"], runOnly: WCAG, preload: false });
      for (const line of new Set(lines)) found.set(line, [...(found.get(line) ?? []), `${colorScheme} ${width}`]);
    }
  }
  return [...found].map(([line, where]) => `${line} (${where.join(", ")})`);
}

async function run(options) {
  const { violations } = await window.axe.run(document, options);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html.slice(0, 160)} ${any[0]?.message ?? ""}`));
}
