// Which pages there are: those of the navigation, and one object of each list. A new place of the navigation is found here
// without a change.

/** The paths that the navigation leads to. */
export async function places(page, server) {
  await page.goto(`${server.url}/`);
  return page.$$eval(".side nav.places a[href]", (links) => links.map((link) => new URL(link.href).pathname));
}

/** The path of the first object of a list, where it has any: what a row is called by, or else what lies below the list. */
export async function firstObject(page, server, path) {
  await page.goto(server.url + path);
  const links = await page.$$eval("main a[href]", (links) =>
    links.map((link) => ({ href: link.href, isName: link.matches(".rows a.name") })));
  const here = links.filter(({ href }) => href.startsWith(`${server.url}/`));
  const below = here.filter(({ href }) => href.startsWith(`${server.url}${path.replace(/\/$/, "")}/`) && path !== "/");
  const { href } = [...here.filter(({ isName }) => isName), ...below][0] ?? {};
  return href?.slice(server.url.length);
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

/** All of them, with these jobs, and what stands where there is nothing. */
export async function every(page, server, jobs) {
  const others = ["/sign-in", "/nosuch", "/limits/set", "/limits/set?on=kind:mail", "/jobs/new", "/jobs/new?kind=mail", "/jobs/job_01KAHT5V3X5W9GNQ6D4R3ZCE7M", "/jobs?filter=colour:red", "/jobs?filter=queue:nothing"];
  const ids = Object.values(jobs).flat();
  return [...new Set([...(await all(page, server)), ...others, "/jobs?filter=queue:harm", ...ids.map((id) => `/jobs/${id}`)])];
}

/** How many pixels of a page stick out to the side. */
export const overflow = (page) =>
  page.evaluate(() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth);
