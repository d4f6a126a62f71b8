import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.function.IntBinaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A program with what Java programs have: collections, streams, lambdas, exceptions, text, large numbers. */
public final class Guest {
    private interface Shape {
        double area();
    }

    private record Circle(double radius) implements Shape {
        public double area() {
            return 3 * radius * radius;
        }
    }

    private record Box(double width, double height) implements Shape {
        public double area() {
            return width * height;
        }
    }

    private static final class SyntaxError extends Exception {
        SyntaxError(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private static final Map<String, IntBinaryOperator> OPERATORS = new TreeMap<>();

    static {
        OPERATORS.put("+", Integer::sum);
        OPERATORS.put("-", (a, b) -> a - b);
        OPERATORS.put("*", (a, b) -> a * b);
        OPERATORS.put("max", Math::max);
    }

    private static int calculate(String text) throws SyntaxError {
        Deque<Integer> stack = new ArrayDeque<>();
        for (String word : text.split(" ")) {
            IntBinaryOperator operator = OPERATORS.get(word);
            try {
                if (operator == null) {
                    stack.push(Integer.parseInt(word));
                } else {
                    int right = stack.pop();
                    stack.push(operator.applyAsInt(stack.pop(), right));
                }
            } catch (RuntimeException wrong) {
                throw new SyntaxError("at '" + word + "' of '" + text + "'", wrong);
            }
        }
        return stack.pop();
    }

    private static void calculator() {
        String[] texts = {"1 2 +", "7 3 4 * -", "1 +", "2 x *", "5 9 max 3 max"};
        for (String text : texts) {
            try {
                System.out.println(text + " = " + calculate(text));
            } catch (SyntaxError wrong) {
                System.out.println(wrong.getMessage() + ": " + wrong.getCause().getClass().getSimpleName());
            }
        }
        int thrown = 0;
        for (int i = 0; i < 20000; i++) {
            try {
                calculate(i % 3 == 0 ? "1 y" : "1 2 -");
            } catch (SyntaxError wrong) {
                thrown++;
            }
        }
        System.out.println(thrown + " thrown");
    }

    private record Step(int place, int cost) {
    }

    /** The cheapest way through a square of numbers. */
    private static int cheapest(int side) {
        int[] costs = new int[side * side];
        for (int i = 0, seed = 1; i < costs.length; i++) {
            seed = seed * 1103515245 + 12345;
            costs[i] = 1 + (seed >>> 16) % 9;
        }
        int[] best = new int[side * side];
        java.util.Arrays.fill(best, Integer.MAX_VALUE);
        PriorityQueue<Step> queue = new PriorityQueue<>(Comparator.comparingInt(Step::cost));
        queue.add(new Step(0, 0));
        best[0] = 0;
        while (!queue.isEmpty()) {
            Step step = queue.poll();
            if (step.cost() > best[step.place()]) continue;
            int x = step.place() % side;
            int y = step.place() / side;
            int[][] around = {{x + 1, y}, {x - 1, y}, {x, y + 1}, {x, y - 1}};
            for (int[] at : around) {
                if (at[0] < 0 || at[1] < 0 || at[0] >= side || at[1] >= side) continue;
                int place = at[1] * side + at[0];
                int cost = step.cost() + costs[place];
                if (cost < best[place]) {
                    best[place] = cost;
                    queue.add(new Step(place, cost));
                }
            }
        }
        return best[best.length - 1];
    }

    private static void words() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 5000; i++) text.append("abcdefgh".charAt(i * i % 8)).append(i % 5 == 0 ? " " : "o");
        Map<String, Integer> counts = new HashMap<>();
        for (String word : text.toString().toUpperCase().split(" ")) counts.merge(word, 1, Integer::sum);
        List<String> lines = counts.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.toList());
        System.out.println(lines.size() + " words: " + String.join(", ", lines.subList(0, 4)));
    }

    private static void shapes() {
        List<Shape> shapes = new ArrayList<>();
        for (int i = 1; i < 40; i++) shapes.add(i % 3 == 0 ? new Circle(i) : new Box(i, i % 7));
        Map<String, Double> areas = shapes.stream().collect(Collectors.groupingBy(
                shape -> shape instanceof Circle ? "circles" : "boxes", TreeMap::new, Collectors.summingDouble(Shape::area)));
        System.out.println(areas + " " + shapes.get(1) + " " + shapes.get(1).equals(new Box(2, 2)));
    }

    private static void cache() {
        LinkedHashMap<Integer, String> cache = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, String> eldest) {
                return size() > 5;
            }
        };
        for (int i = 0; i < 1000; i++) {
            cache.put(i * 7 % 31, "v" + i);
            cache.get(i % 4);
        }
        System.out.println(cache);
    }

    private static void large() {
        BigInteger product = IntStream.rangeClosed(1, 200).mapToObj(BigInteger::valueOf).reduce(BigInteger.ONE, BigInteger::multiply);
        String digits = product.toString();
        System.out.println(digits.length() + " digits, " + digits.substring(0, 20) + ", mod " + product.mod(BigInteger.valueOf(1000003)));
        System.out.println(product.mod(BigInteger.ONE.shiftLeft(521).subtract(BigInteger.ONE)).bitLength() + " bits");
    }

    private static void corners() {
        Object[] things = {1, 2L, 3.5, 'c', "text", new Circle(1), OPERATORS};
        for (Object thing : things) {
            System.out.print((thing instanceof Comparable ? "comparable " : thing instanceof Map ? "map " : "else "));
        }
        try {
            System.out.println(new ArrayList<Integer>().get(things.length));
        } catch (IndexOutOfBoundsException wrong) {
            System.out.println("bounds");
        }
        System.out.println((int) 1e20 + " " + (long) Double.NaN + " " + -7 / 2 + " " + -7 % 3 + " " + (5 >>> 33) + " " + 0.1f + " " + 1.0 / 3);
    }

    public static void main(String[] arguments) {
        calculator();
        System.out.println("cheapest " + cheapest(60));
        words();
        shapes();
        cache();
        large();
        corners();
    }
}
