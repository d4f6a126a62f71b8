// Compiles a module and prints the CPU seconds that it took: node FLAGS node_compile.mjs FILE
import { readFileSync } from 'node:fs';

const bytes = readFileSync(process.argv[2]);
const before = process.cpuUsage();
new WebAssembly.Module(bytes);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1e6);
