// Which pages there are: those of the navigation, and one object of each list. A new place of the navigation is found here
// without a change.

/** The paths that the navigation leads to. */
export async function places(page, server) {
  await page.goto(`${server.url}/`);
  return page.$$eval(".side nav a[href]", (links) => links.map((link) => new URL(link.href).pathname));
}

/** The path of the first object of a list, where it has any of its own. */
export async function firstObject(page, server, path) {
  await page.goto(server.url + path);
  const links = await page.$$eval("main .rows a.name", (links) => links.map((link) => link.href));
  const paths = links.map((link) => new URL(link)).filter((link) => link.origin === server.url);
  return paths.map((link) => link.pathname + link.search)[0];
}

/** All of them, each once. */
export async function all(page, server) {
  const lists = await places(page, server);
  const found = new Set(lists);
  for (const path of lists) {
    const object = await firstObject(page, server, path);
    if (object) found.add(object);
  }
  return [...found];
}

/** How many pixels of a page stick out to the side. */
export const overflow = (page) =>
  page.evaluate(() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth);
