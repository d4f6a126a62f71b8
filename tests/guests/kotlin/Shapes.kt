// Calls through classes and interfaces, generic code, type tests.
private interface Area { fun area(): Double }
private interface Named { val name: String get() = "thing" }
private interface Scaled<T> { fun scaled(by: Double): T }

private abstract class Shape(var x: Double, var y: Double) : Area, Named {
    abstract fun edges(): Int
    open fun move(dx: Double, dy: Double) {
        x += dx
        y += dy
    }
}

private class Circle(x: Double, y: Double, val radius: Double) : Shape(x, y), Scaled<Circle> {
    override fun area() = 3.0 * radius * radius
    override fun edges() = 0
    override val name get() = "circle"
    override fun scaled(by: Double) = Circle(x, y, radius * by)
}

private open class Box(x: Double, y: Double, val width: Double, val height: Double) : Shape(x, y), Scaled<Box> {
    override fun area() = width * height
    override fun edges() = 4
    override fun scaled(by: Double): Box = Box(x, y, width * by, height * by)
}

private class Square(x: Double, y: Double, side: Double) : Box(x, y, side, side) {
    override val name get() = "square"
    override fun move(dx: Double, dy: Double) = super.move(dx / 2, dy / 2)
    override fun scaled(by: Double) = Square(x, y, width * by)
}

private class Triangle(x: Double, y: Double, val base: Double, val height: Double) : Shape(x, y) {
    override fun area() = base * height / 2
    override fun edges() = 3
}

private class Group(private val parts: List<Shape>) : Area, Named, Iterable<Shape> by parts {
    override fun area() = parts.sumOf { it.area() }
    override val name get() = parts.joinToString("+") { it.name }
}

private interface Visitor<R> {
    fun visit(shape: Shape): R
}

private object EdgeCounter : Visitor<Int> {
    override fun visit(shape: Shape) = shape.edges()
}

private class Describer : Visitor<String> {
    override fun visit(shape: Shape) = when (shape) {
        is Square -> "square of ${shape.width}"
        is Box -> "box of ${shape.width} by ${shape.height}"
        is Circle -> "circle of ${shape.radius}"
        else -> "${shape.name} of ${shape.area()}"
    }
}

private fun <R> all(shapes: List<Shape>, visitor: Visitor<R>): List<R> = shapes.map(visitor::visit)

private fun grown(what: Any, by: Double): Any = if (what is Scaled<*>) what.scaled(by)!! else what

private fun make(dice: Dice): Shape {
    val a = 1.0 + dice.next(8)
    return when (dice.next(4)) {
        0 -> Circle(a, 0.0, a / 2)
        1 -> Box(0.0, a, a, 2.0)
        2 -> Square(a, a, a)
        else -> Triangle(0.0, 0.0, a, 3.0)
    }
}

fun shapes(size: Int) {
    val dice = Dice(size)
    val shapes = List(1000) { make(dice) }
    var area = 0.0
    var edges = 0L
    repeat(size) { round ->
        for (shape in shapes) {
            area += shape.area()
            edges += shape.edges()
            if (round % 8 == 0) shape.move(0.5, -0.25)
        }
        edges += all(shapes, EdgeCounter).sum()
        for (i in round % 16 until shapes.size step 16) {
            val bigger = grown(shapes[i], 1.5)
            if (bigger is Area && bigger !is Square) area += bigger.area()
        }
    }
    tell("area $area, $edges edges, at ${shapes.sumOf { it.x }} ${shapes.sumOf { it.y }}")
    val group = Group(shapes.take(4))
    tell("${group.name} ${group.area()} ${group.count { it is Box }}")
    tell(all(shapes.take(8), Describer()).toString())
    tell(shapes.groupBy { it::class.simpleName }.entries.sortedBy { it.key }.joinToString { "${it.key} ${it.value.size}" })
}
