// Runs the programs that differ.c packed in this JavaScript engine; prints what differ prints.
// Usage: node differ.mjs PACK
import { readFileSync } from 'node:fs';

const endings = [
  [/unreachable/, 'unreachable'],
  [/by zero/, 'by zero'],
  [/unrepresentable/, 'unrepresentable'],
  [/memory access|unaligned/, 'memory'],
  [/table (index|access)|element segment|Table/, 'table'],
  [/signature|null function/, 'signature'],
];

const ending = (error) => {
  if (!(error instanceof WebAssembly.RuntimeError)) return String(error);
  return (endings.find(([pattern]) => pattern.test(error.message)) ?? [0, error.message])[1];
};

const double = new DataView(new ArrayBuffer(8));
const f64 = (bits) => (double.setBigUint64(0, bits), double.getFloat64(0));
const calls = [
  [0, 0n, 0, 0],
  [1, -1n, 1.5, f64(0xC045000000000000n)],
  [0x80000000 | 0, 0x123456789ABCDEFn, -Infinity, f64(0x41E0000000000000n)],
];

const run = (bytes) => {
  const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  let out = '';
  for (let i = 0; exports[`f${i}`]; i++) {
    calls.forEach((args, k) => {
      let end = 'done';
      try {
        exports[`f${i}`](...args);
      } catch (error) {
        end = ending(error);
      }
      out += `f${i}.${k} ${end} ${BigInt.asUintN(64, exports.hash()).toString(16)}\n`;
    });
  }
  return out;
};

const pack = readFileSync(process.argv[2]);
let number = 0, out = '';
for (let at = 0; at < pack.length;) {
  const size = pack.readUInt32LE(at);
  let result;
  try {
    result = run(pack.subarray(at + 4, at + 4 + size));
  } catch (error) {
    result = `${error.message}\n`;
  }
  out += `${number++}\n${result}`;
  at += 4 + size;
}
process.stdout.write(out);
