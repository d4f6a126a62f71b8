// Runs the programs that differ.c packed in this JavaScript engine; prints what differ prints.
// Usage: node differ.mjs PACK
import { readFileSync } from 'node:fs';

const endings = [
  [/unreachable/, 'unreachable'],
  [/illegal cast/, 'cast'],
  [/by zero/, 'by zero'],
  [/unrepresentable/, 'unrepresentable'],
  [/memory access|unaligned|array element|(data|element) segment|table (index|access)|Table/, 'bounds'],
  [/dereferencing a null|null reference|rethrowing null/, 'null'],
  [/signature|null function/, 'signature'],
];

const ending = (error) => {
  if (error instanceof WebAssembly.Exception) return 'exception';
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

const hex = (sum) => BigInt.asUintN(64, sum).toString(16);

const run = (first, second) => {
  const pair = [];
  const link = (bytes, i, imports) => {
    const host = () => pair[1 - i].back();
    pair[i] = new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { ...imports, host } }).exports;
  };
  link(first, 0, {});
  link(second, 1, pair[0]);
  let out = '';
  const callAll = (which, sets) => {
    for (let i = 0; pair[which][`f${i}`]; i++) {
      sets.forEach((args, k) => {
        let end = 'done';
        try {
          pair[which][`f${i}`](...args);
        } catch (error) {
          end = ending(error);
        }
        out += `${which}.f${i}.${k} ${end} ${hex(pair[0].hash())} ${hex(pair[1].hash())}\n`;
      });
    }
  };
  callAll(0, calls);
  callAll(1, calls.slice(0, 1));
  return out;
};

const pack = readFileSync(process.argv[2]);
let number = 0, at = 0, out = '';
const next = () => {
  const size = pack.readUInt32LE(at);
  at += 4 + size;
  return pack.subarray(at - size, at);
};
while (at < pack.length) {
  const first = next(), second = next();
  let result;
  try {
    result = run(first, second);
  } catch (error) {
    result = `${error.message}\n`;
  }
  out += `${number++}\n${result}`;
}
process.stdout.write(out);
