// A picture of about 60 KB that a browser can really decode.
import { deflateSync } from 'node:zlib';

const TABLE = Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A scatter of points on white, in true colour, with some noise so that it weighs something. */
export function png(width, height, random) {
  const row = 1 + width * 3;
  const pixels = Buffer.alloc(row * height, 255);
  for (let y = 0; y < height; y += 1) {
    pixels[y * row] = 0;
    for (let x = 0; x < 50; x += 1) {
      const at = y * row + 1 + (100 + x) * 3;
      for (let c = 0; c < 3; c += 1) pixels[at + c] = 120 + Math.floor(random() * 128);
    }
  }
  for (let i = 0; i < 400; i += 1) {
    const at = Math.floor(random() * height) * row + 1 + Math.floor(random() * width) * 3;
    pixels.set([31, 111, 139], at);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const file = Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0))
  ]);
  return `data:image/png;base64,${file.toString('base64')}`;
}
