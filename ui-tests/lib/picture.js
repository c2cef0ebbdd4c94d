// Pictures that are compared loosely: what matters is that nothing is elsewhere, of another size or colour.

import { crc32, deflateSync } from "node:zlib";

/** So much smaller than the page a picture of the accepted set is. */
const SCALE = 0.5;
/** A picture has so many colours: those that are there most. */
const COLOURS = 256;
/** Cells of this many pixels of a small picture are compared by their means. */
const CELL = 12;
/** The most that the mean of all cells may differ, and that of one cell, of 255. What says how long ago something was is small. */
const MEAN = 3;
const ONE = 70;

/** A screenshot with fewer colours, and smaller unless `scale` is 1: its PNG. */
export async function small(page, screenshot, scale = SCALE) {
  const { width, height, palette, pixels } = await page.evaluate(reduce, [screenshot.toString("base64"), scale, COLOURS]);
  return png(width, height, Buffer.from(palette), Buffer.from(pixels, "base64"));
}

async function reduce([base64, scale, colours]) {
  const image = new Image();
  image.src = `data:image/png;base64,${base64}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  const [width, height] = [Math.round(image.width * scale), Math.round(image.height * scale)];
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const times = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const colour = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
    times.set(colour, (times.get(colour) ?? 0) + 1);
  }
  const parts = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];
  const far = (one, other) => parts(one).reduce((sum, part, at) => sum + (part - parts(other)[at]) ** 2, 0);
  // Rare ones that are like no other come first: a red word among greys.
  const often = [...times].sort((a, b) => b[1] - a[1]).map(([colour]) => colour);
  const known = [];
  for (const alike of [400, 0]) {
    for (const colour of often) {
      if (known.length < colours && !known.some((other) => far(colour, other) <= alike)) known.push(colour);
    }
  }
  const places = new Map(known.map((colour, place) => [colour, place]));
  for (const colour of times.keys()) {
    if (places.has(colour)) continue;
    let nearest = 0;
    for (let place = 1; place < known.length; place += 1) {
      if (far(colour, known[place]) < far(colour, known[nearest])) nearest = place;
    }
    places.set(colour, nearest);
  }
  const pixels = new Uint8Array(width * height);
  for (let at = 0; at < pixels.length; at += 1) {
    pixels[at] = places.get((data[4 * at] << 16) | (data[4 * at + 1] << 8) | data[4 * at + 2]);
  }
  let text = "";
  for (let at = 0; at < pixels.length; at += 8_192) text += String.fromCharCode(...pixels.subarray(at, at + 8_192));
  return { width, height, palette: known.flatMap(parts), pixels: btoa(text) };
}

/** A PNG of places in a palette. */
function png(width, height, palette, pixels) {
  const rows = Buffer.alloc((width + 1) * height);
  for (let row = 0; row < height; row += 1) pixels.copy(rows, row * (width + 1) + 1, row * width, (row + 1) * width);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const parts = [["IHDR", head], ["PLTE", palette], ["IDAT", deflateSync(rows, { level: 9 })], ["IEND", Buffer.alloc(0)]];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts.map(([name, data]) => part(name, data))]);
}

function part(name, data) {
  const named = Buffer.concat([Buffer.from(name), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}

/** How two small pictures differ, in words; undefined where they are alike. */
export async function difference(page, one, other) {
  const found = await page.evaluate(compare, [one.toString("base64"), other.toString("base64"), CELL]);
  if (found.sizes) return found.sizes;
  const { mean, most, at } = found;
  if (mean <= MEAN && most <= ONE) return undefined;
  return `by ${mean.toFixed(1)} in the mean (${MEAN}), and by ${most.toFixed(0)} (${ONE}) about ${at.join(",")}`;
}

async function compare([one, other, cell]) {
  const pixels = async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await pixels(one), await pixels(other)];
  if (a.width !== b.width || a.height !== b.height) return { sizes: `${a.width}x${a.height} and ${b.width}x${b.height}` };
  let [sum, cells, most, at] = [0, 0, 0, [0, 0]];
  for (let y = 0; y < a.height; y += cell) {
    for (let x = 0; x < a.width; x += cell) {
      const by = differenceOf(x, y);
      sum += by;
      cells += 1;
      if (by > most) [most, at] = [by, [x, y]];
    }
  }
  return { mean: sum / cells, most, at };

  function differenceOf(x, y) {
    const means = [a, b].map((image) => {
      const total = [0, 0, 0];
      let count = 0;
      for (let row = y; row < Math.min(y + cell, image.height); row += 1) {
        for (let column = x; column < Math.min(x + cell, image.width); column += 1) {
          for (const colour of [0, 1, 2]) total[colour] += image.data[(row * image.width + column) * 4 + colour];
          count += 1;
        }
      }
      return total.map((one) => one / count);
    });
    return Math.max(...[0, 1, 2].map((colour) => Math.abs(means[0][colour] - means[1][colour])));
  }
}

/** How wide a text is in the fonts of the pages: where that is another one, pictures cannot be compared. */
export const fonts = (page) =>
  page.evaluate(() => {
    const widths = [document.body, document.querySelector("code, pre, .id") ?? document.body].map((element) => {
      const context = document.createElement("canvas").getContext("2d");
      context.font = getComputedStyle(element).font;
      return Math.round(context.measureText("The quick brown fox jumps over 1234567890 lazy dogs").width);
    });
    return widths.join(" ");
  });
