import { chromium } from "playwright-core";
import { Server } from "./lib/server.js";
import { fill } from "./lib/sample.js";
const server = new Server(); await server.start(); try { await fill(server);
for (const queue of ["mail-old", "mail-eu"]) await server.enqueue("mail.send", { queue, tags: ["vip", "eu"], subjects: [{ type: "customer", id: "42" }] });
var browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
const shot = async (name, page) => page.screenshot({ path: `/tmp/shots-jobs/${name}.png` });
  for (const [colorScheme, width] of [["light", 1280], ["dark", 1280], ["dark", 390], ["light", 390]]) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    context.setDefaultTimeout(20000);
    const page = await context.newPage();
    const tag = `${colorScheme}-${width}`;
    page.on("console", (m) => console.log(tag, m.type(), m.text()));
    await page.goto(`${server.url}/jobs?filter=state:dead`);
    await page.click(".saved summary"); await page.fill(".saved [name=name]", "Dead ones");
    if (width === 390 || colorScheme === "light") await shot(`save-${tag}`, page);
    await page.click(".saved form button");
    await page.goto(`${server.url}/jobs`);
    await page.click("#filter"); await page.waitForSelector("[role=option]:visible"); await page.keyboard.press("ArrowDown");
    await shot(`names-${tag}`, page);
    await page.keyboard.type("queue:m"); await page.waitForSelector("[role=option]:has-text('mail-eu')"); await page.keyboard.press("ArrowDown"); await page.keyboard.press("ArrowDown");
    await shot(`values-${tag}`, page);
    await page.goto(`${server.url}/jobs`);
    await page.click("summary:has-text('Columns')"); await shot(`columns-${tag}`, page);
    await page.click("summary:has-text('Columns')"); await page.click("summary:has-text('Download')"); await shot(`download-${tag}`, page);
    await page.goto(`${server.url}/jobs`);
    await page.click("summary:has-text('Columns')"); await page.check("[name=rows][value=compact]"); await page.check("[name=column][value=worker]"); await page.check("[name=column][value=created]");
    await page.click("button:has-text('Show these')"); await page.waitForSelector(".compact"); await shot(`compact-${tag}`, page);
    console.log(tag, JSON.stringify(await page.$$eval(".rows.jobs tbody tr", (rows) => rows.map((row) => row.getBoundingClientRect().height))), await page.evaluate(() => document.documentElement.scrollWidth));
    await context.close();
  }
} finally { await browser?.close(); await server.stop(); }
