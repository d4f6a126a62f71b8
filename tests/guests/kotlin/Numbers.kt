// Arrays of numbers: a sieve, matrices, large integers, a heap, spectral norm.
private fun primes(below: Int): Int {
    val composite = BooleanArray(below)
    for (i in 2 until below) if (!composite[i]) for (k in i.toLong() * i until below step i.toLong()) composite[k.toInt()] = true
    return composite.drop(2).count { !it }
}

private fun product(a: Array<DoubleArray>, b: Array<DoubleArray>): Array<DoubleArray> {
    val n = a.size
    val c = Array(n) { DoubleArray(n) }
    for (i in 0 until n) for (k in 0 until n) {
        val factor = a[i][k]
        for (j in 0 until n) c[i][j] += factor * b[k][j]
    }
    return c
}

private fun factorial(n: Int): String {
    var digits = intArrayOf(1)
    for (factor in 2..n) {
        var carry = 0L
        for (i in digits.indices) {
            val value = digits[i].toLong() * factor + carry
            digits[i] = (value % 1000000000).toInt()
            carry = value / 1000000000
        }
        if (carry > 0) digits = digits.copyOf(digits.size + 1).also { it[digits.size] = carry.toInt() }
    }
    return digits.last().toString() + digits.dropLast(1).reversed().joinToString("") { it.toString().padStart(9, '0') }
}

private fun heapSorted(values: IntArray): IntArray {
    fun sink(start: Int, end: Int) {
        var at = start
        while (2 * at + 1 < end) {
            var child = 2 * at + 1
            if (child + 1 < end && values[child + 1] > values[child]) child++
            if (values[at] >= values[child]) return
            values[at] = values[child].also { values[child] = values[at] }
            at = child
        }
    }
    for (i in values.size / 2 downTo 0) sink(i, values.size)
    for (end in values.size - 1 downTo 1) {
        values[0] = values[end].also { values[end] = values[0] }
        sink(0, end)
    }
    return values
}

private fun norm(n: Int): Double {
    fun a(i: Int, j: Int) = 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1)
    fun times(v: DoubleArray, f: (Int, Int) -> Double) = DoubleArray(n) { i -> v.indices.sumOf { j -> f(i, j) * v[j] } }
    var u = DoubleArray(n) { 1.0 }
    var v = u
    repeat(5) {
        v = times(times(u, ::a)) { i, j -> a(j, i) }
        u = times(times(v, ::a)) { i, j -> a(j, i) }
    }
    return kotlin.math.sqrt(u.indices.sumOf { u[it] * v[it] } / v.sumOf { it * it })
}

fun numbers(size: Int) {
    tell("${primes(size * 1000)} primes")
    val matrix = Array(size / 4) { i -> DoubleArray(size / 4) { j -> (i * j % 7 - 3) / 4.0 } }
    val cube = product(product(matrix, matrix), matrix)
    tell("trace ${cube.indices.sumOf { cube[it][it] }}, last ${cube.last().last()}")
    val text = factorial(size)
    tell("${text.length} digits, ${text.take(12)}..., ${text.sumOf { it - '0' }} crossed")
    val dice = Dice(size)
    val sorted = heapSorted(IntArray(size * 100) { dice.next(1 shl 20) - 1000 })
    check((1 until sorted.size).all { sorted[it - 1] <= sorted[it] })
    tell("${sorted.first()} to ${sorted.last()}, ${sorted.toSet().size} different, ${sorted.sliceArray(5..9).toList()}")
    tell("norm ${norm(size / 4)}")
    val bytes = ByteArray(size) { (it * it).toByte() }
    val shorts = ShortArray(size) { (bytes[it] * 300).toShort() }
    tell("${bytes.sum()} ${shorts.sum()} ${bytes.copyOfRange(size / 2, size).max()} ${LongArray(size) { 1L shl it }.reduce(Long::xor)}")
}
