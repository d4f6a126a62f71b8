// Programs for WasmGC, all in one module: `programs.wasm NAME SIZE [ROUNDS]` runs one of them,
// several times when told so; what it prints it prints once.
@file:OptIn(UnsafeWasmMemoryApi::class, ExperimentalWasmInterop::class)

import kotlin.wasm.ExperimentalWasmInterop
import kotlin.wasm.WasmImport
import kotlin.wasm.unsafe.Pointer
import kotlin.wasm.unsafe.UnsafeWasmMemoryApi
import kotlin.wasm.unsafe.withScopedMemoryAllocator

private val programs: Map<String, (Int) -> Unit> = mapOf(
    "trees" to ::trees,
    "words" to ::words,
    "json" to ::json,
    "people" to ::people,
    "lambda" to ::lambda,
    "flows" to ::flows,
    "throws" to ::throws,
    "shapes" to ::shapes,
    "numbers" to ::numbers,
)

@WasmImport("wasi_snapshot_preview1", "args_sizes_get")
private external fun argsSizesGet(count: Int, size: Int): Int

@WasmImport("wasi_snapshot_preview1", "args_get")
private external fun argsGet(pointers: Int, bytes: Int): Int

private fun textAt(address: Int): String {
    val text = StringBuilder()
    var at = address
    while (true) {
        val byte = Pointer(at++.toUInt()).loadByte().toInt()
        if (byte == 0) return text.toString()
        text.append(byte.toChar())
    }
}

private fun arguments(): List<String> = withScopedMemoryAllocator { memory ->
    val sizes = memory.allocate(8)
    val at = sizes.address.toInt()
    check(argsSizesGet(at, at + 4) == 0)
    val count = sizes.loadInt()
    val pointers = memory.allocate(4 * count)
    val bytes = memory.allocate((sizes + 4).loadInt())
    check(argsGet(pointers.address.toInt(), bytes.address.toInt()) == 0)
    List(count) { textAt((pointers + 4 * it).loadInt()) }
}

private var silent = false

fun tell(line: String) {
    if (!silent) println(line)
}

fun main() {
    val words = arguments()
    val program = words.getOrNull(1)?.let { programs[it] }
    val size = words.getOrNull(2)?.toIntOrNull()
    if (program == null || size == null) return println("usage: ${programs.keys.joinToString("|")} SIZE [ROUNDS]")
    repeat(words.getOrNull(3)?.toIntOrNull() ?: 1) {
        program(size)
        silent = true
    }
}

/** The same numbers everywhere. */
class Dice(private var state: Int) {
    fun next(below: Int): Int {
        state = state * 1664525 + 1013904223
        return ((state ushr 8) % below + below) % below
    }
}

/** A checksum that depends on the order. */
class Sum {
    private var value = 17L
    fun add(more: Long) {
        value = (value * 31 + more) xor (value ushr 47)
    }
    fun add(more: Int) = add(more.toLong())
    fun add(text: String) {
        for (letter in text) add(letter.code)
    }
    override fun toString() = value.toULong().toString(16)
}
