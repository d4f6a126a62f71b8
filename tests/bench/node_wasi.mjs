// Runs a WASI command (or a reactor's initializer) under node: node node_wasi.mjs FILE [ARGUMENT...]
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

const args = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args, env: {} });
const module = await WebAssembly.compile(await readFile(args[0]));
const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: wasi.wasiImport });
if (instance.exports._start) process.exitCode = wasi.start(instance);
else wasi.initialize(instance);
