// Exceptions in numbers: thrown near and far from their handlers, through finally, of many classes.
private open class Failure(message: String, cause: Throwable? = null) : Exception(message, cause)
private class Near(val code: Int) : Failure("near $code")
private class Far(val depth: Int, cause: Throwable) : Failure("far $depth", cause)

private fun odd(n: Int): Int = if (n % 2 == 1) n else throw Near(n)

private fun deep(depth: Int, n: Int): Int = if (depth == 0) odd(n) else deep(depth - 1, n) + 1

private var cleaned = 0

private fun guarded(depth: Int, n: Int): Int = try {
    if (depth == 0) odd(n) else guarded(depth - 1, n)
} finally {
    cleaned++
}

private fun wrapped(depth: Int, n: Int): Int = try {
    if (depth == 0) odd(n) else wrapped(depth - 1, n)
} catch (failure: Failure) {
    throw Far(depth, failure)
}

private fun kindOf(what: () -> Any?): String = try {
    what().toString()
} catch (wrong: NullPointerException) {
    "null"
} catch (wrong: NumberFormatException) {
    "format"
} catch (wrong: IndexOutOfBoundsException) {
    "bounds"
} catch (wrong: ClassCastException) {
    "cast"
} catch (wrong: UnsupportedOperationException) {
    "unsupported"
} catch (wrong: NoSuchElementException) {
    "element"
} catch (wrong: IllegalArgumentException) {
    "argument"
} catch (wrong: RuntimeException) {
    "other"
}

private fun provoke(i: Int): String {
    val nothing: String? = if (i < 0) "some" else null
    val anything: Any = i
    val list = arrayListOf(1, 2, 3)
    return when (i % 9) {
        0 -> kindOf { nothing!!.length }
        1 -> kindOf { "1${i}x".toInt() }
        2 -> kindOf { list[i + 3] }
        3 -> kindOf { anything as String }
        4 -> kindOf { listOf<Int>().reduce(Int::plus) }
        5 -> kindOf { list.first { it > 3 } }
        6 -> kindOf { require(i < 0) { "negative $i" } }
        7 -> kindOf { error("other") }
        else -> kindOf { i }
    }
}

fun throws(size: Int) {
    var caught = 0L
    cleaned = 0
    for (i in 0 until size) {
        try {
            caught += odd(i)
        } catch (near: Near) {
            caught += near.code
        }
    }
    tell("near $caught")
    for (i in 0 until size) caught += try { deep(i % 20, i) } catch (failure: Failure) { failure.message!!.length }
    tell("deep $caught")
    for (i in 0 until size / 4) caught += try { guarded(i % 8, i) } catch (failure: Failure) { cleaned }
    tell("guarded $caught, cleaned $cleaned")
    for (i in 0 until size / 16) {
        try {
            caught += wrapped(i % 6, i)
        } catch (far: Far) {
            caught += far.depth + generateSequence<Throwable>(far) { it.cause }.count()
        }
    }
    tell("wrapped $caught")
    val kinds = (0 until size / 2).groupingBy { provoke(it).takeIf { kind -> kind[0] > '9' } ?: "none" }.eachCount()
    tell(kinds.entries.sortedBy { it.key }.joinToString())
    val result = runCatching { deep(100, 2) }.recoverCatching { throw Far(1, it) }
    tell("${result.exceptionOrNull()?.message} because of ${result.exceptionOrNull()?.cause?.message}")
}
