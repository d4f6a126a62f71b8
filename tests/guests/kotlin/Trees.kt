// Binary trees: small objects, made and dropped in millions, beside one tree that lives all the time.
private class Tree(val left: Tree?, val right: Tree?) {
    fun count(): Int = 1 + (left?.count() ?: 0) + (right?.count() ?: 0)
}

private fun grow(depth: Int): Tree = if (depth == 0) Tree(null, null) else Tree(grow(depth - 1), grow(depth - 1))

fun trees(size: Int) {
    tell("stretch ${grow(size + 1).count()}")
    val keeper = grow(size)
    for (depth in 4..size step 4) {
        val rounds = 1 shl (size - depth + 4)
        var nodes = 0
        repeat(rounds) { nodes += grow(depth).count() }
        tell("$rounds of depth $depth: $nodes")
    }
    tell("kept ${keeper.count()}")
}
